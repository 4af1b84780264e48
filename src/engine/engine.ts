import assert from 'node:assert/strict'
import type { KeyObject } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Refund } from '../core/aftercare.ts'
import { type Call, makesVerdict } from '../core/change.ts'
import type { RefundWish } from '../core/decide.ts'
import {
  isFinal,
  isStopped,
  type Kind,
  nameOf,
  type Order,
  type OrderKey,
  type Verdict,
} from '../core/order.ts'
import type { PlacingAccount } from '../core/placement.ts'
import type { Plan } from '../core/plan.ts'
import { checkRefundWish } from '../core/refund-check.ts'
import { checkAnswer, type MarkAnswer } from '../core/resolving.ts'
import type { Target } from '../delivery/target.ts'
import { VerdictError } from '../errors.ts'
import type { CallbackHint, Gateway, VerifiedCallback } from '../gateway/gateway.ts'
import type { Random } from '../random.ts'
import type { Commit, Delivery, Store } from '../store/store.ts'
import { Awaited } from './awaited.ts'
import { Batcher } from './batcher.ts'
import type { Limits } from './budget.ts'
import { CallbackDesk, type Received } from './callback-desk.ts'
import { CallbackSilence } from './callback-silence.ts'
import type { BudgetStanding } from './calls.ts'
import { Entrance, type PlacedOrder, type PlaceOrder, type TrackOrder } from './entrance.ts'
import type { KeyShelf } from './key-shelf.ts'
import { Lane } from './lane.ts'
import type { Observer } from './observer.ts'
import { GATHER_MS, leaseMsFor } from './order-work.ts'
import { Others } from './others.ts'
import { Outbox } from './outbox.ts'
import { PULSE_TIMES, type PulseTimes } from './pulse.ts'
import { type CallbackCounts, type Notice, Report, type Statistics } from './report.ts'
import { Road } from './road.ts'

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
  /** Who is told of verdicts, refunds and late money. */
  readonly targets?: readonly Target[]
  /** Whoever measures. Default: nobody. */
  readonly observer?: Observer
  /** Where several processes share the store. Only a compressed clock needs others. */
  readonly pulse?: PulseTimes
  /** As of each heartbeat: by how much the store's clock is ahead of ours, and how exactly that is known. */
  readonly onStoreTime?: (aheadMs: number, exactToMs: number) => void
}

export interface EngineAccount {
  readonly gateway: Gateway
  readonly plans: Readonly<Record<Kind, Plan>>
  readonly limits: Limits
  readonly concurrency: number
  readonly placing: PlacingAccount
  /** Where WeChat Pay announces payments of orders that name no `notify_url`, and what became of refunds. */
  readonly notify_url: string | undefined
  /** What becomes of a verified callback about a number that isn't in the store. */
  readonly unknownCallbacks: 'keep' | 'count'
  /** Keys the hash that recognises repeated parameters, `auth_code` included, without keeping them. */
  readonly fingerprintKey: KeyObject
}

const BATCH_MAX = 500

export interface Standing {
  readonly account: string
  /** Whether WeChat Pay answers; while it doesn't, only probes are sent. */
  readonly answers: boolean
  readonly budgets: Readonly<Record<Call, BudgetStanding>>
  /** Whether queries find payments that no callback has announced: its address is broken. */
  readonly isSilent: boolean
}

/** The loop between stores and gateways: places, asks, decides, commits, and wakes those who wait. */
export class Engine {
  readonly store: Store
  readonly clock: Clock
  readonly #lanes = new Map<string, Lane>()
  readonly #accounts = new Map<string, EngineAccount>()
  readonly #report: Report
  readonly #keys: KeyShelf
  readonly #entrance: Entrance
  readonly #commits: Batcher<Commit, 'applied' | 'moved'>
  readonly #awaited: Awaited
  readonly #closing = new AbortController()
  /** Aborts, with CLOSED, when this ends. */
  readonly closing: AbortSignal = this.#closing.signal
  readonly #road: Road
  readonly #desk: CallbackDesk
  readonly #silence: CallbackSilence
  readonly #outbox: Outbox
  readonly #others: Others
  #closed: Promise<void> | null = null

