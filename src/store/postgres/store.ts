import assert from 'node:assert/strict'
import type { Refund } from '../../core/aftercare.ts'
import {
  type DueOrder,
  isAtTheTill,
  isDue,
  isFinal,
  nameOf,
  type Order,
  type OrderKey,
  OTHERS_ONE_IN,
  TILL_PATIENCE_MS,
} from '../../core/order.ts'
import { aftercareCells, refundCells } from '../rows/aftercare.ts'
import { apiKeyCells, sessionCells, sessionOf } from '../rows/api-keys.ts'
import { type Cells, integer, text, type Value } from '../rows/cells.ts'
import { deliveryOf } from '../rows/deliveries.ts'
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
import {
  type ApiKey,
  type ApiSession,
  type CallerRequest,
  type Claim,
  type ClaimRequest,
  type Commit,
  type Delivery,
  type DeliveryClaim,
  type DeliveryResult,
  type Inserted,
  type NewOrder,
  type NewStray,
  type PlatformKey,
  REQUEST_KEPT_MS,
  type Store,
  type Stray,
} from '../store.ts'
import { columnwise } from './columnwise.ts'
import { Connection, type Parameter, type Session } from './connection.ts'
import { Fronts } from './fronts.ts'
import { CHANNEL, type Dead, type PeersOptions, PostgresPeers } from './peers.ts'
import { ordersIn, PostgresReader } from './reader.ts'
import * as sql from './statements.ts'

/** The store of any number of processes. */
export class PostgresStore extends PostgresReader implements Store {
  readonly peers: PostgresPeers
  /** A heartbeat must not wait behind slow statements. */
  readonly #beats: Connection
  readonly #fronts = new Fronts()
  /** Workers that had been silent since before a moment of the store's, as the latest heartbeat of this process found. */
  #dead: Dead = { names: [], silentSinceMs: Number.MIN_SAFE_INTEGER }
  /** By target: what is sent leaves the index over due times as orders do. */
  readonly #deliveryFronts = new Fronts()

