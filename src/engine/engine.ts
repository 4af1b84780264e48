import { createHmac } from 'node:crypto'
import { type Clock, sleep } from '../clock.ts'
import type { Change } from '../core/change.ts'
import { decide } from '../core/decide.ts'
import {
  type FinalOrder,
  isFinal,
  type Kind,
  nameOf,
  type OpenOrder,
  type Order,
  type OrderKey,
  type Verdict,
} from '../core/order.ts'
import type { Credential } from '../core/outcome.ts'
import {
  checkAmount,
  checkKey,
  checkKind,
  checkPlacement,
  checkSubMchid,
  expiryMs,
  type Placement,
  type PlacingAccount,
} from '../core/placement.ts'
import type { Plan } from '../core/plan.ts'
import { VerdictError } from '../errors.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Random } from '../random.ts'
import type { Claim, Commit, Inserted, NewOrder, Store } from '../store/store.ts'
import { Batcher } from './batcher.ts'
import type { Limits } from './budget.ts'
import type { KeyShelf } from './key-shelf.ts'
import { Lane, LEASE_MS, SOON_MS } from './lane.ts'
import { type Notice, Report, type Statistics } from './report.ts'
import { Waiters } from './waiters.ts'

export interface EngineOptions {
  readonly store: Store
  readonly accounts: readonly EngineAccount[]
  readonly clock: Clock
  readonly random: Random
  /** Names this process among those that share the store. */
  readonly worker: string
  /** Where the gateways put the keys that they learn. */
  readonly keys: KeyShelf
  readonly notify?: (notice: Notice) => void
}

export interface EngineAccount {
  readonly gateway: Gateway
  readonly plans: Readonly<Record<Kind, Plan>>
  readonly limits: Limits
  readonly concurrency: number
  readonly placing: PlacingAccount
  /** Keys the hash that recognises repeated parameters, `auth_code` included, without keeping them. */
  readonly fingerprintKey: Uint8Array
}

/** What was learnt waits this long for company, so that one durable write carries many results (design section 7). */
const GATHER_MS = 20
const BATCH_MAX = 500
/** Room for every repeat of a placing; the order itself goes on after it. */
const PLACE_WAIT_MS = 60_000

export interface PlaceOrder extends Placement {
  readonly account: string
  /** The caller's id of what is bought: a second number is refused while an earlier one is open or paid (guide 6.9). */
  readonly purchase?: string
}

export interface TrackOrder extends OrderKey {
  readonly kind: Kind
  readonly amount: Placement['amount']
  readonly purchase?: string
  /** When it was created, epoch ms. Unknown: the 15 s before a revoke and the 5 min before a close count from now. */
  readonly createdAtMs?: number
  /** Whether Verdict may close or revoke it when its window is over. Default: no. */
  readonly end?: boolean
}

export interface PlacedOrder {
  readonly order: Order
  /** What the customer needs to pay; null for Quick Pay, and while no reply has come. */
  readonly credential: Credential | null
  /** Whether the order was there before, with the same parameters: then nothing was sent. */
  readonly repeated: boolean
  readonly warnings: readonly string[]
}

/** The loop between stores and gateways: places, asks, decides, commits, and wakes those who wait. */
export class Engine {
  readonly store: Store
  readonly #clock: Clock
  readonly #worker: string
  readonly #lanes = new Map<string, Lane>()
  readonly #accounts = new Map<string, EngineAccount>()
  readonly #report: Report
  readonly #keys: KeyShelf
  readonly #inserts: Batcher<NewOrder, Inserted>
  readonly #commits: Batcher<Commit, 'applied' | 'moved'>
  readonly #settling = new Waiters<FinalOrder>()
  readonly #placing = new Waiters<Change>()
  readonly #closing = new AbortController()
  readonly #random: Random
  #closed: Promise<void> | null = null

  constructor({ store, accounts, clock, random, worker, keys, notify = () => {} }: EngineOptions) {
    this.store = store
    this.#clock = clock
    this.#random = random
    this.#worker = worker
    this.#keys = keys
    this.#report = new Report(notify)
    const batch = { clock, gatherMs: GATHER_MS, sizeMax: BATCH_MAX }
    this.#commits = new Batcher({ ...batch, write: (commits: readonly Commit[]) => this.#commit(commits) })
    this.#inserts = new Batcher({
      ...batch,
      write: (orders: readonly NewOrder[]) => store.insert(orders, this.#claim()),
    })
    for (const account of accounts) {
      const edges = { store, clock, random, worker, commits: this.#commits, report: this.#report }
      const lane = new Lane(edges, account)
      this.#lanes.set(lane.account, lane)
      this.#accounts.set(lane.account, account)
    }
  }

