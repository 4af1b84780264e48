import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

/** A write that the database saw, whoever made it. */
export type Write =
  | {
      readonly what: 'order'
      readonly id: number
      readonly was: string | null
      readonly is: string
      readonly wasVersion: number | null
      readonly version: number
      readonly due_at: number | null
      readonly given_up_at: number | null
      readonly seen: string | null
    }
  | { readonly what: 'evidence'; readonly id: number }
  | { readonly what: 'refund'; readonly id: number }
  | { readonly what: 'tampered'; readonly table: string; readonly id: number }

/** What an order is entered with, and nothing changes. */
export interface OrderIdentity {
  readonly id: number
  readonly account: string
  readonly sub_mchid: string
  readonly out_trade_no: string
  readonly total: number
}

export interface OrderRow extends OrderIdentity {
  readonly kind: string
  readonly state: string
  readonly version: number
  readonly due_at: number | null
  readonly seen: string | null
  readonly declined: number
  readonly latest_placing_at: number
  readonly given_up_at: number | null
  readonly attention: string | null
  readonly currency: string
  readonly origin: string
  readonly may_end: number
  readonly created_at: number
  readonly window_end_at: number
  /** A revoke before the one that is under way, which nobody accounted for. */
  readonly revoke_unanswered_at: number | null
}

export interface VerdictRow {
  readonly state: string
  readonly at: number
  readonly transaction_id: string | null
  readonly evidence_id: number | null
}

export interface EvidenceRow {
  readonly id: number
  readonly order_id: number
  readonly source: string
  readonly request: string
  readonly status: number
  readonly serial: string
  readonly timestamp: string
  readonly nonce: string
  readonly signature: string
  readonly body: string
  readonly received_at: number
}

export interface RefundRow {
  readonly id: number
  readonly order_id: number
  readonly out_refund_no: string
  readonly key: string | null
  readonly origin: string
  readonly amount: number
  readonly created_at: number
  readonly state: string
  readonly due_at: number | null
  readonly said: string | null
}

export interface DeliveryRow {
  readonly id: number
  readonly order_id: number
  readonly message_id: string
  readonly type: string
  readonly state: string
}

const ORDERS = `SELECT o.id, account, sub_mchid, out_trade_no, kind, state, version, due_at, seen, declined, latest_placing_at,
  given_up_at, attention, total, currency, origin, may_end, created_at, window_end_at, revoke_unanswered_at
  FROM orders o JOIN facts f ON f.order_id = o.id`

const ORDER = `${ORDERS} WHERE o.id = ?`
const ORDER_NAMED = `${ORDERS} WHERE out_trade_no = ?`
const DUE_ORDERS = `${ORDERS} WHERE due_at IS NOT NULL`
const REFUNDS =
  'SELECT id, order_id, out_refund_no, key, origin, amount, created_at, state, due_at, said FROM refunds'
const REFUND = `${REFUNDS} WHERE id = ?`
const REFUNDS_OF = `${REFUNDS} WHERE order_id = ? ORDER BY id`
const REFUND_NUMBERED = `${REFUNDS} WHERE out_refund_no = ?`
const MESSAGES = 'SELECT id, order_id, message_id, type, state FROM deliveries'
const MESSAGE = `${MESSAGES} WHERE message_id = ?`
const MESSAGES_OF = `${MESSAGES} WHERE order_id = ? ORDER BY id`
const VERDICT = 'SELECT state, at, transaction_id, evidence_id FROM verdicts WHERE order_id = ?'
const INTENT = `SELECT 1 FROM journal WHERE order_id = ? AND event = 'intent' AND call = ? AND at / 1000 = ?`

const NUMBER = `SELECT out_trade_no FROM orders o LEFT JOIN verdicts v ON v.order_id = o.id
  LEFT JOIN aftercare a ON a.order_id = o.id WHERE v.transaction_id = ? OR a.late_transaction_id = ?`
const SAME_PURCHASE = `SELECT o.out_trade_no FROM orders o JOIN facts f ON f.order_id = o.id
  LEFT JOIN aftercare a ON a.order_id = o.id
  WHERE f.purchase = (SELECT purchase FROM facts WHERE order_id = ?) AND o.id <> ? AND account = ? AND sub_mchid = ?
  AND o.state NOT IN ('CLOSED', 'REVOKED', 'NOT_CREATED') AND a.late_phase IS NOT 'returned'`
const STRANDED = `SELECT s.out_trade_no FROM strays s JOIN orders o
  ON o.out_trade_no = s.out_trade_no AND o.account = s.account AND o.sub_mchid = s.sub_mchid`

interface NumberRow {
  readonly out_trade_no: string
}

