import { KeyObject, X509Certificate } from 'node:crypto'
import { isPublicHost } from '../../core/placement.ts'
import { cut, SHOWN_MAX, VerdictError, written } from '../../errors.ts'
import { knownSerial } from '../../wechatpay/reply-signature.ts'
import { apiV3Key } from '../../wechatpay/resource.ts'
import { privateKeyFrom, publicKeyFrom } from '../../wechatpay/signing.ts'
import type { Identity } from '../gateway.ts'
import { accountName, DEFAULT_BASE_URL, type WechatPayAccount } from './account.ts'
import { type PlatformCertificate, platformCertificate } from './certificates.ts'

/** An account whose every value was checked and whose keys are read. */
export interface OpenAccount {
  readonly identity: Identity
  /** The ids that WeChat Pay wants in every request, in the mode's own words. */
  readonly ids: AccountIds
  readonly serial_no: string
  readonly merchantPrivateKey: KeyObject
  readonly apiV3Key: KeyObject
  readonly publicKey: { readonly serial: string; readonly key: KeyObject } | null
  readonly certificates: readonly PlatformCertificate[]
  readonly downloadsCertificates: boolean
  /** One or two origins, the preferred one first. */
  readonly origins: readonly [string, ...string[]]
  readonly merchant_category_code: string | undefined
  readonly connectTimeoutMs: number
  readonly readTimeoutMs: number
}

export type AccountIds =
  | { readonly mode: 'common'; readonly mchid: string; readonly appid: string }
  | {
      readonly mode: 'institutional'
      readonly sp_mchid: string
      readonly sp_appid: string
      readonly sub_mchid: string | undefined
      readonly sub_appid: string | undefined
    }

/**
 * Checks an account and reads its keys.
 *
 * @throws OPTION_INVALID or KEY_INVALID with one sentence that names the field, its value unless it is secret, and what
 * is expected
 */
export function openAccount(account: WechatPayAccount): OpenAccount {
  if (typeof account !== 'object' || account === null) throw invalid('account', account, 'an object')
  const secret = apiV3Key(textIn('apiV3Key', account.apiV3Key))
  refuseElsewhere(account.apiV3Key, account)
  const ids = idsOf(account)
  const name = accountName(account)
  const merchantPrivateKey = merchantKeyOf(account)
  const publicKey = publicKeyOf(account)
  const { certificates = [] } = account
  const downloadsCertificates = certificates === 'download'
  const given = certificates === 'download' ? [] : certificatesOf(certificates)
  if (publicKey === null && !downloadsCertificates && given.length === 0) {
    const who = mayBeKey(name) ? 'the account' : `account ${name}`
    throw keyInvalid(
      `${who} has no key of WeChat Pay's; expected wechatpayPublicKeyId with wechatpayPublicKey, or certificates`,
    )
  }
  const origins = [originOf('baseUrl', account.baseUrl ?? DEFAULT_BASE_URL)] as [string, ...string[]]
  if (account.backupUrl !== undefined) {
    const backup = originOf('backupUrl', account.backupUrl)
    if (backup === origins[0]) throw invalid('backupUrl', backup, 'another host than baseUrl')
    origins.push(backup)
  }
  if (account.merchant_category_code !== undefined) {
    checkId('merchant_category_code', account.merchant_category_code, 16)
  }
  const { believesUnsignedUnknown = false } = account
  if (typeof believesUnsignedUnknown !== 'boolean') {
    throw invalid('believesUnsignedUnknown', believesUnsignedUnknown, 'true or false')
  }
  return {
    identity: { mode: account.mode, account: name, believesUnsignedUnknown },
    ids,
    serial_no: serialOfMerchant(account, merchantPrivateKey),
    merchantPrivateKey,
    apiV3Key: secret,
    publicKey,
    certificates: given,
    downloadsCertificates,
    origins,
    merchant_category_code: account.merchant_category_code,
    connectTimeoutMs: milliseconds('connectTimeoutMs', account.connectTimeoutMs ?? 3000, 5000),
    readTimeoutMs: milliseconds('readTimeoutMs', account.readTimeoutMs ?? 8000, 20_000),
  }
}

