import { gzipSync } from 'node:zlib'
import type { Chance } from './chance.ts'
import { text } from './hostile.ts'
import { bentBytes } from './mutate.ts'

/** HTTP messages byte by byte: encodings, lengths and lines as they should be, and as they should not. */
export function rawMessage(
  chance: Chance,
  firstLine: string,
  flat: readonly string[],
  body: Uint8Array,
): Buffer {
  const { encoding, bytes } = encoded(chance, body)
  const isChunked = chance.oneIn(6)
  const lines = [firstLine, 'Host: a']
  for (let i = 0; i + 1 < flat.length; i += 2) lines.push(`${flat[i]}: ${flat[i + 1]}`)
  if (encoding !== '') lines.push(`Content-Encoding: ${encoding}`)
  if (isChunked) lines.push('Transfer-Encoding: chunked')
  if (!isChunked || chance.oneIn(8)) lines.push(`Content-Length: ${lengthOf(chance, bytes.length)}`)
  if (chance.oneIn(20)) lines.push(`Content-Length: ${lengthOf(chance, bytes.length)}`)
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
  const whole = Buffer.concat([head, isChunked ? chunked(chance, bytes) : bytes])
  return chance.oneIn(5) ? bentBytes(chance, whole) : whole
}

/** 8 MiB of nothing, eight times what a body may have. */
const BOMB = gzipSync(Buffer.alloc(8_388_608))

function encoded(
  chance: Chance,
  body: Uint8Array,
): { readonly encoding: string; readonly bytes: Uint8Array } {
  switch (chance.below(12)) {
    case 0:
      return { encoding: 'gzip', bytes: gzipSync(body, { level: 1 }) }
    case 1:
      return {
        encoding: 'gzip',
        bytes: chance.oneIn(20) ? BOMB : bentBytes(chance, gzipSync(body, { level: 1 })),
      }
    case 2:
      return {
        encoding: chance.pick(['br', 'deflate', 'identity', 'gzip, gzip', 'GZIP', text(chance)]),
        bytes: body,
      }
    default:
      return { encoding: '', bytes: body }
  }
}

function lengthOf(chance: Chance, bytes: number): string {
  if (!chance.oneIn(10)) return String(bytes)
  return chance.pick([
    String(bytes + 1),
    String(Math.max(0, bytes - 1)),
    '-1',
    '0x10',
    '1e3',
    '99999999999999999999',
    ' 0',
    '',
  ])
}

function chunked(chance: Chance, bytes: Uint8Array): Buffer {
  const size = chance.oneIn(4) ? 1 + chance.below(64) : 1_024
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size)
    const head = chance.oneIn(60) ? text(chance) : chunk.length.toString(16)
    parts.push(Buffer.from(`${head}\r\n`), chunk, Buffer.from('\r\n'))
  }
  if (!chance.oneIn(30)) parts.push(Buffer.from('0\r\n\r\n'))
  return Buffer.concat(parts)
}
