import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { merchant, pemOf, platform, stranger } from '../../test/support/wechatpay.ts'
import {
  authorization,
  parseAuthorization,
  privateKeyFrom,
  publicKeyFrom,
  serialOf,
  signInPool,
  signMessage,
  verifyMessage,
} from './signing.ts'

it('signs the same on the thread pool', async () => {
  expect(await signInPool(merchant.privateKey, 'A42')).toBe(signMessage(merchant.privateKey, 'A42'))
})

it('verifies what the key signed, as text and as bytes, and nothing else', () => {
  const signature = signMessage(merchant.privateKey, 'A42')
  expect(verifyMessage(merchant.publicKey, 'A42', signature)).toBe(true)
  expect(verifyMessage(merchant.publicKey, Buffer.from('A42'), signature)).toBe(true)
  expect(verifyMessage(merchant.publicKey, 'A43', signature)).toBe(false)
  expect(verifyMessage(stranger.publicKey, 'A42', signature)).toBe(false)
})

it('takes no text for a signature that merely decodes to one', () => {
  const signature = signMessage(merchant.privateKey, 'A42')
  for (const other of [
    `${signature}\n`,
    ` ${signature}`,
    signature.replace(/=*$/, ''),
    '',
    'WECHATPAY/SIGNTEST/x',
  ]) {
    expect(verifyMessage(merchant.publicKey, 'A42', other)).toBe(false)
  }
})

it('reads an Authorization header in any order and refuses one that lacks, doubles or adds an item', () => {
  const fields = { mchid: '1', nonce_str: 'n', timestamp: '2', serial_no: 'AB', signature: 'c2ln' }
  const header = authorization(fields)
  const [scheme = '', items = ''] = header.split(' ')
  expect(parseAuthorization(header)).toEqual(fields)
  expect(parseAuthorization(`${scheme} ${items.split(',').reverse().join(',')}`)).toEqual(fields)
  expect(parseAuthorization(header.replace('mchid="1",', ''))).toBe(null)
  expect(parseAuthorization(`${header},mchid="1"`)).toBe(null)
  expect(parseAuthorization(`${header},more="1"`)).toBe(null)
  expect(parseAuthorization(header.replace('WECHATPAY2', 'WECHATPAY3'))).toBe(null)
})

it('refuses a key that is none, weak, of another kind or in the wrong place', () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const refused = expect.objectContaining({ code: 'KEY_INVALID' })
  expect(() => privateKeyFrom('nonsense', 'key')).toThrow(refused)
  expect(() => privateKeyFrom(pemOf(merchant.publicKey), 'key')).toThrow(refused)
  expect(() => privateKeyFrom(pemOf(weak.privateKey), 'key')).toThrow(/1024 bits/)
  expect(() => privateKeyFrom(pemOf(curve.privateKey), 'key')).toThrow(refused)
  expect(() => publicKeyFrom(pemOf(merchant.privateKey), 'key')).toThrow(/is a private key/)
  expect(() => serialOf('nonsense', 'certificate')).toThrow(refused)
})

it('writes serial numbers in upper-case hex', () => {
  expect(platform({ fromMs: 0, toMs: 1e12 }).serial).toMatch(/^[0-9A-F]{40}$/)
})