/** Whether an account's `baseUrl` is on this machine: then private addresses are fine for callbacks too. */
export function isLocal({ baseUrl = DEFAULT_BASE_URL }: WechatPayAccount): boolean {
  const { hostname } = new URL(originOf('baseUrl', baseUrl))
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
}

/** Before any other message: behind it none can repeat the key. Keys in the wrong place are a mistake that people make. */
function refuseElsewhere(secret: string, account: WechatPayAccount): void {
  const told = written(secret).slice(1, -1)
  const field = Object.entries(account).find(
    ([name, value]) => name !== 'apiV3Key' && written(value).includes(told),
  )?.[0]
  if (field === undefined) return
  throw new VerdictError('OPTION_INVALID', `${cut(field)} holds the apiV3Key; expected it in apiV3Key alone`)
}

function idsOf(account: WechatPayAccount): AccountIds {
  const family: { readonly [field: string]: unknown } = { ...account }
  if (account.mode === 'common') {
    refuse(family, ['sp_mchid', 'sp_appid', 'sub_mchid', 'sub_appid'], 'common')
    return {
      mode: 'common',
      mchid: checkId('mchid', account.mchid),
      appid: checkId('appid', account.appid),
    }
  }
  if (account.mode !== 'institutional') {
    throw invalid('mode', family.mode, '"common" (a merchant of its own) or "institutional"')
  }
  refuse(family, ['mchid', 'appid'], 'institutional')
  const { sub_mchid, sub_appid } = account
  const sp_mchid = checkId('sp_mchid', account.sp_mchid)
  if (sub_mchid === sp_mchid) throw invalid('sub_mchid', sub_mchid, 'another number than sp_mchid')
  return {
    mode: 'institutional',
    sp_mchid,
    sp_appid: checkId('sp_appid', account.sp_appid),
    sub_mchid: sub_mchid === undefined ? undefined : checkId('sub_mchid', sub_mchid),
    sub_appid: sub_appid === undefined ? undefined : checkId('sub_appid', sub_appid),
  }
}

function refuse(family: { readonly [field: string]: unknown }, names: readonly string[], mode: string): void {
  const name = names.find((other) => family[other] !== undefined)
  if (name !== undefined) throw invalid(name, family[name], `none: it belongs to the other mode than ${mode}`)
}

function merchantKeyOf({ merchantPrivateKey: given }: WechatPayAccount): KeyObject {
  if (typeof given === 'string') return privateKeyFrom(given, 'merchantPrivateKey')
  if (!(given instanceof KeyObject) || given.type !== 'private') {
    throw keyInvalid(
      `merchantPrivateKey is ${given === undefined ? 'missing' : 'no private key'}; expected PEM text or a private KeyObject`,
    )
  }
  return given
}

function serialOfMerchant(account: WechatPayAccount, key: KeyObject): string {
  const { serial_no, merchantCertificate } = account
  if (serial_no !== undefined && !/^[0-9A-Fa-f]{8,40}$/.test(textIn('serial_no', serial_no))) {
    throw invalid('serial_no', serial_no, 'the hexadecimal serial number of the merchant API certificate')
  }
  if (merchantCertificate === undefined) {
    if (serial_no === undefined) throw invalid('serial_no', serial_no, 'it, or merchantCertificate')
    return serial_no.toUpperCase()
  }
  const certificate = x509('merchantCertificate', merchantCertificate)
  if (!certificate.checkPrivateKey(key)) {
    throw keyInvalid(
      'merchantCertificate belongs to another key; expected the certificate of merchantPrivateKey',
    )
  }
  const serial = certificate.serialNumber.toUpperCase()
  if (serial_no !== undefined && knownSerial(serial_no) !== knownSerial(serial)) {
    throw invalid('serial_no', serial_no, `${serial}, the serial number of merchantCertificate`)
  }
  return serial
}

