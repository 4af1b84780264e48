import type { DatabaseSync } from 'node:sqlite'
import type { JournalLine } from '../../core/change.ts'
import type { Order, OrderKey } from '../../core/order.ts'
import type { Evidence } from '../../core/outcome.ts'
import type { Reconciliation } from '../../reconcile/report.ts'
import type {
  BilledDay,
  KeptReconciliation,
  ReconciliationFilter,
  ReconciliationPage,
} from '../reconciliations.ts'
import { apiKeyOf } from '../rows/api-keys.ts'
import { text, textOrNull } from '../rows/cells.ts'
import { credentialOf, platformKeyOf, subMchidCell } from '../rows/orders.ts'
import type {
  ApiKey,
  Delivery,
  DeliveryState,
  OldestDue,
  OrderFilter,
  OrderPage,
  PlatformKey,
  StoredPlacing,
  StoreReader,
  Stray,
} from '../store.ts'
import { type Books, SqliteBooks } from './books.ts'
import { Lookups } from './lookups.ts'
import { Query } from './query.ts'
import { SELECT_API_KEYS } from './statements.ts'

/**
 * Everything that only reads; works on a read-only connection too. What orders wait for is read on the connection, at once;
 * what people read is read by `books`, which may be elsewhere.
 */
export class SqliteReader implements StoreReader {
  protected readonly db: DatabaseSync
  protected readonly lookups: Lookups
  readonly #books: Books
  readonly #placing: Query<StoredPlacing>
  readonly #platformKeys: Query<PlatformKey>
  readonly #apiKeys: Query<ApiKey>

  /** @param books Default: the same connection. */
  constructor(db: DatabaseSync, books: Books | null = null) {
    this.db = db
    this.lookups = new Lookups(db)
    this.#books = books ?? new SqliteBooks(db, this.lookups)
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
    this.#platformKeys = new Query(
      db,
      'SELECT account, serial, public_key, kept_at FROM platform_keys ORDER BY kept_at, account, serial',
      platformKeyOf,
    )
    this.#apiKeys = new Query(db, SELECT_API_KEYS, apiKeyOf)
  }

  async byId(id: number): Promise<Order | null> {
    return this.lookups.orderById.first(id)
  }

  async find({ out_trade_no, account, sub_mchid }: OrderKey): Promise<Order | null> {
    return this.lookups.orderByKey.first(out_trade_no, account, subMchidCell(sub_mchid))
  }

  async findAll(keys: readonly OrderKey[]): Promise<ReadonlyArray<Order | null>> {
    return Promise.all(keys.map((key) => this.find(key)))
  }

  async placingOf(id: number): Promise<StoredPlacing | null> {
    return this.#placing.first(id)
  }

  async platformKeys(): Promise<readonly PlatformKey[]> {
    return this.#platformKeys.all()
  }

  async apiKeys(): Promise<readonly ApiKey[]> {
    return this.#apiKeys.all()
  }

  async named(out_trade_no: string): Promise<readonly Order[]> {
    return this.#books.named(out_trade_no)
  }

  async page(afterId: number, limit: number): Promise<readonly Order[]> {
    return this.#books.page(afterId, limit)
  }

  async list(filter: OrderFilter, page: OrderPage): Promise<readonly Order[]> {
    return this.#books.list(filter, page)
  }

  async oldestDue(): Promise<readonly OldestDue[]> {
    return this.#books.oldestDue()
  }

  async countByState(): Promise<Readonly<Partial<Record<Order['state'], number>>>> {
    return this.#books.countByState()
  }

  async countAttention(): Promise<number> {
    return this.#books.countAttention()
  }

  async countOverdue(sinceMs: number): Promise<number> {
    return this.#books.countOverdue(sinceMs)
  }

  async countStopped(): Promise<number> {
    return this.#books.countStopped()
  }

  async journalOf(id: number): Promise<readonly JournalLine[]> {
    return this.#books.journalOf(id)
  }

  async evidenceOf(id: number): Promise<readonly Evidence[]> {
    return this.#books.evidenceOf(id)
  }

  async deliveriesOf(id: number): Promise<readonly Delivery[]> {
    return this.#books.deliveriesOf(id)
  }

  async deliveriesIn(state: DeliveryState, afterId: number, limit: number): Promise<readonly Delivery[]> {
    return this.#books.deliveriesIn(state, afterId, limit)
  }

  async countDeliveries(): Promise<Readonly<Partial<Record<DeliveryState, number>>>> {
    return this.#books.countDeliveries()
  }

  async strays(limit: number): Promise<readonly Stray[]> {
    return this.#books.strays(limit)
  }

  async reconciliations(
    filter: ReconciliationFilter,
    page: ReconciliationPage,
  ): Promise<readonly KeptReconciliation[]> {
    return this.#books.reconciliations(filter, page)
  }

  async reconciliation(day: BilledDay): Promise<Reconciliation | null> {
    return this.#books.reconciliation(day)
  }

  async close(): Promise<void> {
    await this.#books.close()
    if (this.db.isOpen) this.db.close()
  }
}
