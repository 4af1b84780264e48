import { randomUUID } from 'node:crypto'
import type { CallbackReceiver } from './callback/http.ts'
import { receiver } from './callback/receiver.ts'
import { AdjustableClock, type Clock, systemClock } from './clock.ts'
import type { Refund } from './core/aftercare.ts'
import { isLine } from './core/line.ts'
import { isFinal, type Order, type OrderKey, type Verdict as OrderVerdict } from './core/order.ts'
import type { TradeStatement } from './core/outcome.ts'
import { endableAtMs, queryMoments } from './core/plan.ts'
import { BY_LENGTH_MAX } from './core/resolving.ts'
import { Engine, type Standing } from './engine/engine.ts'
import type { PlacedOrder } from './engine/entrance.ts'
import { KeyShelf } from './engine/key-shelf.ts'
import type { Observer } from './engine/observer.ts'
import type { Notice, Statistics } from './engine/report.ts'
import { cut, shown, VerdictError } from './errors.ts'
import type { Gateway, PaySign } from './gateway/gateway.ts'
import { accountName, type WechatPayAccount } from './gateway/wechatpay/account.ts'
import { globalV3Gateway } from './gateway/wechatpay/global-v3.ts'
import { amountToAccept, latestAmountIn, openedWith, proofOf } from './proof.ts'
import { systemRandom } from './random.ts'
import { dailyMs } from './reconcile/days.ts'
import { type BillsStanding, Reconciler } from './reconcile/reconciler.ts'
import type { Reconciliation } from './reconcile/report.ts'
import type { Delivery, PlatformKey } from './store/store.ts'
import { byName, engineAccount, type Plans, plansOf } from './verdict/accounts.ts'
import { clockNotice, followStore } from './verdict/clocks.ts'
import type { KeepKey, VerdictAccount, VerdictOptions } from './verdict/options.ts'
import type {
  OrderHistory,
  OrderRef,
  PlaceParameters,
  ReconcileParameters,
  RefundParameters,
  ResolveParameters,
  Schedule,
  TrackParameters,
} from './verdict/shapes.ts'
import { targetsOf } from './verdict/targets.ts'

export type { KeepKey, VerdictAccount, VerdictOptions } from './verdict/options.ts'
export type * from './verdict/shapes.ts'

/**
 * Gives every WeChat Pay order its true final status. Opened with a store and accounts, it follows all open orders in
 * the store until it is closed; a verdict is committed, with its evidence, before anybody hears of it.
 */
export class Verdict {
  readonly #callbacks: CallbackReceiver
  readonly #receive: (accounts: ReadonlyMap<string, Gateway>) => CallbackReceiver
  readonly #engine: Engine
  readonly #accounts: ReadonlyMap<string, VerdictAccount>
  readonly #gateways: ReadonlyMap<string, Gateway>
  readonly #plans: ReadonlyMap<string, Plans>
  readonly #reconciler: Reconciler

  private constructor(
    engine: Engine,
    accounts: ReadonlyMap<string, VerdictAccount>,
    { gateways, plans }: { gateways: ReadonlyMap<string, Gateway>; plans: ReadonlyMap<string, Plans> },
    reconciler: Reconciler,
    receive: (accounts: ReadonlyMap<string, Gateway>) => CallbackReceiver,
  ) {
    this.#reconciler = reconciler
    this.#receive = receive
    this.#callbacks = receive(gateways)
    this.#engine = engine
    this.#accounts = accounts
    this.#gateways = gateways
    this.#plans = plans
  }

