import type { Order, OrderKey } from '../core/order.ts'
import type { Placement } from '../core/placement.ts'
import { TRADE_TYPES } from '../core/placement.ts'
import type { Engine } from '../engine/engine.ts'
import { VerdictError } from '../errors.ts'
import { PLACING_PATHS } from '../gateway/wechatpay/requests.ts'
import type { Keys } from '../simulator/index.ts'
import { authorization, requestMessage } from '../wechatpay/signing.ts'
import type { Chance } from './chance.ts'
import type { Cryptography } from './cryptography.ts'
import type { EventClock } from './event-clock.ts'
import type { Errand, RefundErrand } from './plan.ts'
import type { WechatPay } from './wechat-pay.ts'
import type { Worker } from './worker.ts'

export interface MerchantOptions {
  readonly clock: EventClock
  readonly chance: Chance
  readonly cryptography: Cryptography
  readonly wechatPay: WechatPay
  /** A process that can be reached now; null if there is none. */
  readonly anyWorker: () => Worker | null
  readonly say: (line: string) => void
  /** What no caller may meet. */
  readonly surprised: (what: string) => void
}

/** What became of a call of Verdict's: `lost`, if nobody answered. */
type Asked<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'lost' }

export const NOTIFY_URL = 'http://127.0.0.1:8080/wechatpay'
/** A caller's patience. A placing may wait a minute for its repeats. */
const PATIENCE_MS = 70_000
const AGAIN_MS = 10_000
const REFUND_AGAIN_MS = 120_000
/** A refund of an order that has no verdict by then is given up: a person sees to it. */
const REFUND_WISH_MS = 2 * 3_600_000

/**
 * The merchant's system as a caller: places, hands over, gives up and refunds, each at any process that is there. What
 * got no answer it asks again in the same words, for as long as it takes.
 */
export class Merchant {
  readonly #options: MerchantOptions
  /** Numbers that Verdict was never to hear of: another attempt paid for the purchase. */
  readonly refused = new Set<string>()
  /** Errands that are not done yet. */
  #open = 0

  constructor(options: MerchantOptions) {
    this.#options = options
  }

  get isDone(): boolean {
    return this.#open === 0
  }

  begin(errands: readonly Errand[]): void {
    for (const errand of errands) {
      this.#open += 1
      this.#options.clock.after(errand.atMs, () => void this.#run(errand))
    }
  }

  async #run(errand: Errand): Promise<void> {
    const isKnown = await (errand.tracked === null ? this.#place(errand) : this.#handOver(errand))
    if (!isKnown) this.refused.add(errand.out_trade_no)
    else {
      const { giveUpAfterMs, elsewhere, refunds } = errand
      if (giveUpAfterMs !== null) this.#later(giveUpAfterMs, () => this.#giveUp(errand))
      if (elsewhere !== null) this.#later(elsewhere.afterMs, () => this.#refundElsewhere(errand))
      for (const refund of refunds) {
        for (let nth = 0; nth < refund.times; nth++) {
          this.#later(refund.afterMs + nth, () => this.#refund(errand, refund))
        }
      }
    }
    this.#open -= 1
  }

