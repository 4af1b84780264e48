import { audit, type Wrong } from '../../src/cli/demo/audit.ts'
import type { Clock } from '../../src/clock.ts'
import type { Kind } from '../../src/core/order.ts'
import type { Gateway } from '../../src/gateway/gateway.ts'
import type { CommonAccount } from '../../src/gateway/wechatpay/account.ts'
import { globalV3Gateway } from '../../src/gateway/wechatpay/global-v3.ts'
import type { LearntKey } from '../../src/gateway/wechatpay/platform-keys.ts'
import type { Transport } from '../../src/gateway/wechatpay/transport.ts'
import { seededRandom } from '../../src/random.ts'
import { simulationCredentials } from '../../src/simulation/credentials.ts'
import {
  type CallbackFaultName,
  type Credentials,
  createSimulator,
  type OrderList,
  type OrderView,
  type RefundView,
  type SimulatorCore,
  type Statistics,
  type WorldSettings,
} from '../../src/simulator/index.ts'
import { keysFrom, publicPem } from '../../src/simulator/keys.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import type { Store } from '../../src/store/store.ts'
import { type PlaceParameters, Verdict, type VerdictAccount, type VerdictOptions } from '../../src/verdict.ts'
import { encryptResource } from '../../src/wechatpay/resource.ts'
import { privateKeyFrom, replyMessage, signMessage } from '../../src/wechatpay/signing.ts'
import { VirtualClock } from './virtual-clock.ts'
import { cheapSigner, cryptographyOf, wireTo } from './wire.ts'

let credentials: Promise<Credentials> | null = null

export interface ShopSettings extends Omit<Partial<WorldSettings>, 'clock'> {
  /** How long a request is on its way to WeChat Pay. */
  readonly latencyMs?: number
}

/** What one test can put between the parts, and how the account is set up. */
export interface OpenSettings {
  readonly store?: Store
  readonly clock?: Clock
  readonly between?: (transport: Transport) => Transport
  readonly sabotage?: (gateway: Gateway) => Gateway
  readonly account?: Partial<
    Pick<
      VerdictAccount,
      'limits' | 'concurrency' | 'policies' | 'readTimeoutMs' | 'notify_url' | 'unknownCallbacks'
    >
  >
  readonly options?: Partial<
    Pick<VerdictOptions, 'onVerdict' | 'onRefund' | 'onLateMoney' | 'webhooks' | 'start' | 'reconcileAt'>
  >
  readonly notify?: (message: string) => void
  /** It may hang or die in the test, so the shop doesn't wait for it to close. */
  readonly isMortal?: boolean
}

/** A simulated WeChat Pay, an empty store and a clock that stands still; Verdicts are opened on them. */
export class Shop {
  readonly clock: VirtualClock
  readonly simulator: SimulatorCore
  readonly store: Store
  readonly #credentials: Credentials
  readonly #latencyMs: number
  readonly #opened: Verdict[] = []

  private constructor(settings: ShopSettings, clock: VirtualClock, store: Store, credentials: Credentials) {
    this.clock = clock
    this.store = store
    this.#credentials = credentials
    this.#latencyMs = settings.latencyMs ?? 0
    const cryptography = cryptographyOf(keysFrom(credentials))
    this.simulator = createSimulator({ ...settings, clock, credentials, cryptography })
  }

  static async open(settings: ShopSettings = {}): Promise<Shop> {
    const clock = new VirtualClock()
    credentials ??= simulationCredentials()
    return new Shop(settings, clock, await sqliteStore({ file: ':memory:' }), await credentials)
  }

