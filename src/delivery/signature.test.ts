import { inspect } from 'node:util'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../clock.ts'
import { signatureHeader, signingKeys } from './signature.ts'
import { message, SECRET, SECRET_2 } from './testing.ts'

const secretOf = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`

/** What a receiver gets, as the library of Standard Webhooks wants it. */
function sent(secret: string | readonly string[]) {
  const { id, payload } = message()
  const timestamp = Math.floor(systemClock.nowMs() / 1000)
  const body = Buffer.from(payload)
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatureHeader(signingKeys(secret), { id, timestamp, body }),
  }
  return { headers, body }
}

describe('the library of Standard Webhooks', () => {
  it('accepts the signature, and not that of another secret', () => {
    const { headers, body } = sent(SECRET)
    expect(new Webhook(SECRET).verify(body, headers)).toEqual(JSON.parse(message().payload))
    expect(() => new Webhook(SECRET_2).verify(body, headers)).toThrow('No matching signature')
  })

  it.each(['webhook-id', 'webhook-timestamp'])('does not accept another %s', (name) => {
    const { headers, body } = sent(SECRET)
    const changed = { ...headers, [name]: String(Number(headers['webhook-timestamp']) + 1) }
    expect(() => new Webhook(SECRET).verify(body, changed)).toThrow('No matching signature')
  })

  it('does not accept another payload', () => {
    const { headers, body } = sent(SECRET)
    expect(() => new Webhook(SECRET).verify(`${body} `, headers)).toThrow('No matching signature')
  })

  it('accepts both secrets of a rotation, and no third', () => {
    const { headers, body } = sent([SECRET_2, SECRET])
    expect(headers['webhook-signature']).toMatch(/^v1,[\w+/]{43}= v1,[\w+/]{43}=$/)
    for (const secret of [SECRET, SECRET_2])
      expect(new Webhook(secret).verify(body, headers)).toBeTypeOf('object')
    expect(() => new Webhook(secretOf(32)).verify(body, headers)).toThrow('No matching signature')
  })

  it.each([24, 25, 26, 64])('accepts a secret of %i bytes', (bytes) => {
    const { headers, body } = sent(secretOf(bytes))
    expect(new Webhook(secretOf(bytes)).verify(body, headers)).toBeTypeOf('object')
  })
})

it('signs the example of the specification as it says', () => {
  // Source: standard-webhooks/standard-webhooks, the test vector that its libraries share.
  const body = Buffer.from('{"test": 2432232314}')
  const keys = signingKeys('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  expect(signatureHeader(keys, { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1_614_265_330, body })).toBe(
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  )
})

describe('a secret is refused, and never repeated,', () => {
  it.each([
    ['of 23 bytes', secretOf(23), 'webhook secret is 23 bytes long'],
    ['of 65 bytes', secretOf(65), 'webhook secret is 65 bytes long'],
    ['without its prefix', secretOf(32).slice(6), 'webhook secret is not a text that begins with'],
    ['with another prefix', `whsk_${secretOf(32).slice(6)}`, 'webhook secret is not a text that begins with'],
    ['without its padding', secretOf(32).replace('=', ''), 'webhook secret is not base64'],
    ['in base64url', `whsec_${Buffer.alloc(30, 255).toString('base64url')}`, 'webhook secret is not base64'],
    ['with a blank', `${secretOf(32)} `, 'webhook secret is not base64'],
    ['if it is missing', undefined, 'webhook secret is missing'],
    ['if it is a number', 123_456_789, 'webhook secret is not a text'],
    ['as the second of two', [SECRET, secretOf(23)], 'webhook secret[1] is 23 bytes long'],
    ['if the list is empty', [], 'webhook secret is a list of 0'],
    ['if there are six', Array.from({ length: 6 }, () => SECRET), 'webhook secret is a list of 6'],
  ])('%s', (_, secret, start) => {
    const refused = expect.objectContaining({
      code: 'OPTION_INVALID',
      message: expect.stringMatching(/; expected /),
    })
    expect(() => signingKeys(secret)).toThrow(refused)
    expect(() => signingKeys(secret)).toThrow(start)
    for (const one of [secret].flat()) {
      if (one !== undefined) expect(() => signingKeys(secret)).not.toThrow(String(one).replace('whsec_', ''))
    }
  })

  it('while up to five good ones are taken', () => {
    expect(signingKeys(Array.from({ length: 5 }, () => SECRET))).toHaveLength(5)
  })
})

it('a key that is printed shows nothing of itself', () => {
  const [key] = signingKeys(SECRET)
  const bytes = Buffer.from(SECRET.slice(6), 'base64')
  expect(inspect(key, { depth: 9, showHidden: true })).not.toMatch(/first|66 69 72 73 74/)
  expect(key?.export()).toEqual(bytes)
})
