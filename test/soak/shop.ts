import { type Clock, sleep } from '../../src/clock.ts'
import { VerdictError } from '../../src/errors.ts'
import type { Gateway, RefundEvent, Verdict, VerdictEvent, WechatPayAccount } from '../../src/index.ts'
import type { PlaceParameters } from '../../src/verdict.ts'
import type { Leak } from './leaks.ts'
import { indexOf, type SoakOrder, soakOrder } from './orders.ts'

export interface ShopEdges {
  readonly verdict: () => Verdict
  readonly clock: Clock
  readonly accounts: readonly WechatPayAccount[]
  /** Where WeChat Pay announces payments; Verdict knows it by its accounts. */
  readonly notify_url: string
  /** Places the orders that Verdict only tracks, as somebody else's code would. By `mode`. */
  readonly elsewhere: Readonly<Record<SoakOrder['mode'], Gateway>>
  readonly seed: number
  readonly ordersPerSecond: number
  /** Orders that come this long after the start or later are short ones. */
  readonly longUntilMs: number
  readonly leak: Leak
}

/** How long somebody waits for a verdict at most. */
const WATCH_MS = 60_000
const ELSEWHERE_RETRY_MS = 3_000
const AGAIN = ', again'

/** A shop with a steady stream of customers. Keeps nothing of an order once it is dealt with. */
export class Shop {
  readonly #edges: ShopEdges
  readonly #underWay = new Set<Promise<void>>()
  #entered = 0

  constructor(edges: ShopEdges) {
    this.#edges = edges
  }

  /** How many orders were given to Verdict. */
  get entered(): number {
    return this.#entered
  }

  /** Lets customers in until the signal aborts; resolves when those inside are served. */
  async serve(signal: AbortSignal, failed: (error: unknown) => void): Promise<void> {
    const { clock, seed, ordersPerSecond, longUntilMs } = this.#edges
    const startedAtMs = clock.nowMs()
    for (let index = 0; !signal.aborted; index++) {
      const comesAtMs = startedAtMs + (index * 1_000) / ordersPerSecond
      const waitMs = comesAtMs - clock.nowMs()
      if (waitMs > 0) await sleep(clock, waitMs, signal).catch(() => {})
      if (signal.aborted) break
      this.#entered += 1
      const order = soakOrder(seed, index, comesAtMs - startedAtMs < longUntilMs)
      const served = this.#serveOne(order, signal, failed).catch(failed)
      this.#underWay.add(served)
      void served.then(() => this.#underWay.delete(served))
    }
    await Promise.all(this.#underWay)
  }

  async #serveOne(order: SoakOrder, signal: AbortSignal, failed: (error: unknown) => void): Promise<void> {
    const verdict = this.#edges.verdict()
    const placement = this.#placementOf(order)
    if (order.isTracked) await this.#placeElsewhereAndTrack(order, placement)
    else await verdict.place(placement)
    this.#edges.leak(order)
    // Nobody is kept from closing the shop by those who watch.
    if (order.isWatched) void this.#watch(placement).catch(failed)
    await this.#loseInterest(order, placement, signal)
  }

  /** Waits for the verdict, and looks at the order with all that proves it. */
  async #watch(placement: PlaceParameters): Promise<void> {
    const verdict = this.#edges.verdict()
    try {
      await verdict.settled(placement, { waitMs: WATCH_MS })
      await verdict.order(placement)
    } catch (error) {
      allowing('NOT_SETTLED_YET', 'CLOSED')(error)
    }
  }

