import { createHash } from 'node:crypto'
import type { Bill } from '../gateway.ts'
import type { Question } from './outcome.ts'
import type { HttpReply, HttpRequest } from './transport.ts'

/** A large institution has a million lines a day, of some 400 bytes each. */
export const BILL_LIMITS: Pick<HttpRequest, 'readTimeoutMs' | 'bodyBytesMax'> = {
  readTimeoutMs: 300_000,
  bodyBytesMax: 512 * 1_048_576,
}

/** What of a reply may be signed, and how it is read once that is verified. */
export interface SignedParts<T> {
  /** The reply with each text in the place of its body; the likeliest first. */
  readonly signed: readonly [HttpReply, ...HttpReply[]]
  readonly read: Question<T>['read']
}

/**
 * Of a bill WeChat Pay signs its SHA-1 alone, as `{"sha1":"…"}` according to its libraries; its page can be read as the bare
 * hash. Either proves the bill, if that is its hash. Errors are signed as everywhere.
 */
export function billSigned(reply: HttpReply): SignedParts<Bill> {
  const { status, headers, body } = reply
  const stated = headers['wechatpay-statement-sha1']
  if (status !== 200 || body === null || typeof stated !== 'string' || !/^[0-9a-f]{40}$/i.test(stated)) {
    return { signed: [reply], read: () => null }
  }
  const sha1 = createHash('sha1').update(body).digest('hex')
  const instead = (text: string): HttpReply => ({ ...reply, body: Buffer.from(text) })
  return {
    signed: [instead(JSON.stringify({ sha1: stated })), instead(stated)],
    read: () => (stated.toLowerCase() === sha1 ? { csv: body, sha1 } : null),
  }
}
