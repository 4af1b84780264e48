import type { HeaderMap } from '../../wechatpay/headers.ts'

/**
 * Sends one HTTP request, once: never again by itself, to no other host, following no redirect. The one thing between
 * the gateway and the network, so a simulation replaces this. `end`, if there is one, ends all connections.
 */
export interface Transport {
  (request: HttpRequest): Promise<HttpResult>
  end?(): Promise<void>
}

export interface HttpRequest {
  /** Scheme, host and port. */
  readonly origin: string
  readonly method: 'GET' | 'POST'
  /** Path and query, sent exactly so: they are signed. */
  readonly path: string
  /** Name, value, name, value, … */
  readonly headers: string[]
  /** Empty for none. */
  readonly body: string
  /** Later than this no byte may leave any more. */
  readonly notAfterMs: number
  readonly connectTimeoutMs: number
  /** From the first byte sent to the last byte received. */
  readonly readTimeoutMs: number
  /** A longer reply, before or after its decompression, is not read to its end. Default: `BODY_BYTES_MAX`. */
  readonly bodyBytesMax?: number
}

export type HttpResult = HttpReply | HttpFailure

export interface HttpReply {
  readonly kind: 'reply'
  readonly status: number
  readonly headers: HeaderMap
  /** Decompressed if the reply announced a compression; null if it is too long or can't be decompressed. */
  readonly body: Uint8Array | null
}

export interface HttpFailure {
  readonly kind: 'failure'
  /** `not-sent`: too late, or the transport is ended. */
  readonly reason: 'unreachable' | 'timeout' | 'reset' | 'not-sent'
  /** Whether a byte of the request may have left. */
  readonly sent: boolean
  /** A word for people, such as `ECONNREFUSED`. */
  readonly detail: string
}

/** No answer of WeChat Pay's comes near this, but a bill. */
export const BODY_BYTES_MAX = 1_048_576
