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
  /** When to query, and when to end, per kind. The defaults follow WeChat Pay's guide. */
  readonly policies?: Policies
  /** Calls per second; the defaults are WeChat Pay's own limits. */
  readonly limits?: Partial<Limits>
  /** Calls under way at once: 1 to 1000, default 200. */
  readonly concurrency?: number
}

export interface VerdictOptions {
  readonly store: Store
  readonly accounts: readonly VerdictAccount[]
  /** Told what whoever runs Verdict should see: one sentence, nothing secret. */
  readonly notify?: (notice: Notice) => void
  readonly clock?: Clock
  readonly random?: Random
  /** Makes the gateway of an account; for tests and other API families. `onKey` keeps a platform key for ever. */
  readonly createGateway?: (account: WechatPayAccount, onKey: KeepKey) => Gateway
}

export type KeepKey = (key: PlatformKey) => void

/** Names an order. `account` may be left out while one is open; `sub_mchid` where the account has a default. */
export interface OrderRef {
  readonly out_trade_no: string
  readonly account?: string
  readonly sub_mchid?: string | null
}

export type PlaceParameters = Omit<Placement, 'sub_mchid'> &
  OrderRef & {
    /** The caller's id of what is bought: a second number is refused while an earlier one is open or paid. */
    readonly purchase?: string
  }

export type TrackParameters = Omit<TrackOrder, keyof OrderKey> & OrderRef

/** An order with everything that happened to it. */
export interface OrderHistory {
  readonly order: Order
  readonly credential: Credential | null
  readonly journal: readonly JournalLine[]
  readonly evidence: readonly Evidence[]
  /** Whether the stored evidence proves the verdict, checked now. */
  readonly proof: Proof
}

const CONCURRENCY = 200
const CONCURRENCY_MAX = 1_000

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
    await keys.moveTo(store)
    engine.start()
    return new Verdict(engine, accounts, gateways)
  }

  /**
   * Places an order: it is written before its request leaves, and followed to its verdict whatever becomes of the
   * reply. Resolves when a reply came, or every repeat went without one. The same number with the same parameters
   * returns the order that exists, and sends nothing.
   *
   * @throws ORDER_INVALID, ORDER_CONFLICT, PURCHASE_TAKEN, ACCOUNT_UNKNOWN, CLOSED: then nothing was sent
   */
  place(parameters: PlaceParameters): Promise<PlacedOrder> {
    const { account: _, ...placement } = parameters
    return this.#engine.place({ ...placement, ...this.#key(parameters) })
  }

  /**
   * Follows an order that somebody else's code placed. It is closed or revoked only with `end: true`.
   *
   * @throws ORDER_INVALID, ORDER_CONFLICT, PURCHASE_TAKEN, ACCOUNT_UNKNOWN, CLOSED
   */
  track(parameters: TrackParameters): Promise<Order> {
    return this.#engine.track({ ...parameters, ...this.#key(parameters) })
  }

  /**
   * The merchant no longer wants the order: it is closed or revoked as soon as WeChat Pay allows.
   *
   * @throws ORDER_STATE if it is paid, ORDER_UNKNOWN, ACCOUNT_UNKNOWN, CLOSED
   */
  giveUp(order: OrderRef): Promise<Order> {
    return this.#engine.giveUp(this.#key(order))
  }

  /**
   * Resolves with the verdict, as soon as it is committed.
   *
   * @throws NOT_SETTLED_YET after `waitMs` (default: none), ORDER_UNKNOWN, CLOSED
   */
  settled(order: OrderRef, options: { readonly waitMs?: number } = {}): Promise<OrderVerdict> {
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
   * What the customer's page, mini program or app needs to call the payment.
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

  get statistics(): Statistics {
    return this.#engine.statistics
  }

  /** Starts nothing new, finishes what is under way, and gives it back. The store stays open: it is the caller's. */
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

/** The Global v3 gateway of an account, on the real network. */
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
