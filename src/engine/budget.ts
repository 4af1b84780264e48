import type { Call } from '../core/change.ts'

/** Calls per second that an account may make, and how many refunds may fail. */
export type Limits = Readonly<Record<Call | 'failingRefund', number>>

/** WeChat Pay's own limits where it names them (all but close and queryRefunds), for the whole account. */
export const DEFAULT_LIMITS: Limits = {
  place: 150,
  query: 600,
  close: 150,
  reverse: 150,
  refund: 150,
  queryRefund: 150,
  queryRefunds: 150,
  failingRefund: 6,
}

/** A bucket holds what may be spent at once: a tenth of a second's budget, and at least one call. */
const BURST_S = 0.1
/** After a 429 the account goes on with half its budget, and regains it over this time. */
const RECOVERY_MS = 60_000
/** While the pool is too small for refunds, one of them is tried this often, until one is accepted. */
const SHORT_PAUSE_MS = 60_000
/** Without any part of a budget, it is looked at again so soon. */
const NOTHING_PAUSE_MS = 250

/** Calls whose intent is written before they leave. */
export type Effect = Extract<Call, 'place' | 'close' | 'reverse' | 'refund'>

/** Keeps an account's calls inside its limits: a token bucket per call. Holds no clock: moments come in. */
export class Budget {
  readonly #buckets: Readonly<Record<Call, Bucket>>
  /**
   * What has an effect is allowed before its intent is written, and leaves when it is: what a slow write held up would leave all
   * at once. So each is allowed once more as it leaves.
   */
  readonly #leaving: Readonly<Record<Effect, Bucket>>
  /**
   * Whether a refund fails is known afterwards, so each takes its place among the failing ones before it leaves, and
   * gives it back if it was accepted.
   */
  readonly #failing: Window
  #slowedAtMs = Number.NEGATIVE_INFINITY
  #isShort = false
  #refundsFromMs = Number.NEGATIVE_INFINITY

  constructor(limits: Limits, nowMs: number) {
    const full = (call: Call): Bucket => new Bucket(limits[call], nowMs)
    this.#buckets = {
      place: full('place'),
      query: full('query'),
      close: full('close'),
      reverse: full('reverse'),
      refund: full('refund'),
      queryRefund: full('queryRefund'),
      queryRefunds: full('queryRefunds'),
    }
    this.#leaving = {
      place: full('place'),
      close: full('close'),
      reverse: full('reverse'),
      refund: full('refund'),
    }
    this.#failing = new Window(limits.failingRefund)
  }

  /**
   * Spends one call and returns 0, or returns the ms until one can be spent.
   *
   * @param part of the account's budget that is this process's, 0 to 1
   */
  take(call: Call, nowMs: number, part = 1): number {
    const share = this.partAt(nowMs) * part
    const bucket = this.#buckets[call]
    if (share === 0) {
      bucket.fill(nowMs, 0)
      if (call === 'refund') this.#failing.hasNoShare()
      return NOTHING_PAUSE_MS
    }
    if (call !== 'refund') return bucket.take(nowMs, share)
    const heldMs = Math.max(
      this.#refundsFromMs - nowMs,
      this.#failing.waitMs(nowMs, share),
      bucket.waitMs(nowMs, share),
      0,
    )
    if (heldMs > 0) return heldMs
    if (this.#isShort) this.#refundsFromMs = nowMs + SHORT_PAUSE_MS
    this.#failing.take(nowMs)
    return bucket.take(nowMs, share)
  }

  /** Lets a call leave whose intent is written, and returns 0, or returns the ms until it may. */
  leave(call: Effect, nowMs: number, part = 1): number {
    const share = this.partAt(nowMs) * part
    // Without any part of the budget nothing is sent, and whoever sends says so.
    return share === 0 ? 0 : this.#leaving[call].take(nowMs, share)
  }

  /** WeChat Pay answered 429. */
  slowDown(nowMs: number): void {
    this.#slowedAtMs = nowMs
  }

  /** A refund was accepted, for which one was spent at `takenAtMs`: there is money in the pool. */
  refundAccepted(nowMs: number, takenAtMs: number): void {
    this.#isShort = false
    this.#refundsFromMs = nowMs
    this.#failing.giveBack(takenAtMs)
  }

  /** The account's balance is too small for a refund: the others find it so, too. */
  refundsAreShort(nowMs: number): void {
    this.#isShort = true
    this.#refundsFromMs = Math.max(this.#refundsFromMs, nowMs + SHORT_PAUSE_MS)
  }

  /** What a 429 leaves of the budget, 0.5 to 1. */
  partAt(nowMs: number): number {
    return Math.min(1, 0.5 + (nowMs - this.#slowedAtMs) / RECOVERY_MS / 2)
  }
}

class Bucket {
  readonly #perSecond: number
  #tokens: number
  #filledAtMs: number
  #share = 1

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond
    this.#tokens = Number.POSITIVE_INFINITY
    this.#filledAtMs = nowMs
  }

  /** Spends one and returns 0, or returns the ms until one can be spent. */
  take(nowMs: number, share: number): number {
    const waitMs = this.waitMs(nowMs, share)
    if (waitMs === 0) this.#tokens -= 1
    return waitMs
  }

  waitMs(nowMs: number, share: number): number {
    this.fill(nowMs, share)
    const perMs = (this.#perSecond * share) / 1000
    return this.#tokens < 1 ? Math.ceil((1 - this.#tokens) / perMs) : 0
  }

  fill(nowMs: number, share: number): void {
    // A share that has grown was smaller until now: the rest was somebody else's, who may have spent it.
    const perMs = (this.#perSecond * Math.min(share, this.#share)) / 1000
    const passedMs = Math.max(0, nowMs - this.#filledAtMs)
    const size = Math.max(1, this.#perSecond * share * BURST_S)
    this.#tokens = Math.min(size, this.#tokens + passedMs * perMs)
    this.#share = share
    this.#filledAtMs = Math.max(this.#filledAtMs, nowMs)
  }
}

/**
 * No second holds more than `perSecond`, whatever is given back and when. A bucket would not do: what comes back late adds
 * to what time has filled in meanwhile.
 */
class Window {
  readonly #perSecond: number
  #takenAtMs: number[] = []
  #share = 1
  /** When a share that has grown counts: until then the rest was somebody else's, who may have spent it. */
  #growsAtMs: number | null = null

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** 0, or the ms until one can be spent. */
  waitMs(nowMs: number, share: number): number {
    const perSecond = this.#perSecond * this.#shareAt(nowMs, share)
    if (perSecond === 0) return NOTHING_PAUSE_MS
    const spanMs = Math.max(1_000, 1_000 / perSecond)
    this.#takenAtMs = this.#takenAtMs.filter((ms) => ms > nowMs - spanMs)
    const before = this.#takenAtMs.at(-Math.max(1, Math.floor(perSecond)))
    return before === undefined ? 0 : Math.ceil(before + spanMs - nowMs)
  }

  take(nowMs: number): void {
    this.#takenAtMs.push(nowMs)
  }

  hasNoShare(): void {
    this.#share = 0
    this.#growsAtMs = null
  }

  #shareAt(nowMs: number, share: number): number {
    if (share > this.#share) this.#growsAtMs ??= nowMs + 1_000
    if (share <= this.#share || nowMs >= (this.#growsAtMs ?? nowMs)) {
      this.#share = share
      this.#growsAtMs = null
    }
    return this.#share
  }

  giveBack(takenAtMs: number): void {
    const at = this.#takenAtMs.indexOf(takenAtMs)
    if (at >= 0) this.#takenAtMs.splice(at, 1)
  }
}
