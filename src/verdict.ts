import { hkdfSync, randomUUID } from 'node:crypto'
import type { CallbackReceiver } from './callback/http.ts'
import { receiver } from './callback/receiver.ts'
import { AdjustableClock, type Clock, systemClock } from './clock.ts'
import { type Policies, policiesFrom } from './config.ts'
import type { LateMoney, Refund } from './core/aftercare.ts'
import type { JournalLine } from './core/change.ts'
import type { Message } from './core/message.ts'
import {
  isFinal,
  KINDS,
  type Kind,
  type Order,
  type OrderKey,
  type Verdict as OrderVerdict,
} from './core/order.ts'
import type { Credential, Evidence, TradeStatement } from './core/outcome.ts'
import { checkNotifyUrl, type Placement } from './core/placement.ts'
import { compilePlan, endableAtMs, type Plan, queryMoments } from './core/plan.ts'
import { defaultPolicy, reviewPolicy } from './core/policy.ts'
import type { Resolution } from './core/resolving.ts'
import { type Handler, handlerTarget } from './delivery/handler.ts'
import type { Target } from './delivery/target.ts'
import { webhookTarget } from './delivery/webhook.ts'
import type { WebhookOptions } from './delivery/webhook-options.ts'
import { DEFAULT_LIMITS, type Limits } from './engine/budget.ts'
import { Engine, type EngineAccount, type PlacedOrder, type TrackOrder } from './engine/engine.ts'
import { KeyShelf } from './engine/key-shelf.ts'
import type { Observer } from './engine/observer.ts'
import type { LateMoneyEvent, RefundEvent, VerdictEvent } from './engine/payload.ts'
import type { PulseTimes } from './engine/pulse.ts'
import type { Notice, Statistics } from './engine/report.ts'
import { cut, shown, VerdictError } from './errors.ts'
import type { Gateway, PaySign } from './gateway/gateway.ts'
import { accountName, type WechatPayAccount } from './gateway/wechatpay/account.ts'
import { globalV3Gateway } from './gateway/wechatpay/global-v3.ts'
import { isLocal } from './gateway/wechatpay/open-account.ts'
import { latestAmountIn, openedWith, type Proof, proofOf } from './proof.ts'
import { type Random, systemRandom } from './random.ts'
import type { Delivery, PlatformKey, Store } from './store/store.ts'

/** An account at WeChat Pay, and how Verdict works for it. */
export type VerdictAccount = WechatPayAccount & {
  /** When to query, and when to end, per kind. A kind that is left out has its default, which follows WeChat Pay's guide. */
  readonly policies?: Policies
  /**
   * Calls per second of this process, each above 0 and at most 1,000,000. Default: place, close and reverse 150, query
   * 600; WeChat Pay names all but the close.
   */
  readonly limits?: Partial<Limits>
  /** Calls under way at once: 1 to 500, default 400. */
  readonly concurrency?: number
  /**
   * Where WeChat Pay announces payments of orders that name no `notify_url` of their own, and what became of refunds:
   * the public address under which `callbacks` is reached (guide 5.7 to 5.10). Default: each order names its own.
   */
  readonly notify_url?: string
  /**
   * What becomes of a verified callback about a number that isn't in the store. `keep`: it waits for the order, and after
   * ten minutes somebody is told. `count`: it is only counted, for an account that other systems use too. In both cases
   * WeChat Pay is answered that it was not received. Default `keep`.
   */
  readonly unknownCallbacks?: 'keep' | 'count'
}

