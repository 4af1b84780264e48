import { createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** The public half of the private key in a file. */
export function publicKeyOf(privateKeyFile: string): KeyObject {
  return createPublicKey(readFileSync(privateKeyFile, 'utf8'))
}