  /** @param listening how its connection that listens is made, and who hears if that breaks */
  constructor(connection: Connection, listening: Omit<PeersOptions, 'onDead'>) {
    super(connection)
    const onDead = (dead: Dead): void => {
      // What a dead worker had claimed is due in the past.
      if (dead.names.some((name) => !this.#dead.names.includes(name))) this.#lookAgain()
      this.#dead = dead
    }
    this.#beats = new Connection({ ...listening, poolSize: 1 })
    this.peers = new PostgresPeers(this.#beats, { ...listening, onDead })
  }

  override async close(): Promise<void> {
    await Promise.all([super.close(), this.#beats.end()])
  }

  #lookAgain(): void {
    this.#fronts.lookAgain()
    this.#deliveryFronts.lookAgain()
  }

  get #deadCells(): readonly Parameter[] {
    return [this.#dead.names, this.#dead.silentSinceMs]
  }

  // -------------------------------------------------------------- entering

  async insert(orders: readonly NewOrder[], claim: Claim): Promise<readonly Inserted[]> {
    const purchases = orders.filter(({ order }) => order.purchase !== null)
    if (purchases.length === 0) return this.#insert(this.connection, orders, claim)
    // Who looks whether a purchase is taken must be alone with it until the order is there.
    return this.connection.together(async (session) => {
      await session.rows(
        sql.LOCK_PURCHASES,
        purchases.map(({ order }) => purchaseName(order)),
      )
      return this.#insert(session, orders, claim)
    })
  }

  async #insert(
    session: Session,
    orders: readonly NewOrder[],
    { worker, untilMs }: Claim,
  ): Promise<readonly Inserted[]> {
    const taken = await this.#taken(session, orders)
    const seen = new Set<string>()
    const fresh = orders.filter((one) => {
      const key = keyName(one.order)
      const isAgain = seen.has(key)
      seen.add(key)
      return !isAgain && !taken.has(one)
    })
    const rows = fresh.map(({ order, fingerprint, body }, ord): Value[] => [
      ord,
      ...keyCells(order),
      ...progressCells({ ...order, id: 0 }),
      ...factsCells(order),
      fingerprint,
      body,
    ])
    const lines = fresh.flatMap(({ journal }, ord) =>
      journal.map((line, nth): Value[] => [ord, nth, ...journalCells(line)]),
    )
    const entered =
      fresh.length === 0
        ? []
        : await session.rows(
            sql.INSERT_ORDERS,
            worker,
            untilMs,
            ...columnwise(rows, sql.NEW_ORDER_WIDTH),
            ...columnwise(lines, sql.NEW_LINE_WIDTH),
          )
    const ids = new Map(entered.map(([ord, id]) => [fresh[integer(ord)], integer(id)]))
    const results: Inserted[] = []
    for (const one of orders) {
      const id = ids.get(one)
      if (id !== undefined) results.push({ outcome: 'inserted', order: { ...one.order, id } })
      else results.push(await this.#existing(session, one, taken.get(one)))
    }
    return results
  }

  /** Orders whose purchase another has taken: one that is there, or an earlier one of the list. */
  async #taken(
    session: Session,
    orders: readonly NewOrder[],
  ): Promise<ReadonlyMap<NewOrder, Order | NewOrder>> {
    const taken = new Map<NewOrder, Order | NewOrder>()
    const first = new Map<string, NewOrder>()
    for (const one of orders) {
      const { purchase, account, sub_mchid } = one.order
      if (purchase === null) continue
      // A number that is there already is no new order, whatever it is for.
      if (await this.#isThere(session, one.order)) continue
      const earlier = first.get(purchaseName(one.order))
      const [by] =
        earlier !== undefined
          ? [earlier]
          : await ordersIn(session, sql.SELECT_PURCHASE, account, subMchidCell(sub_mchid), purchase)
      if (by !== undefined && !(earlier !== undefined && keyName(earlier.order) === keyName(one.order)))
        taken.set(one, by)
      else if (earlier === undefined) first.set(purchaseName(one.order), one)
    }
    return taken
  }

  async #isThere(session: Session, order: OrderKey): Promise<boolean> {
    return (await this.#found(session, order)) !== null
  }

  async #found(session: Session, { out_trade_no, account, sub_mchid }: OrderKey): Promise<Order | null> {
    const where = 'WHERE out_trade_no = $1 AND account = $2 AND sub_mchid = $3'
    const key = [out_trade_no, account, subMchidCell(sub_mchid)]
    return (await ordersIn(session, `${sql.SELECT_ORDERS} ${where}`, ...key))[0] ?? null
  }

  async #existing(
    session: Session,
    { order }: NewOrder,
    by: Order | NewOrder | undefined,
  ): Promise<Inserted> {
    if (by !== undefined) {
      const other = 'order' in by ? await this.#found(session, by.order) : by
      assert(other !== null)
      return { outcome: 'purchase-taken', by: other }
    }
    const existing = await this.#found(session, order)
    assert(existing !== null, `${nameOf(order)} is neither written nor there`)
    const [row = []] = await session.rows(
      'SELECT fingerprint FROM verdict.placings WHERE order_id = $1',
      existing.id,
    )
    return { outcome: 'exists', order: existing, fingerprint: text(row[0]) }
  }

  // -------------------------------------------------------------- claims

  async claimDue(request: ClaimRequest): Promise<readonly DueOrder[]> {
    const { account, worker, nowMs, dueUntilMs, untilMs, limit, tillOnly = false } = request
    const front = this.#fronts.of(account)
    const { till, elsewhere } = tillOnly ? front.looking : front.from(nowMs)
    const stillHereMs = Math.min(nowMs - TILL_PATIENCE_MS, dueUntilMs)
    const rows = await this.connection.rows(
      sql.CLAIM_DUE,
      ...[account, nowMs, dueUntilMs, stillHereMs, limit, worker, untilMs],
      ...this.#deadCells,
      ...[till, elsewhere, OTHERS_ONE_IN, String(tillOnly)],
    )
    const orders = await this.#dueOf(rows)
    const isHere = (order: DueOrder): boolean => isAtTheTill(order) && order.dueAtMs > stillHereMs
    return orders.toSorted(
      (a, b) => Number(isHere(b)) - Number(isHere(a)) || a.dueAtMs - b.dueAtMs || a.id - b.id,
    )
  }

  /** An order with its verdict is read whole: its verdict and what follows it lie in other tables. */
  async #dueOf(rows: readonly Cells[]): Promise<readonly DueOrder[]> {
    const open = rows.map(openOrderOf)
    const final = rows.filter((_, i) => open[i] === null).map(([id]) => integer(id))
    const whole =
      final.length === 0
        ? []
        : await ordersIn(this.connection, `${sql.SELECT_ORDERS} WHERE orders.id = ANY ($1::bigint[])`, final)
    return [...open, ...whole].filter((order): order is DueOrder => order !== null && isDue(order))
  }

  async nextDueAtMs(account: string): Promise<number | null> {
    const front = this.#fronts.of(account)
    const from = front.looking
    const [row = []] = await this.connection.rows(
      sql.SELECT_NEXT_DUE,
      ...[account, front.nowMs],
      ...this.#deadCells,
      ...[from.till, from.elsewhere],
    )
    const [tillMs, elsewhereMs] = row.map((cell) => (cell === null ? null : integer(cell)))
    front.seen(from, tillMs ?? null, elsewhereMs ?? null)
    const firsts = [tillMs, elsewhereMs].filter((ms) => ms !== null && ms !== undefined)
    return firsts.length === 0 ? null : Math.min(...firsts)
  }

  async release(ids: readonly number[], worker: string, untilMs?: number): Promise<void> {
    try {
      const rows = await this.connection.rows(sql.RELEASE, ids, worker, untilMs ?? null)
      for (const [account, due_at] of rows)
        if (due_at !== null) this.#fronts.of(text(account)).freed(integer(due_at))
    } catch (error) {
      // They may be free all the same.
      this.#fronts.lookAgain()
      throw error
    }
  }

  // -------------------------------------------------------------- commits

  async commit(commits: readonly Commit[]): Promise<readonly ('applied' | 'moved')[]> {
    const rounds = roundsOf(commits)
    const isPlain =
      rounds.length <= 1 &&
      commits.every(({ deliveries = [], tell }) => deliveries.length === 0 && tell !== true)
    try {
      const applied = isPlain
        ? await this.#apply(this.connection, commits)
        : await this.connection.together((session) => this.#applyAndTell(session, rounds))
      return commits.map((commit) => (applied.has(commit) ? 'applied' : 'moved'))
    } finally {
      // A write that took long, or that failed and is there all the same, leaves them due in the past.
      for (const { change, deliveries = [] } of commits) {
        this.#mayBeFree(change.order)
        for (const { target, createdAtMs } of deliveries) this.#deliveryFronts.of(target).freed(createdAtMs)
      }
    }
  }

  async #applyAndTell(
    session: Session,
    rounds: readonly (readonly Commit[])[],
  ): Promise<ReadonlySet<Commit>> {
    const all = new Set<Commit>()
    for (const round of rounds) {
      const some = await this.#apply(session, round)
      await this.#tell(
        session,
        round.filter((commit) => some.has(commit)),
      )
      for (const commit of some) all.add(commit)
    }
    const told = [...all].filter(({ tell }) => tell === true).map(({ change }) => change.order.id)
    if (told.length > 0) await session.rows(sql.NOTIFY, CHANNEL, this.peers.told(told))
    return all
  }