export interface VerdictOptions {
  /** Where the orders live. Stays the caller's: close it after Verdict. */
  readonly store: Store
  /** At least one; no `mchid` or `sp_mchid` twice. Open orders of other accounts in the store are left alone. */
  readonly accounts: readonly VerdictAccount[]
  /**
   * Told about every final status, at least once, in the order's own sequence, from the moment that it is committed. A
   * handler that throws is called again, up to a day long; `message.id` is the same then.
   */
  readonly onVerdict?: (event: VerdictEvent, message: Message) => unknown
  /** Told when a refund has ended, or can't reach the customer. As `onVerdict`. */
  readonly onRefund?: (event: RefundEvent, message: Message) => unknown
  /** Told when an order that was given up turns out paid. As `onVerdict`. */
  readonly onLateMoney?: (event: LateMoneyEvent, message: Message) => unknown
  /** The same by HTTP, in the form of Standard Webhooks: see docs/webhooks.md. */
  readonly webhooks?: readonly WebhookOptions[]
  /**
   * How long a callback may take until WeChat Pay, which waits 5 s, is told to come again: ms of `clock`, default 4,000.
   * Only a compressed clock needs more.
   */
  readonly callbackAnswerMs?: number
  /** Told what whoever runs Verdict should see: one sentence, nothing secret. Must not throw. Default: nobody is told. */
  readonly notify?: (notice: Notice) => void
  /** Whoever measures: called on the poll path, so it must be quick and must not throw. Default: nobody. */
  readonly observer?: Observer
  /**
   * Whether orders are followed and messages delivered. Without it Verdict only receives callbacks and writes what it is
   * given; nothing is sent by itself. Default true.
   */
  readonly start?: boolean
  /** The only source of time. Default: the machine's. */
  readonly clock?: Clock
  /** The only source of chance in schedules. Default: the machine's. */
  readonly random?: Random
  /**
   * Makes the gateway of an account; for tests and other API families. `onKey` keeps a platform key for ever. Default:
   * Global APIv3 on the real network. Later than `sendUntilMs()`, in ms of `clock`, it must send nothing: this process has
   * lost the store, or was stopped, and others may work in its place.
   */
  readonly createGateway?: (account: WechatPayAccount, onKey: KeepKey, sendUntilMs: () => number) => Gateway
  /**
   * How this process shows others on the same PostgreSQL that it lives: between two heartbeats ms of `clock`, and when it is
   * dead real ms. Only a compressed clock needs other times. Default 1,000 and 6,000.
   */
  readonly pulse?: PulseTimes
}

/** Keeps one of WeChat Pay's public keys by its serial, before anything that it signed is written. */
export type KeepKey = (key: PlatformKey) => void

/** Names an order. */
export interface OrderRef {
  /** 1 to 32 characters: letters, digits and `_-|*@`. */
  readonly out_trade_no: string
  /** `mchid` or `sp_mchid`. May be left out while one account is open. */
  readonly account?: string
  /** Institutional mode only: the sub-merchant; the account's own by default. */
  readonly sub_mchid?: string | null
}

/** An order to be placed, in WeChat Pay's own words. */
export type PlaceParameters = Omit<Placement, 'sub_mchid'> &
  OrderRef & {
    /**
     * The caller's id of what is bought, 1 to 128 characters: a second number for it, under the same account and
     * sub-merchant, is refused while an earlier one is open or paid (guide 6.9).
     */
    readonly purchase?: string
  }

/** An order that somebody else's code placed, and whether Verdict may end it. */
export type TrackParameters = Omit<TrackOrder, keyof OrderKey> & OrderRef

/** A refund to be made. */
export interface RefundParameters {
  /** In the smallest unit of the order's currency: an integer above 0. Default: all that is left. */
  readonly amount?: number
  /** 1 to 80 characters, shown to the customer. */
  readonly reason?: string
  /**
   * The caller's own id of this refund, 1 to 128 characters. The same key is the same refund, however often it is asked
   * for, also after a restart; another key is another refund.
   */
  readonly idempotencyKey: string
}

/** A person's answer to an order's mark. */
export interface ResolveParameters {
  /** See docs/order-states.md: which answers a mark can have. */
  readonly action: Resolution
  /** Who: 1 to 64 characters. */
  readonly by: string
  /** Why: 1 to 500 characters. */
  readonly note: string
}

/** An order with everything that happened to it. */
export interface OrderHistory {
  readonly order: Order
  /** What the customer needs to pay: `code_url`, `prepay_id` or `mweb_url`. Null for Quick Pay, and while none came. */
  readonly credential: Credential | null
  /** In the order of events. */
  readonly journal: readonly JournalLine[]
  /** Every signed statement that was kept, in the order in which they came. */
  readonly evidence: readonly Evidence[]
  /** What each of them says as text: a callback's is opened with the account's APIv3 key; null where that doesn't open it. */
  readonly opened: readonly (string | null)[]
  /** WeChat Pay's public keys that signed them. */
  readonly keys: readonly PlatformKey[]
  /** In the sequence in which they were entered, those that others made among them. */
  readonly refunds: readonly Refund[]
  /** Null for an order that was not paid after it was given up. */
  readonly lateMoney: LateMoney | null
  /** What your system was or will be told, in the sequence in which it was written. */
  readonly deliveries: readonly Delivery[]
  /** Whether the stored evidence proves the verdict, checked now. */
  readonly proof: Proof
}

