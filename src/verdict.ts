import { hkdfSync, randomUUID } from 'node:crypto'
import { type Clock, systemClock } from './clock.ts'
import { type Policies, policiesFrom } from './config.ts'
import type { JournalLine } from './core/change.ts'
import { KINDS, type Kind, type Order, type OrderKey, type Verdict as OrderVerdict } from './core/order.ts'
import type { Credential, Evidence } from './core/outcome.ts'
import type { Placement } from './core/placement.ts'
import { compilePlan, type Plan } from './core/plan.ts'
import { defaultPolicy, reviewPolicy } from './core/policy.ts'
import { DEFAULT_LIMITS, type Limits } from './engine/budget.ts'
import { Engine, type EngineAccount, type PlacedOrder, type TrackOrder } from './engine/engine.ts'
import { KeyShelf } from './engine/key-shelf.ts'
import type { Notice, Statistics } from './engine/report.ts'
import { VerdictError } from './errors.ts'
import type { Gateway, PaySign } from './gateway/gateway.ts'
import { accountName, type WechatPayAccount } from './gateway/wechatpay/account.ts'
import { globalV3Gateway } from './gateway/wechatpay/global-v3.ts'
import { isLocal } from './gateway/wechatpay/open-account.ts'
import { type Proof, proofOf } from './proof.ts'
import { type Random, systemRandom } from './random.ts'
import type { PlatformKey, Store } from './store/store.ts'

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
}

export interface VerdictOptions {
  /** Where the orders live. Stays the caller's: close it after Verdict. */
  readonly store: Store
  /** At least one; no `mchid` or `sp_mchid` twice. Open orders of other accounts in the store are left alone. */
  readonly accounts: readonly VerdictAccount[]
  /** Told what whoever runs Verdict should see: one sentence, nothing secret. Must not throw. Default: nobody is told. */
  readonly notify?: (notice: Notice) => void
  /** The only source of time. Default: the machine's. */
  readonly clock?: Clock
  /** The only source of chance in schedules. Default: the machine's. */
  readonly random?: Random
  /**
   * Makes the gateway of an account; for tests and other API families. `onKey` keeps a platform key for ever. Default:
   * Global APIv3 on the real network.
   */
  readonly createGateway?: (account: WechatPayAccount, onKey: KeepKey) => Gateway
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

/** An order with everything that happened to it. */
export interface OrderHistory {
  readonly order: Order
  /** What the customer needs to pay: `code_url`, `prepay_id` or `mweb_url`. Null for Quick Pay, and while none came. */
  readonly credential: Credential | null
  /** In the order of events. */
  readonly journal: readonly JournalLine[]
  /** Every signed statement that was kept, in the order in which they came. */
  readonly evidence: readonly Evidence[]
  /** Whether the stored evidence proves the verdict, checked now. */
  readonly proof: Proof
}

const CONCURRENCY = 400
/** Below the connections that the transport holds per host, so that no call waits for one. */
const CONCURRENCY_MAX = 500

/**
 * Gives every WeChat Pay order its true final status. Opened with a store and accounts, it follows all open orders in
 * the store until it is closed; a verdict is committed, with its evidence, before anybody hears of it.
 */
export class Verdict {
  readonly #engine: Engine
  readonly #accounts: ReadonlyMap<string, VerdictAccount>
  readonly #gateways: ReadonlyMap<string, Gateway>

  private constructor(
    engine: Engine,
    accounts: ReadonlyMap<string, VerdictAccount>,
    gateways: ReadonlyMap<string, Gateway>,
  ) {
    this.#engine = engine
    this.#accounts = accounts
    this.#gateways = gateways
  }

  /**
   * Starts to follow all open orders of these accounts in the store, those of an earlier process included.
   *
   * @throws OPTION_INVALID, KEY_INVALID, POLICY_INVALID with one sentence that names the value and what is expected;
   * nothing is sent then
   */
  static async open(options: VerdictOptions): Promise<Verdict> {
    const { store, clock = systemClock, random = systemRandom, notify = () => {} } = options
    const accounts = byName(options.accounts)
    const keys = new KeyShelf()
    const onKey: KeepKey = (key) => keys.add(key)
    const create = options.createGateway ?? ((account) => gatewayFor(account, { clock, onKey }))
    const plans = new Map([...accounts].map(([name, account]) => [name, plansOf(name, account, notify)]))
    const gateways = new Map([...accounts].map(([name, account]) => [name, create(account, onKey)]))
    const engineAccounts = [...accounts].map(([name, account]) =>
      engineAccount(account, gateways.get(name) as Gateway, plans.get(name) as Plans),
    )
    const worker = `${process.pid}-${randomUUID().slice(0, 8)}`
    const engine = new Engine({ store, accounts: engineAccounts, clock, random, worker, keys, notify })
    await keys.moveTo(store).catch(async (error: unknown) => {
      await engine.close()
      throw error
    })
    engine.start()
    return new Verdict(engine, accounts, gateways)
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
    const [placing, journal, evidence, keys] = await Promise.all([
      store.placingOf(order.id),
      store.journalOf(order.id),
      store.evidenceOf(order.id),
      store.platformKeys(),
    ])
    return {
      order,
      credential: placing?.credential ?? null,
      journal,
      evidence,
      proof: proofOf(order, evidence, keys),
    }
  }

  /**
   * What the customer's page, mini program or app needs to call the payment, signed anew at each call: WeChat Pay
   * accepts a `prepay_id` for two hours.
   *
   * @param appid whose page calls it; the account's own by default
   * @throws ORDER_STATE if the order has no `prepay_id`, ORDER_UNKNOWN, ACCOUNT_UNKNOWN
   */
  async paySign(ref: OrderRef, { appid }: { readonly appid?: string } = {}): Promise<PaySign> {
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
    if (name === undefined || known === undefined) {
      throw new VerdictError(
        'ACCOUNT_UNKNOWN',
        `account is ${account ?? 'missing'}; expected one of ${names.join(', ')}`,
      )
    }
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
  { clock, onKey = () => {} }: { clock: Clock; onKey?: KeepKey },
): Gateway {
  return globalV3Gateway({ account, clock, onKey: (key) => onKey({ ...key, keptAtMs: clock.nowMs() }) })
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

function engineAccount(account: VerdictAccount, gateway: Gateway, plans: Plans): EngineAccount {
  const { mode, merchant_category_code, concurrency = CONCURRENCY } = account
  if (!(Number.isSafeInteger(concurrency) && concurrency >= 1 && concurrency <= CONCURRENCY_MAX)) {
    throw new VerdictError(
      'OPTION_INVALID',
      `concurrency is ${concurrency}; expected 1 to ${CONCURRENCY_MAX}`,
    )
  }
  return {
    gateway,
    plans,
    limits: checkedLimits({ ...DEFAULT_LIMITS, ...account.limits }),
    concurrency,
    placing: { mode, isLocal: isLocal(account), merchant_category_code },
    fingerprintKey: new Uint8Array(hkdfSync('sha256', account.apiV3Key, '', 'verdict fingerprint', 32)),
  }
}

function checkedLimits(limits: Limits): Limits {
  for (const [call, perSecond] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, call)) {
      const known = Object.keys(DEFAULT_LIMITS).join(', ')
      throw new VerdictError('OPTION_INVALID', `limits names ${call}; expected ${known}`)
    }
    if (!(perSecond > 0 && perSecond <= 1_000_000)) {
      throw new VerdictError(
        'OPTION_INVALID',
        `limits.${call} is ${perSecond}; expected calls per second, above 0`,
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
