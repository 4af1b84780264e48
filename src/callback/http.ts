import type { IncomingMessage } from 'node:http'
import { finished, type Readable } from 'node:stream'
import type { Clock } from '../clock.ts'

/** Answers one callback: never throws for what came from outside. */
export type CallbackReceiver = (callback: {
  /** Name, value, name, value, … as Node's `rawHeaders` has them: what came twice is seen twice. */
  readonly headers: readonly string[]
  /** As received, at most `CALLBACK_BYTES_MAX`. */
  readonly body: Uint8Array
}) => Promise<CallbackReply>

export interface CallbackReply {
  readonly status: number
  /** Empty for 204. Else JSON. */
  readonly body: string
}

export interface CallbackOptions {
  /** Measures the sender's time. Default: the system's. */
  readonly clock?: Clock | undefined
  /** Hears what the developer should know, one sentence. Default: a warning of the process. */
  readonly notify?: ((notice: CallbackNotice) => void) | undefined
}

export interface CallbackNotice {
  readonly level: 'warn'
  readonly message: string
}

/** A callback of WeChat Pay's has some 2,000 bytes: what is larger than this is none, and is not read to its end. */
export const CALLBACK_BYTES_MAX = 65_536

/** For the whole body. WeChat Pay gives up after 5 s, so what comes later is of no use to it. */
export const CALLBACK_READ_MS_MAX = 5_000

export type BodyRead =
  | { readonly kind: 'read'; readonly body: Uint8Array }
  /** This is no callback. The rest of it is not wanted. */
  | { readonly kind: 'refused'; readonly reply: CallbackReply }
  /** The sender has left, and nobody is there to be answered. */
  | { readonly kind: 'aborted' }
  /** Other code has read the body, and its bytes are gone. */
  | { readonly kind: 'taken' }

/** What WeChat Pay expects with every 4xx and 5xx. It repeats the callback later. */
export function refusal(status: number, message: string): CallbackReply {
  return { status, body: JSON.stringify({ code: 'FAIL', message }) }
}

const NOT_POST = refused(405, 'callbacks come by POST')
const COMPRESSED = refused(415, 'callbacks come without Content-Encoding')
const TOO_LARGE = refused(413, `the body has more than ${CALLBACK_BYTES_MAX} bytes`)
const TOO_SLOW = refused(408, `the body did not come within ${CALLBACK_READ_MS_MAX} ms`)

/** Why a request can't be a callback, as far as its first lines tell. Null if it can. */
export function refusedUnread({ method, headers }: IncomingMessage): BodyRead | null {
  if (method !== 'POST') return NOT_POST
  // WeChat Pay signs the raw bytes and doesn't compress. So nothing is ever inflated for a stranger.
  if (!/^\s*(identity)?\s*$/i.test(headers['content-encoding'] ?? '')) return COMPRESSED
  return Number(headers['content-length']) > CALLBACK_BYTES_MAX ? TOO_LARGE : null
}

/**
 * Reads the body of a callback as it came, within the limits of size and time. Never rejects. What it doesn't want it
 * leaves in the stream, without closing anything.
 *
 * @param stream is where the body comes from, if not from the request itself
 */
export async function readBody(
  request: IncomingMessage,
  clock: Clock,
  stream: Readable = request,
): Promise<BodyRead> {
  const refusedEarly = refusedUnread(request)
  if (refusedEarly !== null) return refusedEarly
  // With an encoding it gives text, which is no longer what was signed.
  if (stream.readableDidRead || stream.readableEncoding !== null) return { kind: 'taken' }
  return await received(stream, clock)
}

/** What other code has read, if it kept the bytes. */
export function bodyKept(request: IncomingMessage, body: Uint8Array): BodyRead {
  return refusedUnread(request) ?? (body.length > CALLBACK_BYTES_MAX ? TOO_LARGE : { kind: 'read', body })
}

function received(stream: Readable, clock: Clock): Promise<BodyRead> {
  return new Promise((resolve) => {
    // One piece of memory: a body in tiny chunks can't take more of it.
    const body = Buffer.allocUnsafe(CALLBACK_BYTES_MAX)
    let bytes = 0
    const take = (chunk: Buffer): void => {
      if (bytes + chunk.length > CALLBACK_BYTES_MAX) settle(TOO_LARGE)
      else bytes += chunk.copy(body, bytes)
    }
    const settle = (read: BodyRead): void => {
      cancel()
      stream.off('data', take)
      resolve(read)
    }
    const cancel = clock.after(CALLBACK_READ_MS_MAX, () => settle(TOO_SLOW))
    finished(stream, { writable: false }, (error) => {
      settle(error ? { kind: 'aborted' } : { kind: 'read', body: body.subarray(0, bytes) })
    })
    stream.on('data', take)
  })
}

function refused(status: number, message: string): BodyRead {
  return { kind: 'refused', reply: refusal(status, message) }
}
