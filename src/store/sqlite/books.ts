import type { DatabaseSync } from 'node:sqlite'
import type { JournalLine } from '../../core/change.ts'
import type { Order } from '../../core/order.ts'
import type { Evidence } from '../../core/outcome.ts'
import type { Reconciliation } from '../../reconcile/report.ts'
import type {
  BilledDay,
  KeptReconciliation,
  ReconciliationFilter,
  ReconciliationPage,
} from '../reconciliations.ts'
import { type Cells, integer } from '../rows/cells.ts'
import { countsOf } from '../rows/counts.ts'
import { deliveryOf, deliveryStateOf } from '../rows/deliveries.ts'
import { oldestDueOf, type Search, search } from '../rows/lists.ts'
import { evidenceOf, journalLineOf, stateOf } from '../rows/orders.ts'
import { dayCells, keptReconciliationOf, listOf, reconciliationOf } from '../rows/reconciliations.ts'
import { strayOf } from '../rows/strays.ts'
import {
  DELIVERY_STATES,
  type Delivery,
  type DeliveryState,
  type OldestDue,
  type OrderFilter,
  type OrderPage,
  type StoreReader,
  type Stray,
} from '../store.ts'
import type { Lookups } from './lookups.ts'
import { Query } from './query.ts'
import {
  COUNT_ATTENTION,
  COUNT_BY_STATE,
  COUNT_DELIVERIES,
  COUNT_OVERDUE,
  COUNT_STOPPED,
  DIALECT,
  RECONCILIATION_DIALECT,
  SELECT_DELIVERIES,
  SELECT_EVIDENCE,
  SELECT_JOURNAL,
  SELECT_OLDEST_DUE,
  SELECT_RECONCILIATION,
  SELECT_STRAYS,
  selectDeliveriesIn,
} from './statements.ts'

/** What people read: lists, searches, counts and the story of an order. Nothing that orders wait for. */
export type Books = Pick<
  StoreReader,
  | 'named'
  | 'page'
  | 'list'
  | 'oldestDue'
  | 'countByState'
  | 'countAttention'
  | 'countOverdue'
  | 'countStopped'
  | 'journalOf'
  | 'evidenceOf'
  | 'deliveriesOf'
  | 'deliveriesIn'
  | 'countDeliveries'
  | 'strays'
  | 'reconciliations'
  | 'reconciliation'
  | 'close'
>

/** Reads on a connection of its own, or on one that somebody else closes. */
export class SqliteBooks implements Books {
  readonly #db: DatabaseSync
  readonly #lookups: Lookups
  readonly #oldestDue: Query<OldestDue>
  readonly #attention: Query<number>
  readonly #overdue: Query<number>
  readonly #stopped: Query<number>
  readonly #counts: Query<readonly [Order['state'], number]>
  readonly #journal: Query<JournalLine>
  readonly #evidence: Query<Evidence>
  readonly #deliveriesOf: Query<Delivery>
  readonly #deliveriesIn: ReadonlyMap<DeliveryState, Query<Delivery>>
  readonly #deliveryCounts: Query<readonly [DeliveryState, number]>
  readonly #strays: Query<Stray>
  readonly #reconciliation: Query<Cells>

  constructor(db: DatabaseSync, lookups: Lookups) {
    this.#db = db
    this.#lookups = lookups
    this.#oldestDue = new Query(db, SELECT_OLDEST_DUE, oldestDueOf)
    this.#attention = new Query(db, COUNT_ATTENTION, firstInteger)
    this.#overdue = new Query(db, COUNT_OVERDUE, firstInteger)
    this.#stopped = new Query(db, COUNT_STOPPED, firstInteger)
    this.#counts = new Query(
      db,
      COUNT_BY_STATE,
      ([state, count]) => [stateOf(state), integer(count)] as const,
    )
    this.#journal = new Query(db, SELECT_JOURNAL, journalLineOf)
    this.#evidence = new Query(db, SELECT_EVIDENCE, evidenceOf)
    this.#deliveriesOf = new Query(db, `${SELECT_DELIVERIES} WHERE order_id = ? ORDER BY id`, deliveryOf)
    this.#deliveriesIn = new Map(
      DELIVERY_STATES.map((state) => [state, new Query(db, selectDeliveriesIn(state), deliveryOf)]),
    )
    this.#deliveryCounts = new Query(
      db,
      COUNT_DELIVERIES,
      ([state, count]) => [deliveryStateOf(state), integer(count)] as const,
    )
    this.#strays = new Query(db, `${SELECT_STRAYS} ORDER BY id LIMIT ?`, strayOf)
    this.#reconciliation = new Query(db, SELECT_RECONCILIATION, (cells) => cells)
  }

  async named(out_trade_no: string): Promise<readonly Order[]> {
    return this.#lookups.ordersNamed.all(out_trade_no)
  }

  async oldestDue(): Promise<readonly OldestDue[]> {
    return this.#oldestDue.all()
  }

  async countByState(): Promise<Readonly<Partial<Record<Order['state'], number>>>> {
    return countsOf(this.#counts.all())
  }

  async page(afterId: number, limit: number): Promise<readonly Order[]> {
    return this.#lookups.ordersAfter.all(afterId, limit)
  }

  async list(filter: OrderFilter, page: OrderPage): Promise<readonly Order[]> {
    const ids = this.#found(search(filter, page, DIALECT))
    return ids.flatMap((id) => this.#lookups.orderById.first(id) ?? [])
  }

  #found(search: Search): readonly number[] {
    for (let step = search.next(); ; ) {
      if (step.done === true) return step.value
      const { sql, values } = step.value
      step = search.next(new Query(this.#db, sql, firstInteger).all(...values))
    }
  }

  async countAttention(): Promise<number> {
    return this.#attention.first() ?? 0
  }

  async countOverdue(sinceMs: number): Promise<number> {
    return this.#overdue.first(sinceMs) ?? 0
  }

  async countStopped(): Promise<number> {
    return this.#stopped.first() ?? 0
  }

  async journalOf(id: number): Promise<readonly JournalLine[]> {
    return this.#journal.all(id)
  }

  async evidenceOf(id: number): Promise<readonly Evidence[]> {
    return this.#evidence.all(id)
  }

  async deliveriesOf(id: number): Promise<readonly Delivery[]> {
    return this.#deliveriesOf.all(id)
  }

  async deliveriesIn(state: DeliveryState, afterId: number, limit: number): Promise<readonly Delivery[]> {
    return this.#deliveriesIn.get(state)?.all(afterId, limit) ?? []
  }

  async countDeliveries(): Promise<Readonly<Partial<Record<DeliveryState, number>>>> {
    return countsOf(this.#deliveryCounts.all())
  }

  async strays(limit: number): Promise<readonly Stray[]> {
    return this.#strays.all(limit)
  }

  async reconciliations(
    filter: ReconciliationFilter,
    page: ReconciliationPage,
  ): Promise<readonly KeptReconciliation[]> {
    const { sql, values } = listOf(filter, page, RECONCILIATION_DIALECT)
    return new Query(this.#db, sql, keptReconciliationOf).all(...values)
  }

  async reconciliation(day: BilledDay): Promise<Reconciliation | null> {
    const cells = this.#reconciliation.first(...dayCells(day))
    return cells === null ? null : reconciliationOf(day, cells)
  }

  async close(): Promise<void> {}
}

function firstInteger([cell]: Cells): number {
  return integer(cell)
}
