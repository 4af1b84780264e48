import type { DatabaseSync } from 'node:sqlite'
import type { Aftercare } from '../../core/aftercare.ts'
import type { JournalLine } from '../../core/change.ts'
import type { Order, OrderKey } from '../../core/order.ts'
import type { Evidence } from '../../core/outcome.ts'
import { type AftercareRow, aftercareOf, refundOf } from '../rows/aftercare.ts'
import { apiKeyOf } from '../rows/api-keys.ts'
import { type Cells, integer, text, textOrNull, type Value } from '../rows/cells.ts'
import { deliveryOf, deliveryStateOf } from '../rows/deliveries.ts'
import { dueBelowMs, FEW, oldestDueOf, selectPage } from '../rows/lists.ts'
import {
  credentialOf,
  evidenceOf,
  journalLineOf,
  orderOf,
  platformKeyOf,
  stateOf,
  subMchidCell,
} from '../rows/orders.ts'
import { strayOf } from '../rows/strays.ts'
import {
  type ApiKey,
  DELIVERY_STATES,
  type Delivery,
  type DeliveryState,
  type OldestDue,
  type OrderFilter,
  type OrderPage,
  type PlatformKey,
  type StoredPlacing,
  type StoreReader,
  type Stray,
} from '../store.ts'
import { Query } from './query.ts'
import {
  COUNT_ATTENTION,
  COUNT_OVERDUE,
  dialectOf,
  SELECT_AFTERCARE,
  SELECT_API_KEYS,
  SELECT_DELIVERIES,
  SELECT_DUE_BELOW,
  SELECT_EVIDENCE,
  SELECT_JOURNAL,
  SELECT_OLDEST_DUE,
  SELECT_ORDERS,
  SELECT_REFUNDS,
  SELECT_STRAYS,
  selectDeliveriesIn,
} from './statements.ts'

/** Everything that only reads; works on a read-only connection too. */
export class SqliteReader implements StoreReader {
  protected readonly db: DatabaseSync
  protected readonly orderByKey: Query<Order>
  readonly #orderById: Query<Order>
  readonly #ordersNamed: Query<Order>
  readonly #ordersAfter: Query<Order>
  readonly #dueBelow: Query<number>
  readonly #oldestDue: Query<OldestDue>
  readonly #attention: Query<number>
  readonly #overdue: Query<number>
  readonly #counts: Query<readonly [Order['state'], number]>
  readonly #placing: Query<StoredPlacing>
  readonly #journal: Query<JournalLine>
  readonly #evidence: Query<Evidence>
  readonly #platformKeys: Query<PlatformKey>
  readonly #aftercare: Query<AftercareRow>
  readonly #refunds: Query<Aftercare['refunds'][number]>
  readonly #deliveriesOf: Query<Delivery>
  readonly #deliveriesIn: ReadonlyMap<DeliveryState, Query<Delivery>>
  readonly #deliveryCounts: Query<readonly [DeliveryState, number]>
  readonly #strays: Query<Stray>
  readonly #apiKeys: Query<ApiKey>

