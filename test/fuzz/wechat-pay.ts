import { createPrivateKey, createPublicKey, sign, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Clock } from '../../src/clock.ts'
import type { UnverifiedEvidence } from '../../src/core/outcome.ts'
import type { CommonAccount, InstitutionalAccount } from '../../src/gateway/wechatpay/account.ts'
import type { Signer } from '../../src/gateway/wechatpay/signer.ts'
import { apiV3Key, encryptResource } from '../../src/wechatpay/resource.ts'
import { replyMessageBytes } from '../../src/wechatpay/signing.ts'

/**
 * WeChat Pay as the cases know it: published test keys, so that a seed gives the same signatures wherever it runs, and
 * a clock that stands still. Every message that it signs is remembered, and only what is remembered may be believed.
 */
const VECTORS = JSON.parse(readFileSync(new URL('../vectors/vectors.json', import.meta.url), 'utf8'))

function pem(name: string): string {
  return String(VECTORS.keys[name].pem).replaceAll('TESTING KEY', 'PRIVATE KEY')
}

export const WECHATPAY_KEY_PEM = pem('go_testing_key')
export const WECHATPAY_KEY = createPrivateKey(WECHATPAY_KEY_PEM)
export const PLATFORM_CERTIFICATES = [pem('go_verifier_certificate'), pem('go_notify_certificate')] as const
/** Somebody else's, and the merchant's own: neither makes WeChat Pay's signatures. */
export const OTHER_KEY_PEM = pem('java_merchant_testing_key')
export const OTHER_KEY = createPrivateKey(OTHER_KEY_PEM)
export const OTHER_CERTIFICATE = pem('java_merchant_certificate')
export const PUBLIC_KEY_PEM = createPublicKey(WECHATPAY_KEY)
  .export({ type: 'spki', format: 'pem' })
  .toString()
export const SERIAL = 'PUB_KEY_ID_0119000000012024060800000000'
export const API_V3_KEY = 'a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb'
export const OTHER_API_V3_KEY = 'b7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb'

/** All certificates above are in force. */
export const NOW_MS = Date.UTC(2024, 5, 8, 2, 0, 0)
const SKEW_S_MAX = 300

/** Stands still. Nothing that is to happen later ever does. */
export const STILL: Clock = { nowMs: () => NOW_MS, after: () => () => {} }

/** What the merchant signs is of no interest here, and RSA costs 250 µs. */
export const NO_SIGNER: Signer = { sign: async () => 'c2lnbmVk', signNow: () => 'c2lnbmVk' }

const KEYS = {
  serial_no: new X509Certificate(OTHER_CERTIFICATE).serialNumber,
  merchantPrivateKey: OTHER_KEY,
  apiV3Key: API_V3_KEY,
  wechatpayPublicKeyId: SERIAL,
  wechatpayPublicKey: PUBLIC_KEY_PEM,
  baseUrl: 'https://first.example.com',
  merchant_category_code: '5311',
}
export const COMMON: CommonAccount = {
  mode: 'common',
  mchid: '1900000001',
  appid: 'wx0000000000000001',
  ...KEYS,
}
export const INSTITUTION: InstitutionalAccount = {
  mode: 'institutional',
  sp_mchid: '1800000001',
  sp_appid: 'wx0000000000000002',
  sub_mchid: '1700000001',
  ...KEYS,
}

export interface Message {
  /** Name, value, name, value, … */
  readonly headers: readonly string[]
  readonly body: Uint8Array
}

export interface Signing {
  readonly timestamp?: string
  readonly nonce?: string
  readonly serial?: string
}

interface Signed {
  readonly timestamp: string
  readonly nonce: string
  readonly body: Buffer
}

/** WeChat Pay's signatures, and the memory of what they are over. */
export class Seal {
  readonly #signed = new Map<string, Signed>()

  sign(body: Uint8Array, { timestamp = seconds(0), nonce = 'n1', serial = SERIAL }: Signing = {}): Message {
    const bytes = Buffer.from(body)
    const message = replyMessageBytes(timestamp, nonce, bytes)
    const signature = sign('RSA-SHA256', message, WECHATPAY_KEY).toString('base64')
    this.#signed.set(signature, { timestamp, nonce, body: bytes })
    const headers = { Serial: serial, Timestamp: timestamp, Nonce: nonce, Signature: signature }
    return {
      headers: Object.entries(headers).flatMap(([name, value]) => [`Wechatpay-${name}`, value]),
      body: bytes,
    }
  }

  /** Whether exactly this was signed, with the four headers there once, and not too long ago. No signature covers the serial. */
  isGenuine({ headers, body }: Message): boolean {
    const [serial, timestamp, nonce, signature] = ['serial', 'timestamp', 'nonce', 'signature'].map(
      (name) => {
        const values = headers.filter(
          (_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === `wechatpay-${name}`,
        )
        return values.length === 1 ? values[0] : undefined
      },
    )
    const signed = this.#signed.get(signature ?? '')
    return (
      signed !== undefined &&
      serial !== undefined &&
      signed.timestamp === timestamp &&
      signed.nonce === nonce &&
      signed.body.equals(body) &&
      Math.abs(Number(timestamp) - NOW_MS / 1_000) < SKEW_S_MAX
    )
  }

  /** Whether evidence is over exactly what was signed, and not too long ago. */
  made({ signature, timestamp, nonce, body }: UnverifiedEvidence): boolean {
    const signed = this.#signed.get(signature)
    const isAsSigned =
      signed?.timestamp === timestamp && signed.nonce === nonce && signed.body.equals(Buffer.from(body))
    return isAsSigned && Math.abs(Number(timestamp) - NOW_MS / 1_000) < SKEW_S_MAX
  }
}

/** Unix seconds, so many from now. */
export function seconds(fromNow: number): string {
  return String(NOW_MS / 1_000 + fromNow)
}

export interface Envelope {
  readonly event_type?: unknown
  readonly key?: string
  readonly nonce?: string
  readonly associated_data?: string
}

/** The body of a callback, with `said` sealed in it. */
export function envelope(said: string, given: Envelope = {}): Record<string, unknown> {
  const {
    event_type = 'TRANSACTION.SUCCESS',
    key = API_V3_KEY,
    nonce = 'aaaaaaaaaaaa',
    associated_data = 'transaction',
  } = given
  const resource = encryptResource(apiV3Key(key), said, { nonce, associated_data })
  return {
    id: 'EV-1',
    create_time: '2024-06-08T10:00:00+08:00',
    resource_type: 'encrypt-resource',
    event_type,
    resource: { ...resource, original_type: 'transaction' },
  }
}