function publicKeyOf(account: WechatPayAccount): OpenAccount['publicKey'] {
  const { wechatpayPublicKeyId: serial, wechatpayPublicKey: pem } = account
  if (serial === undefined && pem === undefined) return null
  if (typeof serial !== 'string' || !/^PUB_KEY_ID_[0-9A-Za-z_]{1,64}$/.test(serial)) {
    throw invalid(
      'wechatpayPublicKeyId',
      serial,
      'the id beside the public key, which begins with PUB_KEY_ID_',
    )
  }
  if (pem === undefined) throw keyInvalid('wechatpayPublicKey is missing; expected its PEM text')
  const key = publicKeyFrom(textIn('wechatpayPublicKey', pem), 'wechatpayPublicKey')
  return { serial, key }
}

function certificatesOf(certificates: readonly string[]): readonly PlatformCertificate[] {
  if (!Array.isArray(certificates)) {
    throw invalid('certificates', certificates, '"download" or a list of PEM certificates')
  }
  return certificates.map((pem, i) => {
    const field = `certificates[${i}]`
    const certificate = x509(field, pem)
    return platformCertificate(certificate, publicKeyFrom(pem, field))
  })
}

function x509(field: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(textIn(field, pem))
  } catch (cause) {
    throw new VerdictError('KEY_INVALID', `${field} can't be read; expected a PEM X.509 certificate`, {
      cause,
    })
  }
}

/** Only the origin is ours to choose: WeChat Pay signs and checks the path. */
function originOf(field: string, value: string): string {
  if (typeof value !== 'string' || !URL.canParse(value)) {
    throw invalid(field, value, `an address such as ${DEFAULT_BASE_URL}`)
  }
  const url = new URL(value)
  // A login is a secret: the message doesn't repeat it.
  if (url.username !== '' || url.password !== '') {
    throw invalid(field, `${url.protocol}//…@${url.host}${url.pathname}`, 'an address without a login')
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw invalid(field, value, `scheme, host and port only, such as ${DEFAULT_BASE_URL}`)
  }
  if (url.protocol === 'https:' || (url.protocol === 'http:' && !isPublicHost(url.hostname))) {
    return url.origin
  }
  throw invalid(field, value, 'https:// (http:// only for a private host)')
}

function milliseconds(field: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 10 && value <= max) return value
  throw invalid(field, value, `a whole number of ms from 10 to ${max}`)
}

function checkId(field: string, value: string, max = 32): string {
  if (typeof value === 'string' && value.length <= max && /^[0-9A-Za-z]+$/.test(value)) return value
  throw invalid(field, value, `1 to ${max} letters and digits`)
}

function textIn(field: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw keyInvalid(
    `${field} is ${value === undefined ? 'missing' : `of type ${typeof value}`}; expected text`,
  )
}

function keyInvalid(message: string): VerdictError {
  return new VerdictError('KEY_INVALID', message)
}

/** What is longer than any id or address that is right may be a key in the wrong place. */
function invalid(field: string, value: unknown, expected: string): VerdictError {
  const text = written(value)
  const got = text.length > SHOWN_MAX || mayBeKey(text) ? `a text of ${text.length} characters` : text
  return new VerdictError('OPTION_INVALID', `${field} is ${got}; expected ${expected}`)
}

/** As PEM begins, or as an APIv3 key looks: 32 letters and digits. A serial number has up to 40, all hexadecimal. */
function mayBeKey(text: string): boolean {
  if (text.includes('-----BEGIN')) return true
  return /[0-9A-Za-z]{32}/.test(text) && !/^"[0-9A-Fa-f]{33,40}"$/.test(text)
}