  start(): void {
    for (const lane of this.#lanes.values()) lane.start()
  }

  /** One turn of every lane, without the loop. Returns how many orders were worked on. */
  async runOnce(): Promise<number> {
    const worked = await Promise.all([...this.#lanes.values()].map((lane) => lane.runOnce()))
    return worked.reduce((sum, count) => sum + count, 0)
  }

  get statistics(): Statistics {
    return this.#report.statistics
  }

  /** Starts nothing new, finishes what is under way, writes it, and gives the claims back. Leaves the store open. */
  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  async #end(): Promise<void> {
    const closed = new VerdictError('CLOSED', 'Verdict is closed; the order goes on when it is opened again')
    this.#closing.abort(closed)
    this.#settling.endAll(closed)
    await this.#inserts.flush()
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop()))
    await this.#commits.flush()
    this.#placing.endAll(closed)
    await Promise.all([...this.#accounts.values()].map(({ gateway }) => gateway.end()))
  }

  // -------------------------------------------------------------- entrances

  /**
   * Writes the order, then sends it, and resolves when a reply has decided what the customer does next, or every
   * repeat went without one. The order is followed to its verdict in any case.
   *
   * @throws ORDER_INVALID, ORDER_CONFLICT, PURCHASE_TAKEN, ACCOUNT_UNKNOWN, CLOSED: then nothing was written or sent
   */
  async place({ account, purchase, ...placement }: PlaceOrder): Promise<PlacedOrder> {
    const lane = this.#lane(account)
    const { placing } = this.#account(account)
    const warnings = checkPlacement(placement, placing, this.#clock.nowMs())
    checkPurchase(purchase)
    const fingerprint = this.#fingerprint(account, { ...placement, purchase })
    const existing = await this.store.find({ account, ...placement })
    if (existing !== null) return this.#repeated(existing, fingerprint, warnings)

    await lane.mayPlace((ms) => sleep(this.#clock, ms, this.#closing.signal))
    const claim = this.#claim()
    const { order, body } = newPlacing(lane, placement, purchase ?? null, this.#clock.nowMs())
    const quick = placement.kind === 'quick_pay'
    const journal = [
      { atMs: order.createdAtMs, event: 'entered', said: 'placed' },
      { atMs: order.createdAtMs, event: 'intent', call: 'place' },
    ] as const
    const inserted = await this.#insert({ order, fingerprint, body: quick ? null : body, journal })
    if (inserted.outcome === 'exists') return this.#repeated(inserted.order, fingerprint, warnings)

    const first = await lane.place(inserted.order, body, claim.untilMs)
    return { ...(await this.#whenPlaced(first ?? inserted.order)), repeated: false, warnings }
  }

  /**
   * Follows an order that somebody else's code placed, from its state at WeChat Pay to its verdict.
   *
   * @throws ORDER_INVALID, ORDER_CONFLICT, PURCHASE_TAKEN, ACCOUNT_UNKNOWN, CLOSED: then nothing was written
   */
  async track({ kind, amount, purchase, createdAtMs, end = false, ...key }: TrackOrder): Promise<Order> {
    const lane = this.#lane(key.account)
    const nowMs = this.#clock.nowMs()
    checkKind(kind)
    checkKey(key)
    checkSubMchid(key.sub_mchid, lane.gateway.identity.mode)
    checkAmount(amount)
    checkPurchase(purchase)
    if (
      createdAtMs !== undefined &&
      !(Number.isSafeInteger(createdAtMs) && createdAtMs > 0 && createdAtMs <= nowMs)
    ) {
      throw new VerdictError(
        'ORDER_INVALID',
        `createdAtMs is ${createdAtMs}; expected epoch ms, not after now`,
      )
    }
    const fingerprint = this.#fingerprint(key.account, { tracked: key.out_trade_no, kind, amount, purchase })
    const order = newOrder(key, nowMs, {
      kind,
      total: amount.total,
      currency: amount.currency,
      origin: 'tracked',
      mayEnd: end,
      purchase: purchase ?? null,
      windowEndAtMs: nowMs + lane.plan(kind).windowMs,
      placings: 0,
      latestPlacingAtMs: createdAtMs ?? nowMs,
      state: 'waiting',
      dueAtMs: nowMs,
    })
    const journal = [{ atMs: nowMs, event: 'entered', said: 'tracked' }] as const
    const inserted = await this.#insert({ order, fingerprint, body: null, journal })
    if (inserted.outcome === 'exists') {
      if (inserted.fingerprint !== fingerprint) throw conflict(inserted.order)
      return inserted.order
    }
    // The insert claimed it for a placing; there is none, so it goes to the loop.
    await this.store.release([inserted.order.id], this.#worker)
    lane.wake(nowMs)
    return inserted.order
  }

  /**
   * The merchant no longer wants the order: it is ended as soon as WeChat Pay allows, whatever its window. An order
   * that is closed, revoked or was never created stays as it is.
   *
   * @throws ORDER_STATE if it is paid, ORDER_UNKNOWN, ACCOUNT_UNKNOWN, CLOSED
   */
  async giveUp(key: OrderKey): Promise<Order> {
    const lane = this.#lane(key.account)
    for (;;) {
      const order = await this.order(key)
      if (isFinal(order)) {
        if (order.state !== 'SUCCESS') return order
        throw new VerdictError('ORDER_STATE', `${nameOf(order)} is paid; it can't be given up, only refunded`)
      }
      if (order.givenUpAtMs !== null) return order
      const moment = { nowMs: this.#clock.nowMs(), chance: this.#random.next() }
      const change = decide(order, { call: 'give-up' }, lane.rules(order.kind), moment)
      if ((await this.#commits.add({ change, keepClaim: true }, SOON_MS)) === 'applied') {
        if (!isFinal(change.order)) lane.wake(change.order.dueAtMs)
        return change.order
      }
    }
  }

  /** @throws ORDER_UNKNOWN */
  async order(key: OrderKey): Promise<Order> {
    const order = await this.store.find(key)
    if (order === null)
      throw new VerdictError(
        'ORDER_UNKNOWN',
        `${nameOf(key)} is not in the store; expected an order that was placed or tracked`,
      )
    return order
  }

  /**
   * Resolves with the verdict as soon as it is committed.
   *
   * @throws NOT_SETTLED_YET after `waitMs`, ORDER_UNKNOWN, CLOSED
   */
  async settled(key: OrderKey, { waitMs }: { waitMs?: number } = {}): Promise<Verdict> {
    const { id } = await this.order(key)
    const ended = new AbortController()
    const verdict = this.#settling.wait(id, ended.signal)
    verdict.catch(() => {})
    const cancel =
      waitMs === undefined ? () => {} : this.#clock.after(waitMs, () => ended.abort(notSettled(key, waitMs)))
    try {
      this.#closing.signal.throwIfAborted()
      // Read after the waiter stands: a verdict that came in between is seen by one of the two.
      const order = await this.store.byId(id)
      if (order !== null && isFinal(order)) return order.verdict
      return (await verdict).verdict
    } finally {
      cancel()
      ended.abort()
    }
  }

  // -------------------------------------------------------------- helpers

  async #commit(commits: readonly Commit[]): Promise<readonly ('applied' | 'moved')[]> {
    await this.#keys.moveTo(this.store)
    const results = await this.store.commit(commits)
    for (const [i, { change }] of commits.entries()) {
      if (results[i] !== 'applied') continue
      this.#report.applied(change)
      const { order } = change
      if (isFinal(order)) this.#settling.wake(order.id, order)
      if (order.state !== 'placing') this.#placing.wake(order.id, change)
    }
    return results
  }

  async #insert(order: NewOrder): Promise<Exclude<Inserted, { outcome: 'purchase-taken' }>> {
    this.#closing.signal.throwIfAborted()
    const inserted = await this.#inserts.add(order, SOON_MS)
    if (inserted.outcome !== 'purchase-taken') return inserted
    const { by } = inserted
    throw new VerdictError(
      'PURCHASE_TAKEN',
      `purchase "${order.order.purchase}" has ${nameOf(by)}, which is ${isFinal(by) ? 'paid' : 'open'}; expected it to be settled without payment first (guide 6.9)`,
    )
  }

  async #repeated(order: Order, fingerprint: string, warnings: readonly string[]): Promise<PlacedOrder> {
    const placing = await this.store.placingOf(order.id)
    if (placing?.fingerprint !== fingerprint) throw conflict(order)
    const { credential } = await this.#whenPlaced(order)
    return { order: (await this.store.byId(order.id)) ?? order, credential, repeated: true, warnings }
  }

  /** Waits while repeats of the placing are still to come. */
  async #whenPlaced(order: Order): Promise<{ order: Order; credential: Credential | null }> {
    const { signal } = this.#closing
    if (order.state === 'placing') {
      const changed = this.#placing.wait(order.id, signal)
      const current = await this.store.byId(order.id)
      if (current?.state === 'placing') {
        await Promise.race([changed, sleep(this.#clock, PLACE_WAIT_MS, signal)]).catch(() =>
          signal.throwIfAborted(),
        )
      }
      changed.catch(() => {})
    }
    const [now, placing] = await Promise.all([this.store.byId(order.id), this.store.placingOf(order.id)])
    return { order: now ?? order, credential: placing?.credential ?? null }
  }

  #fingerprint(account: string, parameters: object): string {
    const { fingerprintKey } = this.#account(account)
    return createHmac('sha256', fingerprintKey).update(canonical(parameters)).digest('base64url')
  }

  #claim(): Claim {
    return { worker: this.#worker, untilMs: this.#clock.nowMs() + LEASE_MS }
  }

  #lane(account: string): Lane {
    this.#closing.signal.throwIfAborted()
    const lane = this.#lanes.get(account)
    if (lane === undefined) {
      const known = [...this.#lanes.keys()].join(', ') || 'none'
      throw new VerdictError('ACCOUNT_UNKNOWN', `account ${account} is not open; expected one of: ${known}`)
    }
    return lane
  }

  #account(account: string): EngineAccount {
    this.#lane(account)
    return this.#accounts.get(account) as EngineAccount
  }
}

type NewFields = NewOrder['order']
type Given = Pick<
  NewFields,
  | 'kind'
  | 'total'
  | 'currency'
  | 'origin'
  | 'mayEnd'
  | 'purchase'
  | 'windowEndAtMs'
  | 'placings'
  | 'latestPlacingAtMs'
  | 'state'
  | 'dueAtMs'
>

function newOrder({ account, sub_mchid, out_trade_no }: OrderKey, nowMs: number, given: Given): NewFields {
  return {
    account,
    sub_mchid,
    out_trade_no,
    createdAtMs: nowMs,
    version: 1,
    queries: 0,
    silence: 0,
    seen: null,
    declined: false,
    unknownAtMs: null,
    givenUpAtMs: null,
    attention: null,
    ...given,
  }
}

/** The order as it is written before its request leaves, and the request's bytes. */
function newPlacing(
  lane: Lane,
  placement: Placement,
  purchase: string | null,
  nowMs: number,
): { order: NewFields; body: string } {
  const { kind, amount } = placement
  const given = placement.time_expire === undefined ? null : expiryMs(placement.time_expire)
  const windowEndAtMs = given ?? nowMs + lane.plan(kind).windowMs
  const time_expire = placement.time_expire ?? beijingTime(windowEndAtMs)
  const body = lane.gateway.draft(kind === 'quick_pay' ? placement : { ...placement, time_expire })
  const order = newOrder({ account: lane.account, ...placement }, nowMs, {
    kind,
    total: amount.total,
    currency: amount.currency,
    origin: 'placed',
    mayEnd: true,
    purchase,
    windowEndAtMs,
    placings: 1,
    latestPlacingAtMs: nowMs,
    state: 'placing',
    // Should this process die now, the next one finds the order due.
    dueAtMs: nowMs,
  })
  return { order, body }
}

const BEIJING_OFFSET_MS = 8 * 3_600_000

/** `2026-06-08T10:34:56+08:00`, rounded up to the second. */
export function beijingTime(atMs: number): string {
  return `${new Date(Math.ceil(atMs / 1000) * 1000 + BEIJING_OFFSET_MS).toISOString().slice(0, 19)}+08:00`
}

function checkPurchase(purchase: string | undefined): void {
  if (
    purchase !== undefined &&
    !(typeof purchase === 'string' && purchase.length >= 1 && purchase.length <= 128)
  ) {
    throw new VerdictError(
      'ORDER_INVALID',
      `purchase is ${JSON.stringify(purchase)}; expected 1 to 128 characters`,
    )
  }
}

/** The same text for the same values, whatever the order of the keys; absent and undefined are the same. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

function conflict(order: OpenOrder | Order): VerdictError {
  return new VerdictError(
    'ORDER_CONFLICT',
    `${nameOf(order)} exists with other parameters; expected a new out_trade_no, or exactly the same parameters`,
  )
}

function notSettled(key: OrderKey, waitMs: number): VerdictError {
  return new VerdictError(
    'NOT_SETTLED_YET',
    `${nameOf(key)} has no verdict after ${waitMs} ms; it is asked about further`,
  )
}
