import { expect, it } from 'vitest'
import { PUBLIC_KEY_ID, signedReply, stranger, wechatpay } from '../../test/support/wechatpay.ts'
import { type HeaderMap, headersFromFlat } from './headers.ts'
import { type Verification, verifySigned, verifyUnasked } from './reply-signature.ts'

const NOW_MS = 1_781_000_000_000
const BODY = '{"trade_state":"SUCCESS"}'

function kindOf(facts: {
  change?: HeaderMap
  body?: string
  nowMs?: number
  key?: typeof stranger.privateKey
}): Verification['kind'] {
  const { change = {}, body = BODY, nowMs = NOW_MS, key = wechatpay.privateKey } = facts
  const { headers } = signedReply({ status: 200, body: BODY, nowMs: NOW_MS, key })
  const message = { headers: { ...headers, ...change }, body: Buffer.from(body) }
  return verifySigned(message, nowMs, (serial) => (serial === PUBLIC_KEY_ID ? wechatpay.publicKey : null))
    .kind
}

const CASES: ReadonlyArray<
  readonly [fact: string, facts: Parameters<typeof kindOf>[0], Verification['kind']]
> = [
  ['signed', {}, 'verified'],
  ['without the optional signature type', { change: { 'wechatpay-signature-type': undefined } }, 'verified'],
  ['299 s old', { nowMs: NOW_MS + 299_999 }, 'verified'],
  ['300 s old', { nowMs: NOW_MS + 300_000 }, 'stale'],
  ['300 s ahead', { nowMs: NOW_MS - 300_000 }, 'stale'],
  ['with another body', { body: `${BODY} ` }, 'forged'],
  ['signed by a stranger', { key: stranger.privateKey }, 'forged'],
  ['signed by a stranger, and old', { key: stranger.privateKey, nowMs: NOW_MS + 400_000 }, 'forged'],
  ['a probe', { change: { 'wechatpay-signature': `WECHATPAY/SIGNTEST/${'A'.repeat(325)}` } }, 'forged'],
  ['with a signature type that we do not know', { change: { 'wechatpay-signature-type': 'SM3' } }, 'forged'],
  ['with two timestamps', { change: { 'wechatpay-timestamp': ['1781000000', '1781000000'] } }, 'forged'],
  ['with two serials', { change: { 'wechatpay-serial': [PUBLIC_KEY_ID, PUBLIC_KEY_ID] } }, 'forged'],
  ['with a timestamp that is no number', { change: { 'wechatpay-timestamp': '1781000000 ' } }, 'forged'],
  ['with a line end in its nonce', { change: { 'wechatpay-nonce': 'n\n{' } }, 'forged'],
  ['without signature', { change: { 'wechatpay-signature': undefined } }, 'unsigned'],
  ['with an empty nonce', { change: { 'wechatpay-nonce': '' } }, 'unsigned'],
  ['with a key that we do not have', { change: { 'wechatpay-serial': 'ABCD' } }, 'unknown-key'],
  [
    'with a key that we do not have, and old',
    { change: { 'wechatpay-serial': 'ABCD' }, nowMs: NOW_MS + 300_000 },
    'stale',
  ],
]

for (const [fact, facts, kind] of CASES) {
  it(`a reply ${fact} is ${kind}`, () => {
    expect(kindOf(facts)).toBe(kind)
  })
}

it('a nonce cannot take lines of the body over, though the signed message would be the same', () => {
  const reply = signedReply({ status: 200, body: 'a\nb', nowMs: NOW_MS })
  const keyOf = () => wechatpay.publicKey
  expect(verifySigned({ ...reply, body: Buffer.from('a\nb') }, NOW_MS, keyOf).kind).toBe('verified')
  const headers = { ...reply.headers, 'wechatpay-nonce': `${reply.headers['wechatpay-nonce']}\na` }
  expect(verifySigned({ headers, body: Buffer.from('b') }, NOW_MS, keyOf).kind).toBe('forged')
})

it('a serial number is the same in lower case and with zeros before it, and the id of a public key is not', () => {
  const asked: string[] = []
  const keyOf = (serial: string) => {
    asked.push(serial)
    return wechatpay.publicKey
  }
  for (const serial of ['5ab1ef00a', '05AB1EF00A', PUBLIC_KEY_ID, PUBLIC_KEY_ID.toLowerCase()]) {
    const reply = signedReply({ status: 200, body: BODY, nowMs: NOW_MS, serial })
    const verification = verifySigned({ ...reply, body: Buffer.from(BODY) }, NOW_MS, keyOf)
    expect(verification).toMatchObject({ kind: 'verified', signed: { serial: asked.at(-1) } })
  }
  expect(asked).toEqual(['5AB1EF00A', '5AB1EF00A', PUBLIC_KEY_ID, PUBLIC_KEY_ID.toLowerCase()])
})

it('looks at the age of what nobody asked for before it looks for the key', () => {
  const reply = signedReply({ status: 200, body: BODY, nowMs: NOW_MS, key: stranger.privateKey })
  const message = { headers: reply.headers, body: Buffer.from(BODY) }
  let asked = 0
  const keyOf = () => {
    asked++
    return wechatpay.publicKey
  }
  expect(verifyUnasked(message, NOW_MS + 300_000, keyOf).kind).toBe('stale')
  expect(asked).toBe(0)
  expect(verifyUnasked(message, NOW_MS + 299_999, keyOf).kind).toBe('forged')
  expect(verifyUnasked({ ...message, headers: {} }, NOW_MS, keyOf).kind).toBe('unsigned')
})

it('reads headers in any case and sees what came twice', () => {
  const headers = headersFromFlat([
    'Wechatpay-Nonce',
    'a',
    'WECHATPAY-NONCE',
    'b',
    'wechatpay-nonce',
    'c',
    'X',
    '',
  ])
  expect(headers['wechatpay-nonce']).toEqual(['a', 'b', 'c'])
  expect(headers.x).toBe('')
  expect(headersFromFlat(['__proto__', 'a', 'constructor', 'b']).constructor).toBe('b')
})