/** Sees every write by itself, whatever wrote it, and rolls back with the transaction that made it. */
const WATCH = `
CREATE TEMP TABLE writes (nth INTEGER PRIMARY KEY, what TEXT, id, was, is_now, was_version, version, due_at, given_up_at, seen);
CREATE TEMP TRIGGER order_entered AFTER INSERT ON orders BEGIN
  INSERT INTO writes VALUES (NULL, 'order', NEW.id, NULL, NEW.state, NULL, NEW.version, NEW.due_at, NEW.given_up_at, NEW.seen); END;
CREATE TEMP TRIGGER order_changed AFTER UPDATE ON orders BEGIN
  INSERT INTO writes VALUES (NULL, 'order', NEW.id, OLD.state, NEW.state, OLD.version, NEW.version, NEW.due_at, NEW.given_up_at,
    NEW.seen); END;
CREATE TEMP TRIGGER evidence_kept AFTER INSERT ON evidence BEGIN
  INSERT INTO writes (what, id) VALUES ('evidence', NEW.id); END;
CREATE TEMP TRIGGER refund_entered AFTER INSERT ON refunds BEGIN
  INSERT INTO writes (what, id) VALUES ('refund', NEW.id); END;
CREATE TEMP TRIGGER refund_changed AFTER UPDATE ON refunds BEGIN
  INSERT INTO writes (what, id) VALUES ('refund', NEW.id); END;
${['orders', 'verdicts', 'evidence', 'facts', 'refunds']
  .map((table) =>
    tampering(
      table,
      'DELETE',
      table === 'orders' || table === 'evidence' || table === 'refunds' ? 'id' : 'order_id',
    ),
  )
  .join('\n')}
${['verdicts', 'evidence', 'facts'].map((table) => tampering(table, 'UPDATE', table === 'evidence' ? 'id' : 'order_id')).join('\n')}
`

function tampering(table: string, act: 'DELETE' | 'UPDATE', id: string): string {
  return `CREATE TEMP TRIGGER ${table}_${act} AFTER ${act} ON ${table} BEGIN
  INSERT INTO writes (what, id, was) VALUES ('tampered', OLD.${id}, '${table}'); END;`
}

type WriteCells = readonly [
  nth: number,
  what: Write['what'],
  id: number,
  was: string | null,
  is: string,
  wasVersion: number | null,
  version: number,
  due_at: number | null,
  given_up_at: number | null,
  seen: string | null,
]

function writeOf([, what, id, was, is, wasVersion, version, due_at, given_up_at, seen]: WriteCells): Write {
  if (what === 'order') return { what, id, was, is, wasVersion, version, due_at, given_up_at, seen }
  return what === 'tampered' ? { what, id, table: String(was) } : { what, id }
}

/** Verdict's database as the checker reads it: with statements of its own, and none of the store's code. */
export class Database {
  readonly #db: DatabaseSync
  readonly #byId = new Map<number, OrderIdentity>()
  readonly #byNumber = new Map<string, OrderIdentity>()
  readonly #writes: StatementSync
  /** The number of the last write that was looked at. */
  #read = 0
  readonly #statements = new Map<string, StatementSync>()

  constructor(db: DatabaseSync) {
    this.#db = db
    db.exec('PRAGMA temp_store = MEMORY')
    db.exec(WATCH)
    this.#writes = db.prepare('SELECT * FROM writes WHERE nth > ?')
    this.#writes.setReturnArrays(true)
  }

  /** A statement, prepared when it is needed first. */
  #on(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#db.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #row<Row>(sql: string, ...parameters: readonly SQLInputValue[]): Row | null {
    return (this.#on(sql).get(...parameters) as unknown as Row | undefined) ?? null
  }