  #mayBeFree(order: Order): void {
    if (order.dueAtMs !== null) this.#fronts.of(order.account).freed(order.dueAtMs)
  }

  /** @param commits at most one for each order @returns those that were applied */
  async #apply(session: Session, commits: readonly Commit[]): Promise<ReadonlySet<Commit>> {
    if (commits.length === 0) return new Set()
    const written = writtenBy(commits)
    const parts = PARTS.filter((part) => written[part].length > 0)
    const columns = parts.flatMap((part) => columnwise(written[part], sql.COMMIT_PARTS[part].columns.length))
    const rows = await session.rows(sql.commitOf(parts), ...columns)
    const ids = new Set(rows.map(([id]) => integer(id)))
    const applied = new Set(commits.filter(({ change }) => ids.has(change.order.id)))
    await refuseFallen(
      session,
      commits.filter((commit) => !applied.has(commit)),
    )
    return applied
  }

  /** In a statement of its own, which sees what was finished before the orders were locked. */
  async #tell(session: Session, commits: readonly Commit[]): Promise<void> {
    const rows = commits.flatMap(({ change, deliveries = [] }) =>
      deliveries.map(({ target, message, createdAtMs }): Value[] => [
        change.order.id,
        target,
        message.id,
        message.type,
        message.payload,
        createdAtMs,
      ]),
    )
    if (rows.length === 0) return
    const numbered = rows.map((row, ord): Value[] => [...row, ord])
    await session.rows(sql.INSERT_DELIVERIES, ...columnwise(numbered, sql.NEW_DELIVERY_WIDTH))
  }

  // -------------------------------------------------------------- messages

  async claimDeliveries({
    target,
    worker,
    nowMs,
    untilMs,
    limit,
  }: DeliveryClaim): Promise<readonly Delivery[]> {
    const { elsewhere: afterMs } = this.#deliveryFronts.of(target).from(nowMs)
    const rows = await this.connection.rows(
      sql.CLAIM_DELIVERIES,
      ...[target, nowMs, limit, worker, untilMs],
      ...this.#deadCells,
      afterMs,
    )
    const byDueTime = (a: Delivery, b: Delivery): number => (a.dueAtMs ?? 0) - (b.dueAtMs ?? 0) || a.id - b.id
    return rows.map(deliveryOf).sort(byDueTime)
  }

  async finishDeliveries(results: readonly DeliveryResult[]): Promise<void> {
    try {
      const free = await this.connection.together((session) => this.#finish(session, results))
      for (const { target, dueAtMs } of free) this.#deliveryFronts.of(target).freed(dueAtMs)
    } catch (error) {
      // It may be written all the same.
      this.#deliveryFronts.lookAgain()
      throw error
    }
  }

  /** @returns what may be free now: the messages themselves, or the next in line */
  async #finish(session: Session, results: readonly DeliveryResult[]): Promise<readonly Free[]> {
    const ids = results.map(({ id }) => id)
    await session.rows(sql.LOCK_ORDERS_OF_DELIVERIES, ids)
    const workers = results.map(({ worker }) => worker ?? null)
    const released = await session.rows(sql.RELEASE_DELIVERIES, ids, workers)
    const free = released.map(([target, due_at]) => freeOf(target, due_at))
    for (const round of roundsOfResults(results)) {
      const ended = await session.rows(
        sql.FINISH_DELIVERIES,
        ...columnwise(round.map(resultCells), sql.RESULT_WIDTH),
      )
      const done = ended.filter(([, , done_at]) => done_at !== null).map((row) => row.slice(0, 3) as Value[])
      if (done.length > 0) await session.rows(sql.ADVANCE_DELIVERIES, ...columnwise(done, sql.ADVANCE_WIDTH))
      free.push(...ended.map(([, target, done_at, due_at]) => freeOf(target, done_at ?? due_at)))
    }
    return free
  }

  async nextDeliveryAtMs(target: string): Promise<number | null> {
    const front = this.#deliveryFronts.of(target)
    const from = front.looking
    const [row] = await this.connection.rows(
      sql.SELECT_NEXT_DELIVERY,
      ...[target, front.nowMs],
      ...this.#deadCells,
      from.elsewhere,
    )
    const nextMs = row === undefined ? null : integer(row[0])
    front.seen(from, nextMs, nextMs)
    return nextMs
  }

  async resend(id: number, nowMs: number): Promise<Delivery | null> {
    const [row] = await this.connection.rows(sql.RESEND, nowMs, id)
    if (row === undefined) return null
    const delivery = deliveryOf(row)
    this.#deliveryFronts.of(delivery.target).freed(nowMs)
    return delivery
  }

  // -------------------------------------------------------------- callbacks without an order, keys

  async keepStray(stray: NewStray): Promise<void> {
    await this.connection.rows(sql.INSERT_STRAY, ...strayCells(stray))
  }

  async straysOf({ out_trade_no, account, sub_mchid }: OrderKey): Promise<readonly Stray[]> {
    const rows = await this.connection.rows(
      `${sql.SELECT_STRAYS} WHERE out_trade_no = $1 AND account = $2 AND sub_mchid = $3 ORDER BY id`,
      out_trade_no,
      account,
      subMchidCell(sub_mchid),
    )
    return rows.map(strayOf)
  }

  async straysToTell(limit: number): Promise<readonly Stray[]> {
    const rows = await this.connection.rows(
      `${sql.SELECT_STRAYS} WHERE told_at IS NULL ORDER BY id LIMIT $1`,
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
    await this.connection.rows(sql.KEEP_PLATFORM_KEYS, ...columnwise(rows, sql.KEY_ROW_WIDTH))
  }

  // -------------------------------------------------------------- callers of the service

  async keepApiKey(key: ApiKey): Promise<void> {
    await this.connection.rows(sql.INSERT_API_KEY, ...apiKeyCells(key))
  }

  async revokeApiKey(id: string, nowMs: number): Promise<boolean> {
    return (await this.connection.rows(sql.REVOKE_API_KEY, nowMs, id)).length > 0
  }

  async keepSession(session: ApiSession, nowMs: number): Promise<void> {
    await this.connection.rows(sql.INSERT_SESSION, ...sessionCells(session), nowMs)
  }

  async sessionOf(hash: string, nowMs: number): Promise<ApiSession | null> {
    const [row] = await this.connection.rows(sql.SELECT_SESSION, hash, nowMs)
    return row === undefined ? null : sessionOf(row)
  }

  async endSession(hash: string): Promise<void> {
    await this.connection.rows(sql.DELETE_SESSION, hash)
  }

  async claimRequest(request: CallerRequest): Promise<'new' | 'same' | 'other'> {
    const { caller, key, hash, nowMs, keptMs = REQUEST_KEPT_MS } = request
    const claimed = await this.connection.rows(sql.CLAIM_REQUEST, caller, key, hash, nowMs, nowMs - keptMs)
    if (claimed.length > 0) return 'new'
    // In a statement of its own: the one before doesn't see what another process has written since it began.
    const [row] = await this.connection.rows(sql.SELECT_REQUEST, caller, key)
    // Dropped in between by somebody whose clock is ahead.
    if (row === undefined) return this.claimRequest(request)
    return text(row[0]) === hash ? 'same' : 'other'
  }
}

