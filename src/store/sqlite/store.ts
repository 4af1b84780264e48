import assert from 'node:assert/strict'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Change, JournalLine } from '../../core/change.ts'
import {
  type DueOrder,
  type FinalOrder,
  isDue,
  isFinal,
  nameOf,
  type OpenOrder,
  type Order,
  type OrderKey,
} from '../../core/order.ts'
import type { Evidence } from '../../core/outcome.ts'
import type { BilledDay, ReconciliationClaim, TriedReconciliation } from '../reconciliations.ts'
import { aftercareCells, refundCells } from '../rows/aftercare.ts'
import { integer, text } from '../rows/cells.ts'
import {
  evidenceCells,
  factsCells,
  journalCells,
  keyCells,
  openOrderOf,
  progressCells,
  subMchidCell,
  verdictCells,
} from '../rows/orders.ts'
import { strayCells, strayOf } from '../rows/strays.ts'
import type {
  ApiKey,
  ApiSession,
  CallerRequest,
  Claim,
  ClaimRequest,
  Commit,
  Delivery,
  DeliveryClaim,
  DeliveryResult,
  Inserted,
  NewOrder,
  NewStray,
  PlatformKey,
  Store,
  Stray,
} from '../store.ts'
import type { Books } from './books.ts'
import { Callers } from './callers.ts'
import type { Checkpointer } from './checkpointer.ts'
import { Claims } from './claims.ts'
import { Deliveries } from './deliveries.ts'
import type { Ownership } from './owner.ts'
import { Query } from './query.ts'
import { SqliteReader } from './reader.ts'
import { WrittenReconciliations } from './reconciliations.ts'
import {
  CORRECT_FACTS,
  INSERT_EVIDENCE,
  INSERT_FACTS,
  INSERT_JOURNAL,
  INSERT_ORDER,
  INSERT_STRAY,
  INSERT_VERDICT,
  POLLED,
  PUT_AFTERCARE,
  PUT_REFUND,
  SELECT_DUE_ORDERS,
  SELECT_ORDERS,
  SELECT_STRAYS,
  UPDATE_ORDER,
  UPDATE_POLLED,
} from './statements.ts'

/** What a database has that other processes and threads may open; null each for one in memory. */
export interface Keeping {
  readonly ownership: Ownership | null
  readonly checkpointer: Checkpointer | null
  /** Where people's reads go. Null: they are made on the store's own connection. */
  readonly books: Books | null
}

/** The store of the one process that owns the database. */
export class SqliteStore extends SqliteReader implements Store {
  readonly peers = null
  readonly #ownership: Ownership | null
  readonly #checkpointer: Checkpointer | null
  readonly #claims: Claims
  readonly #deliveries: Deliveries
  readonly #callers: Callers
  readonly #reconciliations: WrittenReconciliations
  readonly #dueOrders: Query<OpenOrder | number>
  readonly #straysOf: Query<Stray>
  readonly #straysToTell: Query<Stray>
  readonly #takesPurchase: Query<Order>
  readonly #fingerprint: Query<string>
  readonly #version: Query<number>
  readonly #verdict: Query<number>
  readonly #insertOrder: StatementSync
  readonly #insertFacts: StatementSync
  readonly #correctFacts: StatementSync
  readonly #insertPlacing: StatementSync
  readonly #insertJournal: StatementSync
  readonly #insertEvidence: StatementSync
  readonly #insertVerdict: StatementSync
  readonly #putCredential: StatementSync
  readonly #keepPlatformKey: StatementSync
  readonly #updatePolled: StatementSync
  readonly #update: StatementSync
  readonly #insertStray: StatementSync
  readonly #dropStray: StatementSync
  readonly #noteStrayTold: StatementSync
  readonly #putAftercare: StatementSync
  readonly #putRefund: StatementSync
  readonly #begin: StatementSync
  readonly #end: StatementSync