  /**
   * Starts to follow all open orders of these accounts in the store, those of an earlier process included.
   *
   * @throws OPTION_INVALID, KEY_INVALID, POLICY_INVALID with one sentence that names the value and what is expected;
   * nothing is sent then
   */
  static async open(options: VerdictOptions): Promise<Verdict> {
    const { store, random = systemRandom, notify = () => {}, observer } = options
    // Processes that share a database go by its clock: one that is wrong would act too early or too late for the others.
    const shared =
      store.peers !== null && options.clock === undefined ? new AdjustableClock(systemClock) : null
    const clock = options.clock ?? shared ?? systemClock
    const accounts = byName(options.accounts)
    const keys = new KeyShelf()
    const onKey: KeepKey = (key) => keys.add(key)
    const opening: { engine: Engine | null } = { engine: null }
    const sendUntilMs = (): number => opening.engine?.sendUntilMs ?? Number.NEGATIVE_INFINITY
    const create =
      options.createGateway ??
      ((account) => gatewayFor(account, { clock, onKey, notify, observer, sendUntilMs }))
    const plans = new Map([...accounts].map(([name, account]) => [name, plansOf(name, account, notify)]))
    const gateways = new Map(
      [...accounts].map(([name, account]) => [name, create(account, onKey, sendUntilMs)]),
    )
    const targets = targetsOf(options, clock)
    const dailyAtMs = options.reconcileAt == null ? null : dailyMs(options.reconcileAt)
    const engineAccounts = [...accounts].map(([name, account]) =>
      engineAccount(account, gateways.get(name) as Gateway, plans.get(name) as Plans, notify),
    )
    const worker = `${process.pid}-${randomUUID().slice(0, 8)}`
    const engine = new Engine({
      store,
      accounts: engineAccounts,
      clock,
      random,
      worker,
      keys,
      notify,
      targets,
      ...(options.pulse !== undefined && { pulse: options.pulse }),
      ...(shared !== null && { onStoreTime: followStore(shared, notify) }),
      ...(observer !== undefined && { observer }),
    })
    opening.engine = engine
    await keys.moveTo(store).catch(async (error: unknown) => {
      await engine.close()
      throw error
    })
    await engine.join()
    const reconciler = new Reconciler({
      ...{ store, clock, worker, notify, dailyAtMs, signal: engine.closing },
      accounts: [...accounts].map(([account, { mode }]) => ({
        ...{ account, mode, gateway: gateways.get(account) as Gateway },
      })),
      ask: (order, by) => engine.askNow(order, by),
    })
    if (options.start !== false) {
      engine.start()
      reconciler.start()
    }
    return new Verdict(engine, accounts, { gateways, plans }, reconciler, (some) =>
      receiver({ accounts: some, desk: engine, clock, answerMs: options.callbackAnswerMs }),
    )
  }

  /**
   * Places an order: it is written before its request leaves, and followed to its verdict whatever becomes of the
   * reply. Resolves when a reply came, when every repeat went without one, or after a minute of waiting for repeats: look
   * at `order.state` and `credential`, not at the fact that it resolved. Quick Pay is sent once; the other kinds up to
   * four times with the same bytes. The same number with the same parameters returns the order that exists, and sends
   * nothing.
   *
   * @throws ORDER_INVALID, ORDER_CONFLICT, PURCHASE_TAKEN, ACCOUNT_UNKNOWN, CLOSED: then nothing was sent
   */
  async place(parameters: PlaceParameters): Promise<PlacedOrder> {
    const { account: _, ...placement } = parameters
    return this.#engine.place({ ...placement, ...this.#key(parameters) })
  }

  /**
   * Follows an order that somebody else's code placed. It is closed or revoked only with `end: true`, or once it is
   * given up; its window counts from tracking. Resolves when the order is written; the first query follows at once.
   *
   * @throws ORDER_INVALID, ORDER_CONFLICT, PURCHASE_TAKEN, ACCOUNT_UNKNOWN, CLOSED: then nothing was written
   */
  async track(parameters: TrackParameters): Promise<Order> {
    return this.#engine.track({ ...parameters, ...this.#key(parameters) })
  }

  /**
   * The merchant no longer wants the order: it is closed or revoked as soon as WeChat Pay allows, which is 15 s after
   * the placing for Quick Pay and 5 min for the other kinds. Resolves with the order once the wish is written; the
   * verdict may still be SUCCESS, if the customer pays in between. An order that ended unpaid stays as it is.
   *
   * @param by who says so, for the journal: 1 to 64 characters. Default: nobody is named
   * @throws OPTION_INVALID, ORDER_STATE if it is paid, ORDER_UNKNOWN, ACCOUNT_UNKNOWN, CLOSED
   */
  async giveUp(order: OrderRef, by?: string): Promise<Order> {
    if (by !== undefined) checkBy(by)
    return this.#engine.giveUp(this.#key(order), by)
  }