function purchaseName({ account, sub_mchid, purchase }: NewOrder['order']): string {
  return JSON.stringify([account, subMchidCell(sub_mchid), purchase])
}

function keyName({ account, sub_mchid, out_trade_no }: OrderKey): string {
  return JSON.stringify([account, subMchidCell(sub_mchid), out_trade_no])
}

/** A statement changes a row once: a second change of the same order comes in the next round. */
function roundsOf(commits: readonly Commit[]): readonly (readonly Commit[])[] {
  return rounds(commits, ({ change }) => change.order.id)
}

function roundsOfResults(results: readonly DeliveryResult[]): readonly (readonly DeliveryResult[])[] {
  return rounds(results, ({ id }) => id)
}

function rounds<Item>(items: readonly Item[], idOf: (item: Item) => number): readonly (readonly Item[])[] {
  const all: Item[][] = []
  const counts = new Map<number, number>()
  for (const item of items) {
    const nth = counts.get(idOf(item)) ?? 0
    counts.set(idOf(item), nth + 1)
    const round = all[nth] ?? []
    all[nth] = round
    round.push(item)
  }
  return all
}

const PARTS = Object.keys(sql.COMMIT_PARTS) as sql.Part[]

/** The rows that commits write, by part. */
function writtenBy(commits: readonly Commit[]): Readonly<Record<sql.Part, Value[][]>> {
  const written: Record<sql.Part, Value[][]> = {
    changes: [],
    facts: [],
    journal: [],
    evidence: [],
    verdicts: [],
    credentials: [],
    aftercare: [],
    refunds: [],
    strays: [],
  }
  for (const { change, keepClaim = false, worker = null, strayId } of commits) {
    const { from, order, journal, evidence, credential, aftercare, corrected } = change
    const { id, version } = order
    assert(version === from + 1)
    written.changes.push([id, from, worker, Number(keepClaim), ...progressCells(order)])
    if (corrected !== undefined) written.facts.push([id, corrected.total, corrected.currency])
    for (const [line, one] of journal.entries())
      written.journal.push([id, version, line, ...journalCells(one)])
    const proofs = evidence.map((proof) => ({ proof, isOnlyNew: false }))
    if (isFinal(order)) {
      const { evidence: proof } = order.verdict
      // Later changes of the order bring it again: it is written once, with the verdict.
      if (proof !== null && !evidence.includes(proof)) proofs.push({ proof, isOnlyNew: true })
      const nth = proof === null ? null : proofs.findIndex((one) => one.proof === proof)
      written.verdicts.push([id, ...verdictCells(order.verdict), nth === null ? null : version, nth])
    }
    for (const [nth, { proof, isOnlyNew }] of proofs.entries())
      written.evidence.push([id, version, nth, ...evidenceCells(proof), Number(isOnlyNew)])
    if (credential !== undefined) written.credentials.push([id, credential.name, credential.value])
    if (aftercare !== undefined) {
      written.aftercare.push([id, ...aftercareCells(aftercare)])
      for (const refund of latestOfEach(aftercare.refunds))
        written.refunds.push([id, ...refundCells(refund), written.refunds.length])
    }
    if (strayId !== undefined) written.strays.push([id, strayId])
  }
  return written
}

