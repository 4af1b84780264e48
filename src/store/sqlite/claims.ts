import type { DatabaseSync, StatementSync } from 'node:sqlite'
import {
  type DueOrder,
  isAtTheTill,
  isDue,
  type Order,
  OTHERS_ONE_IN,
  TILL_PATIENCE_MS,
} from '../../core/order.ts'
import { cellsOf, integer } from '../rows/cells.ts'
import type { Claim, ClaimRequest } from '../store.ts'

/*
 * Who works on which order. The database has one owning process, so claims live in its memory: they cost no write,
 * and are all free when the process starts again. What is due, and in which order, comes from the index over due times
 * alone; a claim reads as many entries as it takes, however large the table is and however much is claimed already.
 */

/** Orders of an account that are at the till, or not, due after one moment and up to another. */
export const SELECT_DUE = `SELECT id, due_at FROM orders
  WHERE account = ? AND till = ? AND due_at > ? AND due_at <= ? ORDER BY due_at, id`

const ALWAYS_MS = Number.MIN_SAFE_INTEGER
const NEVER_MS = Number.MAX_SAFE_INTEGER

/** One of an account's two queues: the customers at the till, or everybody else. */
interface Queue {
  readonly account: string
  readonly till: boolean
  /** At the till: those whose customer is gone. Elsewhere: nobody. */
  readonly gone: Stretch
  readonly here: Stretch
}

/**
 * Due times after `fromMs`, up to `toMs`, of which every order is claimed: nobody needs to look there again. Without
 * it, each claim would read again all that was claimed ahead before it.
 */
interface Stretch {
  fromMs: number
  toMs: number
}

interface Due {
  readonly id: number
  readonly dueAtMs: number
  readonly queue: Queue
}

type Held = Claim & Pick<Due, 'dueAtMs' | 'queue'>

export class Claims {
  readonly #held = new Map<number, Held>()
  /** No claim is over before this. */
  #firstEndAtMs = NEVER_MS
  readonly #queues = new Map<string, readonly [atTill: Queue, elsewhere: Queue]>()
  readonly #due: StatementSync

  constructor(db: DatabaseSync) {
    this.#due = db.prepare(SELECT_DUE)
    this.#due.setReturnArrays(true)
  }

  /** Claims what is due: customers at the till first, then the others by due time. Returns the orders' numbers. */
  claimDue({
    account,
    worker,
    untilMs,
    nowMs,
    dueUntilMs,
    limit,
    tillOnly = false,
  }: ClaimRequest): readonly number[] {
    this.#endOver(nowMs)
    const [till, rest] = this.#queuesOf(account)
    const stillHereMs = Math.min(nowMs - TILL_PATIENCE_MS, dueUntilMs)
    const atTill = this.#free(till, till.here, stillHereMs, dueUntilMs, limit)
    const roomForOthers = tillOnly ? 0 : Math.max(Math.floor(limit / OTHERS_ONE_IN), limit - atTill.length)
    const gone = this.#free(till, till.gone, ALWAYS_MS, stillHereMs, roomForOthers)
    const elsewhere = this.#free(rest, rest.here, ALWAYS_MS, dueUntilMs, roomForOthers)
    const others = [...gone, ...elsewhere].sort(byDueTime).slice(0, roomForOthers)
    const claimed = [...atTill.slice(0, limit - others.length), ...others]
    for (const { id, dueAtMs, queue } of claimed) this.#hold(id, { worker, untilMs, dueAtMs, queue })
    return claimed.map(({ id }) => id)
  }

  /** The earliest due time before `beforeMs` of an order that nobody claims; null without any. */
  nextDueAtMs(account: string, beforeMs = NEVER_MS): number | null {
    const untilMs = Math.min(beforeMs, NEVER_MS) - 1
    const firsts = this.#queuesOf(account).flatMap((queue) => this.#firstFree(queue, untilMs))
    return firsts.sort(byDueTime)[0]?.dueAtMs ?? null
  }

