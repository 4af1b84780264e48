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
  /** The number that ends the Request-ID; 0 if all went well. */
  readonly number: number
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
  covered: string = reply.body,
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

export function unsignedReply(
  { status, body, number }: Unsigned,
  { nonce, nowMs }: ReplySigning,
  contentType = 'application/json; charset=utf-8',
): WireReply {
  return {
    status,
    headers: {
      Date: new Date(nowMs()).toUTCString(),
      'Request-ID': `${nonce().toUpperCase()}-${number}`,
      ...(body === '' ? {} : { 'Content-Type': contentType }),
    },
    body,
  }
}
