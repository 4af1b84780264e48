import { createDecipheriv, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { Keys } from '../../simulator/index.ts'
import type { VerifySignature } from '../../wechatpay/signing.ts'
import type { EvidenceRow, OrderIdentity } from './database.ts'

/** What a stored statement says, read by the documents alone. */
export type Said = Readonly<Record<string, unknown>>

type Signed = Pick<EvidenceRow, 'serial' | 'timestamp' | 'nonce' | 'signature' | 'body'>

/** How a message says that it was signed; empty where it doesn't. @param headers names in any case */
export function signedIn(headers: Readonly<Record<string, unknown>>, body: string): Signed {
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  const field = (name: string): string => String(lower.get(`wechatpay-${name}`) ?? '')
  const [serial, timestamp] = [field('serial'), field('timestamp')]
  return { serial, timestamp, nonce: field('nonce'), signature: field('signature'), body }
}

/** Whether WeChat Pay signed these very bytes. */
export function isSigned(
  { serial, timestamp, nonce, signature, body }: Signed,
  keys: Readonly<Record<string, KeyObject>>,
  verify: VerifySignature,
): boolean {
  const key = keys[serial]
  return key !== undefined && verify(key, `${timestamp}\n${nonce}\n${body}\n`, signature)
}

/** The statement in a reply, or in the envelope of a callback; null for none. */
export function saidIn(
  { source, body }: Pick<EvidenceRow, 'source' | 'body'>,
  { identity }: Keys,
): Said | null {
  const said = parsed(body)
  if (source !== 'callback' || said === null) return said
  const { ciphertext, nonce, associated_data } = said.resource as Record<string, string>
  const bytes = Buffer.from(ciphertext ?? '', 'base64')
  const decipher = createDecipheriv('aes-256-gcm', identity.apiV3Key, nonce ?? '')
  decipher.setAAD(Buffer.from(associated_data ?? ''))
  decipher.setAuthTag(bytes.subarray(-16))
  return parsed(`${decipher.update(bytes.subarray(0, -16), undefined, 'utf8')}${decipher.final('utf8')}`)
}

function parsed(text: string): Said | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Said) : null
  } catch {
    return null
  }
}

/** What is wrong with a statement that is to be about this order; null if it names it. */
export function misnames(said: Said, { account, sub_mchid, out_trade_no }: OrderIdentity): string | null {
  if (said.out_trade_no !== out_trade_no) return `it is about ${said.out_trade_no}`
  const payee = sub_mchid === '' ? said.mchid : said.sp_mchid
  if (payee !== account) return `it is about the merchant ${payee}`
  if (sub_mchid !== '' && said.sub_mchid !== sub_mchid)
    return `it is about the sub-merchant ${said.sub_mchid}`
  return null
}

/** WeChat Pay's public keys by their serials, as everybody has them. */
export function publicKeysOf({ identity, credentials, platformCertificateSerial }: Keys) {
  const known = publicKeys.get(credentials) ?? {
    [identity.wechatpayPublicKeyId]: createPublicKey(credentials.wechatpayKey),
    [platformCertificateSerial]: new X509Certificate(credentials.platformCertificate).publicKey,
  }
  publicKeys.set(credentials, known)
  return known
}

const publicKeys = new WeakMap<Keys['credentials'], Readonly<Record<string, KeyObject>>>()

export function isDenial({ status, body }: EvidenceRow): boolean {
  return status === 404 && /"code":"ORDER_?NOT_?EXIST"/.test(body)
}
