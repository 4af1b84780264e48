import { gunzipSync } from 'node:zlib'
import { type Dispatcher, Pool } from 'undici'
import type { Clock } from '../../clock.ts'
import { openConnecting } from '../../connecting.ts'
import type { HeaderMap } from '../../wechatpay/headers.ts'
import {
  BODY_BYTES_MAX,
  type HttpFailure,
  type HttpRequest,
  type HttpResult,
  type Transport,
} from './transport.ts'

/**
 * HTTP/1.1 with undici's `dispatch`: the cheapest way in Node to make a call with exact knowledge of its phases. One
 * request at a time on a connection, connections stay open, and whatever undici might repeat is refused here.
 *
 * @param connectionsMax per host; calls beyond wait for a free one within their connect timeout
 */
export function undiciTransport({
  clock,
  connectionsMax = CONNECTIONS_MAX,
}: {
  readonly clock: Clock
  readonly connectionsMax?: number
}): Transport {
  const pools = new Map<string, Pool>()
  const connecting = openConnecting({ ...POOL_OPTIONS.connect, allowH2: POOL_OPTIONS.allowH2 })
  let isEnded = false
  const send = (request: HttpRequest): Promise<HttpResult> => {
    if (isEnded) return Promise.resolve(ENDED)
    let pool = pools.get(request.origin)
    if (pool === undefined) {
      const { connect } = connecting
      pool = new Pool(request.origin, { ...POOL_OPTIONS, connect, connections: connectionsMax })
      pools.set(request.origin, pool)
    }
    const call = new Call(clock, request)
    call.dispatchOn(pool)
    return call.result
  }
  return Object.assign(send, {
    async end() {
      isEnded = true
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
      connecting.end()
    },
  })
}

/** More than the calls an engine has in flight, so that nobody waits for a connection without need. */
const CONNECTIONS_MAX = 512

const POOL_OPTIONS = {
  pipelining: 1,
  allowH2: false,
  // A connection that idles longer is closed by us rather than found closed: a reset costs a payment its answer.
  keepAliveTimeout: 15_000,
  // A server's own wish may shorten it, never lengthen it.
  keepAliveMaxTimeout: 15_000,
  // Time limits are the injected clock's. This one only clears away a connection attempt that nobody waits for.
  connect: { timeout: 10_000 },
  headersTimeout: 0,
  bodyTimeout: 0,
} satisfies Pool.Options

const ENDED: HttpFailure = { kind: 'failure', reason: 'not-sent', sent: false, detail: 'closed' }

class Call implements Dispatcher.DispatchHandler {
  readonly result: Promise<HttpResult>
  readonly #clock: Clock
  readonly #request: HttpRequest
  #settle: ((result: HttpResult) => void) | null = null
  #controller: Dispatcher.DispatchController | null = null
  #sentAtMs = -1
  readonly #connectUntilMs: number
  #cancelTimer: () => void
  #status = 0
  #headers: HeaderMap = {}
  #first: Buffer | null = null
  #more: Buffer[] | null = null
  #bytes = 0

  constructor(clock: Clock, request: HttpRequest) {
    this.#clock = clock
    this.#request = request
    this.result = new Promise((resolve) => {
      this.#settle = resolve
    })
    const { connectTimeoutMs, readTimeoutMs, notAfterMs } = request
    const nowMs = clock.nowMs()
    this.#connectUntilMs = Math.min(nowMs + connectTimeoutMs, notAfterMs)
    const firstMs = Math.max(0, Math.min(this.#connectUntilMs - nowMs, readTimeoutMs))
    this.#cancelTimer = clock.after(firstMs, this.#onTimer)
  }

  dispatchOn(pool: Pool): void {
    const { method, path, headers, body } = this.#request
    // `blocking` only matters to pipelines, and costs a turn of the queue.
    pool.dispatch({ method, path, headers, body: body === '' ? null : body, blocking: false }, this)
  }

  /** Called right before the first byte is written. Throwing here keeps the request back and the connection whole. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#settle === null) throw new Error('the call is over')
    if (this.#sentAtMs !== -1) {
      // undici may put a request back into its queue when its connection ends. Sending is ours alone to repeat.
      this.#fail('reset', 'not sent twice')
      throw new Error('sent already')
    }
    const nowMs = this.#clock.nowMs()
    if (nowMs > this.#request.notAfterMs) {
      this.#fail('not-sent', 'too late')
      throw new Error('too late')
    }
    this.#controller = controller
    this.#sentAtMs = nowMs
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: HeaderMap): void {
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#bytesMax) {
      this.#reply(null)
      this.#controller?.abort(new Error('body too long'))
    } else if (this.#first === null) this.#first = chunk
    else if (this.#more === null) this.#more = [this.#first, chunk]
    else this.#more.push(chunk)
  }

  onResponseEnd(): void {
    const body = this.#more === null ? (this.#first ?? NO_BYTES) : Buffer.concat(this.#more)
    this.#reply(decoded(body, this.#headers['content-encoding'], this.#bytesMax))
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    const code = codeOf(error)
    if (code === 'UND_ERR_DESTROYED') this.#fail(this.#sentAtMs === -1 ? 'not-sent' : 'reset', 'closed')
    else this.#fail(this.#sentAtMs === -1 ? 'unreachable' : 'reset', code)
  }

  /** One timer at a time, and mostly one in all: it looks what the limit is by now, and waits on if that lies ahead. */
  readonly #onTimer = (): void => {
    if (this.#settle === null) return
    const nowMs = this.#clock.nowMs()
    const { connectTimeoutMs, readTimeoutMs, notAfterMs } = this.#request
    const isSent = this.#sentAtMs !== -1
    const limitAtMs = isSent ? this.#sentAtMs + readTimeoutMs : this.#connectUntilMs
    if (nowMs < limitAtMs) this.#cancelTimer = this.#clock.after(limitAtMs - nowMs, this.#onTimer)
    else if (isSent) {
      this.#fail('timeout', `no answer within ${readTimeoutMs} ms`)
      this.#controller?.abort(new Error('timeout'))
    } else if (nowMs >= notAfterMs) this.#fail('not-sent', 'too late')
    else this.#fail('unreachable', `no connection within ${connectTimeoutMs} ms`)
  }

  get #bytesMax(): number {
    return this.#request.bodyBytesMax ?? BODY_BYTES_MAX
  }

  #reply(body: Uint8Array | null): void {
    this.#end({ kind: 'reply', status: this.#status, headers: this.#headers, body })
  }

  #fail(reason: HttpFailure['reason'], detail: string): void {
    this.#end({ kind: 'failure', reason, sent: this.#sentAtMs !== -1, detail })
  }

  #end(result: HttpResult): void {
    const settle = this.#settle
    if (settle === null) return
    this.#settle = null
    this.#cancelTimer()
    settle(result)
  }
}

const NO_BYTES = Buffer.alloc(0)

/** Codings are words in any case, and `x-gzip` is `gzip` (RFC 9110, 8.4.1). Nothing is nothing in each. */
function decoded(body: Buffer, encoding: HeaderMap[string], bytesMax: number): Buffer | null {
  if (encoding === undefined || body.length === 0) return body
  const coding = String(encoding).trim().toLowerCase()
  if (coding === '' || coding === 'identity') return body
  if (coding !== 'gzip' && coding !== 'x-gzip') return null
  try {
    return gunzipSync(body, { maxOutputLength: bytesMax })
  } catch {
    return null
  }
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