/** When an order was or is to be asked about, as the policy of today has it. */
export interface Schedule {
  /** Mean moments, inside the window; chance moves each. */
  readonly queriesAtMs: readonly number[]
  /** From when on an unpaid order is ended. */
  readonly windowEndAtMs: number
  /** From when on WeChat Pay lets it be revoked (Quick Pay) or closed. */
  readonly endableAtMs: number
}

const CONCURRENCY = 400
/** Below the connections that the transport holds per host, so that no call waits for one. */
const CONCURRENCY_MAX = 500

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

  private constructor(
    engine: Engine,
    accounts: ReadonlyMap<string, VerdictAccount>,
    { gateways, plans }: { gateways: ReadonlyMap<string, Gateway>; plans: ReadonlyMap<string, Plans> },
    receive: (accounts: ReadonlyMap<string, Gateway>) => CallbackReceiver,
  ) {
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
    const { store, random = systemRandom, notify = () => {} } = options
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
      options.createGateway ?? ((account) => gatewayFor(account, { clock, onKey, notify, sendUntilMs }))
    const plans = new Map([...accounts].map(([name, account]) => [name, plansOf(name, account, notify)]))
    const gateways = new Map(
      [...accounts].map(([name, account]) => [name, create(account, onKey, sendUntilMs)]),
    )
    const targets = targetsOf(options, clock)
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
      ...(options.observer !== undefined && { observer: options.observer }),
    })
    opening.engine = engine
    await keys.moveTo(store).catch(async (error: unknown) => {
      await engine.close()
      throw error
    })
    await engine.join()
    if (options.start !== false) engine.start()
    return new Verdict(engine, accounts, { gateways, plans }, (some) =>
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
   * @throws ORDER_STATE if it is paid, ORDER_UNKNOWN, ACCOUNT_UNKNOWN, CLOSED
   */
  async giveUp(order: OrderRef): Promise<Order> {
    return this.#engine.giveUp(this.#key(order))
  }

  /**
   * Gives money back to the customer: all that is left of a paid order, or a part. Resolves when it is written, with its
   * amount reserved; it is sent, repeated under the same `out_refund_no`, and followed to its end from then on. Several
   * refunds of one order are sent a minute apart, as WeChat Pay wants (at most 50). `onRefund` tells the end.
   *
   * @throws REFUND_INVALID, REFUND_CONFLICT, REFUND_EXCEEDS, REFUNDS_TOO_MANY, ORDER_STATE, ORDER_UNKNOWN,
   * ACCOUNT_UNKNOWN, CLOSED: then nothing was written
   */
  async refund(order: OrderRef, { amount, reason, idempotencyKey }: RefundParameters): Promise<Refund> {
    return this.#engine.refund(this.#key(order), {
      key: idempotencyKey,
      amount: amount ?? null,
      reason: reason ?? null,
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
   * never created, too, as somebody says that he paid. It is written down who asked.
   *
   * @throws OPTION_INVALID, ORDER_UNKNOWN, ACCOUNT_UNKNOWN, CLOSED
   */
  async askNow(ref: OrderRef, by: string): Promise<Order> {
    if (typeof by !== 'string' || by.length < 1 || by.length > 64)
      throw new VerdictError('OPTION_INVALID', `by is ${shown(by)}; expected 1 to 64 characters`)
    return this.#engine.askNow(this.#key(ref), by)
  }

  /**
   * Answers the mark of an order that needs a person; `resolutionsOf` tells which answers are possible. It is written down
   * who gave it, and why. Resolves with the order once that is written; the verdict still comes from what WeChat Pay signs.
   *
   * @throws ORDER_INVALID, ORDER_STATE if the mark can't be answered like this, ORDER_UNKNOWN, ACCOUNT_UNKNOWN, CLOSED: then
   * nothing was written
   */
  async resolve(ref: OrderRef, { action, by, note }: ResolveParameters): Promise<Order> {
    const key = this.#key(ref)
    const stated = action === 'accept_evidence' ? await this.#statedOf(key) : null
    return this.#engine.resolve(key, { action, by, note, stated })
  }

  /** The latest statement that is kept of an order and states an amount. */
  async #statedOf(key: OrderKey): Promise<TradeStatement | null> {
    const { id, account } = await this.#engine.order(key)
    const evidence = await this.#engine.store.evidenceOf(id)
    return latestAmountIn(evidence, this.#accounts.get(account)?.apiV3Key)
  }

  /** The open accounts, and whether WeChat Pay answers each. */
  get accounts(): ReadonlyArray<{ account: string; mode: WechatPayAccount['mode']; answers: boolean }> {
    return this.#engine.standings.flatMap((one) => {
      const account = this.#accounts.get(one.account)
      return account === undefined ? [] : [{ ...one, mode: account.mode }]
    })
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
  close(): Promise<void> {
    return this.#engine.close()
  }

  #key({ account, sub_mchid, out_trade_no }: OrderRef): OrderKey {
    const names = [...this.#accounts.keys()]
    const name = account ?? (names.length === 1 ? names[0] : undefined)
    const known = name === undefined ? undefined : this.#accounts.get(name)
    if (name === undefined || known === undefined) throw unknownAccount(account, names)
    const byDefault = known.mode === 'institutional' ? (known.sub_mchid ?? null) : null
    return { account: name, sub_mchid: sub_mchid ?? byDefault, out_trade_no }
  }
}