  take(order: DueOrder, { worker, untilMs }: Claim): void {
    this.#hold(order.id, { worker, untilMs, dueAtMs: order.dueAtMs, queue: this.#queueOf(order) })
  }

  /** Frees the order if it is this worker's, by the very claim that was made until then. */
  release(id: number, worker: string, untilMs?: number): void {
    const held = this.#held.get(id)
    if (held?.worker === worker && (untilMs ?? held.untilMs) === held.untilMs) this.#end(id, held)
  }

  /**
   * The order was changed: nothing may be due any more, or at another time. Its claim ends, unless it is to be kept or is
   * another than `claim`, whose owner came too late.
   */
  changed(order: Order, keepClaim: boolean, claim?: Claim): void {
    const held = this.#held.get(order.id)
    const isAnother = claim !== undefined && (held?.worker !== claim.worker || held.untilMs !== claim.untilMs)
    if (!isDue(order)) this.#held.delete(order.id)
    else if (held !== undefined && (keepClaim || isAnother)) this.take(order, held)
    else this.#end(order.id, { dueAtMs: order.dueAtMs, queue: this.#queueOf(order) })
  }

  #hold(id: number, held: Held): void {
    this.#held.set(id, held)
    this.#firstEndAtMs = Math.min(this.#firstEndAtMs, held.untilMs)
  }

  #end(id: number, { dueAtMs, queue }: Pick<Held, 'dueAtMs' | 'queue'>): void {
    this.#held.delete(id)
    for (const stretch of [queue.gone, queue.here]) {
      if (stretch.fromMs < dueAtMs) stretch.toMs = Math.min(stretch.toMs, dueAtMs - 1)
    }
  }

  #endOver(nowMs: number): void {
    if (nowMs < this.#firstEndAtMs) return
    this.#firstEndAtMs = NEVER_MS
    for (const [id, held] of this.#held) {
      if (held.untilMs <= nowMs) this.#end(id, held)
      else this.#firstEndAtMs = Math.min(this.#firstEndAtMs, held.untilMs)
    }
  }

  /** The first orders of the queue that are due after `afterMs`, up to `untilMs`, and that nobody claims. */
  #free(queue: Queue, stretch: Stretch, afterMs: number, untilMs: number, limit: number): readonly Due[] {
    const free: Due[] = []
    if (limit === 0) return free
    const startMs = stretch.fromMs <= afterMs ? Math.max(afterMs, stretch.toMs) : afterMs
    if (startMs >= untilMs) return free
    for (const row of this.#due.iterate(queue.account, Number(queue.till), startMs, untilMs)) {
      const [id, due_at] = cellsOf(row)
      if (this.#held.has(integer(id))) continue
      free.push({ id: integer(id), dueAtMs: integer(due_at), queue })
      if (free.length === limit) break
    }
    stretch.fromMs = afterMs
    stretch.toMs = Math.max(startMs, free[0] === undefined ? untilMs : free[0].dueAtMs - 1)
    return free
  }

  #firstFree(queue: Queue, untilMs: number): readonly Due[] {
    const { fromMs } = queue.here
    const gone = this.#free(queue, queue.gone, ALWAYS_MS, Math.min(fromMs, untilMs), 1)
    return gone.length > 0 ? gone : this.#free(queue, queue.here, fromMs, untilMs, 1)
  }

  #queueOf(order: DueOrder): Queue {
    const [atTill, elsewhere] = this.#queuesOf(order.account)
    return isAtTheTill(order) ? atTill : elsewhere
  }

  #queuesOf(account: string): readonly [atTill: Queue, elsewhere: Queue] {
    const known = this.#queues.get(account)
    if (known !== undefined) return known
    const queues = [newQueue(account, true), newQueue(account, false)] as const
    this.#queues.set(account, queues)
    return queues
  }
}

function newQueue(account: string, till: boolean): Queue {
  const nothing = { fromMs: ALWAYS_MS, toMs: ALWAYS_MS }
  return { account, till, gone: { ...nothing }, here: { ...nothing } }
}

function byDueTime(a: Due, b: Due): number {
  return a.dueAtMs - b.dueAtMs || a.id - b.id
}
