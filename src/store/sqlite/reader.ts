import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { JournalLine } from '../../core/change.ts'
import type { Order, OrderKey } from '../../core/order.ts'
import type { Evidence } from '../../core/outcome.ts'
import type { PlatformKey, StoredPlacing, StoreReader } from '../store.ts'
import {
  cellsOf,
  credentialOf,
  evidenceOf,
  integer,
  journalLineOf,
  orderOf,
  platformKeyOf,
  SELECT_EVIDENCE,
  SELECT_JOURNAL,
  SELECT_ORDERS,
  stateOf,
  subMchidCell,
  text,
  textOrNull,
} from './rows.ts'

type Cells = ReturnType<typeof cellsOf>

/** A statement whose rows become values. */
export class Query<Value> {
  readonly #statement: StatementSync
  readonly #toValue: (cells: Cells) => Value

  constructor(db: DatabaseSync, sql: string, toValue: (cells: Cells) => Value) {
    this.#statement = db.prepare(sql)
    this.#statement.setReturnArrays(true)
    this.#toValue = toValue
  }

  first(...parameters: SQLInputValue[]): Value | null {
    const row = this.#statement.get(...parameters)
    return row === undefined ? null : this.#toValue(cellsOf(row))
  }

  all(...parameters: SQLInputValue[]): Value[] {
    return this.#statement.all(...parameters).map((row) => this.#toValue(cellsOf(row)))
  }
}

/** Everything that only reads; works on a read-only connection too. */
export class SqliteReader implements StoreReader {
  protected readonly db: DatabaseSync
  protected readonly orderByKey: Query<Order>
  readonly #orderById: Query<Order>
  readonly #ordersNamed: Query<Order>
  readonly #ordersAfter: Query<Order>
  readonly #counts: Query<readonly [Order['state'], number]>
  readonly #placing: Query<StoredPlacing>
  readonly #journal: Query<JournalLine>
  readonly #evidence: Query<Evidence>
  readonly #platformKeys: Query<PlatformKey>

  constructor(db: DatabaseSync) {
    this.db = db
    this.#orderById = new Query(db, `${SELECT_ORDERS} WHERE orders.id = ?`, orderOf)
    this.orderByKey = new Query(
      db,
      `${SELECT_ORDERS} WHERE out_trade_no = ? AND account = ? AND sub_mchid = ?`,
      orderOf,
    )
    this.#ordersNamed = new Query(db, `${SELECT_ORDERS} WHERE out_trade_no = ? ORDER BY orders.id`, orderOf)
    this.#ordersAfter = new Query(
      db,
      `${SELECT_ORDERS} WHERE orders.id > ? ORDER BY orders.id LIMIT ?`,
      orderOf,
    )
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

  async placingOf(id: number): Promise<StoredPlacing | null> {
    return this.#placing.first(id)
  }

  async journalOf(id: number): Promise<readonly JournalLine[]> {
    return this.#journal.all(id)
  }

  async evidenceOf(id: number): Promise<readonly Evidence[]> {
    return this.#evidence.all(id)
  }

  async platformKeys(): Promise<readonly PlatformKey[]> {
    return this.#platformKeys.all()
  }

  async close(): Promise<void> {
    if (this.db.isOpen) this.db.close()
  }
}
