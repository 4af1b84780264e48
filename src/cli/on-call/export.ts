import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Evidence } from '../../core/outcome.ts'
import { VerdictError } from '../../errors.ts'
import type { PlatformKey } from '../../store/store.ts'
import { callbackTextOf } from '../../wechatpay/callback-envelope.ts'
import { signedMessage } from '../../wechatpay/evidence.ts'
import { apiV3Key } from '../../wechatpay/resource.ts'

/** One signed statement, as files that anybody can check. */
export interface ExportedStatement {
  /** What we asked, and whose key signed the answer. */
  readonly request: string
  readonly serial: string
  readonly message: string
  readonly signature: string
  readonly publicKey: string
  /** The command that checks the signature. */
  readonly openssl: string
}

/**
 * Writes what openssl alone needs to check each piece of evidence: the bytes that were signed, the signature and the
 * public key.
 *
 * @param keyOfCallbacks the account's APIv3 key: with it, what a callback says is written beside the envelope that was signed
 * @throws EVIDENCE_INVALID if there is none, or a key is missing; then nothing is written
 */
export async function exportEvidence(
  dir: string,
  evidence: readonly Evidence[],
  keys: readonly PlatformKey[],
  keyOfCallbacks?: string,
): Promise<readonly ExportedStatement[]> {
  if (evidence.length === 0) {
    throw new VerdictError(
      'EVIDENCE_INVALID',
      'no signed statement is stored for this order yet: nothing to export',
    )
  }
  const pieces = evidence.map((piece) => ({ piece, key: keyFor(piece, keys) }))
  await mkdir(dir, { recursive: true })
  const exported: ExportedStatement[] = []
  for (const [i, { piece, key }] of pieces.entries()) {
    const file = (name: string): string => join(dir, `${i + 1}.${name}`)
    const [message, signature, publicKey] = [
      file('message.txt'),
      file('signature.bin'),
      file('public_key.pem'),
    ]
    const { request, serial } = piece
    await writeFile(message, signedMessage(piece))
    await writeFile(signature, Buffer.from(piece.signature, 'base64'))
    await writeFile(publicKey, key.publicKey)
    await writeFile(file('request.txt'), `${request}\n`)
    const resource =
      keyOfCallbacks === undefined ? null : callbackTextOf(piece.body, apiV3Key(keyOfCallbacks))
    if (resource !== null) await writeFile(file('resource.json'), `${resource}\n`)
    const openssl = `openssl dgst -sha256 -verify ${quoted(publicKey)} -signature ${quoted(signature)} ${quoted(message)}`
    exported.push({ request, serial, message, signature, publicKey, openssl })
  }
  return exported
}

function keyFor({ serial }: Evidence, keys: readonly PlatformKey[]): PlatformKey {
  const key = keys.find((one) => one.serial === serial)
  if (key !== undefined) return key
  throw new VerdictError(
    'EVIDENCE_INVALID',
    `the public key ${serial} is not in the store; expected it, to check what it signed`,
  )
}

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