/**
 * The Global APIv3 gateway of an account, on the real network.
 *
 * @throws OPTION_INVALID, KEY_INVALID
 */
export function gatewayFor(
  account: WechatPayAccount,
  { clock, onKey = () => {}, notify = () => {}, sendUntilMs }: GatewayEdges,
): Gateway {
  return globalV3Gateway({
    account,
    clock,
    onKey: (key) => onKey({ ...key, keptAtMs: clock.nowMs() }),
    onClockApart: (aheadMs) => notify({ level: 'warn', message: clockNotice(accountName(account), aheadMs) }),
    ...(sendUntilMs !== undefined && { sendUntilMs }),
  })
}

interface GatewayEdges {
  readonly clock: Clock
  readonly onKey?: KeepKey
  readonly notify?: (notice: Notice) => void
  readonly sendUntilMs?: () => number
}

/** Less than this two clocks may be apart: nothing here is decided by it. */
const APART_MS = 500
/** Somebody should set it right. */
const FAR_APART_MS = 5_000

/** Design 3.10: workers correct themselves to the database's clock. */
function followStore(
  clock: AdjustableClock,
  notify: (notice: Notice) => void,
): (aheadMs: number, exactToMs: number) => void {
  return (aheadMs, exactToMs) => {
    if (Math.abs(aheadMs) <= APART_MS + exactToMs) return
    clock.adjust(aheadMs)
    if (Math.abs(aheadMs) < FAR_APART_MS) return
    const seconds = Math.round(Math.abs(aheadMs) / 1_000)
    const whose = aheadMs > 0 ? 'behind' : 'ahead of'
    notify({
      level: 'warn',
      message: `this machine's clock is ${seconds} s ${whose} the database's, by which it goes now: set it right`,
    })
  }
}

/** Design 3.10: long before every answer counts as forged. */
function clockNotice(account: string, aheadMs: number): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1_000)
  const whose = aheadMs > 0 ? 'behind' : 'ahead of'
  return `${account}: our clock is ${seconds} s ${whose} WeChat Pay's; from 300 s on every answer counts as forged: set it right`
}

type Plans = Readonly<Record<Kind, Plan>>

function plansOf(name: string, account: VerdictAccount, notify: (notice: Notice) => void): Plans {
  const policies = policiesFrom(account.policies ?? {}, `${name}, policies`)
  const planOf = (kind: Kind): Plan => {
    const policy = policies[kind] ?? defaultPolicy(kind)
    for (const warning of reviewPolicy(kind, policy).warnings) {
      notify({ level: 'warn', message: `${name}, policy for ${kind}: ${warning}` })
    }
    return compilePlan(kind, policy)
  }
  return Object.fromEntries(KINDS.map((kind) => [kind, planOf(kind)])) as Plans
}

