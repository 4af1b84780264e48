import { createDecipheriv, createSecretKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { certificatesFrom } from '../../src/gateway/wechatpay/certificates.ts'
import { headersFromFlat } from '../../src/wechatpay/headers.ts'
import { asJsonObject, type JsonObject, jsonObjectFrom } from '../../src/wechatpay/json.ts'
import { appMessage, jsapiMessage } from '../../src/wechatpay/pay-sign.ts'
import { type Verification, verifySigned } from '../../src/wechatpay/reply-signature.ts'
import {
  apiV3Key,
  decryptResource,
  encryptedResourceFrom,
  RESOURCE_ALGORITHM,
} from '../../src/wechatpay/resource.ts'
import {
  authorization,
  parseAuthorization,
  privateKeyFrom,
  publicKeyFrom,
  requestMessage,
  serialOf,
  signInPool,
  signMessage,
  verifyMessage,
} from '../../src/wechatpay/signing.ts'
import { tradeStatementFrom } from '../../src/wechatpay/trade-statement.ts'

/**
 * Published data judges our cryptography. `lifted` entries come from the tests of WeChat Pay's own SDKs (each names its
 * source); `constructed` ones were computed with the published test keys by other code than ours.
 */
const vectors = objectAt(JSON.parse(readFileSync(new URL('./vectors.json', import.meta.url), 'utf8')))
const keys = objectAt(vectors.keys)

/** Entries that no part of Verdict speaks to yet, and why. */
const NOT_YET: { readonly [entry: string]: string } = {
  'lifted.rsa_oaep_decrypt': 'sensitive fields: no call of Verdict carries one',
  'lifted.v2_sign': 'APIv2: there is no v2 gateway yet',
  'lifted.v2_hash_unit': 'APIv2: there is no v2 gateway yet',
  'constructed.v2_refund_req_info': 'APIv2: there is no v2 gateway yet',
}

const TESTS: { readonly [entry: string]: (vector: Vector) => void | Promise<void> } = {
  'lifted.sign_rsa_sha256': async (vector) => {
    expect(signMessage(privateKey(vector.key), text(vector.message))).toBe(vector.signature)
    expect(await signInPool(privateKey(vector.key), text(vector.message))).toBe(vector.signature)
  },
  'lifted.verify_rsa_sha256_public_key': (vector) => {
    const key = publicKey(vector.key)
    expect(verifyMessage(key, text(vector.message), text(vector.signature))).toBe(true)
    expect(verifyMessage(key, text(vector.wrong_message), text(vector.signature))).toBe(false)
  },
  'lifted.verify_rsa_sha256_certificate': (vector) => {
    const [message, signature] = [text(vector.message), text(vector.signature)]
    expect(verifyMessage(publicKey(vector.key), message, signature)).toBe(true)
    expect(verifyMessage(publicKey(vector.must_fail_with_key), message, signature)).toBe(false)
  },
  'lifted.aead_aes_256_gcm': (vector) => {
    const key = apiV3Key(text(vector.key_utf8))
    const resource = {
      algorithm: RESOURCE_ALGORITHM,
      ciphertext: text(vector.ciphertext_base64),
      associated_data: text(vector.associated_data),
      nonce: text(vector.nonce),
    }
    expect(decryptResource(key, resource)).toBe(vector.plaintext)
    for (const [field, value] of Object.entries(objectAt(vector.must_fail))) {
      expect(decryptResource(key, { ...resource, [field]: text(value) })).toBe(null)
    }
  },
  'lifted.aead_aes_128_gcm_go_unit': (vector) => {
    const resource = {
      algorithm: RESOURCE_ALGORITHM,
      ciphertext: text(vector.ciphertext_base64),
      associated_data: text(vector.associated_data),
      nonce: text(vector.nonce),
    }
    expect(decryptWith16Bytes(text(vector.key_utf8), resource)).toBe(vector.plaintext)
    refuses16Bytes(text(vector.key_utf8), resource)
  },
  'lifted.callback_full': (vector) => {
    const nowMs = Number(vector.clock_used_by_the_test) * 1000
    expect(verificationOf(vector, nowMs).kind).toBe('verified')
    expect(verificationOf(vector, nowMs + 300_000).kind).toBe('stale')
    const resource = encryptedResourceFrom(jsonObjectFrom(text(vector.raw_body))?.resource)
    if (resource === null) throw new Error('callback_full has no resource')
    expect(decryptWith16Bytes(text(vector.apiv3_key_utf8), resource)).toBe(vector.plaintext)
    refuses16Bytes(text(vector.apiv3_key_utf8), resource)
  },
  'lifted.certificates_download': (vector) => {
    const certificates = certificatesFrom(text(vector.raw_body), apiV3Key(text(vector.apiv3_key_utf8)))
    expect(certificates?.map(({ serial }) => serial)).toEqual([vector.expected_serial])
    const published = new X509Certificate(text(vector.decrypted_pem)).publicKey
    expect(certificates?.[0]?.key.equals(published)).toBe(true)
    expect(serialOf(text(vector.decrypted_pem), 'decrypted_pem')).toBe(vector.expected_serial)
  },
  'lifted.authorization_message_no_body': (vector) => {
    expect(messageOf(vector)).toBe(vector.message)
    const fields = {
      mchid: text(vector.mchid),
      nonce_str: text(vector.nonce),
      timestamp: text(vector.timestamp),
      serial_no: text(vector.serial_no),
      signature: 'c2lnbg==',
    }
    const header = authorization(fields)
    expect([...header.matchAll(/([a-z_]+)="/g)].map(([, name]) => name)).toEqual(vector.field_order)
    expect(parseAuthorization(header)).toEqual(fields)
  },
  'lifted.authorization_message_with_body': (vector) => {
    expect(messageOf(vector)).toBe(vector.message)
  },
  'lifted.invoke_payment_check_values': (vector) => {
    // Their private key is not published, so only the layout of the messages can be judged.
    const fields = {
      appid: text(vector.app_id),
      timestamp: text(vector.timestamp),
      nonce: text(vector.nonce),
      prepay_id: text(vector.prepay_id),
    }
    expect(jsapiMessage(fields)).toBe(vector.jsapi_message)
    expect(appMessage(fields)).toBe(vector.app_message)
  },
  'constructed.callback_transaction_success': (vector) => {
    expect(callbackText(vector)).toBe(vector.plaintext)
    const statement = tradeStatementFrom(objectAt(JSON.parse(text(vector.plaintext))))
    expect(statement).toMatchObject({ trade_state: 'SUCCESS', out_trade_no: '20150806125346' })
    expect(statement?.transaction_id).toBe('1217752501201407033233368018')
  },
  'constructed.callback_refund_success': (vector) => {
    expect(callbackText(vector)).toBe(vector.plaintext)
  },
  'constructed.response_204_empty_body': verifiesAndOnlyThen,
  'constructed.response_query_notpay': (vector) => {
    verifiesAndOnlyThen(vector)
    expect(tradeStatementFrom(objectAt(JSON.parse(text(vector.raw_body))))).toEqual({
      sp_mchid: '1900000100',
      sub_mchid: '1900000109',
      out_trade_no: '20150806125346',
      trade_state: 'NOTPAY',
      trade_state_desc: '订单未支付',
      amount: { total: 528800, currency: 'HKD' },
    })
  },
  'constructed.response_global_statements': (vector) => {
    // The signature covers the bill's digest as JSON, not the bill.
    const nowMs = sentAtMs(vector)
    expect(verificationOf(vector, nowMs, text(vector.signed_third_line)).kind).toBe('verified')
    expect(verificationOf(vector, nowMs).kind).toBe('forged')
    const sha1 = objectAt(vector.headers)['Wechatpay-Statement-Sha1']
    expect(JSON.stringify({ sha1 })).toBe(vector.signed_third_line)
  },
  'constructed.request_get_query_order': (vector) => {
    signsAs(vector)
    expect(parseAuthorization(text(vector.authorization))).toEqual({
      mchid: '1900000100',
      nonce_str: vector.nonce,
      timestamp: vector.timestamp,
      serial_no: 'F5765756002FDD77',
      signature: vector.signature,
    })
  },
  'constructed.request_post_close_order': signsAs,
  'constructed.invoke_payment_jsapi': (vector) => {
    paySigns(vector, jsapiMessage)
  },
  'constructed.invoke_payment_app': (vector) => {
    paySigns(vector, appMessage)
  },
}

type Vector = JsonObject

const entries = ['lifted', 'constructed'].flatMap((part) =>
  Object.entries(objectAt(vectors[part])).map(
    ([name, vector]) => [`${part}.${name}`, objectAt(vector)] as const,
  ),
)

describe('published vectors', () => {
  for (const [name, vector] of entries) {
    const test = TESTS[name]
    if (test === undefined) it.skip(`${name}: ${NOT_YET[name] ?? 'nobody tests this entry'}`)
    else it(name, () => test(vector))
  }

  it('has every entry either tested or listed with the reason why not', () => {
    const names = entries.map(([name]) => name).sort()
    expect([...Object.keys(TESTS), ...Object.keys(NOT_YET)].sort()).toEqual(names)
  })

  it('reads every published key and certificate, with the serial number beside it', () => {
    for (const [name, key] of Object.entries(keys)) {
      const { pem, serial } = objectAt(key)
      if (name.endsWith('certificate')) expect(serialOf(text(pem), name)).toBe(serial)
      if (!name.endsWith('testing_key')) expect(publicKeyFrom(text(pem), name).asymmetricKeyType).toBe('rsa')
    }
  })
})

function verifiesAndOnlyThen(vector: Vector): void {
  const nowMs = sentAtMs(vector)
  expect(verificationOf(vector, nowMs).kind).toBe('verified')
  expect(verificationOf(vector, nowMs, `${text(vector.raw_body)} `).kind).toBe('forged')
  expect(verificationOf(vector, nowMs - 300_000).kind).toBe('stale')
}

function callbackText(vector: Vector): string | null {
  verifiesAndOnlyThen(vector)
  const resource = encryptedResourceFrom(jsonObjectFrom(text(vector.raw_body))?.resource)
  return resource === null ? null : decryptResource(apiV3Key(text(vector.apiv3_key_utf8)), resource)
}

function signsAs(vector: Vector): void {
  expect(messageOf(vector)).toBe(vector.message)
  expect(signMessage(privateKey(vector.key), text(vector.message))).toBe(vector.signature)
}

function paySigns(vector: Vector, layout: typeof jsapiMessage): void {
  const message = layout({
    appid: 'wx2421b1c4370ec43b',
    timestamp: '1554208460',
    nonce: '593BEC0C930BF1AFEB40B4A08C8FB242',
    prepay_id: 'wx201410272009395522657a690389285100',
  })
  expect(message).toBe(vector.message)
  expect(signMessage(privateKey(vector.key), message)).toBe(vector.signature)
}

function messageOf(vector: Vector): string {
  return requestMessage({
    method: text(vector.method),
    url: text(vector.url),
    timestamp: text(vector.timestamp),
    nonce: text(vector.nonce),
    body: text(vector.body),
  })
}

function sentAtMs(vector: Vector): number {
  return Number(objectAt(vector.headers)['Wechatpay-Timestamp']) * 1000
}

function verificationOf(vector: Vector, nowMs: number, body = text(vector.raw_body)): Verification {
  const flat = Object.entries(objectAt(vector.headers)).flatMap(([name, value]) => [name, text(value)])
  const { serial } = objectAt(keys[text(vector.key)])
  return verifySigned({ headers: headersFromFlat(flat), body: Buffer.from(body) }, nowMs, (wanted) =>
    wanted === serial ? publicKey(vector.key) : null,
  )
}

/** The Go SDK tests with 16-byte keys (AES-128). A real APIv3 key always has 32, so ours refuses anything else. */
function refuses16Bytes(key: string, resource: Parameters<typeof decryptResource>[1]): void {
  expect(() => apiV3Key(key)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
  expect(decryptResource(createSecretKey(Buffer.from(key)), resource)).toBe(null)
}

function decryptWith16Bytes(key: string, resource: Parameters<typeof decryptResource>[1]): string {
  const bytes = Buffer.from(resource.ciphertext, 'base64')
  const decipher = createDecipheriv('aes-128-gcm', Buffer.from(key), Buffer.from(resource.nonce))
  decipher.setAAD(Buffer.from(resource.associated_data ?? ''))
  decipher.setAuthTag(bytes.subarray(-16))
  return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString()
}

/** The SDKs mark their published keys so that no scanner takes them for real ones. */
function privateKey(name: unknown) {
  const { pem } = objectAt(keys[text(name)])
  return privateKeyFrom(text(pem).replaceAll('TESTING KEY', 'PRIVATE KEY'), text(name))
}

function publicKey(name: unknown) {
  return publicKeyFrom(text(objectAt(keys[text(name)]).pem), text(name))
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`a vector has ${typeof value}; expected text`)
  return value
}

function objectAt(value: unknown): JsonObject {
  const object = asJsonObject(value)
  if (object === null) throw new Error('a vector is missing')
  return object
}
