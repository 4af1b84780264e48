import { sleep } from '../clock.ts'
import type { Notice } from '../engine/report.ts'
import type { BillGateway } from '../gateway/gateway.ts'
import type { Store } from '../store/store.ts'
import { beijingDate } from '../wechatpay/beijing.ts'
import type { BillWish, Books } from './comparison.ts'
import { type DayToTry, haveBegun, nextDay, ROWS_NEEDED } from './days.ts'
import { totalOf } from './findings.ts'
import { type Reconciling, reconcile } from './reconcile.ts'
import type { Reconciliation } from './report.ts'

/** Where what was found is kept. */
export type ReconciliationStore = Books &
  Pick<Store, 'beginReconciliations' | 'claimReconciliation' | 'keepReconciliation' | 'reconciliations'>

/** Whose bills: an account's own, by its gateway. */
export interface BilledAccount extends Pick<BillWish, 'account' | 'mode'> {
  readonly gateway: BillGateway
}

export interface ReconcilerOptions extends Pick<Reconciling, 'clock' | 'signal' | 'ask'> {
  readonly store: ReconciliationStore
  readonly accounts: readonly BilledAccount[]
  readonly worker: string
  readonly notify: (notice: Notice) => void
}

/** Longer than a bill takes: a day whose worker died meanwhile is tried again then. */
const CLAIM_MS = 10 * 60_000
/** So often it is looked for what is due: other processes, and people, change it. */
const LOOK_MS = 10 * 60_000
/** A bill that doesn't come is told of so seldom, which is once a day: it is asked for every hour. */
const TOLD_EVERY = 24
/** After the store failed, or while another process is at a day that is due. */
const SOON_MS = 60_000

/** Holds days against their bills, one at a time since each bill is in memory, and keeps what was found. */
export class Reconciler {
  readonly #options: ReconcilerOptions
  /** What was begun, all of it. */
  #under: Promise<unknown> = Promise.resolve()
  #daily: Promise<void> = Promise.resolve()

  constructor(options: ReconcilerOptions) {
    this.#options = options
  }

  /** Because somebody asks. What comes to nothing is told him alone. @throws as `reconcile` */
  async reconcile(wish: Omit<BillWish, 'mode'>): Promise<Reconciliation> {
    const { store, clock } = this.#options
    const found = await this.#found(wish)
    const { account, sub_mchid, date } = found
    const day = { account, sub_mchid, date, atMs: clock.nowMs() }
    await store.keepReconciliation({ ...day, byItself: false, outcome: { found } })
    return found
  }

  /**
   * From now on every day by itself, until the signal aborts: the bill of the day before is asked for `atMs` after midnight in
   * Beijing, by one of the processes that share the store.
   */
  startDaily(atMs: number): void {
    this.#daily = this.#daily.then(() => this.#keepDoing(atMs))
  }

  /** Resolves when nothing is under way any more, after the signal has aborted. */
  async ended(): Promise<void> {
    await this.#daily
    await this.#under
  }

  #found({ account, ...wish }: Omit<BillWish, 'mode'>): Promise<Reconciliation> {
    const { accounts, store, clock, signal, ask } = this.#options
    const { mode, gateway } = accounts.find((one) => one.account === account) as BilledAccount
    const mine = this.#under.then(() =>
      reconcile({ account, mode, ...wish }, { gateway, store, clock, signal, ask }),
    )
    this.#under = mine.catch(() => {})
    return mine
  }

  // -------------------------------------------------------------- day by day

  async #keepDoing(atMs: number): Promise<void> {
    const { clock, signal, notify } = this.#options
    let said = ''
    while (!signal.aborted) {
      let pauseMs = SOON_MS
      try {
        pauseMs = await this.#lookForDays(atMs)
        said = ''
      } catch (error) {
        const why = wordsOf(error)
        if (!signal.aborted && why !== said) {
          notify({ level: 'warn', message: `reconciling failed, and goes on within minutes: ${why}` })
        }
        said = why
      }
      await sleep(clock, pauseMs, signal).catch(() => {})
    }
  }

  /** @returns when to look again, ms from now */
  async #lookForDays(atMs: number): Promise<number> {
    const { accounts, store, clock } = this.#options
    let pauseMs = LOOK_MS
    for (const { account } of accounts) {
      const nowMs = clock.nowMs()
      const day = { account, sub_mchid: null, date: beijingDate(nowMs) }
      const kept = await store.reconciliations(day, { after: null, limit: ROWS_NEEDED })
      if (!haveBegun(kept)) await store.beginReconciliations(day)
      const next = nextDay(kept, { nowMs, atMs })
      if (next === null) continue
      const isTried = next.dueAtMs <= nowMs && (await this.#try(account, next))
      // Another day may be due, too.
      pauseMs = Math.min(pauseMs, isTried ? 0 : Math.max(next.dueAtMs - nowMs, SOON_MS))
    }
    return pauseMs
  }

  /** Whether it was ours to try. @throws what the store throws, and the signal's reason */
  async #try(account: string, { date, tries }: DayToTry): Promise<boolean> {
    const { store, clock, worker, signal } = this.#options
    const day = { account, sub_mchid: null, date }
    const nowMs = clock.nowMs()
    const claim = { ...day, tries, worker, nowMs, untilMs: nowMs + CLAIM_MS }
    if (!(await store.claimReconciliation(claim))) return false
    const outcome = await this.#found(day).then(
      (found) => ({ found }),
      (error: unknown) => {
        signal.throwIfAborted()
        return { failure: wordsOf(error) }
      },
    )
    await store.keepReconciliation({ ...day, atMs: clock.nowMs(), byItself: true, outcome })
    if ('found' in outcome) this.#tell(outcome.found)
    else if (tries % TOLD_EVERY === 0) {
      const message = `${account}: the bill of ${date} is asked for again later: ${outcome.failure}`
      this.#options.notify({ level: 'warn', message })
    }
    return true
  }

  #tell({ account, date, lines, agreed, differing, asked }: Reconciliation): void {
    const all = lines.payment + lines.refund + lines.reversal
    const head = `${account}: of the bill of ${date} ${agreed} of ${all} lines agree`
    const { notify } = this.#options
    if (totalOf(differing) === 0) {
      notify({ level: 'info', message: head })
      return
    }
    const kinds = Object.entries(differing).map(([kind, count]) => `${count} ${kind}`)
    const more = asked > 0 ? `; ${asked} asked about, and looked at again in half an hour` : ''
    notify({ level: 'warn', message: `${head}; it differs: ${kinds.join(', ')}${more}` })
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
