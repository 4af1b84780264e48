import type { KeyObject } from 'node:crypto'
import type { HeaderMap } from './headers.ts'
import {
  CLOCK_SKEW_MS_MAX,
  replyMessageBytes,
  SIGNATURE_TYPE,
  type VerifySignature,
  verifyMessage,
} from './signing.ts'

/** How a message was signed, as its headers say. */
export interface SignatureFields {
  /** `Wechatpay-Serial`: a certificate's serial number or a `PUB_KEY_ID_…`. */
  readonly serial: string
  /** Unix seconds. */
  readonly timestamp: string
  readonly nonce: string
  /** Base64. */
  readonly signature: string
}

export type Verification =
  | { readonly kind: 'verified'; readonly signed: SignatureFields }
  /** One of the four headers is missing. */
  | { readonly kind: 'unsigned' }
  /** The signature is not WeChat Pay's over these bytes; a probe looks the same. */
  | { readonly kind: 'forged' }
  /** Its timestamp is 300 s or more away from our clock. */
  | { readonly kind: 'stale'; readonly aheadMs: number }
  /** We have no key of this serial. */
  | { readonly kind: 'unknown-key'; readonly serial: string }

export interface SignedMessage {
  readonly headers: HeaderMap
  /** As received; decompressed only if the HTTP layer announced a compression. */
  readonly body: Uint8Array
}

/**
 * Whether WeChat Pay signed exactly these bytes, and lately. Reads nothing of the body: whoever parses it does so after.
 * Source: WeChat Pay, "Signature verification".
 *
 * @param keyOf gives the public key of a serial if it may be used now
 */
export function verifySigned(
  { headers, body }: SignedMessage,
  nowMs: number,
  keyOf: (serial: string) => KeyObject | null,
  verify: VerifySignature = verifyMessage,
): Verification {
  const read = signatureFieldsIn(headers)
  if (read.kind !== 'fields') return read
  const { serial, timestamp, nonce, signature } = read.signed
  const aheadMs = aheadOf(read.signed, nowMs)
  const key = keyOf(serial)
  if (key === null) return isStale(aheadMs) ? { kind: 'stale', aheadMs } : { kind: 'unknown-key', serial }
  if (!verify(key, replyMessageBytes(timestamp, nonce, body), signature)) return FORGED
  // Only now: a wrong clock of ours shows in replies that are WeChat Pay's own, not in what anybody made up.
  if (isStale(aheadMs)) return { kind: 'stale', aheadMs }
  return { kind: 'verified', signed: read.signed }
}

/**
 * The same for a message that nobody asked for. Its age is looked at before its key and its signature, so that what was
 * recorded once and is sent again costs no arithmetic and no download of certificates.
 */
export function verifyUnasked(
  message: SignedMessage,
  nowMs: number,
  keyOf: (serial: string) => KeyObject | null,
  verify: VerifySignature = verifyMessage,
): Verification {
  const read = signatureFieldsIn(message.headers)
  if (read.kind !== 'fields') return read
  const aheadMs = aheadOf(read.signed, nowMs)
  return isStale(aheadMs) ? { kind: 'stale', aheadMs } : verifySigned(message, nowMs, keyOf, verify)
}

const UNSIGNED = { kind: 'unsigned' } as const
const FORGED = { kind: 'forged' } as const

function signatureFieldsIn(
  headers: HeaderMap,
): { readonly kind: 'fields'; readonly signed: SignatureFields } | typeof UNSIGNED | typeof FORGED {
  const serial = headers['wechatpay-serial']
  const timestamp = headers['wechatpay-timestamp']
  const nonce = headers['wechatpay-nonce']
  const signature = headers['wechatpay-signature']
  if (!serial || !timestamp || !nonce || !signature) return UNSIGNED
  // A header that came twice is an array: which of the two was meant, nobody can say.
  if (typeof serial !== 'string' || typeof timestamp !== 'string') return FORGED
  if (typeof nonce !== 'string' || typeof signature !== 'string') return FORGED
  // A line end in a nonce could take lines of the body over: the signed message would be the same.
  if (!/^\d{1,12}$/.test(timestamp) || /[\r\n]/.test(nonce)) return FORGED
  const type = headers['wechatpay-signature-type']
  if (type !== undefined && type !== SIGNATURE_TYPE) return FORGED
  return { kind: 'fields', signed: { serial: knownSerial(serial), timestamp, nonce, signature } }
}

/**
 * A certificate's serial number is a number, however its hexadecimal digits are written: Java drops zeros at their beginning,
 * OpenSSL writes whole bytes. A `PUB_KEY_ID_…` is a name.
 */
export function knownSerial(serial: string): string {
  return /^[0-9a-f]+$/i.test(serial) ? serial.toUpperCase().replace(/^0+(?=.)/, '') : serial
}

function aheadOf({ timestamp }: SignatureFields, nowMs: number): number {
  return Number(timestamp) * 1000 - nowMs
}

function isStale(aheadMs: number): boolean {
  return Math.abs(aheadMs) >= CLOCK_SKEW_MS_MAX
}
