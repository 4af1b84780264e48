import type { DueOrder, OrderKey } from '../../core/order.ts'
import type { BilledDay, ReconciliationClaim, TriedReconciliation } from '../reconciliations.ts'
import type { Value } from '../rows/cells.ts'
import { subMchidCell } from '../rows/orders.ts'
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
import { Callers } from './callers.ts'
import { Claims } from './claims.ts'
import { columnwise } from './columnwise.ts'
import { writeCommits } from './commits.ts'
import { Connection, type Parameter } from './connection.ts'
import { Deliveries } from './deliveries.ts'
import { insertOrders } from './entering.ts'
import { type Dead, type PeersOptions, PostgresPeers } from './peers.ts'
import { PostgresReader } from './reader.ts'
import { WrittenReconciliations } from './reconciliations.ts'
import { INSERT_STRAY, KEEP_PLATFORM_KEYS, KEY_ROW_WIDTH } from './statements/beside.ts'
import { SELECT_STRAYS } from './statements/reading.ts'

/**
 * A heartbeat without an answer by then is of no use, and its connection leads nowhere: the next one takes another, in time
 * for whoever may send for three seconds after a confirmed one.
 */
const BEAT_MS_MAX = 2_000

/** The store of any number of processes. */
export class PostgresStore extends PostgresReader implements Store {
  readonly peers: PostgresPeers
  /** A heartbeat must not wait behind slow statements. */
  readonly #beats: Connection
  readonly #claims: Claims
  readonly #deliveries: Deliveries
  readonly #callers: Callers
  readonly #reconciliations: WrittenReconciliations
  /** Workers that had been silent since before a moment of the store's, as the latest heartbeat of this process found. */
  #dead: Dead = { names: [], silentSinceMs: Number.MIN_SAFE_INTEGER }

