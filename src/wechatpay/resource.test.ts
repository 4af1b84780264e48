import { expect, it } from 'vitest'
import { API_V3_KEY } from '../../test/support/wechatpay.ts'
import { apiV3Key, decryptResource, encryptedResourceFrom, encryptResource } from './resource.ts'

const key = apiV3Key(API_V3_KEY)
const secret = encryptResource(key, '支付成功', { nonce: '0123456789ab', associated_data: 'transaction' })

it('gives back what was encrypted, and null for anything that was changed', () => {
  expect(decryptResource(key, secret)).toBe('支付成功')
  expect(decryptResource(apiV3Key(API_V3_KEY.replace('a', 'b')), secret)).toBe(null)
  expect(decryptResource(key, { ...secret, nonce: '0123456789ac' })).toBe(null)
  expect(decryptResource(key, { ...secret, associated_data: '' })).toBe(null)
  expect(decryptResource(key, { ...secret, ciphertext: secret.ciphertext.slice(4) })).toBe(null)
  expect(decryptResource(key, { ...secret, ciphertext: '' })).toBe(null)
  expect(decryptResource(key, { ...secret, algorithm: 'AEAD_AES_128_GCM' })).toBe(null)
})

it('reads a resource without associated data and refuses one with a field missing', () => {
  const { associated_data: _, ...rest } = secret
  expect(encryptedResourceFrom(rest)).toEqual(rest)
  expect(encryptedResourceFrom({ ...rest, associated_data: null })).toEqual(rest)
  expect(encryptedResourceFrom({ ...secret, nonce: 7 })).toBe(null)
  expect(encryptedResourceFrom('resource')).toBe(null)
})

it('wants 32 bytes and never repeats a wrong key', () => {
  expect(() => apiV3Key('tooShortSecret')).toThrow(/has 14 bytes; expected 32/)
  expect(() => apiV3Key('tooShortSecret')).not.toThrow(/tooShortSecret/)
})
