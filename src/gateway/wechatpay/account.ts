import type { KeyObject } from 'node:crypto'

/**
 * A WeChat Pay account as its owner writes it: a merchant of its own (common mode) or an institution with
 * sub-merchants. WeChat Pay's words keep their spelling.
 */
export type WechatPayAccount = CommonAccount | InstitutionalAccount

export interface CommonAccount extends AccountKeys, AccountOptions {
  readonly mode: 'common'
  readonly mchid: string
  readonly appid: string
}

export interface InstitutionalAccount extends AccountKeys, AccountOptions {
  readonly mode: 'institutional'
  readonly sp_mchid: string
  readonly sp_appid: string
  /** The sub-merchant of an order that names none. */
  readonly sub_mchid?: string | undefined
  readonly sub_appid?: string | undefined
}

export interface AccountKeys {
  /** Serial number of the merchant's API certificate. May be left out where the certificate itself is given. */
  readonly serial_no?: string | undefined
  /** The merchant's API key (`apiclient_key.pem`): PEM text or a private `KeyObject`. */
  readonly merchantPrivateKey: string | KeyObject
  /** The merchant's API certificate (`apiclient_cert.pem`), PEM text. */
  readonly merchantCertificate?: string | undefined
  /** The APIv3 key as set on the merchant platform: 32 characters. Decrypts certificates and callbacks. */
  readonly apiV3Key: string
  /** `PUB_KEY_ID_…`, together with `wechatpayPublicKey`: public key mode. */
  readonly wechatpayPublicKeyId?: string | undefined
  /** PEM text. */
  readonly wechatpayPublicKey?: string | undefined
  /** Platform certificates: fetched and renewed from WeChat Pay, or given as PEM texts. May stand beside a public key. */
  readonly certificates?: 'download' | readonly string[] | undefined
}

export interface AccountOptions {
  /** Where WeChat Pay is called. Default `https://apihk.mch.weixin.qq.com`. */
  readonly baseUrl?: string | undefined
  /** The host to use while the first one fails (guide 7.2). Default: none. */
  readonly backupUrl?: string | undefined
  /** MCC of an order that names none. */
  readonly merchant_category_code?: string | undefined
  /** Limit for TCP and TLS on one host, in ms: 10 to 5000, default 3000. */
  readonly connectTimeoutMs?: number | undefined
  /** Limit from the first byte sent to the last byte received, in ms: 10 to 20000, default 8000. */
  readonly readTimeoutMs?: number | undefined
  /** Whether an unsigned "no such order" counts like a signed one. Default false. */
  readonly believesUnsignedUnknown?: boolean | undefined
}

export const DEFAULT_BASE_URL = 'https://apihk.mch.weixin.qq.com'

/** The account's name everywhere in Verdict. */
export function accountName(account: WechatPayAccount): string {
  return account.mode === 'common' ? account.mchid : account.sp_mchid
}