  async #loseInterest(
    { givesUpAfterMs }: SoakOrder,
    placement: PlaceParameters,
    signal: AbortSignal,
  ): Promise<void> {
    if (givesUpAfterMs === null) return
    // Where the load ends meanwhile, the order goes on without us.
    const isTime = await sleep(this.#edges.clock, givesUpAfterMs, signal).then(
      () => true,
      () => false,
    )
    // The customer may have paid before.
    if (isTime) await this.#edges.verdict().giveUp(placement).catch(allowing('ORDER_STATE'))
  }

  async #placeElsewhereAndTrack(order: SoakOrder, placement: PlaceParameters): Promise<void> {
    const { clock, elsewhere, notify_url } = this.#edges
    const { account = '', sub_mchid = null, out_trade_no, kind, amount } = placement
    const gateway = elsewhere[order.mode]
    const body = gateway.draft({ ...placement, sub_mchid, notify_url })
    for (;;) {
      const signedAtMs = clock.nowMs()
      const outcome = await gateway.place({ account, sub_mchid, out_trade_no, kind, body, signedAtMs })
      // An order that WeChat Pay never got would wait for a person for ever.
      if (outcome.kind === 'answer') break
      // A request whose reply was lost had placed it, and its customer was quick.
      if (outcome.kind === 'refusal' && outcome.code === 'ORDERPAID') break
      if (outcome.kind === 'refusal')
        throw new Error(`elsewhere ${out_trade_no} was refused: ${outcome.code}`)
      await sleep(clock, ELSEWHERE_RETRY_MS)
    }
    await this.#edges.verdict().track({ account, sub_mchid, out_trade_no, kind, amount, end: true })
  }

  /** Some customers bring back what they paid for. The keys are the same however often this runs. */
  readonly onVerdict = async ({ state, ...ref }: VerdictEvent): Promise<void> => {
    const { returns } = soakOrder(this.#edges.seed, indexOf(ref.out_trade_no))
    if (state !== 'SUCCESS' || returns.length === 0) return
    const verdict = this.#edges.verdict()
    // What was given up goes back by itself.
    if ((await verdict.order(ref)).lateMoney !== null) return
    for (const [i, amount] of returns.entries()) {
      const wish = { amount, reason: 'Returned', idempotencyKey: `return ${i + 1}` }
      await verdict.refund(ref, wish).catch(allowing('REFUND_EXCEEDS', 'ORDER_STATE'))
    }
  }

  /** A closed refund gave nothing back: it is asked for under another key, once. */
  readonly onRefund = async ({ refund, ...ref }: RefundEvent): Promise<void> => {
    const { state, amount, idempotencyKey } = refund
    if (state !== 'CLOSED' || idempotencyKey === null || idempotencyKey.endsWith(AGAIN)) return
    const wish = { amount, reason: 'Returned', idempotencyKey: `${idempotencyKey}${AGAIN}` }
    await this.#edges.verdict().refund(ref, wish).catch(allowing('REFUND_EXCEEDS', 'ORDER_STATE'))
  }

  #placementOf(order: SoakOrder): PlaceParameters {
    const { accounts, clock } = this.#edges
    const account = accounts.find(({ mode }) => mode === order.mode)
    if (account === undefined) throw new Error(`the simulator has no account in ${order.mode} mode`)
    const { kind, out_trade_no, total, auth_code, index, lifeMs } = order
    const openid = `o${'0'.repeat(20)}${String(index).padStart(7, '0')}`
    const isInstitutional = account.mode === 'institutional'
    return {
      account: isInstitutional ? account.sp_mchid : account.mchid,
      sub_mchid: isInstitutional ? (account.sub_mchid ?? null) : null,
      kind,
      out_trade_no,
      description: `Soak order ${index}`,
      amount: { total, currency: 'HKD' },
      purchase: `cart-${index}`,
      ...(lifeMs !== null && { time_expire: new Date(clock.nowMs() + lifeMs).toISOString() }),
      ...(kind === 'quick_pay' && { payer: { auth_code } }),
      ...((kind === 'jsapi' || kind === 'mini_program') && {
        payer: isInstitutional ? { sub_openid: openid } : { openid },
      }),
      ...(kind === 'h5' && {
        scene_info: {
          payer_client_ip: '203.0.113.7',
          store_info: { id: '1', name: 'Soak', address: 'Hong Kong' },
        },
      }),
    }
  }
}

function allowing(...codes: readonly VerdictError['code'][]): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof VerdictError && codes.includes(error.code))) throw error
  }
}