function engineAccount(
  account: VerdictAccount,
  gateway: Gateway,
  plans: Plans,
  notify: (notice: Notice) => void,
): EngineAccount {
  const { mode, merchant_category_code, concurrency = CONCURRENCY, notify_url } = account
  const { unknownCallbacks = 'keep' } = account
  if (!(Number.isSafeInteger(concurrency) && concurrency >= 1 && concurrency <= CONCURRENCY_MAX)) {
    throw new VerdictError(
      'OPTION_INVALID',
      `concurrency is ${shown(concurrency)}; expected 1 to ${CONCURRENCY_MAX}`,
    )
  }
  if (unknownCallbacks !== 'keep' && unknownCallbacks !== 'count') {
    throw new VerdictError(
      'OPTION_INVALID',
      `unknownCallbacks is ${shown(unknownCallbacks)}; expected keep or count`,
    )
  }
  return {
    gateway,
    plans,
    notify_url: notify_url === undefined ? undefined : checkedNotifyUrl(notify_url, account, notify),
    unknownCallbacks,
    limits: checkedLimits(account.limits ?? {}),
    concurrency,
    placing: { mode, isLocal: isLocal(account), merchant_category_code },
    fingerprintKey: new Uint8Array(hkdfSync('sha256', account.apiV3Key, '', 'verdict fingerprint', 32)),
  }
}

function checkedLimits(given: Partial<Limits>): Limits {
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw new VerdictError('OPTION_INVALID', `limits is ${shown(given)}; expected an object`)
  }
  const limits = { ...DEFAULT_LIMITS, ...given }
  for (const [call, perSecond] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, call)) {
      const known = Object.keys(DEFAULT_LIMITS).join(', ')
      throw new VerdictError('OPTION_INVALID', `limits names ${cut(call)}; expected ${known}`)
    }
    if (!(typeof perSecond === 'number' && perSecond > 0 && perSecond <= 1_000_000)) {
      throw new VerdictError(
        'OPTION_INVALID',
        `limits.${call} is ${shown(perSecond)}; expected calls per second, above 0`,
      )
    }
  }
  return limits
}

function byName(accounts: readonly VerdictAccount[]): ReadonlyMap<string, VerdictAccount> {
  const named = new Map(accounts.map((account) => [accountName(account), account]))
  if (named.size === 0) throw new VerdictError('OPTION_INVALID', 'accounts is empty; expected at least one')
  if (named.size < accounts.length) {
    throw new VerdictError(
      'OPTION_INVALID',
      'accounts names the same mchid or sp_mchid twice; expected each once',
    )
  }
  return named
}

function checkedNotifyUrl(
  notify_url: string,
  account: VerdictAccount,
  notify: (notice: Notice) => void,
): string {
  try {
    for (const message of checkNotifyUrl(notify_url, isLocal(account))) notify({ level: 'warn', message })
    return notify_url
  } catch (error) {
    if (!(error instanceof VerdictError)) throw error
    throw new VerdictError('OPTION_INVALID', `account ${accountName(account)}: ${error.message}`)
  }
}

/** Handlers in this process are one target, each webhook another. */
function targetsOf(options: VerdictOptions, clock: Clock): readonly Target[] {
  const { onVerdict, onRefund, onLateMoney, webhooks = [] } = options
  // What is delivered under a type is what `messagesOf` wrote under it.
  const handlers = {
    ...(onVerdict && { 'order.verdict': onVerdict as Handler }),
    ...(onRefund && { 'order.refund': onRefund as Handler }),
    ...(onLateMoney && { 'order.late_money': onLateMoney as Handler }),
  }
  const own =
    Object.keys(handlers).length === 0 ? [] : [handlerTarget({ name: 'handlers', handlers }, { clock })]
  const targets = [...own, ...webhooks.map((webhook) => webhookTarget(webhook, { clock }))]
  const names = targets.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice === undefined) return targets
  throw new VerdictError('OPTION_INVALID', `two webhooks are named ${twice}; expected a name for each`)
}

function unknownAccount(account: string | undefined, names: readonly string[]): VerdictError {
  return new VerdictError(
    'ACCOUNT_UNKNOWN',
    `account is ${typeof account === 'string' ? cut(account) : shown(account)}; expected one of ${names.join(', ')}`,
  )
}
