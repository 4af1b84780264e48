import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'
import type { Agenda, Entry } from './agenda.ts'
import type { Report } from './report.ts'

/** Orders that fall due this soon are claimed ahead, so that each is asked at its moment. */
export const READ_AHEAD_MS = 1_000
/** What one claim takes at most; the next one is made when half of it is worked off. */
const CLAIM_LIMIT = 256
const CLAIM_LIMIT_MIN = 20
/** While a backlog fills all the room that there is for others, the till is looked at this often by itself. */
const TILL_LOOK_MS = 100
/** Pause after the store failed. */
const STORE_PAUSE_MS = 1_000
/** Pause after a claim gave nothing though something is due: somebody else holds it at this moment. */
const NOTHING_FREE_MS = 50
/** So many orders at the till stay in hand between two queries; more go through the store. */
export const TILL_IN_HAND_MAX = 5_000
/** So many others: 10 to 20 MB. */
export const OTHERS_IN_HAND_MAX = 20_000
/**
 * While orders stay in hand, the earliest of the others is looked for this far ahead, and not behind all of those; then
 * again.
 */
const LOOK_AHEAD_MS = 2_000
/** After a claim that took all it may, there is more; the earliest of it is looked for only after every so many of these. */
const LOOK_ONE_IN = 4
/** Claims that one statement ends. */
const GIVEN_BACK_AT_ONCE = 1_000

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
  /** Whether an order that comes now could be sent soon: a place is free, and nothing holds all calls back. */
  readonly hasPlace: (nowMs: number) => boolean
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
  #lookedAtTillMs = Number.NEGATIVE_INFINITY
  /** Claims in a row that took all they may. */
  #fullClaims = 0
  /** Claims that nobody works on are over by then: a dead worker's, or one that the store failed to take back. */
  #strayUntilMs = Number.NEGATIVE_INFINITY

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#claimMax = Math.min(Math.max(Math.ceil(options.queriesPerSecond), CLAIM_LIMIT_MIN), CLAIM_LIMIT)
  }

  /** When to claim next; Infinity while that would be of no use. */
  get nextAtMs(): number {
    if (this.#claiming !== null || !this.#maySend) return Number.POSITIVE_INFINITY
    if (this.#hasRoom) return this.#claimAtMs
    const { clock, hasPlace } = this.#options
    return this.#hasRoomAtTill && hasPlace(clock.nowMs())
      ? Math.max(this.#claimAtMs, this.#lookedAtTillMs + TILL_LOOK_MS)
      : Number.POSITIVE_INFINITY
  }

  /** Claims ahead if it is time to. */
  claimIfDue(nowMs: number): void {
    if (nowMs >= this.nextAtMs) void this.claim(nowMs + READ_AHEAD_MS, !this.#hasRoom)
  }

  /** Claims what falls due up to `dueUntilMs`, or what of it is at the till. One claim at a time. Never rejects. */
  claim(dueUntilMs: number, tillOnly = false): Promise<void> {
    this.#claiming ??= (tillOnly ? this.#claimTill(dueUntilMs) : this.#claimDue(dueUntilMs)).finally(() => {
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
    for (let from = 0; from < claimed.length; from += GIVEN_BACK_AT_ONCE)
      await this.#giveSomeBack(claimed.slice(from, from + GIVEN_BACK_AT_ONCE))
  }

  async #giveSomeBack(claimed: readonly Claimed[]): Promise<void> {
    const { store, worker, report } = this.#options
    try {
      const ids = claimed.map(({ order }) => order.id)
      const untilMs = claimed.map(({ claimedUntilMs }) => claimedUntilMs)
      await store.release(ids, worker, untilMs)
      this.wake(Math.min(...claimed.map(({ order }) => order.dueAtMs)))
    } catch (error) {
      report.storeFailed(error)
      this.lost()
    }
  }

  /** Those at the till, in line or kept don't count: however many are in hand, the others must come in as well. */
  get #hasRoom(): boolean {
    return this.#options.agenda.others <= this.#claimMax / 2 && this.#hasRoomAtTill
  }

  get #hasRoomAtTill(): boolean {
    return this.#options.agenda.till <= 2 * TILL_IN_HAND_MAX
  }

  /** A heartbeat turns the loop again. */
  get #maySend(): boolean {
    const { clock, maySend } = this.#options
    return maySend(clock.nowMs())
  }

  /** A customer who has come needn't wait until the backlog has room: when it has, everything is looked at again. */
  async #claimTill(dueUntilMs: number): Promise<void> {
    this.#lookedAtTillMs = this.#options.clock.nowMs()
    try {
      await this.#take(dueUntilMs, true)
    } catch (error) {
      this.#failed(error)
    }
  }

  async #take(dueUntilMs: number, tillOnly: boolean): Promise<number> {
    const { account, agenda, store, clock, worker, leaseMs, isInWork } = this.#options
    const nowMs = clock.nowMs()
    const untilMs = nowMs + leaseMs
    const limit = this.#claimMax
    const claim = { account, worker, untilMs, nowMs, dueUntilMs, limit }
    const orders = await store.claimDue(tillOnly ? { ...claim, tillOnly } : claim)
    for (const order of orders) {
      if (isInWork({ order, claimedUntilMs: untilMs })) continue
      agenda.add({ order, atMs: order.dueAtMs, claimedUntilMs: untilMs }, nowMs)
    }
    return orders.length
  }

  /** What it claimed before it failed, if anything, is free when those claims are over. */
  #failed(error: unknown): void {
    const { clock, leaseMs, report } = this.#options
    this.#strayUntilMs = clock.nowMs() + leaseMs
    this.#claimAtMs = clock.nowMs() + STORE_PAUSE_MS
    report.storeFailed(error)
  }

  async #claimDue(dueUntilMs: number): Promise<void> {
    const { account, agenda, store, clock } = this.#options
    const nowMs = clock.nowMs()
    this.#claimAtMs = Number.POSITIVE_INFINITY
    try {
      const taken = await this.#take(dueUntilMs, false)
      this.#fullClaims = taken === this.#claimMax ? this.#fullClaims + 1 : 0
      if (this.#fullClaims % LOOK_ONE_IN !== 0) {
        this.#claimAtMs = Number.NEGATIVE_INFINITY
        return
      }
      const beforeMs = agenda.kept === 0 ? Number.POSITIVE_INFINITY : nowMs + LOOK_AHEAD_MS
      const dueAtMs = (await store.nextDueAtMs(account, beforeMs)) ?? beforeMs
      const soonestMs = taken > 0 ? Number.NEGATIVE_INFINITY : clock.nowMs() + NOTHING_FREE_MS
      const nextMs = dueAtMs - READ_AHEAD_MS / 2
      const strayMs = nowMs < this.#strayUntilMs ? this.#strayUntilMs : Number.POSITIVE_INFINITY
      this.#claimAtMs = Math.min(this.#claimAtMs, Math.max(nextMs, soonestMs), strayMs)
    } catch (error) {
      this.#failed(error)
    }
  }
}
