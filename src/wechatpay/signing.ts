import { createPrivateKey, createPublicKey, type KeyObject, sign, verify, X509Certificate } from 'node:crypto'
import { VerdictError } from '../errors.ts'

/**
 * APIv3 signatures: RSASSA-PKCS1-v1_5 with SHA-256 over a few lines of text, each ended by LF, in both directions.
 * Source: WeChat Pay, "Signature generation" and "Signature verification". Published vectors judge this file.
 */
export const SIGNATURE_TYPE = 'WECHATPAY2-SHA256-RSA2048'
const DIGEST = 'RSA-SHA256'

/** Both sides refuse a message whose timestamp is this far from their own clock, in either direction. */
export const CLOCK_SKEW_MS_MAX = 300_000

export interface SignableRequest {
  /** Upper case. */
  readonly method: string
  /** Path and query exactly as sent, percent-encoding included. */
  readonly url: string
  /** Unix seconds. */
  readonly timestamp: string
  readonly nonce: string
  /** Exactly as sent; empty for GET. */
  readonly body: string
}

/** The five lines that a request's signature covers. */
export function requestMessage({ method, url, timestamp, nonce, body }: SignableRequest): string {
  return `${method}\n${url}\n${timestamp}\n${nonce}\n${body}\n`
}

/** What the signature of a reply or callback covers. */
export interface SignedReply {
  /** Unix seconds. */
  readonly timestamp: string
  readonly nonce: string
  readonly body: string
}

/** The three lines that the signature of a reply or callback covers. Without a body the third is empty. */
export function replyMessage({ timestamp, nonce, body }: SignedReply): string {
  return `${timestamp}\n${nonce}\n${body}\n`
}

const LF = Buffer.from('\n')

/** The same over the bytes as they came, so that nothing has to be decoded before it is verified. */
export function replyMessageBytes(timestamp: string, nonce: string, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${timestamp}\n${nonce}\n`), body, LF])
}

const pems = new WeakMap<KeyObject, string>()

/** A public key as text, written once: several accounts may hold the same one. */
export function spkiPem(key: KeyObject): string {
  const pem = pems.get(key) ?? key.export({ type: 'spki', format: 'pem' }).toString()
  pems.set(key, pem)
  return pem
}

/** Base64. Blocks for some 0.3 ms: on a busy path use `signInPool`. */
export function signMessage(key: KeyObject, message: string): string {
  return sign(DIGEST, Buffer.from(message), key).toString('base64')
}

/** The same on the thread pool. */
export function signInPool(key: KeyObject, message: string): Promise<string> {
  return new Promise((resolve, reject) => {
    sign(DIGEST, Buffer.from(message), key, (error, signature) =>
      error ? reject(error) : resolve(signature.toString('base64')),
    )
  })
}

/** How a signature is judged. A simulation of very many calls puts something cheaper in the place of `verifyMessage`. */
export type VerifySignature = (key: KeyObject, message: string | Uint8Array, signature: string) => boolean

/** Whether `signature` is the key's over `message`. Anything that is not a signature, a probe among them, is false. */
export function verifyMessage(key: KeyObject, message: string | Uint8Array, signature: string): boolean {
  const bytes = Buffer.from(signature, 'base64')
  // Node's decoder skips what is not Base64; a signature that doesn't survive the way back was not one.
  if (bytes.length === 0 || bytes.toString('base64') !== signature) return false
  try {
    return verify(DIGEST, typeof message === 'string' ? Buffer.from(message) : message, key, bytes)
  } catch {
    return false
  }
}

export interface AuthorizationFields {
  readonly mchid: string
  readonly nonce_str: string
  readonly timestamp: string
  /** Serial number of the merchant's API certificate. */
  readonly serial_no: string
  readonly signature: string
}

/** The value of the `Authorization` header. */
export function authorization({
  mchid,
  nonce_str,
  timestamp,
  serial_no,
  signature,
}: AuthorizationFields): string {
  return `${SIGNATURE_TYPE} mchid="${mchid}",nonce_str="${nonce_str}",timestamp="${timestamp}",serial_no="${serial_no}",signature="${signature}"`
}

/** Reads an `Authorization` header; the order of the items is free. Null if an item is missing, doubled or unknown. */
export function parseAuthorization(header: string): AuthorizationFields | null {
  const scheme = `${SIGNATURE_TYPE} `
  if (!header.startsWith(scheme)) return null
  const items = new Map<string, string>()
  for (const part of header.slice(scheme.length).split(',')) {
    const item = /^\s*([a-z_]+)="([^"]*)"\s*$/.exec(part)
    if (!item?.[1] || item[2] === undefined || items.has(item[1])) return null
    items.set(item[1], item[2])
  }
  const [mchid, nonce_str, timestamp, serial_no, signature] = [
    'mchid',
    'nonce_str',
    'timestamp',
    'serial_no',
    'signature',
  ].map((name) => items.get(name))
  if (!mchid || !nonce_str || !timestamp || !serial_no || !signature || items.size !== 5) return null
  return { mchid, nonce_str, timestamp, serial_no, signature }
}

/** @throws KEY_INVALID unless `pem` is an unencrypted RSA private key of at least 2048 bits */
export function privateKeyFrom(pem: string, what: string): KeyObject {
  return rsaKey(what, () => createPrivateKey(pem), 'a PEM private key (apiclient_key.pem)')
}

/** @throws KEY_INVALID unless `pem` is an RSA public key or an X.509 certificate */
export function publicKeyFrom(pem: string, what: string): KeyObject {
  // Node derives a public key from a private one: the merchant's own key in this place would pass unnoticed.
  if (pem.includes('PRIVATE KEY')) {
    throw new VerdictError(
      'KEY_INVALID',
      `${what} is a private key; expected a PEM public key or certificate`,
    )
  }
  return rsaKey(what, () => createPublicKey(pem), 'a PEM public key or certificate')
}

function rsaKey(what: string, read: () => KeyObject, expected: string): KeyObject {
  let key: KeyObject
  try {
    key = read()
  } catch (cause) {
    throw new VerdictError('KEY_INVALID', `${what} can't be read; expected ${expected}`, { cause })
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (key.asymmetricKeyType !== 'rsa' || bits < 2048) {
    throw new VerdictError(
      'KEY_INVALID',
      `${what} is ${key.asymmetricKeyType} of ${bits} bits; expected RSA of 2048 or more`,
    )
  }
  return key
}

/** The serial number of a certificate in WeChat Pay's form: upper-case hex without separators. */
export function serialOf(certificatePem: string, what: string): string {
  try {
    return new X509Certificate(certificatePem).serialNumber.toUpperCase()
  } catch (cause) {
    throw new VerdictError('KEY_INVALID', `${what} can't be read; expected a PEM X.509 certificate`, {
      cause,
    })
  }
}
