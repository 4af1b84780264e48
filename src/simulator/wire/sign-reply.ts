import { replyMessage, SIGNATURE_TYPE, signInPool } from '../../wechatpay/signing.ts'
import type { Keys } from '../keys.ts'
import type { WireReply } from './exchange.ts'

/** Which of WeChat Pay's two keys signs: the plain public key's, or the platform certificate's. */
export type ReplyKey = 'public_key' | 'certificate'

/** Signs in Base64. Replaceable, so that a simulation of a million calls needn't do RSA. */
export type SignReply = (key: ReplyKey, message: string) => Promise<string>

/** Real signatures, made on the thread pool. */
export function rsaSigner(keys: Keys): SignReply {
  return (key, message) => signInPool(key === 'public_key' ? keys.wechatpayKey : keys.platformKey, message)
}

/** A reply before its signature. */
export interface Unsigned {
  readonly status: number
  /** Empty: no content. */
  readonly body: string
  /** Of a reply that is no JSON, or of which not the body is signed. */
  readonly file?: SignedFile
  /** The number that ends the Request-ID; 0 if all went well. */
  readonly number: number
}

export interface SignedFile {
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
  /** What the signature covers in the place of the body. */
  readonly covered: string
}

export interface ReplySigning {
  readonly keys: Keys
  readonly sign: SignReply
  readonly nonce: () => string
  readonly nowMs: () => number
}

/** @param covered what the signature covers; anything but the body makes it a wrong one */
export async function signedReply(
  reply: Unsigned,
  key: ReplyKey,
  signing: ReplySigning,
  covered: string = coveredOf(reply),
): Promise<WireReply> {
  const { keys, sign, nonce, nowMs } = signing
  const moment = { timestamp: String(Math.floor(nowMs() / 1000)), nonce: nonce() }
  const signature = await sign(key, replyMessage({ ...moment, body: covered }))
  const plain = unsignedReply(reply, signing)
  return {
    ...plain,
    headers: {
      ...plain.headers,
      'Wechatpay-Timestamp': moment.timestamp,
      'Wechatpay-Nonce': moment.nonce,
      'Wechatpay-Signature': signature,
      'Wechatpay-Serial':
        key === 'public_key' ? keys.identity.wechatpayPublicKeyId : keys.platformCertificateSerial,
      'Wechatpay-Signature-Type': SIGNATURE_TYPE,
    },
  }
}

/** What the signature of a right reply covers. */
export function coveredOf({ body, file }: Unsigned): string {
  return file?.covered ?? body
}

export function unsignedReply(
  { status, body, number, file }: Unsigned,
  { nonce, nowMs }: ReplySigning,
  contentType = file?.contentType ?? 'application/json; charset=utf-8',
): WireReply {
  return {
    status,
    headers: {
      Date: new Date(nowMs()).toUTCString(),
      'Request-ID': `${nonce().toUpperCase()}-${number}`,
      ...(body === '' ? {} : { 'Content-Type': contentType }),
      ...file?.headers,
    },
    body,
  }
}