  constructor(db: DatabaseSync, { ownership, checkpointer, books }: Keeping) {
    super(db, books)
    this.#ownership = ownership
    this.#checkpointer = checkpointer
    this.#claims = new Claims(db)
    this.#deliveries = new Deliveries(db)
    this.#callers = new Callers(db)
    this.#reconciliations = new WrittenReconciliations(db)
    this.#dueOrders = new Query(db, SELECT_DUE_ORDERS, (cells) => openOrderOf(cells) ?? integer(cells[0]))
    this.#straysOf = new Query(
      db,
      `${SELECT_STRAYS} WHERE out_trade_no = ? AND account = ? AND sub_mchid = ? ORDER BY id`,
      strayOf,
    )
    this.#straysToTell = new Query(db, `${SELECT_STRAYS} WHERE told_at IS NULL ORDER BY id LIMIT ?`, strayOf)
    this.#insertStray = db.prepare(INSERT_STRAY)
    this.#dropStray = db.prepare('DELETE FROM strays WHERE id = ?')
    this.#noteStrayTold = db.prepare('UPDATE strays SET told_at = ? WHERE id = ?')
    this.#putAftercare = db.prepare(PUT_AFTERCARE)
    this.#putRefund = db.prepare(PUT_REFUND)
    this.#begin = db.prepare('BEGIN IMMEDIATE')
    this.#end = db.prepare('COMMIT')
    this.#takesPurchase = new Query(
      db,
      `${SELECT_ORDERS} WHERE purchase = ? AND account = ? AND sub_mchid = ?
       AND CASE coalesce((SELECT late_phase FROM aftercare WHERE order_id = orders.id), 'suspected')
         WHEN 'returned' THEN 0
         WHEN 'suspected' THEN orders.state IN ('placing', 'waiting', 'ending', 'SUCCESS')
         ELSE 1
       END
       ORDER BY orders.id LIMIT 1`,
      this.lookups.toOrder,
    )
    this.#fingerprint = new Query(db, 'SELECT fingerprint FROM placings WHERE order_id = ?', ([cell]) =>
      text(cell),
    )
    this.#version = new Query(db, 'SELECT version FROM orders WHERE id = ?', ([cell]) => integer(cell))
    this.#verdict = new Query(db, 'SELECT order_id FROM verdicts WHERE order_id = ?', ([cell]) =>
      integer(cell),
    )
    this.#insertOrder = db.prepare(INSERT_ORDER)
    this.#insertFacts = db.prepare(INSERT_FACTS)
    this.#correctFacts = db.prepare(CORRECT_FACTS)
    this.#insertPlacing = db.prepare('INSERT INTO placings (order_id, fingerprint, body) VALUES (?, ?, ?)')
    this.#insertJournal = db.prepare(INSERT_JOURNAL)
    this.#insertEvidence = db.prepare(INSERT_EVIDENCE)
    this.#insertVerdict = db.prepare(INSERT_VERDICT)
    // A repeated placing may bring a new credential; the latest is the one that works.
    this.#putCredential = db.prepare(
      `INSERT INTO credentials (order_id, name, value) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET name = excluded.name, value = excluded.value`,
    )
    this.#keepPlatformKey = db.prepare(
      `INSERT INTO platform_keys (account, serial, public_key, kept_at) VALUES (?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    )
    this.#updatePolled = db.prepare(UPDATE_POLLED)
    this.#update = db.prepare(UPDATE_ORDER)
  }

  async insert(orders: readonly NewOrder[], claim: Claim): Promise<readonly Inserted[]> {
    const inserted = this.#durably(() => orders.map((order) => this.#insert(order)))
    for (const result of inserted) {
      if (result.outcome === 'inserted') this.#claims.take(result.order, claim)
    }
    return inserted
  }

  async claimDue(request: ClaimRequest): Promise<readonly DueOrder[]> {
    const ids = this.#claims.claimDue(request)
    if (ids.length === 0) return []
    return this.#dueOrders.all(JSON.stringify(ids)).flatMap((due) => {
      // An order with its verdict is read whole: its verdict and what follows it lie in other tables.
      const order = typeof due === 'number' ? this.lookups.orderById.first(due) : due
      return order !== null && isDue(order) ? [order] : []
    })
  }

  async commit(changes: readonly Commit[]): Promise<readonly ('applied' | 'moved')[]> {
    const results = this.#durably(() => changes.map((commit) => this.#apply(commit)))
    this.#checkpointer?.wrote(changes.length)
    for (const [index, { change, keepClaim, claim }] of changes.entries()) {
      if (results[index] === 'applied') this.#claims.changed(change.order, keepClaim === true, claim)
    }
    return results
  }

  async release(ids: readonly number[], worker: string, untilMs?: readonly number[]): Promise<void> {
    for (const [nth, id] of ids.entries()) this.#claims.release(id, worker, untilMs?.[nth])
  }

  async nextDueAtMs(account: string, beforeMs?: number): Promise<number | null> {
    return this.#claims.nextDueAtMs(account, beforeMs)
  }

  async claimDeliveries(claim: DeliveryClaim): Promise<readonly Delivery[]> {
    return this.#deliveries.claim(claim)
  }

  async finishDeliveries(results: readonly DeliveryResult[]): Promise<void> {
    this.#durably(() => {
      for (const result of results) this.#deliveries.finish(result)
    })
    this.#deliveries.release(results)
  }

  async nextDeliveryAtMs(target: string): Promise<number | null> {
    return this.#deliveries.nextAtMs(target)
  }

  async resend(id: number, nowMs: number): Promise<Delivery | null> {
    return this.#durably(() => this.#deliveries.resend(id, nowMs))
  }

  async keepStray(stray: NewStray): Promise<void> {
    this.#durably(() => this.#insertStray.run(...strayCells(stray)))
  }

  async straysOf({ out_trade_no, account, sub_mchid }: OrderKey): Promise<readonly Stray[]> {
    return this.#straysOf.all(out_trade_no, account, subMchidCell(sub_mchid))
  }

  async straysToTell(limit: number): Promise<readonly Stray[]> {
    return this.#straysToTell.all(limit)
  }

  async noteStraysTold(ids: readonly number[], nowMs: number): Promise<void> {
    this.#durably(() => {
      for (const id of ids) this.#noteStrayTold.run(nowMs, id)
    })
  }

  async dropStray(id: number): Promise<void> {
    this.#durably(() => this.#dropStray.run(id))
  }

  async keepPlatformKeys(keys: readonly PlatformKey[]): Promise<void> {
    this.#durably(() => {
      for (const { account, serial, publicKey, keptAtMs } of keys)
        this.#keepPlatformKey.run(account, serial, publicKey, keptAtMs)
    })
  }

  async keepApiKey(key: ApiKey): Promise<void> {
    this.#durably(() => this.#callers.keepKey(key))
  }

  async revokeApiKey(id: string, nowMs: number): Promise<boolean> {
    return this.#durably(() => this.#callers.revokeKey(id, nowMs))
  }

  async keepSession(session: ApiSession, nowMs: number): Promise<void> {
    this.#durably(() => this.#callers.keepSession(session, nowMs))
  }

  async sessionOf(hash: string, nowMs: number): Promise<ApiSession | null> {
    return this.#callers.session(hash, nowMs)
  }

  async endSession(hash: string): Promise<void> {
    this.#durably(() => this.#callers.endSession(hash))
  }

  async claimRequest(request: CallerRequest): Promise<'new' | 'same' | 'other'> {
    return this.#durably(() => this.#callers.claim(request))
  }

  async beginReconciliations(day: BilledDay): Promise<void> {
    this.#durably(() => this.#reconciliations.begin(day))
  }

  async claimReconciliation(claim: ReconciliationClaim): Promise<boolean> {
    return this.#durably(() => this.#reconciliations.claim(claim))
  }

  async releaseReconciliation(day: BilledDay, worker: string): Promise<void> {
    this.#durably(() => this.#reconciliations.release(day, worker))
  }

  async keepReconciliation(tried: TriedReconciliation): Promise<void> {
    this.#durably(() => this.#reconciliations.keep(tried))
  }

  override async close(): Promise<void> {
    await this.#checkpointer?.end()
    await super.close()
    this.#ownership?.end()
  }

  // -------------------------------------------------------------- inside one transaction

  /** All of `write` in one transaction, on disk when this returns; nothing of it if it throws. */
  #durably<Result>(write: () => Result): Result {
    this.#begin.run()
    try {
      const result = write()
      this.#end.run()
      return result
    } catch (error) {
      // A full disk rolls back by itself.
      if (this.db.isTransaction) this.db.exec('ROLLBACK')
      throw error
    }
  }

  #insert({ order, fingerprint, body, journal }: NewOrder): Inserted {
    const { account, sub_mchid, out_trade_no, purchase } = order
    const existing = this.lookups.orderByKey.first(out_trade_no, account, subMchidCell(sub_mchid))
    if (existing !== null)
      return { outcome: 'exists', order: existing, fingerprint: this.#fingerprintOf(existing.id) }
    const by =
      purchase === null ? null : this.#takesPurchase.first(purchase, account, subMchidCell(sub_mchid))
    if (by !== null) return { outcome: 'purchase-taken', by }
    return { outcome: 'inserted', order: this.#write({ order, fingerprint, body, journal }) }
  }

  #write({ order, fingerprint, body, journal }: NewOrder): OpenOrder {
    // The database gives the number, which no column but the key needs before.
    const cells = [...keyCells(order), ...progressCells({ ...order, id: 0 })]
    const id = Number(this.#insertOrder.run(...cells).lastInsertRowid)
    this.#insertFacts.run(id, ...factsCells(order))
    this.#insertPlacing.run(id, fingerprint, body)
    this.#writeJournal(id, order.version, journal)
    return { ...order, id }
  }

  #fingerprintOf(id: number): string {
    const fingerprint = this.#fingerprint.first(id)
    assert(fingerprint !== null)
    return fingerprint
  }

  #apply({ change, deliveries = [], strayId }: Commit): 'applied' | 'moved' {
    const { from, order, journal, evidence, credential, aftercare } = change
    assert(order.version === from + 1)
    if (!this.#writeProgress(order, from)) {
      assert(this.#version.first(order.id) !== from, `${nameOf(order)}: a verdict never falls`)
      return 'moved'
    }
    this.#writeJournal(order.id, order.version, journal)
    this.#correct(change)
    const evidenceIds = new Map(evidence.map((proof) => [proof, this.#writeEvidence(order.id, proof)]))
    if (credential !== undefined) this.#putCredential.run(order.id, credential.name, credential.value)
    if (isFinal(order)) this.#writeVerdict(order, evidenceIds)
    if (aftercare !== undefined) this.#writeAftercare(order.id, aftercare)
    for (const delivery of deliveries) this.#deliveries.write(order.id, delivery)
    if (strayId !== undefined) this.#dropStray.run(strayId)
    return 'applied'
  }

  #correct({ order, corrected }: Change): void {
    if (corrected !== undefined) this.#correctFacts.run(corrected.total, corrected.currency, order.id)
  }

  #writeProgress(order: Order, from: number): boolean {
    const { id, state, attention } = order
    const cells = progressCells(order)
    const polled = cells.filter((_, nth) => POLLED[nth])
    if (this.#updatePolled.run(...polled, id, from, state, attention).changes > 0) return true
    return this.#update.run(...cells, id, from, state).changes > 0
  }

  #writeAftercare(id: number, aftercare: NonNullable<Change['aftercare']>): void {
    this.#putAftercare.run(id, ...aftercareCells(aftercare))
    for (const refund of aftercare.refunds) this.#putRefund.run(id, ...refundCells(refund))
  }

  #writeJournal(id: number, version: number, journal: readonly JournalLine[]): void {
    for (const [nth, line] of journal.entries())
      this.#insertJournal.run(id, version, nth, ...journalCells(line))
  }

  #writeEvidence(id: number, evidence: Evidence): number {
    return Number(this.#insertEvidence.run(id, ...evidenceCells(evidence)).lastInsertRowid)
  }

  /** A verdict is written once; what is learnt later changes the order beside it, never the verdict. */
  #writeVerdict({ id, verdict }: FinalOrder, evidenceIds: ReadonlyMap<Evidence, number>): void {
    if (this.#verdict.first(id) !== null) return
    const { evidence } = verdict
    const evidenceId =
      evidence === null ? null : (evidenceIds.get(evidence) ?? this.#writeEvidence(id, evidence))
    this.#insertVerdict.run(id, ...verdictCells(verdict), evidenceId)
  }
}