  /** @param listening how its connection that listens is made, and who hears if that breaks */
  constructor(connection: Connection, listening: Omit<PeersOptions, 'onDead' | 'onUnsure'>) {
    super(connection)
    const deadCells = (): readonly Parameter[] => [this.#dead.names, this.#dead.silentSinceMs]
    this.#claims = new Claims(connection, deadCells)
    this.#deliveries = new Deliveries(connection, deadCells)
    this.#callers = new Callers(connection)
    this.#reconciliations = new WrittenReconciliations(connection)
    const onDead = (dead: Dead): void => {
      // What a dead worker had claimed is due in the past.
      if (dead.names.some((name) => !this.#dead.names.includes(name))) this.#lookAgain()
      this.#dead = dead
    }
    this.#beats = new Connection({ ...listening, poolSize: 1, answerMsMax: BEAT_MS_MAX })
    // Others may have given back what they held: it is due in the past, too.
    const onUnsure = (): void => this.#lookAgain()
    this.peers = new PostgresPeers({ beats: this.#beats, connection }, { ...listening, onDead, onUnsure })
  }

  override async close(): Promise<void> {
    await Promise.all([super.close(), this.#beats.end()])
  }

  #lookAgain(): void {
    this.#claims.lookAgain()
    this.#deliveries.lookAgain()
  }

  // -------------------------------------------------------------- orders

  insert(orders: readonly NewOrder[], claim: Claim): Promise<readonly Inserted[]> {
    return insertOrders(this.connection, orders, claim)
  }

  async commit(commits: readonly Commit[]): Promise<readonly ('applied' | 'moved')[]> {
    try {
      const applied = await writeCommits(this.connection, commits, (ids) => this.peers.told(ids))
      return commits.map((commit) => (applied.has(commit) ? 'applied' : 'moved'))
    } finally {
      // A write that took long, or that failed and is there all the same, leaves them due in the past.
      for (const commit of commits) {
        this.#claims.mayBeFree(commit.change.order)
        this.#deliveries.mayBeFree(commit)
      }
    }
  }

  claimDue(request: ClaimRequest): Promise<readonly DueOrder[]> {
    return this.#claims.claim(request)
  }

  nextDueAtMs(account: string, beforeMs?: number): Promise<number | null> {
    return this.#claims.nextAtMs(account, beforeMs)
  }

  release(ids: readonly number[], worker: string, untilMs?: readonly number[]): Promise<void> {
    return this.#claims.release(ids, worker, untilMs)
  }

  // -------------------------------------------------------------- messages

  claimDeliveries(request: DeliveryClaim): Promise<readonly Delivery[]> {
    return this.#deliveries.claim(request)
  }

  finishDeliveries(results: readonly DeliveryResult[]): Promise<void> {
    return this.#deliveries.finish(results)
  }

  nextDeliveryAtMs(target: string): Promise<number | null> {
    return this.#deliveries.nextAtMs(target)
  }

  resend(id: number, nowMs: number): Promise<Delivery | null> {
    return this.#deliveries.resend(id, nowMs)
  }

  // -------------------------------------------------------------- callbacks without an order, keys

  async keepStray(stray: NewStray): Promise<void> {
    await this.connection.rows(INSERT_STRAY, ...strayCells(stray))
  }

  async straysOf({ out_trade_no, account, sub_mchid }: OrderKey): Promise<readonly Stray[]> {
    const rows = await this.connection.rows(
      `${SELECT_STRAYS} WHERE out_trade_no = $1 AND account = $2 AND sub_mchid = $3 ORDER BY id`,
      out_trade_no,
      account,
      subMchidCell(sub_mchid),
    )
    return rows.map(strayOf)
  }

  async straysToTell(limit: number): Promise<readonly Stray[]> {
    const rows = await this.connection.rows(
      `${SELECT_STRAYS} WHERE told_at IS NULL ORDER BY id LIMIT $1`,
      limit,
    )
    return rows.map(strayOf)
  }

  async noteStraysTold(ids: readonly number[], nowMs: number): Promise<void> {
    await this.connection.rows(
      'UPDATE verdict.strays SET told_at = $1 WHERE id = ANY ($2::bigint[])',
      nowMs,
      ids,
    )
  }

  async dropStray(id: number): Promise<void> {
    await this.connection.rows('DELETE FROM verdict.strays WHERE id = $1', id)
  }

  async keepPlatformKeys(keys: readonly PlatformKey[]): Promise<void> {
    const rows = keys.map(({ account, serial, publicKey, keptAtMs }): Value[] => [
      ...[account, serial, publicKey, keptAtMs],
    ])
    await this.connection.rows(KEEP_PLATFORM_KEYS, ...columnwise(rows, KEY_ROW_WIDTH))
  }

  // -------------------------------------------------------------- callers of the service

  keepApiKey(key: ApiKey): Promise<void> {
    return this.#callers.keepKey(key)
  }

  revokeApiKey(id: string, nowMs: number): Promise<boolean> {
    return this.#callers.revokeKey(id, nowMs)
  }

  keepSession(session: ApiSession, nowMs: number): Promise<void> {
    return this.#callers.keepSession(session, nowMs)
  }

  sessionOf(hash: string, nowMs: number): Promise<ApiSession | null> {
    return this.#callers.session(hash, nowMs)
  }

  endSession(hash: string): Promise<void> {
    return this.#callers.endSession(hash)
  }

  claimRequest(request: CallerRequest): Promise<'new' | 'same' | 'other'> {
    return this.#callers.claim(request)
  }

  // -------------------------------------------------------------- what was held against bills

  beginReconciliations(day: BilledDay): Promise<void> {
    return this.#reconciliations.begin(day)
  }

  claimReconciliation(claim: ReconciliationClaim): Promise<boolean> {
    return this.#reconciliations.claim(claim)
  }

  releaseReconciliation(day: BilledDay, worker: string): Promise<void> {
    return this.#reconciliations.release(day, worker)
  }

  keepReconciliation(tried: TriedReconciliation): Promise<void> {
    return this.#reconciliations.keep(tried)
  }
}
