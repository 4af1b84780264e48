import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { cellsOf, integer } from '../rows/cells.ts'
import { deliveryOf } from '../rows/deliveries.ts'
import type { Delivery, DeliveryClaim, DeliveryResult, NewDelivery } from '../store.ts'
import { Query } from './query.ts'
import { INSERT_DELIVERY, SELECT_DELIVERIES, SELECT_DUE_DELIVERIES } from './statements.ts'

/** Later than anything is due. */
const NEVER_MS = Number.MAX_SAFE_INTEGER

/**
 * The outbox. An order's messages to a target go one after the other: the first unfinished one has a due time, the
 * others are queued behind it. Who works on which lies in memory, as claims of orders do.
 */
export class Deliveries {
  readonly #held = new Map<number, { readonly worker: string; readonly untilMs: number }>()
  readonly #due: StatementSync
  readonly #isFirst: Query<number>
  readonly #byId: Query<Delivery>
  readonly #insert: StatementSync
  readonly #finish: StatementSync
  readonly #advance: StatementSync
  readonly #resend: StatementSync

  constructor(db: DatabaseSync) {
    this.#due = db.prepare(SELECT_DUE_DELIVERIES)
    this.#due.setReturnArrays(true)
    this.#isFirst = new Query(
      db,
      `SELECT 1 FROM deliveries WHERE order_id = ? AND target = ? AND state IN ('pending', 'queued') LIMIT 1`,
      ([cell]) => integer(cell),
    )
    this.#byId = new Query(db, `${SELECT_DELIVERIES} WHERE id = ?`, deliveryOf)
    this.#insert = db.prepare(INSERT_DELIVERY)
    this.#finish = db.prepare(
      'UPDATE deliveries SET state = ?, due_at = ?, attempts = ?, first_at = ?, done_at = ?, why = ? WHERE id = ?',
    )
    this.#advance = db.prepare(
      `UPDATE deliveries SET state = 'pending', due_at = ? WHERE id = (
         SELECT min(id) FROM deliveries WHERE order_id = ? AND target = ? AND state = 'queued')
       AND NOT EXISTS (SELECT 1 FROM deliveries WHERE order_id = ? AND target = ? AND state = 'pending')`,
    )
    this.#resend = db.prepare(
      `UPDATE deliveries SET state = 'pending', due_at = ?, attempts = 0, first_at = NULL, done_at = NULL
       WHERE id = ? AND state IN ('sent', 'failed')`,
    )
  }

  // -------------------------------------------------------------- inside the caller's transaction

  write(orderId: number, { target, message, createdAtMs }: NewDelivery): void {
    const isFirst = this.#isFirst.first(orderId, target) === null
    const { id, type, payload } = message
    const state = isFirst ? 'pending' : 'queued'
    this.#insert.run(orderId, target, id, type, payload, state, isFirst ? createdAtMs : null, createdAtMs)
  }

  finish({ id, outcome, nowMs, firstAtMs, attempts, worker }: DeliveryResult): void {
    if (outcome.state !== 'sent' && this.#isAnothers(id, worker)) return
    const delivery = this.#byId.first(id)
    // It was sent again, or taken over, meanwhile: what is on file is newer.
    if (delivery === null || delivery.state !== 'pending' || delivery.attempts >= attempts) return
    const again = outcome.state === 'pending'
    const why = outcome.state === 'sent' ? null : outcome.why
    const due = again ? outcome.dueAtMs : null
    this.#finish.run(outcome.state, due, attempts, firstAtMs, again ? null : nowMs, why, id)
    const { orderId, target } = delivery
    if (!again) this.#advance.run(nowMs, orderId, target, orderId, target)
  }

  /** @returns null if it isn't there or still on its way */
  resend(id: number, nowMs: number): Delivery | null {
    return this.#resend.run(nowMs, id).changes === 0 ? null : this.#byId.first(id)
  }

  // -------------------------------------------------------------- claims

  claim({ target, worker, nowMs, untilMs, limit }: DeliveryClaim): readonly Delivery[] {
    for (const [id, held] of this.#held) if (held.untilMs <= nowMs) this.#held.delete(id)
    const free = this.#free(target, nowMs, limit)
    for (const { id } of free) this.#held.set(id, { worker, untilMs })
    return free.flatMap(({ id }) => this.#byId.first(id) ?? [])
  }

  release(results: ReadonlyArray<Pick<DeliveryResult, 'id' | 'worker'>>): void {
    for (const { id, worker } of results) if (!this.#isAnothers(id, worker)) this.#held.delete(id)
  }

  #isAnothers(id: number, worker: string | undefined): boolean {
    const held = this.#held.get(id)
    return worker !== undefined && held !== undefined && held.worker !== worker
  }

  nextAtMs(target: string): number | null {
    return this.#free(target, NEVER_MS, 1)[0]?.dueAtMs ?? null
  }

  /** The first that are due by then and that nobody claims. Those that are claimed may stand in front. */
  #free(target: string, untilMs: number, limit: number): ReadonlyArray<{ id: number; dueAtMs: number }> {
    const free: Array<{ id: number; dueAtMs: number }> = []
    for (const row of this.#due.iterate(target, untilMs)) {
      const [id, due_at] = cellsOf(row)
      if (this.#held.has(integer(id))) continue
      free.push({ id: integer(id), dueAtMs: integer(due_at) })
      if (free.length === limit) break
    }
    return free
  }
}
