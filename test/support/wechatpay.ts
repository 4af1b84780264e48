import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { CommonAccount, InstitutionalAccount } from '../../src/gateway/wechatpay/account.ts'
import type {
  HttpFailure,
  HttpReply,
  HttpRequest,
  HttpResult,
  Transport,
} from '../../src/gateway/wechatpay/transport.ts'
import { selfSigned } from '../../src/simulator/certificate.ts'
import type { HeaderMap } from '../../src/wechatpay/headers.ts'
import { apiV3Key, encryptResource } from '../../src/wechatpay/resource.ts'
import { replyMessageBytes, SIGNATURE_TYPE, serialOf } from '../../src/wechatpay/signing.ts'

/** What WeChat Pay holds in these tests, and what the merchant does. Made once a test file. */
export const PUBLIC_KEY_ID = 'PUB_KEY_ID_0119000000012026060800000000'
export const API_V3_KEY = 'a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb'
export const merchant = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const wechatpay = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })

export function pemOf(key: KeyObject): string {
  return key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }).toString()
}

export function commonAccount(more: Partial<CommonAccount> = {}): CommonAccount {
  return { mode: 'common', mchid: '1900000001', appid: 'wx0000000000000001', ...keysOfAccount(), ...more }
}

export function institutionalAccount(more: Partial<InstitutionalAccount> = {}): InstitutionalAccount {
  return {
    mode: 'institutional',
    sp_mchid: '1900000100',
    sp_appid: 'wx0000000000000100',
    ...keysOfAccount(),
    ...more,
  }
}

function keysOfAccount() {
  return {
    serial_no: '5F1C72E2A8931B72A2E13AF8DEE92471EB397115',
    merchantPrivateKey: merchant.privateKey,
    apiV3Key: API_V3_KEY,
    wechatpayPublicKeyId: PUBLIC_KEY_ID,
    wechatpayPublicKey: pemOf(wechatpay.publicKey),
    baseUrl: 'https://first.example.com',
  }
}

export interface ReplyFacts {
  readonly status: number
  readonly body?: string | Uint8Array
  readonly nowMs: number
  readonly key?: KeyObject
  readonly serial?: string
  readonly more?: HeaderMap
}

/** A reply that WeChat Pay signed. */
export function signedReply(facts: ReplyFacts): HttpReply {
  const { status, body = '', nowMs, key = wechatpay.privateKey, serial = PUBLIC_KEY_ID, more } = facts
  const bytes = Buffer.from(body)
  const timestamp = String(Math.floor(nowMs / 1000))
  const nonce = 'n0000000000000000000000000000001'
  const signature = sign('RSA-SHA256', replyMessageBytes(timestamp, nonce, bytes), key).toString('base64')
  const headers = {
    'content-type': 'application/json',
    'wechatpay-serial': serial,
    'wechatpay-timestamp': timestamp,
    'wechatpay-nonce': nonce,
    'wechatpay-signature': signature,
    'wechatpay-signature-type': SIGNATURE_TYPE,
    'request-id': '08F4C3A1-268512771',
    ...more,
  }
  return { kind: 'reply', status, headers, body: bytes }
}

export function unsignedReply(status: number, body: string): HttpReply {
  return { kind: 'reply', status, headers: {}, body: Buffer.from(body) }
}

export function failure(reason: HttpFailure['reason'], sent: boolean): HttpFailure {
  return { kind: 'failure', reason, sent, detail: 'ETEST' }
}

export interface ScriptedTransport extends Transport {
  readonly requests: readonly HttpRequest[]
}

/** A network that answers what the test says. */
export function scripted(
  answer: (request: HttpRequest) => HttpResult | Promise<HttpResult>,
): ScriptedTransport {
  const requests: HttpRequest[] = []
  const transport = async (request: HttpRequest): Promise<HttpResult> => {
    requests.push(request)
    return answer(request)
  }
  return Object.assign(transport, { requests })
}

export interface PlatformFacts {
  readonly fromMs: number
  readonly toMs: number
}

/** A platform certificate with its private key. */
export function platform({ fromMs, toMs }: PlatformFacts) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = selfSigned(privateKey, { commonName: 'WeChat Pay', organization: 'Test', fromMs, toMs })
  return { privateKey, pem, serial: serialOf(pem, 'pem'), fromMs, toMs }
}

/** The body of a certificate download. */
export function certificateList(
  platforms: ReadonlyArray<ReturnType<typeof platform>>,
  key = API_V3_KEY,
): string {
  return JSON.stringify({
    data: platforms.map(({ pem, serial, fromMs, toMs }) => ({
      serial_no: serial,
      effective_time: new Date(fromMs).toISOString(),
      expire_time: new Date(toMs).toISOString(),
      encrypt_certificate: encryptResource(apiV3Key(key), pem, {
        nonce: 'aaaaaaaaaaaa',
        associated_data: 'certificate',
      }),
    })),
  })
}