  #later(ms: number, task: () => Promise<void>): void {
    this.#open += 1
    this.#options.clock.after(ms, () => {
      void task().finally(() => {
        this.#open -= 1
      })
    })
  }

  // -------------------------------------------------------------- errands

  async #place(errand: Errand): Promise<boolean> {
    const { purchase } = errand
    const order = { ...placementOf(errand, this.#keys), ...this.#keyOf(errand) }
    for (;;) {
      const asked = await this.#ask((engine) =>
        engine.place({ ...order, ...(purchase !== null && { purchase }) }),
      )
      this.#said(errand, 'place', asked)
      if (asked.kind === 'done') return true
      // Another number pays, or may still pay, for what is bought.
      if (asked.kind === 'refused' && asked.code === 'PURCHASE_TAKEN' && purchase !== null) return false
      this.#expect(errand, 'place', asked)
      await this.#pause(AGAIN_MS)
    }
  }

  /** Other code places the order, and hears nothing of the reply now and then; Verdict is told all the same. */
  async #handOver(errand: Errand): Promise<boolean> {
    const { clock, wechatPay } = this.#options
    const { kind, total, tracked } = errand
    const createdAtMs = clock.nowMs()
    void wechatPay.handle(this.#signed(errand))
    await this.#pause(tracked?.afterMs ?? 0)
    const order = { ...this.#keyOf(errand), kind, amount: { total, currency: 'HKD' }, createdAtMs }
    for (;;) {
      const asked = await this.#ask((engine) => engine.track({ ...order, end: tracked?.end === true }))
      this.#said(errand, 'track', asked)
      if (asked.kind === 'done') return true
      this.#expect(errand, 'track', asked)
      await this.#pause(AGAIN_MS)
    }
  }

  async #giveUp(errand: Errand): Promise<void> {
    for (;;) {
      const asked = await this.#ask((engine) => engine.giveUp(this.#keyOf(errand)))
      this.#said(errand, 'give up', asked)
      if (asked.kind === 'done' || (asked.kind === 'refused' && asked.code === 'ORDER_STATE')) return
      this.#expect(errand, 'give up', asked)
      await this.#pause(AGAIN_MS)
    }
  }

  async #refund(errand: Errand, { key, percent }: RefundErrand): Promise<void> {
    const { clock } = this.#options
    const amount = percent === null ? null : Math.ceil((errand.total * percent) / 100)
    const untilMs = clock.nowMs() + REFUND_WISH_MS
    for (;;) {
      const wish = { key, amount, reason: null }
      const asked = await this.#ask((engine) => engine.refund(this.#keyOf(errand), wish))
      this.#said(errand, `refund "${key}"`, asked)
      if (asked.kind === 'done') return
      const code = asked.kind === 'refused' ? asked.code : ''
      if (code === 'REFUND_EXCEEDS' || code === 'REFUND_CONFLICT') return
      if (code === 'ORDER_STATE') {
        const order = await this.#ask((engine) => engine.order(this.#keyOf(errand)))
        if (order.kind === 'done' && (order.value.dueAtMs === null || clock.nowMs() > untilMs)) return
        await this.#pause(REFUND_AGAIN_MS)
        continue
      }
      this.#expect(errand, 'refund', asked)
      await this.#pause(AGAIN_MS)
    }
  }

  async #refundElsewhere(errand: Errand): Promise<void> {
    const { wechatPay, say } = this.#options
    const amount = Math.max(1, Math.floor((errand.total * (errand.elsewhere?.percent ?? 0)) / 100))
    const isDone = await wechatPay.refundElsewhere(errand.out_trade_no, amount)
    if (isDone) say(`${errand.out_trade_no} ${amount} refunded on the merchant platform`)
  }

  // -------------------------------------------------------------- the way to Verdict

  /** Over a network, to any process: its answer may get lost, and so may the process. */
  #ask<T>(call: (engine: Engine) => Promise<T>): Promise<Asked<T>> {
    const { anyWorker, chance, clock } = this.#options
    const worker = anyWorker()
    if (worker === null) return Promise.resolve({ kind: 'lost' })
    return new Promise((resolve) => {
      const cancel = clock.after(PATIENCE_MS, () => resolve({ kind: 'lost' }))
      const settle = (asked: Asked<T>): void => {
        if (chance.strikes('answer to the merchant lost', 0.01)) return
        cancel()
        resolve(asked)
      }
      clock.after(chance.ms(1, 20), () =>
        worker.life.wake(() => {
          void call(worker.engine).then(
            (value) => settle({ kind: 'done', value }),
            (error: unknown) =>
              settle(
                error instanceof VerdictError ? { kind: 'refused', code: error.code } : { kind: 'lost' },
              ),
          )
        }),
      )
    })
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(ms, resolve))
  }

  #said({ out_trade_no }: Errand, what: string, asked: Asked<unknown>): void {
    const { say } = this.#options
    if (asked.kind === 'done') {
      const { state } = asked.value as Partial<Order>
      say(`${out_trade_no} ${what}: done${state === undefined ? '' : `, ${state}`}`)
    } else say(`${out_trade_no} ${what}: ${asked.kind === 'refused' ? asked.code : 'no answer'}`)
  }

  /** What is asked in the right words, and repeated in the same ones, is refused for no other reason than these. */
  #expect({ out_trade_no }: Errand, what: string, asked: Asked<unknown>): void {
    if (asked.kind !== 'refused') return
    this.#options.surprised(`${out_trade_no} ${what}: ${asked.code}`)
  }

  get #keys(): Keys {
    return this.#options.wechatPay.keys
  }

  #keyOf({ mode, out_trade_no }: Errand): OrderKey {
    const { mchid, sp_mchid, sub_mchid } = this.#keys.identity
    return mode === 'common'
      ? { account: mchid, sub_mchid: null, out_trade_no }
      : { account: sp_mchid, sub_mchid, out_trade_no }
  }

  /** The request of code that knows WeChat Pay's documents, and nothing of Verdict. */
  #signed(errand: Errand) {
    const { clock, cryptography } = this.#options
    const { identity, serial_no } = this.#keys
    const { mchid, appid, sp_mchid, sp_appid, sub_mchid } = identity
    const ids = errand.mode === 'common' ? { mchid, appid } : { sp_mchid, sp_appid, sub_mchid }
    const { kind: _, sub_mchid: __, ...fields } = placementOf(errand, this.#keys)
    const body = JSON.stringify({
      ...ids,
      ...fields,
      trade_type: TRADE_TYPES[errand.kind],
      merchant_category_code: '5812',
    })
    const url = PLACING_PATHS[errand.kind]
    const timestamp = String(Math.floor(clock.nowMs() / 1000))
    const nonce = `tracked${errand.out_trade_no}`
    const signature = cryptography.merchant.signNow(
      requestMessage({ method: 'POST', url, timestamp, nonce, body }),
    )
    const caller = errand.mode === 'common' ? mchid : sp_mchid
    const header = authorization({ mchid: caller, nonce_str: nonce, timestamp, serial_no, signature })
    return {
      method: 'POST',
      url,
      headers: {
        authorization: header,
        accept: 'application/json',
        'content-type': 'application/json',
        'user-agent': 'the till of another system',
      },
      body,
    }
  }
}

function placementOf({ kind, mode, out_trade_no, total, auth_code }: Errand, keys: Keys): Placement {
  const { sub_mchid } = keys.identity
  const base = {
    kind,
    sub_mchid: mode === 'common' ? null : sub_mchid,
    out_trade_no,
    description: 'Jasmine tea',
    amount: { total, currency: 'HKD' },
  }
  if (auth_code !== null) return { ...base, payer: { auth_code } }
  const openid = mode === 'common' ? { openid: 'oPayer' } : { sp_openid: 'oPayer' }
  return {
    ...base,
    notify_url: NOTIFY_URL,
    ...((kind === 'jsapi' || kind === 'mini_program') && { payer: openid }),
    ...(kind === 'h5' && {
      scene_info: { payer_client_ip: '203.0.113.7', store_info: { name: 'Tea', address: 'Pier 1' } },
    }),
  }
}
