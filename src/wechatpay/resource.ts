import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { VerdictError } from '../errors.ts'

/** How WeChat Pay encrypts callbacks and platform certificates: AES-256-GCM (RFC 5116) under the APIv3 key. */
export const RESOURCE_ALGORITHM = 'AEAD_AES_256_GCM'
const TAG_BYTES = 16
const KEY_BYTES = 32

export interface EncryptedResource {
  readonly algorithm: string
  /** Base64; its last 16 bytes are the authentication tag. */
  readonly ciphertext: string
  /** May be empty or absent. */
  readonly associated_data?: string
  /** 12 characters, used as raw bytes. */
  readonly nonce: string
}

/** Reads the `resource` of a callback or the `encrypt_certificate` of a download; null if it is neither. */
export function encryptedResourceFrom(value: unknown): EncryptedResource | null {
  if (typeof value !== 'object' || value === null) return null
  const { algorithm, ciphertext, associated_data, nonce } = value as { [field: string]: unknown }
  if (typeof algorithm !== 'string' || typeof ciphertext !== 'string' || typeof nonce !== 'string')
    return null
  if (typeof associated_data === 'string') return { algorithm, ciphertext, associated_data, nonce }
  return associated_data === undefined || associated_data === null ? { algorithm, ciphertext, nonce } : null
}

/**
 * The key, ready for use: made from bytes anew, it would cost each message more than its encryption does.
 *
 * @throws KEY_INVALID unless the key has 32 bytes
 */
export function apiV3Key(key: string): KeyObject {
  const bytes = Buffer.from(key)
  if (bytes.length !== KEY_BYTES) {
    throw new VerdictError(
      'KEY_INVALID',
      `apiV3Key has ${bytes.length} bytes; expected ${KEY_BYTES}, as set on the merchant platform`,
    )
  }
  return createSecretKey(bytes)
}

/** The plain text, or null if the resource was not encrypted with this key or was changed on the way. */
export function decryptResource(key: KeyObject, resource: EncryptedResource): string | null {
  if (resource.algorithm !== RESOURCE_ALGORITHM) return null
  const bytes = Buffer.from(resource.ciphertext, 'base64')
  if (bytes.length < TAG_BYTES) return null
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(resource.nonce), {
      authTagLength: TAG_BYTES,
    })
    decipher.setAAD(Buffer.from(resource.associated_data ?? ''))
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

export function encryptResource(
  key: KeyObject,
  plaintext: string,
  { nonce, associated_data }: { nonce: string; associated_data: string },
): EncryptedResource {
  const cipher = createCipheriv('aes-256-gcm', key, Buffer.from(nonce), { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(associated_data))
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return { algorithm: RESOURCE_ALGORITHM, ciphertext: ciphertext.toString('base64'), associated_data, nonce }
}
