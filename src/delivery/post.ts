import type { Dispatcher, Pool } from 'undici'
import type { Clock } from '../clock.ts'
import { AddressRefused } from './addresses.ts'

export interface PostRequest {
  /** Path and query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** From now to the answer's last byte, connecting included. */
  readonly timeoutMs: number
}

export type Posted = { readonly status: number } | { readonly failure: string }

/** Of an answer's body no more is taken than this: it keeps the connection for the next message, and nobody reads it. */
export const ANSWER_BYTES_MAX = 16_384

/**
 * Posts once. Resolves with the status, or says why none came; never rejects. Redirects are not followed. The answer's
 * body is thrown away; past its limit, in bytes or time, so is the connection, and the status counts all the same.
 */
export function post(pool: Pool, clock: Clock, request: PostRequest): Promise<Posted> {
  const call = new Call(clock, request.timeoutMs)
  const { path, headers, body } = request
  pool.dispatch({ method: 'POST', path, headers, body }, call)
  return call.posted
}

class Call implements Dispatcher.DispatchHandler {
  readonly posted: Promise<Posted>
  readonly #settle: (posted: Posted) => void
  readonly #cancelTimer: () => void
  #controller: Dispatcher.DispatchController | null = null
  #status: number | null = null
  #isOver = false
  #bytes = 0

  constructor(clock: Clock, timeoutMs: number) {
    const { promise, resolve } = Promise.withResolvers<Posted>()
    this.posted = promise
    this.#settle = resolve
    this.#cancelTimer = clock.after(timeoutMs, () => this.#cut(`no answer within ${timeoutMs} ms`))
  }

  /** Called right before the first byte is written. Throwing here keeps the request back. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isOver) throw new Error('nobody waits any longer')
    this.#controller = controller
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number): void {
    if (status >= 200) this.#status = status
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > ANSWER_BYTES_MAX) this.#cut('the answer is too long')
  }

  onResponseEnd(): void {
    this.#end('no status')
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    this.#end(reasonOf(error))
  }

  #cut(failure: string): void {
    this.#end(failure)
    this.#controller?.abort(new Error(failure))
  }

  /** @param failure what is told if no status has come */
  #end(failure: string): void {
    this.#isOver = true
    this.#cancelTimer()
    this.#settle(this.#status === null ? { failure } : { status: this.#status })
  }
}

/** Codes only: the messages of undici and Node may quote what the receiver sent. */
function reasonOf(error: Error): string {
  if (error instanceof AddressRefused) return error.message
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return CODES[code] ?? `no answer: ${code}`
}

const CODES: Readonly<Record<string, string>> = {
  HTTPParserError: 'what came is no HTTP answer',
  UND_ERR_DESTROYED: 'closed',
  UND_ERR_CLOSED: 'closed',
  UND_ERR_SOCKET: 'the connection ended before the answer came',
  ECONNREFUSED: 'nobody listens there: ECONNREFUSED',
  ENOTFOUND: 'the name leads to no address: ENOTFOUND',
  ETIMEOUT: 'no name server answers: ETIMEOUT',
}