  /**
   * Gives money back to the customer: all that is left of a paid order, or a part. Resolves when it is written, with its
   * amount reserved; it is sent, repeated under the same `out_refund_no`, and followed to its end from then on. Several
   * refunds of one order are sent a minute apart, as WeChat Pay wants (at most 50). `onRefund` tells the end.
   *
   * @throws OPTION_INVALID, REFUND_INVALID, REFUND_CONFLICT, REFUND_EXCEEDS, REFUNDS_TOO_MANY, ORDER_STATE, ORDER_UNKNOWN,
   * ACCOUNT_UNKNOWN, CLOSED: then nothing was written
   */
  async refund(order: OrderRef, { amount, reason, idempotencyKey, by }: RefundParameters): Promise<Refund> {
    if (by !== undefined) checkBy(by)
    return this.#engine.refund(this.#key(order), {
      key: idempotencyKey,
      amount: amount ?? null,
      reason: reason ?? null,
      by,
    })
  }

  /** A message that was sent, or was given up after a day, goes out again. @throws DELIVERY_UNKNOWN, CLOSED */
  async resend(deliveryId: number): Promise<Delivery> {
    return this.#engine.resend(deliveryId)
  }

  /**
   * The callbacks of one account alone, for an address of its own.
   *
   * @throws ACCOUNT_UNKNOWN
   */
  callbacksOf(account: string): CallbackReceiver {
    const gateway = this.#gateways.get(account)
    if (gateway === undefined) throw unknownAccount(account, [...this.#gateways.keys()])
    return this.#receive(new Map([[account, gateway]]))
  }

  /**
   * Resolves with the verdict, as soon as it is committed; at once for an order that has it. Any number of callers may
   * wait for one order.
   *
   * @param options.waitMs ends the wait, not the order. Default: no limit
   * @throws NOT_SETTLED_YET after `waitMs`, ORDER_UNKNOWN, ACCOUNT_UNKNOWN, CLOSED
   */
  async settled(order: OrderRef, options: { readonly waitMs?: number } = {}): Promise<OrderVerdict> {
    return this.#engine.settled(this.#key(order), options)
  }

  /** The order with its whole journal and its evidence. @throws ORDER_UNKNOWN, ACCOUNT_UNKNOWN */
  async order(ref: OrderRef): Promise<OrderHistory> {
    const { store } = this.#engine
    const order = await this.#engine.order(this.#key(ref))
    const [placing, journal, evidence, deliveries, keys] = await Promise.all([
      store.placingOf(order.id),
      store.journalOf(order.id),
      store.evidenceOf(order.id),
      store.deliveriesOf(order.id),
      store.platformKeys(),
    ])
    const aftercare = isFinal(order) ? order.aftercare : null
    const apiV3Key = this.#accounts.get(order.account)?.apiV3Key
    const hasSigned = ({ account, serial }: PlatformKey): boolean =>
      account === order.account && evidence.some((piece) => piece.serial === serial)
    return {
      order,
      credential: placing?.credential ?? null,
      journal,
      evidence,
      opened: evidence.map(openedWith(apiV3Key)),
      amountToAccept: amountToAccept(order, evidence, apiV3Key),
      keys: keys.filter(hasSigned),
      refunds: aftercare?.refunds ?? [],
      lateMoney: aftercare?.late ?? null,
      deliveries,
      proof: proofOf(order, evidence, keys, apiV3Key),
    }
  }

  /** Null for an order of an account that is not open here. */
  scheduleOf(order: Order): Schedule | null {
    const plan = this.#plans.get(order.account)?.[order.kind]
    if (plan === undefined) return null
    const { createdAtMs, windowEndAtMs } = order
    const queriesAtMs = queryMoments(plan.policy)
      .map((ms) => createdAtMs + ms)
      .filter((atMs) => atMs < windowEndAtMs)
    return { queriesAtMs, windowEndAtMs, endableAtMs: endableAtMs(order) }
  }

  /**
   * What the customer's page, mini program or app needs to call the payment, signed anew at each call: WeChat Pay
   * accepts a `prepay_id` for two hours.
   *
   * @param appid whose page calls it; the account's own by default
   * @throws OPTION_INVALID, ORDER_STATE if the order has no `prepay_id`, ORDER_UNKNOWN, ACCOUNT_UNKNOWN
   */
  async paySign(ref: OrderRef, { appid }: { readonly appid?: string } = {}): Promise<PaySign> {
    // It becomes a line of what is signed: a line end would make it two.
    if (appid !== undefined && !/^[A-Za-z0-9]{1,32}$/.test(appid))
      throw new VerdictError(
        'OPTION_INVALID',
        `appid is ${shown(appid)}; expected 1 to 32 letters and digits`,
      )
    const key = this.#key(ref)
    const { order, credential } = await this.order(ref)
    const { kind } = order
    const sign =
      credential?.name === 'prepay_id'
        ? (this.#gateways
            .get(key.account)
            ?.paySign({ kind, prepay_id: credential.value, ...(appid && { appid }) }) ?? null)
        : null
    if (sign !== null) return sign
    throw new VerdictError(
      'ORDER_STATE',
      `${key.out_trade_no} is ${kind} without a prepay_id; expected jsapi, mini_program or app, placed`,
    )
  }

  /**
   * Answers WeChat Pay's callbacks of all accounts: give it to `nodeCallbacks`, `fastifyCallbacks` or `expressCallbacks`,
   * or call it with the raw headers and the raw body. Success is answered only for what is committed.
   */
  get callbacks(): CallbackReceiver {
    return this.#callbacks
  }

  /**
   * A person wants to know now: the order is asked about at once, whatever its schedule; one that is closed, revoked or was
   * never created, too, as somebody says that he paid. Of a paid one all refunds are asked for, those that others made among them. It is written down who asked.
   *
   * @throws OPTION_INVALID, ORDER_UNKNOWN, ACCOUNT_UNKNOWN, CLOSED
   */
  async askNow(ref: OrderRef, by: string): Promise<Order> {
    checkBy(by)
    return this.#engine.askNow(this.#key(ref), by)
  }

  /**
   * Answers the mark of an order that needs a person; `resolutionsOf` tells which answers are possible. It is written down
   * who gave it, and why. Resolves with the order once that is written; the verdict still comes from what WeChat Pay signs.
   *
   * @throws ORDER_INVALID, ORDER_STATE if the mark can't be answered like this, ORDER_UNKNOWN, ACCOUNT_UNKNOWN, CLOSED: then
   * nothing was written
   */
  async resolve(ref: OrderRef, { action, by, note, amount }: ResolveParameters): Promise<Order> {
    const key = this.#key(ref)
    const stated = action === 'accept_evidence' ? await this.#statedOf(key) : null
    return this.#engine.resolve(key, { action, by, note, stated, amount: amount ?? null })
  }

  /** The latest statement that is kept of an order and states an amount. */
  async #statedOf(key: OrderKey): Promise<TradeStatement | null> {
    const { id, account } = await this.#engine.order(key)
    const evidence = await this.#engine.store.evidenceOf(id)
    return latestAmountIn(evidence, this.#accounts.get(account)?.apiV3Key)
  }

  /** The open accounts, and how each stands with WeChat Pay. */
  get accounts(): ReadonlyArray<Standing & { readonly mode: WechatPayAccount['mode'] }> {
    return this.#engine.standings.flatMap((one) => {
      const account = this.#accounts.get(one.account)
      return account === undefined ? [] : [{ ...one, mode: account.mode }]
    })
  }

  /**
   * Holds what is known here of one day against WeChat Pay's signed bill: every line against its order, and every order that
   * was paid on that day against the bill. It changes nothing by itself: what is open here, or ended unpaid, and is paid there
   * is asked about, as by `askNow`, and so are the refunds of an order of which one is not known here; the verdict, or the late money, comes from what WeChat Pay signs then. The other
   * differences are for a person. What was found is kept in the store. The bill of a day is there from 10:00 Beijing time on the next day.
   *
   * @throws OPTION_INVALID, ACCOUNT_UNKNOWN, BILL_NOT_READY, BILL_FAILS, CLOSED
   */
  async reconcile({ date, account, sub_mchid = null }: ReconcileParameters): Promise<Reconciliation> {
    const [name, { mode }] = this.#account(account)
    if (sub_mchid !== null && (mode === 'common' || !isLine(sub_mchid, SUB_MCHID_LENGTH_MAX))) {
      const expected = mode === 'common' ? 'none: the account is in common mode' : 'that of a sub-merchant'
      throw new VerdictError('OPTION_INVALID', `sub_mchid is ${shown(sub_mchid)}; expected ${expected}`)
    }
    return this.#reconciler.reconcile({ account: name, sub_mchid, date })
  }

  /**
   * How the days stand that are held against their bills by themselves: whether one is missing, and what differs in those of the
   * last week. None without `reconcileAt`.
   *
   * @throws what the store throws
   */
  bills(): Promise<readonly BillsStanding[]> {
    return this.#reconciler.standing()
  }

  /** Whether this process may send: not while the database that it shares with others doesn't confirm that it lives. */
  get maySend(): boolean {
    return this.#engine.maySend
  }

  /** What was called and decided since `open`. */
  get statistics(): Statistics {
    return this.#engine.statistics
  }

  /**
   * Starts nothing new, finishes and writes what is under way, and gives the claims back. Whoever waits is told CLOSED.
   * Open orders go on when the store is opened again. The store stays open: it is the caller's. May be called twice.
   */
  async close(): Promise<void> {
    try {
      await this.#engine.close()
    } finally {
      await this.#reconciler.ended()
    }
  }

  #key({ account, sub_mchid, out_trade_no }: OrderRef): OrderKey {
    const [name, known] = this.#account(account)
    const byDefault = known.mode === 'institutional' ? (known.sub_mchid ?? null) : null
    return { account: name, sub_mchid: sub_mchid ?? byDefault, out_trade_no }
  }

  /** @throws ACCOUNT_UNKNOWN */
  #account(account: string | undefined): readonly [name: string, VerdictAccount] {
    const names = [...this.#accounts.keys()]
    const name = account ?? (names.length === 1 ? names[0] : undefined)
    const known = name === undefined ? undefined : this.#accounts.get(name)
    if (name === undefined || known === undefined) throw unknownAccount(account, names)
    return [name, known]
  }
}