  #rows<Row>(sql: string, ...parameters: readonly SQLInputValue[]): readonly Row[] {
    return this.#on(sql).all(...parameters) as unknown as readonly Row[]
  }

  #has(sql: string, ...parameters: readonly SQLInputValue[]): boolean {
    return this.#on(sql).get(...parameters) !== undefined
  }

  /** Who an order is: read once, and never again. */
  identity(id: number): OrderIdentity {
    return this.#byId.get(id) ?? this.#known(this.order(id))
  }

  /** The same by its number; null if there is no such order. */
  identityOf(out_trade_no: string): OrderIdentity | null {
    const known = this.#byNumber.get(out_trade_no)
    if (known !== undefined) return known
    const order = this.named(out_trade_no)
    return order === null ? null : this.#known(order)
  }

  #known({ id, account, sub_mchid, out_trade_no, total }: OrderRow): OrderIdentity {
    const identity = { id, account, sub_mchid, out_trade_no, total }
    this.#byId.set(id, identity)
    this.#byNumber.set(out_trade_no, identity)
    return identity
  }

  /** What was written since the last time. */
  writes(): readonly Write[] {
    const writes = this.#writes.all(this.#read) as unknown as readonly WriteCells[]
    this.#read = writes.at(-1)?.[0] ?? this.#read
    return writes.map(writeOf)
  }

  order(id: number): OrderRow {
    return this.#row<OrderRow>(ORDER, id) as OrderRow
  }

  versionOf(id: number): number {
    return Number(this.#row<{ version: number }>('SELECT version FROM orders WHERE id = ?', id)?.version)
  }

  named(out_trade_no: string): OrderRow | null {
    return this.#row(ORDER_NAMED, out_trade_no)
  }

  verdict(orderId: number): VerdictRow | null {
    return this.#row(VERDICT, orderId)
  }

  evidence(id: number): EvidenceRow {
    return this.#row<EvidenceRow>('SELECT * FROM evidence WHERE id = ?', id) as EvidenceRow
  }

  evidenceOf(orderId: number): readonly EvidenceRow[] {
    return this.#rows('SELECT * FROM evidence WHERE order_id = ? ORDER BY id', orderId)
  }

  refund(id: number): RefundRow {
    return this.#row<RefundRow>(REFUND, id) as RefundRow
  }

  refundsOf(orderId: number): readonly RefundRow[] {
    return this.#rows(REFUNDS_OF, orderId)
  }

  refundNumbered(out_refund_no: string): RefundRow | null {
    return this.#row(REFUND_NUMBERED, out_refund_no)
  }

  /** Whether the intent of a call is written, which was signed in this second. */
  hasIntent(orderId: number, call: string, timestamp: number): boolean {
    return this.#has(INTENT, orderId, call, timestamp)
  }

  /**
   * Whether a callback made it due since then: one that nobody could verify, or one about a refund, which an order that is
   * waited for can't have: it was paid, and is asked at once.
   */
  isHinted(orderId: number, sinceMs: number): boolean {
    const sql = `SELECT 1 FROM journal WHERE order_id = ? AND at > ?
      AND (event = 'hint' OR event = 'callback' AND said LIKE 'refund %')`
    return this.#has(sql, orderId, sinceMs - 5_000)
  }

  /** Whether what became of a call was written after this version of the order, and the call was made before this moment. */
  heardLate(orderId: number, { version, askedMs }: { version: number; askedMs: number }): boolean {
    const sql = 'SELECT 1 FROM journal WHERE order_id = ? AND version > ? AND at - took < ?'
    return this.#has(sql, orderId, version, askedMs)
  }

  /** When an order was first known to be paid though it was given up. */
  lateLearntAtMs(orderId: number): number {
    const sql = 'SELECT late_learnt_at AS ms FROM aftercare WHERE order_id = ?'
    return this.#row<{ ms: number | null }>(sql, orderId)?.ms ?? 0
  }

  /** The number of the order that bears this number of WeChat Pay's. */
  numberOf(transaction_id: string): string | null {
    return this.#row<NumberRow>(NUMBER, transaction_id, transaction_id)?.out_trade_no ?? null
  }

  message(message_id: string): DeliveryRow | null {
    return this.#row(MESSAGE, message_id)
  }

  messagesOf(orderId: number): readonly DeliveryRow[] {
    return this.#rows(MESSAGES_OF, orderId)
  }

  hasKey(account: string, serial: string): boolean {
    return this.#has('SELECT 1 FROM platform_keys WHERE account = ? AND serial = ?', account, serial)
  }

  /** Whether a callback of this id waits for its order. */
  hasStray(event_id: string): boolean {
    return this.#has('SELECT 1 FROM strays WHERE event_id = ?', event_id)
  }

  /** Whether the journal tells of a verified callback. */
  heardCallback(orderId: number): boolean {
    return this.#has(`SELECT 1 FROM journal WHERE order_id = ? AND event = 'callback'`, orderId)
  }

  /** Whether the payment was once said to have failed. */
  heardPayerror(orderId: number): boolean {
    return this.#has(`SELECT 1 FROM journal WHERE order_id = ? AND said = 'PAYERROR'`, orderId)
  }

  /** Another order for the same purchase that is open, or paid and not given back. */
  takenBy({ id, account, sub_mchid }: OrderIdentity): string | null {
    if (!this.#has('SELECT 1 FROM facts WHERE order_id = ? AND purchase IS NOT NULL', id)) return null
    return this.#row<NumberRow>(SAME_PURCHASE, id, id, account, sub_mchid)?.out_trade_no ?? null
  }

  /** Whether the order's ending had begun. */
  isEnding(orderId: number): boolean {
    const sql = `SELECT 1 FROM journal WHERE order_id = ? AND event IN ('ending', 'give-up')`
    return this.#has(sql, orderId)
  }

  /** Orders about which something is still to be done by itself. */
  dueOrders(): readonly OrderRow[] {
    return this.#rows(DUE_ORDERS)
  }

  hasMessagesToSend(): boolean {
    return this.#has(`SELECT 1 FROM deliveries WHERE state IN ('pending', 'queued') LIMIT 1`)
  }

  /** Callbacks that wait for an order that is there. */
  strandedStrays(): readonly string[] {
    return this.#rows<NumberRow>(STRANDED).map(({ out_trade_no }) => out_trade_no)
  }

  /** Every cell of every table, as one text. */
  text(): string {
    const tables = this.#db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()
    return tables
      .map(({ name }) => {
        const rows = this.#db.prepare(`SELECT * FROM ${name}`)
        rows.setReturnArrays(true)
        return JSON.stringify(rows.all())
      })
      .join('\n')
  }
}