  constructor(db: DatabaseSync) {
    this.db = db
    const order = (cells: Cells): Order => orderOf(cells, this.aftercareOf)
    this.#orderById = new Query(db, `${SELECT_ORDERS} WHERE orders.id = ?`, order)
    this.orderByKey = new Query(
      db,
      `${SELECT_ORDERS} WHERE out_trade_no = ? AND account = ? AND sub_mchid = ?`,
      order,
    )
    this.#ordersNamed = new Query(db, `${SELECT_ORDERS} WHERE out_trade_no = ? ORDER BY orders.id`, order)
    this.#ordersAfter = new Query(
      db,
      `${SELECT_ORDERS} WHERE orders.id > ? ORDER BY orders.id LIMIT ?`,
      order,
    )
    this.#dueBelow = new Query(db, SELECT_DUE_BELOW, firstInteger)
    this.#oldestDue = new Query(db, SELECT_OLDEST_DUE, oldestDueOf)
    this.#attention = new Query(db, COUNT_ATTENTION, firstInteger)
    this.#overdue = new Query(db, COUNT_OVERDUE, firstInteger)
    this.#counts = new Query(
      db,
      'SELECT state, count(*) FROM orders GROUP BY state',
      ([state, count]) => [stateOf(state), integer(count)] as const,
    )
    this.#placing = new Query(
      db,
      `SELECT fingerprint, body, name, value FROM placings LEFT JOIN credentials USING (order_id)
       WHERE order_id = ?`,
      ([fingerprint, body, ...credential]) => ({
        fingerprint: text(fingerprint),
        body: textOrNull(body),
        credential: credentialOf(credential),
      }),
    )
    this.#journal = new Query(db, SELECT_JOURNAL, journalLineOf)
    this.#evidence = new Query(db, SELECT_EVIDENCE, evidenceOf)
    this.#platformKeys = new Query(
      db,
      'SELECT account, serial, public_key, kept_at FROM platform_keys ORDER BY kept_at, account, serial',
      platformKeyOf,
    )
    this.#aftercare = new Query(db, SELECT_AFTERCARE, aftercareOf)
    this.#refunds = new Query(db, SELECT_REFUNDS, refundOf)
    this.#deliveriesOf = new Query(db, `${SELECT_DELIVERIES} WHERE order_id = ? ORDER BY id`, deliveryOf)
    this.#deliveriesIn = new Map(
      DELIVERY_STATES.map((state) => [state, new Query(db, selectDeliveriesIn(state), deliveryOf)]),
    )
    this.#deliveryCounts = new Query(
      db,
      'SELECT state, count(*) FROM deliveries GROUP BY state',
      ([state, count]) => [deliveryStateOf(state), integer(count)] as const,
    )
    this.#apiKeys = new Query(db, SELECT_API_KEYS, apiKeyOf)
    this.#strays = new Query(db, `${SELECT_STRAYS} ORDER BY id LIMIT ?`, strayOf)
  }

  /** What follows an order's verdict; null if nothing ever did. */
  protected readonly aftercareOf = (orderId: number): Aftercare | null => {
    const row = this.#aftercare.first(orderId)
    return row === null ? null : { ...row, refunds: this.#refunds.all(orderId) }
  }

  async byId(id: number): Promise<Order | null> {
    return this.#orderById.first(id)
  }

  async find({ out_trade_no, account, sub_mchid }: OrderKey): Promise<Order | null> {
    return this.orderByKey.first(out_trade_no, account, subMchidCell(sub_mchid))
  }

  async named(out_trade_no: string): Promise<readonly Order[]> {
    return this.#ordersNamed.all(out_trade_no)
  }

  async countByState(): Promise<Readonly<Partial<Record<Order['state'], number>>>> {
    return Object.fromEntries(this.#counts.all())
  }

  async page(afterId: number, limit: number): Promise<readonly Order[]> {
    return this.#ordersAfter.all(afterId, limit)
  }

  async list(filter: OrderFilter, page: OrderPage): Promise<readonly Order[]> {
    const values: Value[] = []
    const sql = selectPage(filter, page, dialectOf(values), this.#dueIds(filter))
    if (sql === null) return []
    const ids = new Query(this.db, sql, firstInteger).all(...values)
    return ids.flatMap((id) => this.#orderById.first(id) ?? [])
  }

  #dueIds(filter: OrderFilter): readonly number[] | null {
    const belowMs = dueBelowMs(filter, true)
    if (belowMs === null) return null
    const ids = this.#dueBelow.all(belowMs, FEW + 1)
    return ids.length > FEW ? null : ids
  }

  async oldestDue(): Promise<readonly OldestDue[]> {
    return this.#oldestDue.all()
  }

  async countAttention(): Promise<number> {
    return this.#attention.first() ?? 0
  }

  async countOverdue(sinceMs: number): Promise<number> {
    return this.#overdue.first(sinceMs) ?? 0
  }

  async placingOf(id: number): Promise<StoredPlacing | null> {
    return this.#placing.first(id)
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
    return Object.fromEntries(this.#deliveryCounts.all())
  }

  async strays(limit: number): Promise<readonly Stray[]> {
    return this.#strays.all(limit)
  }

  async platformKeys(): Promise<readonly PlatformKey[]> {
    return this.#platformKeys.all()
  }

  async apiKeys(): Promise<readonly ApiKey[]> {
    return this.#apiKeys.all()
  }

  async close(): Promise<void> {
    if (this.db.isOpen) this.db.close()
  }
}

function firstInteger([cell]: Cells): number {
  return integer(cell)
}