  constructor({
    store,
    accounts,
    clock,
    random,
    worker,
    keys,
    notify = () => {},
    targets = [],
    observer = {},
    pulse: times = PULSE_TIMES,
    onStoreTime,
  }: EngineOptions) {
    this.store = store
    this.clock = clock
    this.#keys = keys
    this.#report = new Report(notify, observer)
    this.#awaited = new Awaited({ store, clock, closing: this.#closing.signal })
    const batch = { gatherMs: GATHER_MS, sizeMax: BATCH_MAX }
    this.#commits = new Batcher({
      clock,
      ...batch,
      write: (commits: readonly Commit[]) => this.#commit(commits),
    })
    const leaseMs = leaseMsFor(accounts.map(({ gateway }) => gateway))
    this.#others = new Others({
      ...{ store, clock, worker, times, onStoreTime },
      accounts: accounts.map(({ gateway }) => gateway.identity.account),
      report: this.#report,
      awaited: this.#awaited,
    })
    const mine = { worker, leaseMs, commits: this.#commits, report: this.#report }
    const edges = { store, clock, random, pulse: this.#others.pulse, ...mine }
    for (const account of accounts) {
      const lane = new Lane(edges, account)
      this.#lanes.set(lane.account, lane)
      this.#accounts.set(lane.account, account)
    }
    this.#road = new Road({ store, clock, random, commits: this.#commits })
    this.#desk = new CallbackDesk({ store, clock, road: this.#road, keys, report: this.#report })
    this.#entrance = new Entrance({
      ...{ store, clock, batch, report: this.#report, awaited: this.#awaited, desk: this.#desk },
      closing: this.#closing.signal,
      claim: () => ({ worker, untilMs: clock.nowMs() + leaseMs }),
    })
    this.#silence = new CallbackSilence({
      ...{ peers: store.peers, clock, report: this.#report },
      hasAddress: (account) => this.#accounts.get(account)?.notify_url !== undefined,
    })
    this.#outbox = new Outbox(targets, edges)
    this.#others.open(this.#lanes, this.#outbox)
  }

  /** Becomes one of those that share the store. Resolves at once where one process owns it. */
  join(): Promise<void> {
    return this.#others.join()
  }

  /** How each account stands with WeChat Pay. */
  get standings(): readonly Standing[] {
    return [...this.#lanes.values()].map(({ account, answers, budgets }) => {
      return { account, answers, budgets, isSilent: this.#silence.isSilent(account) }
    })
  }

  /** Until when anything may be sent, as of now. */
  get sendUntilMs(): number {
    return this.#others.sendUntilMs
  }

  get maySend(): boolean {
    return this.clock.nowMs() <= this.sendUntilMs
  }

  start(): void {
    for (const lane of this.#lanes.values()) lane.start()
    this.#outbox.start()
    this.#desk.open((account) => this.#lanes.get(account) ?? null)
  }

  /** One turn of every lane, without the loop. Returns how many orders were worked on. @throws CLOSED */
  async runOnce(): Promise<number> {
    this.#closing.signal.throwIfAborted()
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
    this.#awaited.endSettling(closed)
    await this.#entrance.flush()
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop()))
    await this.#desk.close()
    await this.#commits.flush()
    await this.#silence.close()
    await this.#outbox.end()
    this.#awaited.endPlacing(closed)
    await this.#others.leave()
    const ends = await Promise.allSettled([...this.#accounts.values()].map(({ gateway }) => gateway.end()))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  // -------------------------------------------------------------- entrances

  /**
   * Writes the order, then sends it, and resolves when a reply has decided what the customer does next, or every
   * repeat went without one. The order is followed to its verdict in any case.
   *
   * @throws ORDER_INVALID, ORDER_CONFLICT, PURCHASE_TAKEN, ACCOUNT_UNKNOWN, CLOSED: then nothing was written or sent
   */
  async place(order: PlaceOrder): Promise<PlacedOrder> {
    return this.#entrance.place(this.#lane(order.account), this.#account(order.account), order)
  }

  /**
   * Follows an order that somebody else's code placed, from its state at WeChat Pay to its verdict.
   *
   * @throws ORDER_INVALID, ORDER_CONFLICT, PURCHASE_TAKEN, ACCOUNT_UNKNOWN, CLOSED: then nothing was written
   */
  async track(order: TrackOrder): Promise<Order> {
    return this.#entrance.track(this.#lane(order.account), this.#account(order.account), order)
  }

  /**
   * The merchant no longer wants the order: it is ended as soon as WeChat Pay allows, whatever its window. An order
   * that is closed, revoked or was never created stays as it is.
   *
   * @param by who, for the journal: 1 to 64 characters
   * @throws ORDER_STATE if it is paid, ORDER_UNKNOWN, ACCOUNT_UNKNOWN, CLOSED
   */
  async giveUp(key: OrderKey, by?: string): Promise<Order> {
    const lane = this.#lane(key.account)
    const order = await this.order(key)
    // Said again about an order whose tracking was stopped since, it begins again.
    if (order.givenUpAtMs !== null && !isFinal(order) && !isStopped(order)) return order
    this.#closing.signal.throwIfAborted()
    const { order: now } = await lane.during(this.#road.learn(order, { call: 'give-up', by }, lane))
    if (now.state !== 'SUCCESS') return now
    throw new VerdictError('ORDER_STATE', `${nameOf(now)} is paid; it can't be given up, only refunded`)
  }

  /**
   * A person wants to know now: the next query is due at once; for an order that is paid, or whose late money is known, a list
   * of all its refunds.
   *
   * @param by who, for the journal: 1 to 64 characters
   * @throws ORDER_UNKNOWN, ACCOUNT_UNKNOWN, CLOSED
   */
  async askNow(key: OrderKey, by: string): Promise<Order> {
    const lane = this.#lane(key.account)
    const order = await this.order(key)
    const { order: now } = await lane.during(this.#road.learn(order, { call: 'ask-now', by }, lane))
    return now
  }

  /**
   * A person answers an order's mark. Resolves with the order once the answer is written.
   *
   * @throws ORDER_INVALID, ORDER_STATE if the mark can't be answered like this, ORDER_UNKNOWN, ACCOUNT_UNKNOWN, CLOSED: then
   * nothing was written
   */
  async resolve(key: OrderKey, answer: MarkAnswer): Promise<Order> {
    const lane = this.#lane(key.account)
    checkAnswer(answer)
    const order = await this.order(key)
    this.#closing.signal.throwIfAborted()
    const { order: now } = await lane.during(this.#road.learn(order, { call: 'resolve', ...answer }, lane))
    return now
  }

  /**
   * Gives money back to the customer, all of it or a part. Resolves when it is written: it is sent, and followed to its
   * end, from then on. The same key is the same refund, whatever became of the first call.
   *
   * @throws REFUND_INVALID, REFUND_CONFLICT, REFUND_EXCEEDS, REFUNDS_TOO_MANY, ORDER_STATE, ORDER_UNKNOWN,
   * ACCOUNT_UNKNOWN, CLOSED: then nothing was written
   */
  async refund(key: OrderKey, wish: RefundWish): Promise<Refund> {
    const lane = this.#lane(key.account)
    checkRefundWish(wish)
    const order = await this.order(key)
    this.#closing.signal.throwIfAborted()
    const { order: now } = await lane.during(this.#road.learn(order, { call: 'ask-refund', ...wish }, lane))
    const refund = refundOf(now, wish.key)
    assert(refund !== undefined)
    return refund
  }

  /** What a verified callback comes to. Resolves when it is on disk. @throws ACCOUNT_UNKNOWN, CLOSED, and what the store throws */
  receive(account: string, callback: VerifiedCallback): Promise<Received> {
    const lane = this.#lane(account)
    this.#silence.heard(account)
    return lane.during(this.#desk.receive(lane, callback, this.#account(account).unknownCallbacks))
  }

  /** A callback that nobody could verify, with a resource that our APIv3 key opens. @returns whether it made a query due */
  hint(account: string, hint: CallbackHint): Promise<boolean> {
    const lane = this.#lane(account)
    return lane.during(this.#desk.hint(lane, hint))
  }

  /** Counts callbacks, and what became of them. */
  readonly count = (what: keyof CallbackCounts, account: string | null): void =>
    this.#report.callback(what, account)

  /** Tells whoever runs Verdict. */
  readonly notify = (notice: Notice): void => this.#report.notice(notice)

  /** A message that was sent or has failed goes out again. @throws DELIVERY_UNKNOWN */
  async resend(id: number): Promise<Delivery> {
    this.#closing.signal.throwIfAborted()
    const delivery = await this.store.resend(id, this.clock.nowMs())
    if (delivery === null) {
      throw new VerdictError('DELIVERY_UNKNOWN', `there is no delivery ${id} that was sent or has failed`)
    }
    this.#outbox.wake()
    return delivery
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
    const late = (): VerdictError => notSettled(key, waitMs)
    return (await this.#awaited.settled(id, { waitMs, late })).verdict
  }

  // -------------------------------------------------------------- helpers

  async #commit(commits: readonly Commit[]): Promise<readonly ('applied' | 'moved')[]> {
    await this.#keys.moveTo(this.store)
    const results = await this.store
      .commit(commits.map((commit) => this.#outbox.filled(commit)))
      // If it fails they may be written all the same.
      .finally(() => this.#outbox.written(commits))
    this.#report.storeWorks()
    for (const [i, { change }] of commits.entries()) {
      if (results[i] !== 'applied') continue
      this.#report.applied(change)
      this.#awaited.wake(change.order)
      if (makesVerdict(change)) void this.#silence.settled(change.order)
    }
    return results
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

function notSettled(key: OrderKey, waitMs: number | undefined): VerdictError {
  return new VerdictError(
    'NOT_SETTLED_YET',
    `${nameOf(key)} has no verdict after ${waitMs} ms; it is asked about further`,
  )
}

function refundOf(order: Order, key: string): Refund | undefined {
  const refunds = isFinal(order) ? (order.aftercare?.refunds ?? []) : []
  return refunds.find((refund) => refund.key === key && refund.origin === 'asked')
}
