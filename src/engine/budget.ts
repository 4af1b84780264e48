import type { Call } from '../core/change.ts'

/** Calls per second that an account may make. */
export type Limits = Readonly<Record<Call, number>>

/** WeChat Pay's own limits where it names them (place and reverse 150/s, query 600/s), for the whole account. */
export const DEFAULT_LIMITS: Limits = { place: 150, query: 600, close: 150, reverse: 150 }

/** A bucket holds what may be spent at once: a tenth of a second's budget, and at least one call. */
const BURST_S = 0.1
/** After a 429 the account goes on with half its budget, and regains it over this time. */
const RECOVERY_MS = 60_000

interface Bucket {
  tokens: number
  filledAtMs: number
}

/** Keeps an account's calls inside its limits: a token bucket per call. Holds no clock: moments come in. */
export class Budget {
  readonly #limits: Limits
  readonly #buckets: Record<Call, Bucket>
  #slowedAtMs = Number.NEGATIVE_INFINITY

  constructor(limits: Limits, nowMs: number) {
    this.#limits = limits
    const full = (call: Call): Bucket => ({ tokens: burst(limits[call]), filledAtMs: nowMs })
    this.#buckets = {
      place: full('place'),
      query: full('query'),
      close: full('close'),
      reverse: full('reverse'),
    }
  }

  /** Spends one call and returns 0, or returns the ms until one can be spent. */
  take(call: Call, nowMs: number): number {
    const bucket = this.#buckets[call]
    const perMs = (this.#limits[call] * this.#share(nowMs)) / 1000
    const passedMs = Math.max(0, nowMs - bucket.filledAtMs)
    bucket.tokens = Math.min(burst(this.#limits[call]), bucket.tokens + passedMs * perMs)
    bucket.filledAtMs = Math.max(bucket.filledAtMs, nowMs)
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / perMs)
    bucket.tokens -= 1
    return 0
  }

  /** WeChat Pay answered 429. */
  slowDown(nowMs: number): void {
    this.#slowedAtMs = nowMs
  }

  #share(nowMs: number): number {
    return Math.min(1, 0.5 + (nowMs - this.#slowedAtMs) / RECOVERY_MS / 2)
  }
}

function burst(perSecond: number): number {
  return Math.max(1, perSecond * BURST_S)
}
