import { sleep } from '../clock.ts'
import type { Notice } from '../engine/report.ts'
import { VerdictError } from '../errors.ts'
import type { BillGateway } from '../gateway/gateway.ts'
import type { KeptReconciliation } from '../store/reconciliations.ts'
import type { Store } from '../store/store.ts'
import { beijingDate } from '../wechatpay/beijing.ts'
import type { BillWish, Books } from './comparison.ts'
import {
  type DayToTry,
  daysToTry,
  differingOf,
  FINDS_MAX,
  haveBegun,
  missingSinceMs,
  ROWS_NEEDED,
} from './days.ts'
import { totalOf } from './findings.ts'
import { type Reconciling, reconcile } from './reconcile.ts'
import type { Reconciliation } from './report.ts'

/** Where what was found is kept. */
export type ReconciliationStore = Books &
  Pick<
    Store,
    | 'beginReconciliations'
    | 'claimReconciliation'
    | 'releaseReconciliation'
    | 'keepReconciliation'
    | 'reconciliations'
  >

/** Whose bills: an account's own, by its gateway. */
export interface BilledAccount extends Pick<BillWish, 'account' | 'mode'> {
  readonly gateway: BillGateway
}

export interface ReconcilerOptions extends Pick<Reconciling, 'clock' | 'signal' | 'ask'> {
  readonly store: ReconciliationStore
  readonly accounts: readonly BilledAccount[]
  readonly worker: string
  /** When each day is done by itself, counted from midnight in Beijing; null: only when somebody asks. */
  readonly dailyAtMs: number | null
  readonly notify: (notice: Notice) => void
}

/** How the days of an account stand that are done by themselves. */
export interface BillsStanding {
  readonly account: string
  /** For how long the bill of a day has been due that did not come: 0 if none is. */
  readonly missingMs: number
  /** What differs, in the days of the last week. */
  readonly differing: number
}

/** Longer than a bill takes that comes at all: a day whose worker died meanwhile is tried again then. */
const CLAIM_MS = 30 * 60_000
/** So often it is looked for what is due: other processes, and people, change it. */
const LOOK_MS = 10 * 60_000
/** After the store failed, or while another process is at a day that is due. */
const SOON_MS = 60_000
/** A bill that is late by half an hour is told of. */
const TOLD_AFTER_TRIES = 3

/** Holds days against their bills, those that somebody asks for and those that are due, and keeps what was found. */
export class Reconciler {
  readonly #options: ReconcilerOptions
  /** One at a time of those that somebody asks for: each bill is in memory. */
  #asked: Promise<unknown> = Promise.resolve()
  #daily: Promise<void> = Promise.resolve()

  constructor(options: ReconcilerOptions) {
    this.#options = options
  }