  get account(): CommonAccount {
    const { identity, merchantKey, wechatpayKey } = this.#credentials
    return {
      mode: 'common',
      mchid: identity.mchid,
      appid: identity.appid,
      serial_no: keysFrom(this.#credentials).serial_no,
      merchantPrivateKey: merchantKey,
      apiV3Key: identity.apiV3Key,
      wechatpayPublicKeyId: identity.wechatpayPublicKeyId,
      wechatpayPublicKey: publicPem(wechatpayKey),
      baseUrl: 'http://localhost',
      merchant_category_code: '5812',
    }
  }

  async verdict({
    store,
    clock,
    between,
    sabotage,
    account,
    notify,
    isMortal,
    options,
  }: OpenSettings = {}): Promise<Verdict> {
    const time = clock ?? this.clock
    const wire = wireTo(this.simulator, time, this.#latencyMs)
    const transport = between === undefined ? wire : between(wire)
    const verdict = await Verdict.open({
      ...options,
      store: store ?? this.store,
      accounts: [{ ...this.account, ...account }],
      clock: time,
      random: seededRandom(1),
      notify: ({ message }) => notify?.(message),
      createGateway: (given, onKey) => {
        const keep = (key: LearntKey): void => onKey({ ...key, keptAtMs: time.nowMs() })
        const gateway = globalV3Gateway({
          account: given,
          clock: time,
          transport,
          signer: cheapSigner,
          onKey: keep,
        })
        return sabotage === undefined ? gateway : sabotage(gateway)
      },
    })
    if (isMortal !== true) this.#opened.push(verdict)
    return verdict
  }

  async truth(out_trade_no: string): Promise<OrderView | null> {
    const { orders } = await this.#ask<OrderList>('/_sim/orders')
    return orders.find((order) => order.out_trade_no === out_trade_no) ?? null
  }

  pay(out_trade_no: string): Promise<OrderView> {
    return this.#ask(`/_sim/orders/${out_trade_no}/pay`, '{}')
  }

  /** WeChat Pay sends the order's latest callback now, with a fault or as it should be. Resolves when it was answered. */
  callback(out_trade_no: string, fault: CallbackFaultName | null): Promise<unknown> {
    const body = JSON.stringify(fault === null ? {} : { fault })
    return this.clock.during(this.#ask(`/_sim/callbacks/${out_trade_no}`, body))
  }

  /** A payment callback that says what the test wants, rightly signed and encrypted. */
  async signedCallback(said: object): Promise<{ headers: readonly string[]; body: Uint8Array }> {
    const keys = keysFrom(this.#credentials)
    const resource = encryptResource(keys.apiV3Key, JSON.stringify(said), {
      nonce: 'aaaaaaaaaaaa',
      associated_data: 'transaction',
    })
    const envelope = { id: 'made-by-the-test', create_time: '2026-06-08T10:34:56+08:00' }
    const event = { event_type: 'TRANSACTION.SUCCESS', resource_type: 'encrypt-resource' }
    const body = JSON.stringify({ ...envelope, ...event, resource })
    const timestamp = String(Math.floor(this.clock.nowMs() / 1000))
    const nonce = 'made-by-the-test'
    const key = privateKeyFrom(this.#credentials.wechatpayKey, 'wechatpay_private_key.pem')
    const signature = signMessage(key, replyMessage({ timestamp, nonce, body }))
    const headers = {
      'Wechatpay-Serial': keys.identity.wechatpayPublicKeyId,
      'Wechatpay-Timestamp': timestamp,
      'Wechatpay-Nonce': nonce,
      'Wechatpay-Signature': signature,
    }
    return { headers: Object.entries(headers).flat(), body: Buffer.from(body) }
  }

  /** Somebody refunds on the merchant platform. */
  refundElsewhere(out_trade_no: string, amount: number): Promise<RefundView> {
    return this.#ask(`/_sim/orders/${out_trade_no}/refund`, JSON.stringify({ amount }))
  }

  mend(out_refund_no: string): Promise<RefundView> {
    return this.#ask(`/_sim/refunds/${out_refund_no}/mend`, '{}')
  }

  statistics(): Promise<Statistics> {
    return this.#ask('/_sim/statistics')
  }

  faults(probabilities: WorldSettings['faults']): Promise<unknown> {
    return this.#ask('/_sim/faults', JSON.stringify(probabilities))
  }

  /** Whatever in the store contradicts WeChat Pay's truth. */
  async wrong(): Promise<readonly Wrong[]> {
    const { orders } = await this.#ask<OrderList>('/_sim/orders')
    const { quickPayReceivedTwice } = await this.statistics()
    const { mchid, apiV3Key } = this.account
    return audit(this.store, { orders, quickPayReceivedTwice }, { apiV3Keys: new Map([[mchid, apiV3Key]]) })
  }

  async close(): Promise<void> {
    const closed = Promise.allSettled(this.#opened.map((verdict) => verdict.close()))
    await this.clock.advance(120_000)
    await closed
    await this.store.close()
    this.simulator.close()
  }

  async #ask<Reply>(url: string, body?: string): Promise<Reply> {
    const method = body === undefined ? 'GET' : 'POST'
    const answer = await this.simulator.handle({ method, url, headers: {}, body: body ?? '' })
    if ('connection' in answer || answer.status !== 200) throw new Error(JSON.stringify(answer))
    return JSON.parse(answer.body)
  }
}

/** Amounts whose Quick Pay customers follow a script of the simulator's; any other amount pays at once. */
export const TOTAL = {
  never: 9001,
  after5s: 9002,
  fails: 9003,
  refused: 9004,
  paysBeforeEnding: 9006,
} as const

export function hkd(total: number): Pick<PlaceParameters, 'amount'> {
  return { amount: { total, currency: 'HKD' } }
}

let numbers = 0

/** An order of any kind with everything that WeChat Pay wants, under a number of its own. */
export function orderOf(kind: Kind, more: Partial<PlaceParameters> = {}): PlaceParameters {
  numbers += 1
  const payer = { quick_pay: { auth_code: String(130000000000000000n + BigInt(numbers)) } }
  const openid = { openid: 'oPayer' }
  return {
    kind,
    out_trade_no: `${kind}_${numbers}`,
    description: 'Jasmine tea',
    amount: { total: 1234, currency: 'HKD' },
    ...(kind === 'quick_pay'
      ? { payer: payer.quick_pay }
      : { notify_url: 'https://shop.example.com/notify' }),
    ...(kind === 'jsapi' || kind === 'mini_program' ? { payer: openid } : {}),
    ...(kind === 'h5'
      ? { scene_info: { payer_client_ip: '203.0.113.7', store_info: { name: 'Tea', address: 'Pier 1' } } }
      : {}),
    ...more,
  }
}
