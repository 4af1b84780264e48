import { isAscii, isUtf8 } from 'node:buffer'

/** A body as text, from which its bytes can be had back; null if it has no body or is not UTF-8. */
export function readText(body: Uint8Array | null): string | null {
  if (body === null) return null
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (isAscii(bytes)) return bytes.toString('latin1')
  return isUtf8(bytes) ? bytes.toString() : null
}