  /** Because somebody asks. What comes to nothing is told him alone. @throws as `reconcile` */
  reconcile(wish: Omit<BillWish, 'mode'>): Promise<Reconciliation> {
    const mine = this.#asked.then(async () => {
      const found = await this.#found(wish)
      await this.#keepAsked(found)
      return found
    })
    this.#asked = mine.catch(() => {})
    return mine
  }

  /** From now on every day by itself, until the signal aborts. */
  start(): void {
    const { dailyAtMs } = this.#options
    if (dailyAtMs !== null) this.#daily = this.#keepDoing(dailyAtMs)
  }

  /** Resolves when nothing is under way any more, after the signal has aborted. */
  async ended(): Promise<void> {
    await this.#daily
    await this.#asked
  }

  /** Of all accounts; none where nothing is done by itself. @throws what the store throws */
  async standing(): Promise<readonly BillsStanding[]> {
    const { accounts, clock, dailyAtMs } = this.#options
    if (dailyAtMs === null) return []
    const today = { nowMs: clock.nowMs(), atMs: dailyAtMs }
    const standing: BillsStanding[] = []
    for (const { account } of accounts) {
      const kept = await this.#keptOf(account, today.nowMs)
      const missingMs = today.nowMs - (missingSinceMs(kept, today) ?? today.nowMs)
      standing.push({ account, missingMs, differing: differingOf(kept, today) })
    }
    return standing
  }

  #keptOf(account: string, nowMs: number): Promise<readonly KeptReconciliation[]> {
    const filter = { account, sub_mchid: null, until: beijingDate(nowMs) }
    return this.#options.store.reconciliations(filter, { after: null, limit: ROWS_NEEDED })
  }

  #found({ account, ...wish }: Omit<BillWish, 'mode'>): Promise<Reconciliation> {
    const { accounts, store, clock, signal, ask } = this.#options
    const { mode, gateway } = accounts.find((one) => one.account === account) as BilledAccount
    return reconcile({ account, mode, ...wish }, { gateway, store, clock, signal, ask })
  }

  /** What was found is told him in any case. */
  async #keepAsked(found: Reconciliation): Promise<void> {
    const { store, clock } = this.#options
    const { account, sub_mchid, date } = found
    const tried = { account, sub_mchid, date, atMs: clock.nowMs(), worker: null, outcome: { found } }
    await store.keepReconciliation(tried).catch((error: unknown) => {
      this.#warn(`${account}: what was found in the bill of ${date} could not be kept: ${wordsOf(error)}`)
    })
  }

  // -------------------------------------------------------------- day by day

  async #keepDoing(atMs: number): Promise<void> {
    const { accounts, clock, signal } = this.#options
    let said = ''
    while (!signal.aborted) {
      let [pauseMs, why] = [LOOK_MS, '']
      for (const { account } of accounts) {
        try {
          pauseMs = Math.min(pauseMs, await this.#doDaysOf(account, atMs))
        } catch (error) {
          // The store's trouble, and no word about a bill.
          pauseMs = Math.min(pauseMs, SOON_MS)
          why = wordsOf(error)
        }
        if (signal.aborted) return
      }
      if (why !== '' && why !== said) this.#warn(`reconciling failed, and goes on within minutes: ${why}`)
      said = why
      await sleep(clock, pauseMs, signal).catch(() => {})
    }
  }

  /** @returns when to look again, ms from now */
  async #doDaysOf(account: string, atMs: number): Promise<number> {
    const { store, clock } = this.#options
    const nowMs = clock.nowMs()
    const kept = await this.#keptOf(account, nowMs)
    if (!haveBegun(kept)) {
      await store.beginReconciliations({ account, sub_mchid: null, date: beijingDate(nowMs) })
    }
    let pauseMs = LOOK_MS
    for (const day of daysToTry(kept, { nowMs, atMs })) {
      if (day.dueAtMs > nowMs) return Math.min(pauseMs, Math.max(day.dueAtMs - nowMs, SOON_MS))
      // Another day may be due, too.
      if (await this.#try(account, day)) return 0
      // Somebody else is at it, and may not come to an end.
      pauseMs = SOON_MS
    }
    return pauseMs
  }

  /** Whether it was ours to try. @throws what the store throws, and the signal's reason */
  async #try(account: string, { date, tries, finds, triedAtMs }: DayToTry): Promise<boolean> {
    const { store, clock, worker, signal } = this.#options
    const day = { account, sub_mchid: null, date }
    const nowMs = clock.nowMs()
    const claim = { ...day, triedAtMs, worker, nowMs, untilMs: nowMs + CLAIM_MS }
    if (!(await store.claimReconciliation(claim))) return false
    const outcome = await this.#found(day).then(
      (found) => ({ found }),
      (error: unknown) => ({ failure: this.#failureOf(error, `${account}: the bill of ${date}`) }),
    )
    if (signal.aborted) {
      // Whoever is next takes it up at once.
      await store.releaseReconciliation(day, worker)
      signal.throwIfAborted()
    }
    await store.keepReconciliation({ ...day, atMs: clock.nowMs(), worker, outcome })
    if ('found' in outcome) this.#tell(outcome.found, finds)
    else if (tries + 1 === TOLD_AFTER_TRIES)
      this.#warn(
        `${account}: the bill of ${date} does not come, and is asked for further: ${outcome.failure}`,
      )
    return true
  }

  /** What is kept, and shown to whoever may read: the words of a database may say where it is. */
  #failureOf(error: unknown, what: string): string {
    if (error instanceof VerdictError) return error.message
    this.#warn(`${what} could not be compared: ${wordsOf(error)}`)
    return 'it could not be compared; the log says why'
  }

  #tell({ account, date, lines, agreed, differing, asked }: Reconciliation, finds: number): void {
    const all = lines.payment + lines.refund + lines.reversal
    const head = `${account}: of the bill of ${date} ${agreed} of ${all} lines agree`
    if (totalOf(differing) === 0) {
      this.#options.notify({ level: 'info', message: head })
      return
    }
    const isAgain = asked > 0 && finds + 1 < FINDS_MAX
    const kinds = Object.entries(differing).map(([kind, count]) => `${count} ${kind}`)
    const more = isAgain ? `; ${asked} asked about, and looked at again in half an hour` : ''
    this.#warn(`${head}; it differs: ${kinds.join(', ')}${more}`)
  }

  #warn(message: string): void {
    if (!this.#options.signal.aborted) this.#options.notify({ level: 'warn', message })
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
