import { type Clock, sleep } from '../../clock.ts'
import { isFinal } from '../../core/order.ts'
import type { PlaceOrder } from '../../engine/entrance.ts'
import { VerdictError } from '../../errors.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import type { WechatPayAccount } from '../../gateway/wechatpay/account.ts'
import type { StoreReader } from '../../store/store.ts'
import type { Service } from './service.ts'
import { type ShopOrder, shopOrder } from './shop.ts'

export interface ShopEdges {
  readonly verdict: Pick<Service, 'place' | 'track' | 'giveUp'>
  /** What entered before a crash is served no second time. */
  readonly store: Pick<StoreReader, 'find'>
  readonly clock: Clock
  readonly accounts: readonly WechatPayAccount[]
  /** Places the orders that Verdict only tracks, as somebody else's code would. */
  readonly elsewhere: ReadonlyMap<string, Gateway>
  readonly seed: number
  readonly startedAtMs: number
  /** Where WeChat Pay announces payments. */
  readonly notify_url: string
  readonly say: (sentence: string) => void
}

const CURRENCY = 'HKD'

/** Serves the shop's customers, each at his time, until `orders` are there or the signal aborts. */
export async function serveCustomers(
  edges: ShopEdges,
  orders: number | null,
  signal: AbortSignal,
): Promise<void> {
  const { clock, seed, startedAtMs, store } = edges
  const underWay = new Set<Promise<void>>()
  const serving = (work: Promise<void>): void => {
    const settled = work.catch((error: Error) => saidUnlessStopped(error, edges, signal))
    underWay.add(settled)
    settled.then(() => underWay.delete(settled))
  }
  // While Verdict was down the shop was closed: the next customer comes now, and the others after him.
  let closedMs: number | null = null
  for (let index = 0; orders === null || index < orders; index++) {
    const order = shopOrder(seed, index)
    const placement = placementOf(order, edges)
    const known = await store.find(placement)
    if (known === null) {
      const comesAtMs = startedAtMs + order.arrivesAfterMs
      closedMs ??= Math.max(0, clock.nowMs() - comesAtMs)
      const waitMs = comesAtMs + closedMs - clock.nowMs()
      if (waitMs > 0) await sleep(clock, waitMs, signal)
      signal.throwIfAborted()
      serving(
        enter(edges, order, placement, signal).then(() => loseInterest(edges, order, placement, signal)),
      )
    } else if (!isFinal(known) && order.givesUpAfterMs !== null) {
      serving(loseInterest(edges, order, placement, signal))
    }
  }
  await Promise.all(underWay)
}

function saidUnlessStopped(error: Error, { say }: ShopEdges, signal: AbortSignal): void {
  if (!signal.aborted) say(error.message)
}

async function enter(
  edges: ShopEdges,
  order: ShopOrder,
  placement: PlaceOrder,
  signal: AbortSignal,
): Promise<void> {
  if (order.isTracked) await placeElsewhereAndTrack(edges, placement, signal)
  else await edges.verdict.place(placement)
}

async function loseInterest(
  { verdict, clock, store }: ShopEdges,
  { givesUpAfterMs }: ShopOrder,
  placement: PlaceOrder,
  signal: AbortSignal,
): Promise<void> {
  if (givesUpAfterMs === null) return
  const { createdAtMs } = (await store.find(placement)) ?? { createdAtMs: clock.nowMs() }
  await sleep(clock, Math.max(0, createdAtMs + givesUpAfterMs - clock.nowMs()), signal)
  await verdict.giveUp(placement).catch((error: unknown) => {
    // The customer paid before the shop lost interest.
    if (!(error instanceof VerdictError && error.code === 'ORDER_STATE')) throw error
  })
}

async function placeElsewhereAndTrack(
  { verdict, clock, elsewhere }: ShopEdges,
  placement: PlaceOrder,
  signal: AbortSignal,
): Promise<void> {
  const { account, sub_mchid, out_trade_no, kind, amount } = placement
  const gateway = elsewhere.get(account)
  if (gateway === undefined) throw new Error(`account ${account} is not open`)
  const body = gateway.draft(placement)
  for (;;) {
    const signedAtMs = clock.nowMs()
    const outcome = await gateway.place({ account, sub_mchid, out_trade_no, kind, body, signedAtMs })
    if (outcome.kind !== 'no-answer') break
    await sleep(clock, ELSEWHERE_RETRY_MS, signal)
  }
  await verdict.track({ account, sub_mchid, out_trade_no, kind, amount, end: true })
}

const ELSEWHERE_RETRY_MS = 3_000

function placementOf(
  order: ShopOrder,
  { accounts, notify_url }: Pick<ShopEdges, 'accounts' | 'notify_url'>,
): PlaceOrder {
  const account = accounts.find(({ mode }) => mode === order.mode) ?? accounts[0]
  if (account === undefined) throw new Error('the simulator has no account')
  const institutional = account.mode === 'institutional'
  const { kind, out_trade_no, total, auth_code, index } = order
  const openid = `o${'0'.repeat(20)}${String(index).padStart(7, '0')}`
  return {
    account: institutional ? account.sp_mchid : account.mchid,
    sub_mchid: institutional ? (account.sub_mchid ?? null) : null,
    kind,
    out_trade_no,
    description: `Demo order ${index}`,
    amount: { total, currency: CURRENCY },
    purchase: `cart-${index}`,
    ...(kind === 'quick_pay' ? { payer: { auth_code } } : { notify_url }),
    ...(kind === 'jsapi' || kind === 'mini_program'
      ? { payer: institutional ? { sub_openid: openid } : { openid } }
      : {}),
    ...(kind === 'h5'
      ? {
          scene_info: {
            payer_client_ip: '203.0.113.7',
            store_info: { id: '1', name: 'Demo', address: 'Hong Kong' },
          },
        }
      : {}),
  }
}
