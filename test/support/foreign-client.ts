import { createDecipheriv, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import type { Keys } from '../../src/simulator/index.ts'

/**
 * A WeChat Pay client written from the public documents with node:crypto alone. It shares no code with the gateway nor
 * with the simulator, so that neither can hide the other's mistakes.
 */
export interface ForeignClient {
  readonly mchid: string
  call(method: string, url: string, options?: CallOptions): Promise<ForeignReply>
}

export interface CallOptions {
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of the real ones, to see them refused. */
  readonly timestamp?: number
  readonly serial_no?: string
  readonly mchid?: string
  /** What the signature covers instead of the body that is sent. */
  readonly signedBody?: string
}

export interface ForeignReply {
  readonly status: number
  readonly text: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/** Sends a request however it likes. Throws what a broken connection throws. */
export type Send = (request: {
  method: string
  url: string
  headers: Record<string, string>
  body: string
}) => Promise<ForeignReply>

export interface ForeignMerchant {
  readonly mchid: string
  readonly serial_no: string
  /** PEM. */
  readonly privateKey: string
  readonly nowMs: () => number
}

export function foreignClient(merchant: ForeignMerchant, send: Send): ForeignClient {
  return {
    mchid: merchant.mchid,
    call(method, url, options = {}) {
      const body = bodyText(options.body)
      const timestamp = options.timestamp ?? Math.floor(merchant.nowMs() / 1000)
      const nonce = randomBytes(16).toString('hex')
      const message = [method, url, timestamp, nonce, options.signedBody ?? body, ''].join('\n')
      const signature = sign('RSA-SHA256', Buffer.from(message), merchant.privateKey).toString('base64')
      const items = {
        mchid: options.mchid ?? merchant.mchid,
        serial_no: options.serial_no ?? merchant.serial_no,
        nonce_str: nonce,
        timestamp,
        signature,
      }
      const fields = Object.entries(items).map(([name, value]) => `${name}="${value}"`)
      const headers = {
        authorization: `WECHATPAY2-SHA256-RSA2048 ${fields.join(',')}`,
        accept: 'application/json',
        'content-type': 'application/json',
        'user-agent': 'foreign-client/1',
        ...options.headers,
      }
      return send({ method, url, headers, body })
    },
  }
}

function bodyText(body: unknown): string {
  if (body === undefined) return ''
  return typeof body === 'string' ? body : JSON.stringify(body)
}

/** Whether a reply bears this key's signature over its very bytes. */
export function isSignedBy(key: KeyObject | string, { headers, text }: ForeignReply): boolean {
  const lines = [headers['wechatpay-timestamp'], headers['wechatpay-nonce'], text, '']
  const signature = Buffer.from(headers['wechatpay-signature'] ?? '', 'base64')
  return verify('RSA-SHA256', Buffer.from(lines.join('\n')), key, signature)
}

/** The PEM of the one certificate in a reply of GET /v3/global/certificates. */
export function certificateFrom(text: string, apiV3Key: string): { serial_no: string; pem: string } {
  const { serial_no, encrypt_certificate } = JSON.parse(text).data[0]
  const sealed = Buffer.from(encrypt_certificate.ciphertext, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(apiV3Key), encrypt_certificate.nonce)
  decipher.setAAD(Buffer.from(encrypt_certificate.associated_data))
  decipher.setAuthTag(sealed.subarray(-16))
  const pem = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]).toString('utf8')
  return { serial_no, pem }
}

/** The smallest body that places an order of each trade type in either mode. */
export function placingBody(
  { identity }: Keys,
  mode: 'common' | 'institutional',
  trade_type: string,
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { mchid, appid, sp_mchid, sp_appid, sub_mchid } = identity
  const openid = mode === 'common' ? { openid: 'oPayer' } : { sp_openid: 'oPayer' }
  return {
    ...(mode === 'common' ? { mchid, appid } : { sp_mchid, sp_appid, sub_mchid }),
    description: 'Jasmine tea',
    merchant_category_code: '5812',
    trade_type,
    amount: { total: 1234, currency: 'HKD' },
    ...(trade_type === 'MICROPAY' ? {} : { notify_url: 'https://shop.example.com/notify' }),
    ...(trade_type === 'JSAPI' ? { payer: openid } : {}),
    ...(trade_type === 'MWEB'
      ? { scene_info: { payer_client_ip: '203.0.113.7', store_info: { name: 'Tea', address: 'Pier 1' } } }
      : {}),
    ...fields,
  }
}
