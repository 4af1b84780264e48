import type { Evidence, UnverifiedEvidence } from '../core/outcome.ts'
import type { Verification } from './reply-signature.ts'
import { publicKeyFrom, replyMessage, verifyMessage } from './signing.ts'

export interface EvidenceContext {
  readonly source: Evidence['source']
  /** `GET /v3/global/…`. */
  readonly request: string
  readonly status: number
  /** The bytes that were verified, as text. */
  readonly body: string
  readonly receivedAtMs: number
}

/**
 * The one place where evidence is made. `Evidence` bears a mark that no other code can write, and this function wants
 * the successful verification itself, so a statement that nobody verified can't become evidence by accident.
 */
export function verifiedEvidence(
  { signed }: Extract<Verification, { kind: 'verified' }>,
  { source, request, status, body, receivedAtMs }: EvidenceContext,
): Evidence {
  const { serial, timestamp, nonce, signature } = signed
  const fields: UnverifiedEvidence = {
    source,
    request,
    status,
    serial,
    timestamp,
    nonce,
    signature,
    body,
    receivedAtMs,
  }
  return fields as Evidence
}

/** The message that WeChat Pay signed, for anybody who wants to verify it with other tools. */
export function signedMessage(evidence: UnverifiedEvidence): string {
  return replyMessage(evidence)
}

/**
 * Whether stored evidence still is what WeChat Pay signed.
 *
 * @param publicKeyPem the key of `evidence.serial`: a public key or a certificate
 * @throws KEY_INVALID if the key can't be read
 */
export function checkEvidence(evidence: UnverifiedEvidence, publicKeyPem: string): boolean {
  // Without line ends in the first two parts there is one way only to cut the signed message into three.
  if (!/^\d{1,12}$/.test(evidence.timestamp) || /[\r\n]/.test(evidence.nonce)) return false
  const key = publicKeyFrom(publicKeyPem, `the key ${evidence.serial}`)
  return verifyMessage(key, signedMessage(evidence), evidence.signature)
}