/**
 * The Global APIv3 gateway of an account, on the real network.
 *
 * @throws OPTION_INVALID, KEY_INVALID
 */
export function gatewayFor(
  account: WechatPayAccount,
  { clock, onKey = () => {}, notify = () => {}, observer = {}, sendUntilMs }: GatewayEdges,
): Gateway {
  return globalV3Gateway({
    account,
    clock,
    onKey: (key) => onKey({ ...key, keptAtMs: clock.nowMs() }),
    onClockApart: (aheadMs) => notify({ level: 'warn', message: clockNotice(accountName(account), aheadMs) }),
    onContact: (host, contact, tookMs) =>
      observer.contacted?.({ account: accountName(account), host, contact, tookMs }),
    ...(sendUntilMs !== undefined && { sendUntilMs }),
  })
}

interface GatewayEdges {
  readonly clock: Clock
  readonly onKey?: KeepKey
  readonly notify?: (notice: Notice) => void
  readonly observer?: Observer | undefined
  readonly sendUntilMs?: () => number
}

const SUB_MCHID_LENGTH_MAX = 32

function checkBy(by: string): void {
  if (isLine(by, BY_LENGTH_MAX)) return
  const expected = `1 to ${BY_LENGTH_MAX} characters without control characters`
  throw new VerdictError('OPTION_INVALID', `by is ${shown(by)}; expected ${expected}`)
}

function unknownAccount(account: string | undefined, names: readonly string[]): VerdictError {
  return new VerdictError(
    'ACCOUNT_UNKNOWN',
    `account is ${typeof account === 'string' ? cut(account) : shown(account)}; expected one of ${names.join(', ')}`,
  )
}