/** A statement writes a row once: of a refund that a change names twice, the latter is what it is now. */
function latestOfEach(refunds: readonly Refund[]): Iterable<Refund> {
  return new Map(refunds.map((refund) => [refund.out_refund_no, refund])).values()
}

/** What was not applied though its order has not moved on would have made another of a final order. */
async function refuseFallen(session: Session, commits: readonly Commit[]): Promise<void> {
  if (commits.length === 0) return
  const ids = commits.map(({ change }) => change.order.id)
  const rows = await session.rows('SELECT id, version FROM verdict.orders WHERE id = ANY ($1::bigint[])', ids)
  const versions = new Map(rows.map(([id, version]) => [integer(id), integer(version)]))
  for (const { change } of commits) {
    assert(versions.get(change.order.id) !== change.from, `${nameOf(change.order)}: a verdict never falls`)
  }
}

/** A message to `target` that is due then may be free. */
interface Free {
  readonly target: string
  readonly dueAtMs: number
}

function freeOf(target: unknown, dueAt: unknown): Free {
  return { target: text(target), dueAtMs: integer(dueAt) }
}

function resultCells({ id, nowMs, firstAtMs, attempts, outcome, worker }: DeliveryResult): Value[] {
  const again = outcome.state === 'pending'
  const why = outcome.state === 'sent' ? null : outcome.why
  const moments = [again ? outcome.dueAtMs : null, attempts, firstAtMs, again ? null : nowMs]
  return [id, outcome.state, ...moments, why, worker ?? null]
}
