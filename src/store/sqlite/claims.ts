import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Claim, ClaimRequest } from '../store.ts'
import { cellsOf, integer } from './rows.ts'

/*
 * Who works on which order. The database has one owning process, so claims live in its memory: they cost no write,
 * and are all free when the process starts again. What is due, and in which order, comes from the index over due times
 * alone; a claim reads as many entries as it takes and as are claimed before them, however large the table is.
 */

/** A customer who stood at the till a minute ago is gone; such orders wait in line with the others. */
const TILL_PATIENCE_MS = 60_000
/** One of so many claimed orders is not from the till, if there is any: a flood at the till must not starve them. */
const RESERVED_FOR_OTHERS = 5

/** Open orders of an account that are at the till, or not, due after one moment and up to another. */
export const SELECT_DUE = `SELECT id, due_at FROM orders
  WHERE account = ? AND till = ? AND due_at > ? AND due_at <= ? ORDER BY due_at, id`

interface Due {
  readonly id: number
  readonly dueAtMs: number
}

interface Span {
  readonly account: string
  readonly till: boolean
  readonly afterMs: number
  readonly untilMs: number
}

const EVER = { afterMs: Number.MIN_SAFE_INTEGER, untilMs: Number.MAX_SAFE_INTEGER }

export class Claims {
  readonly #claims = new Map<number, Claim>()
  readonly #due: StatementSync
  /** The latest moment that a caller named: whose claims are over when nobody names one. */
  #nowMs = EVER.afterMs

  constructor(db: DatabaseSync) {
    this.#due = db.prepare(SELECT_DUE)
    this.#due.setReturnArrays(true)
  }

  /** Claims what is due: customers at the till first, then the others by due time. Returns the orders' numbers. */
  claimDue({ account, worker, untilMs, nowMs, dueUntilMs, limit }: ClaimRequest): readonly number[] {
    this.#nowMs = Math.max(this.#nowMs, nowMs)
    const stillThereMs = Math.min(nowMs - TILL_PATIENCE_MS, dueUntilMs)
    const atTill = this.#free({ account, till: true, afterMs: stillThereMs, untilMs: dueUntilMs }, limit)
    const roomForOthers = Math.max(Math.floor(limit / RESERVED_FOR_OTHERS), limit - atTill.length)
    const gone = { account, till: true, afterMs: EVER.afterMs, untilMs: stillThereMs }
    const elsewhere = { account, till: false, afterMs: EVER.afterMs, untilMs: dueUntilMs }
    const others = [...this.#free(gone, roomForOthers), ...this.#free(elsewhere, roomForOthers)]
      .sort((a, b) => a.dueAtMs - b.dueAtMs || a.id - b.id)
      .slice(0, roomForOthers)
    const ids = [...atTill.slice(0, limit - others.length), ...others].map(({ id }) => id)
    for (const id of ids) this.take(id, { worker, untilMs })
    return ids
  }

  /** The earliest due time of an order that nobody claims; null without any. */
  nextDueAtMs(account: string): number | null {
    const [atTill] = this.#free({ account, till: true, ...EVER }, 1)
    const [elsewhere] = this.#free({ account, till: false, ...EVER }, 1)
    if (atTill === undefined || elsewhere === undefined) return (atTill ?? elsewhere)?.dueAtMs ?? null
    return Math.min(atTill.dueAtMs, elsewhere.dueAtMs)
  }

  take(id: number, claim: Claim): void {
    this.#claims.set(id, claim)
  }

  /** Frees the order, whoever claims it. */
  end(id: number): void {
    this.#claims.delete(id)
  }

  /** Frees the order if it is this worker's. */
  release(id: number, worker: string): void {
    if (this.#claims.get(id)?.worker === worker) this.#claims.delete(id)
  }

  #free({ account, till, afterMs, untilMs }: Span, limit: number): readonly Due[] {
    const free: Due[] = []
    if (limit === 0) return free
    for (const row of this.#due.iterate(account, Number(till), afterMs, untilMs)) {
      const [id, due_at] = cellsOf(row)
      if (this.#isClaimed(integer(id))) continue
      free.push({ id: integer(id), dueAtMs: integer(due_at) })
      if (free.length === limit) break
    }
    return free
  }

  #isClaimed(id: number): boolean {
    const claim = this.#claims.get(id)
    if (claim === undefined) return false
    if (claim.untilMs > this.#nowMs) return true
    this.#claims.delete(id)
    return false
  }
}
