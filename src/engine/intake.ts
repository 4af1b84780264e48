import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'
import type { Agenda, Entry } from './agenda.ts'
import type { Report } from './report.ts'

/** Orders that fall due this soon are claimed ahead, so that each is asked at its moment. */
export const READ_AHEAD_MS = 1_000
/** What one claim takes at most; the next one is made when half of it is worked off. */
const CLAIM_LIMIT = 128
const CLAIM_LIMIT_MIN = 20
/** Pause after the store failed. */
const STORE_PAUSE_MS = 1_000
/** Pause after a claim gave nothing though something is due: somebody else holds it at this moment. */
const NOTHING_FREE_MS = 50
/** So many orders at the till stay in hand between two queries; more go through the store like all others. */
export const TILL_IN_HAND_MAX = 5_000

/** An order and the claim on it that is ours, by its end. */
export type Claimed = Pick<Entry, 'order' | 'claimedUntilMs'>

export interface IntakeOptions {
  readonly account: string
  readonly agenda: Agenda
  readonly store: Store
  readonly clock: Clock
  readonly worker: string
  readonly leaseMs: number
  readonly report: Report
  /** Queries per second: no claim takes more than a second's, so that nobody new waits behind it. */
  readonly queriesPerSecond: number
  /** Whether somebody works on the order already: then it is not put on the agenda. */
  readonly isInWork: (claimed: Claimed) => boolean
  /** Whether this process may send now: what it claimed else, it would keep from the others. */
  readonly maySend: (nowMs: number) => boolean
  /** Something was claimed, or may be claimed at another moment than before. */
  readonly onChange: () => void
}

/** How an account's orders come from the store onto the agenda, and how they go back: claims and their ends. */
export class Intake {
  readonly #options: IntakeOptions
  readonly #claimMax: number
  #claiming: Promise<void> | null = null
  /** When something unclaimed may fall within reach. */
  #claimAtMs = Number.NEGATIVE_INFINITY
  /** Claims that nobody works on are over by then: a dead worker's, or one that the store failed to take back. */
  #strayUntilMs = Number.NEGATIVE_INFINITY

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#claimMax = Math.min(Math.max(Math.ceil(options.queriesPerSecond), CLAIM_LIMIT_MIN), CLAIM_LIMIT)
  }

  /** When to claim next; Infinity while that would be of no use. */
  get nextAtMs(): number {
    const mayClaim = this.#claiming === null && this.#hasRoom && this.#maySend
    return mayClaim ? this.#claimAtMs : Number.POSITIVE_INFINITY
  }

  /** Claims ahead if it is time to. */
  claimIfDue(nowMs: number): void {
    if (nowMs >= this.#claimAtMs && this.#hasRoom && this.#maySend) void this.claim(nowMs + READ_AHEAD_MS)
  }

  /** Claims what falls due up to `dueUntilMs`. One claim at a time. Never rejects. */
  claim(dueUntilMs: number): Promise<void> {
    this.#claiming ??= this.#claimDue(dueUntilMs).finally(() => {
      this.#claiming = null
      this.#options.onChange()
    })
    return this.#claiming
  }

  /** Resolves when no claim is under way. */
  async settled(): Promise<void> {
    await this.#claiming
  }

  /** Something may fall due at `dueAtMs` that isn't claimed yet. */
  wake(dueAtMs: number): void {
    this.#claimAtMs = Math.min(this.#claimAtMs, dueAtMs - READ_AHEAD_MS / 2)
    this.#options.onChange()
  }

  /** Something is perhaps claimed that nobody works on. A lease from now every claim of this moment is over. */
  lost(): void {
    this.#strayUntilMs = this.#options.clock.nowMs() + this.#options.leaseMs
    this.#claimAtMs = Math.min(this.#claimAtMs, this.#strayUntilMs)
    this.#options.onChange()
  }

  /** Gives claims back, so that whoever is next takes the orders. If the store fails they end by themselves. */
  async giveBack(claimed: readonly Claimed[]): Promise<void> {
    if (claimed.length === 0) return
    const { store, worker, report } = this.#options
    try {
      for (const [untilMs, some] of Map.groupBy(claimed, ({ claimedUntilMs }) => claimedUntilMs)) {
        const ids = some.map(({ order }) => order.id)
        await store.release(ids, worker, untilMs)
      }
      this.wake(Math.min(...claimed.map(({ order }) => order.dueAtMs)))
    } catch (error) {
      report.storeFailed(error)
      this.lost()
    }
  }

  /** Those at the till and those in line don't count: however many are in hand, the others must come in as well. */
  get #hasRoom(): boolean {
    const { agenda } = this.#options
    return agenda.others <= this.#claimMax / 2 && agenda.till <= 2 * TILL_IN_HAND_MAX
  }

  /** A heartbeat turns the loop again. */
  get #maySend(): boolean {
    const { clock, maySend } = this.#options
    return maySend(clock.nowMs())
  }

  async #claimDue(dueUntilMs: number): Promise<void> {
    const { account, agenda, store, clock, worker, leaseMs, report, isInWork } = this.#options
    const nowMs = clock.nowMs()
    const untilMs = nowMs + leaseMs
    this.#claimAtMs = Number.POSITIVE_INFINITY
    try {
      const limit = this.#claimMax
      const orders = await store.claimDue({ account, worker, untilMs, nowMs, dueUntilMs, limit })
      for (const order of orders) {
        if (isInWork({ order, claimedUntilMs: untilMs })) continue
        agenda.add({ order, atMs: order.dueAtMs, claimedUntilMs: untilMs }, nowMs)
      }
      const dueAtMs = await store.nextDueAtMs(account)
      const soonestMs = orders.length > 0 ? Number.NEGATIVE_INFINITY : clock.nowMs() + NOTHING_FREE_MS
      const nextMs = dueAtMs === null ? Number.POSITIVE_INFINITY : dueAtMs - READ_AHEAD_MS / 2
      const strayMs = nowMs < this.#strayUntilMs ? this.#strayUntilMs : Number.POSITIVE_INFINITY
      this.#claimAtMs = Math.min(this.#claimAtMs, Math.max(nextMs, soonestMs), strayMs)
    } catch (error) {
      // What it claimed before it failed, if anything, is free when those claims are over.
      this.#strayUntilMs = clock.nowMs() + leaseMs
      this.#claimAtMs = clock.nowMs() + STORE_PAUSE_MS
      report.storeFailed(error)
    }
  }
}
