import type { Host } from '../outages.ts'

/** A request as it came: nothing decoded, nothing believed. */
export interface WireRequest {
  readonly method: string
  /** Path and query exactly as sent. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  /** Default: primary. */
  readonly host?: Host
}

export interface WireReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** `hang`: the connection stays open and silent until the caller gives up. `reset`: it breaks. */
export type WireAnswer = WireReply | { readonly connection: 'hang' | 'reset' }
