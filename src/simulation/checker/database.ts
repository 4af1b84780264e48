import type { DatabaseSync, StatementSync } from 'node:sqlite'

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
  readonly payload: string
  readonly state: string
}

const ORDERS = `SELECT o.id, account, sub_mchid, out_trade_no, kind, state, version, due_at, seen, declined, latest_placing_at,
  given_up_at, attention, total, currency, origin, may_end, created_at, window_end_at, revoke_unanswered_at
  FROM orders o JOIN facts f ON f.order_id = o.id`

/** Sees every write by itself, whatever wrote it, and rolls back with the transaction that made it. */
const WATCH = `
CREATE TEMP TABLE writes (what TEXT, id, was, is_now, was_version, version, due_at, given_up_at, seen);
CREATE TEMP TRIGGER order_entered AFTER INSERT ON orders BEGIN
  INSERT INTO writes VALUES ('order', NEW.id, NULL, NEW.state, NULL, NEW.version, NEW.due_at, NEW.given_up_at, NEW.seen); END;
CREATE TEMP TRIGGER order_changed AFTER UPDATE ON orders BEGIN
  INSERT INTO writes VALUES ('order', NEW.id, OLD.state, NEW.state, OLD.version, NEW.version, NEW.due_at, NEW.given_up_at,
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

/** Verdict's database as the checker reads it: with statements of its own, and none of the store's code. */
export class Database {
  readonly #db: DatabaseSync
  readonly #byId = new Map<number, OrderIdentity>()
  readonly #byNumber = new Map<string, OrderIdentity>()
  readonly #writes: StatementSync
  readonly #order: StatementSync
  readonly #named: StatementSync
  readonly #verdict: StatementSync
  readonly #evidence: StatementSync
  readonly #evidenceOf: StatementSync
  readonly #refund: StatementSync
  readonly #refundsOf: StatementSync
  readonly #refundNumbered: StatementSync
  readonly #intent: StatementSync
  readonly #message: StatementSync
  readonly #messagesOf: StatementSync
  readonly #hasKey: StatementSync
  readonly #dueOrders: StatementSync
  readonly #messagesToSend: StatementSync
  readonly #purchase: StatementSync

  constructor(db: DatabaseSync) {
    this.#db = db
    db.exec('PRAGMA temp_store = MEMORY')
    db.exec(WATCH)
    this.#writes = db.prepare(
      `DELETE FROM writes
       RETURNING what, id, was, is_now AS "is", was_version AS wasVersion, version, due_at, given_up_at, seen`,
    )
    this.#order = db.prepare(`${ORDERS} WHERE o.id = ?`)
    this.#named = db.prepare(`${ORDERS} WHERE out_trade_no = ?`)
    this.#verdict = db.prepare(
      'SELECT state, at, transaction_id, evidence_id FROM verdicts WHERE order_id = ?',
    )
    this.#evidence = db.prepare('SELECT * FROM evidence WHERE id = ?')
    this.#evidenceOf = db.prepare('SELECT * FROM evidence WHERE order_id = ? ORDER BY id')
    this.#refund = db.prepare('SELECT * FROM refunds WHERE id = ?')
    this.#refundsOf = db.prepare('SELECT * FROM refunds WHERE order_id = ? ORDER BY id')
    this.#refundNumbered = db.prepare('SELECT * FROM refunds WHERE out_refund_no = ?')
    this.#intent = db.prepare(
      `SELECT 1 FROM journal WHERE order_id = ? AND event = 'intent' AND call = ? AND at / 1000 = ?`,
    )
    this.#message = db.prepare('SELECT * FROM deliveries WHERE message_id = ?')
    this.#messagesOf = db.prepare('SELECT * FROM deliveries WHERE order_id = ? ORDER BY id')
    this.#dueOrders = db.prepare(`${ORDERS} WHERE due_at IS NOT NULL`)
    this.#messagesToSend = db.prepare(`SELECT 1 FROM deliveries WHERE state IN ('pending', 'queued') LIMIT 1`)
    this.#purchase = db.prepare('SELECT purchase FROM facts WHERE order_id = ?')
    this.#hasKey = db.prepare('SELECT 1 FROM platform_keys WHERE account = ? AND serial = ?')
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
    const writes = this.#writes.all() as unknown as ReadonlyArray<Write & { was: string | null }>
    return writes.map((write) => (write.what === 'tampered' ? { ...write, table: String(write.was) } : write))
  }

  order(id: number): OrderRow {
    return this.#order.get(id) as unknown as OrderRow
  }

  named(out_trade_no: string): OrderRow | null {
    return (this.#named.get(out_trade_no) as unknown as OrderRow | undefined) ?? null
  }

  orders(): readonly OrderRow[] {
    return this.#db.prepare(`${ORDERS} ORDER BY o.id`).all() as unknown as OrderRow[]
  }

  verdict(orderId: number): VerdictRow | null {
    return (this.#verdict.get(orderId) as unknown as VerdictRow | undefined) ?? null
  }

  evidence(id: number): EvidenceRow {
    return this.#evidence.get(id) as unknown as EvidenceRow
  }

  evidenceOf(orderId: number): readonly EvidenceRow[] {
    return this.#evidenceOf.all(orderId) as unknown as EvidenceRow[]
  }

  refund(id: number): RefundRow {
    return this.#refund.get(id) as unknown as RefundRow
  }

  refundsOf(orderId: number): readonly RefundRow[] {
    return this.#refundsOf.all(orderId) as unknown as RefundRow[]
  }

  refundNumbered(out_refund_no: string): RefundRow | null {
    return (this.#refundNumbered.get(out_refund_no) as unknown as RefundRow | undefined) ?? null
  }

  /** Whether the intent of a call is written, which was signed in this second. */
  hasIntent(orderId: number, call: string, timestamp: number): boolean {
    return this.#intent.get(orderId, call, timestamp) !== undefined
  }

  /** Whether somebody whom nobody could verify made it due since then. */
  isHinted(orderId: number, sinceMs: number): boolean {
    const sql = `SELECT 1 FROM journal WHERE order_id = ? AND event = 'hint' AND at > ?`
    return this.#db.prepare(sql).get(orderId, sinceMs - 5_000) !== undefined
  }

  /** Whether what became of a call was written after this version of the order, and the call was made before this moment. */
  heardLate(orderId: number, { version, askedMs }: { version: number; askedMs: number }): boolean {
    const sql = 'SELECT 1 FROM journal WHERE order_id = ? AND version > ? AND at - took < ?'
    return this.#db.prepare(sql).get(orderId, version, askedMs) !== undefined
  }

  /** When an order was first known to be paid though it was given up. */
  lateLearntAtMs(orderId: number): number {
    const row = this.#db.prepare('SELECT late_learnt_at AS ms FROM aftercare WHERE order_id = ?').get(orderId)
    return Number(row?.ms ?? 0)
  }

  /** The number of the order that bears this number of WeChat Pay's. */
  numberOf(transaction_id: string): string | null {
    const row = this.#db
      .prepare(
        `SELECT out_trade_no FROM orders o LEFT JOIN verdicts v ON v.order_id = o.id
         LEFT JOIN aftercare a ON a.order_id = o.id
         WHERE v.transaction_id = ? OR a.late_transaction_id = ?`,
      )
      .get(transaction_id, transaction_id)
    return row === undefined ? null : String(row.out_trade_no)
  }

  message(message_id: string): DeliveryRow | null {
    return (this.#message.get(message_id) as unknown as DeliveryRow | undefined) ?? null
  }

  messagesOf(orderId: number): readonly DeliveryRow[] {
    return this.#messagesOf.all(orderId) as unknown as DeliveryRow[]
  }

  hasKey(account: string, serial: string): boolean {
    return this.#hasKey.get(account, serial) !== undefined
  }

  /** Whether a callback of this id waits for its order. */
  hasStray(event_id: string): boolean {
    return this.#db.prepare('SELECT 1 FROM strays WHERE event_id = ?').get(event_id) !== undefined
  }

  /** Whether the journal tells of a verified callback. */
  heardCallback(orderId: number): boolean {
    const sql = `SELECT 1 FROM journal WHERE order_id = ? AND event = 'callback'`
    return this.#db.prepare(sql).get(orderId) !== undefined
  }

  /** Whether the payment was once said to have failed. */
  heardPayerror(orderId: number): boolean {
    const sql = `SELECT 1 FROM journal WHERE order_id = ? AND said = 'PAYERROR'`
    return this.#db.prepare(sql).get(orderId) !== undefined
  }

  /** Another order for the same purchase that is open, or paid and not given back. */
  takenBy({ id, account, sub_mchid }: OrderIdentity): string | null {
    if (this.#purchase.get(id)?.purchase == null) return null
    const row = this.#db
      .prepare(
        `SELECT o.out_trade_no FROM orders o JOIN facts f ON f.order_id = o.id LEFT JOIN aftercare a ON a.order_id = o.id
         WHERE f.purchase = (SELECT purchase FROM facts WHERE order_id = ?) AND o.id <> ? AND account = ? AND sub_mchid = ?
         AND o.state NOT IN ('CLOSED', 'REVOKED', 'NOT_CREATED') AND a.late_phase IS NOT 'returned'`,
      )
      .get(id, id, account, sub_mchid)
    return row === undefined ? null : String(row.out_trade_no)
  }

  /** Whether the order's ending had begun. */
  isEnding(orderId: number): boolean {
    const sql = `SELECT 1 FROM journal WHERE order_id = ? AND event IN ('ending', 'give-up')`
    return this.#db.prepare(sql).get(orderId) !== undefined
  }

  /** Orders about which something is still to be done by itself. */
  dueOrders(): readonly OrderRow[] {
    return this.#dueOrders.all() as unknown as OrderRow[]
  }

  hasMessagesToSend(): boolean {
    return this.#messagesToSend.get() !== undefined
  }

  /** Callbacks that wait for an order that is there. */
  strandedStrays(): readonly string[] {
    const rows = this.#db
      .prepare(
        `SELECT s.out_trade_no FROM strays s JOIN orders o
         ON o.out_trade_no = s.out_trade_no AND o.account = s.account AND o.sub_mchid = s.sub_mchid`,
      )
      .all() as unknown as ReadonlyArray<{ out_trade_no: string }>
    return rows.map(({ out_trade_no }) => out_trade_no)
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
