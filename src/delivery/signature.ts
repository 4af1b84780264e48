import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { optionInvalid } from './target.ts'

/** Symmetric signatures of Standard Webhooks. Source: https://www.standardwebhooks.com, its specification. */

const PREFIX = 'whsec_'
const SECRET_BYTES = { min: 24, max: 64 }
/** A rotation needs two; each one more makes every header longer. */
const SECRETS_MAX = 5

/**
 * The keys of the secrets, in their sequence. A key shows nothing of itself when it is printed.
 *
 * @param secret one, or several during a rotation, the newest first
 * @throws OPTION_INVALID naming the field, never its value
 */
export function signingKeys(secret: unknown): readonly KeyObject[] {
  if (!Array.isArray(secret)) return [signingKey('webhook secret', secret)]
  if (secret.length < 1 || secret.length > SECRETS_MAX) {
    throw optionInvalid('webhook secret', `a list of ${secret.length}`, `1 to ${SECRETS_MAX} secrets`)
  }
  return secret.map((one, i) => signingKey(`webhook secret[${i}]`, one))
}

export interface Signable {
  readonly id: string
  /** Unix seconds. */
  readonly timestamp: number
  readonly body: Uint8Array
}

/** The `webhook-signature` header: one signature for each key, separated by blanks. */
export function signatureHeader(keys: readonly KeyObject[], { id, timestamp, body }: Signable): string {
  const head = `${id}.${timestamp}.`
  return keys
    .map((key) => `v1,${createHmac('sha256', key).update(head).update(body).digest('base64')}`)
    .join(' ')
}

function signingKey(field: string, secret: unknown): KeyObject {
  const expected = `"${PREFIX}" and ${SECRET_BYTES.min} to ${SECRET_BYTES.max} random bytes in base64`
  if (secret === undefined || secret === null) throw optionInvalid(field, 'missing', expected)
  if (typeof secret !== 'string' || !secret.startsWith(PREFIX)) {
    throw optionInvalid(field, `not a text that begins with "${PREFIX}"`, expected)
  }
  const text = secret.slice(PREFIX.length)
  const bytes = Buffer.from(text, 'base64')
  // Node skips what is no base64; a receiver's library may refuse it, and nothing would ever verify.
  if (bytes.toString('base64') !== text) throw optionInvalid(field, 'not base64 with its padding', expected)
  if (bytes.length < SECRET_BYTES.min || bytes.length > SECRET_BYTES.max) {
    throw optionInvalid(field, `${bytes.length} bytes long`, expected)
  }
  return createSecretKey(bytes)
}
