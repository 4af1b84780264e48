import { createDecipheriv, type KeyObject, verify } from 'node:crypto'
import type { SendCallback, SendResult } from '../../src/simulator/index.ts'

/** A callback as it came. Names of headers in lower case. */
export interface ReceivedCallback {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly atMs: number
}

/** What a receiver written from the public documents alone, with node:crypto, makes of a callback. */
export interface ReadCallback {
  /** The first check that fails, or `fine`. */
  readonly verdict: 'fine' | 'old' | 'unknown serial' | 'wrong signature' | 'unreadable resource'
  readonly envelope: Readonly<Record<string, unknown>>
  /** The decrypted resource, whatever the signature is worth; null if the key doesn't open it. */
  readonly content: Readonly<Record<string, unknown>> | null
}

export interface ReceiverKeys {
  /** PEM or key by serial number. */
  readonly bySerial: Readonly<Record<string, string | KeyObject>>
  readonly apiV3Key: string
}

export function readCallback(
  { headers, body, atMs }: ReceivedCallback,
  { bySerial, apiV3Key }: ReceiverKeys,
): ReadCallback {
  const envelope = JSON.parse(body)
  const content = opened(envelope.resource, apiV3Key)
  const told = (verdict: ReadCallback['verdict']): ReadCallback => ({ verdict, envelope, content })
  const timestamp = headers['wechatpay-timestamp'] ?? ''
  if (!(Math.abs(atMs - Number(timestamp) * 1000) <= 300_000)) return told('old')
  const key = bySerial[headers['wechatpay-serial'] ?? '']
  if (key === undefined) return told('unknown serial')
  const message = `${timestamp}\n${headers['wechatpay-nonce']}\n${body}\n`
  const signature = Buffer.from(headers['wechatpay-signature'] ?? '', 'base64')
  if (!verify('RSA-SHA256', Buffer.from(message), key, signature)) return told('wrong signature')
  return told(content === null ? 'unreadable resource' : 'fine')
}

function opened(
  resource: { ciphertext: string; nonce: string; associated_data: string },
  key: string,
): Readonly<Record<string, unknown>> | null {
  const sealed = Buffer.from(resource.ciphertext, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key), resource.nonce)
  decipher.setAAD(Buffer.from(resource.associated_data))
  decipher.setAuthTag(sealed.subarray(-16))
  try {
    const plain = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
    return JSON.parse(plain.toString('utf8'))
  } catch {
    return null
  }
}

/** A receiver at the other end of a wire without sockets: it keeps what comes, and answers as it is told. */
export function receiver(
  nowMs: () => number,
  answer: (callback: ReceivedCallback, nth: number) => SendResult | Promise<SendResult>,
): { send: SendCallback; received: ReceivedCallback[] } {
  const received: ReceivedCallback[] = []
  return {
    received,
    send: async (url, headers, body) => {
      const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
      const callback = { url, headers: Object.fromEntries(lower), body, atMs: nowMs() }
      received.push(callback)
      return answer(callback, received.length)
    },
  }
}
