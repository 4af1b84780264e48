import { audit, type TrueOrder, type TrueRefund } from '../../src/cli/demo/audit.ts'
import { keptOf, refundsOf } from '../../src/cli/demo/books.ts'
import { everyOrder } from '../../src/cli/demo/every-order.ts'
import { TruthTeller } from '../../src/cli/demo/truth-teller.ts'
import { isEnded } from '../../src/core/aftercare.ts'
import { stopsEnding } from '../../src/core/attention.ts'
import { type FinalOrder, isFinal, nameOf, type Order } from '../../src/core/order.ts'
import type { Store } from '../../src/index.ts'

/** Verdict's store against the simulator's truth, when the run is over. */
export interface Compared {
  /** Given to Verdict by the shop, and found in its store. */
  readonly entered: number
  readonly orders: number
  readonly verdicts: Readonly<Record<FinalOrder['state'], number>>
  /** Without verdict: they came too late for it, or are `forPeople`. */
  readonly open: number
  /** Open with a mark that stops the ending: Verdict asks on, and ends them only at a person's word. */
  readonly forPeople: number
  /** What contradicts the truth, one sentence each. */
  readonly wrong: readonly string[]
  /** What had all the time that it could need, and isn't done. */
  readonly lost: readonly string[]
  readonly refunds: { readonly ended: number; readonly open: number }
  readonly deliveries: Readonly<Record<string, number>>
  /** Kept of what customers paid, over the orders about which nothing is left to be done. */
  readonly money: { readonly expected: number; readonly actual: number }
  readonly ordersWithFault: number
  readonly faults: number
}

/** From an order's window, and from the 5 min before a close: final queries, closes and their repeats in bad weather. */
const ENDS_WITHIN_MS = 10 * 60_000
const CLOSE_AFTER_MS = 5 * 60_000
/** The handlers are in the same process: what takes longer was forgotten. */
const TOLD_WITHIN_MS = 60_000
/** An accepted refund is asked about after a quarter of its age, an hour at most, if no callback says more. */
const REFUND_LEARNT_WITHIN_MS = 10 * 60_000
const REFUND_PAUSE_MS_MAX = 3_600_000
const SHOWN_MAX = 20

export interface Comparison {
  readonly store: Store
  readonly url: string
  readonly apiV3Keys: ReadonlyMap<string, string>
  readonly entered: number
  /** When Verdict began to close. */
  readonly endedAtMs: number
}

export async function compare({ store, url, ...known }: Comparison): Promise<Compared> {
  const teller = new TruthTeller(url, AbortSignal.timeout(120_000))
  const truth = await teller.truth()
  const { ordersHit, faults } = await teller.statistics()
  const truths = new Map(truth.orders.map((order) => [nameOf(order), order]))
  const verdicts = { SUCCESS: 0, CLOSED: 0, REVOKED: 0, NOT_CREATED: 0 }
  const refunds = { ended: 0, open: 0 }
  const money = { expected: 0, actual: 0 }
  const lost: string[] = []
  let [orders, open, forPeople] = [0, 0, 0]
  for await (const order of everyOrder(store)) {
    const truly = truths.get(nameOf(order))
    orders += 1
    if (isFinal(order)) verdicts[order.state] += 1
    else open += 1
    if (isForPeople(order)) forPeople += 1
    for (const refund of refundsOf(order)) refunds[isEnded(refund) ? 'ended' : 'open'] += 1
    if (isFinal(order) && order.dueAtMs === null && refundsOf(order).every(isEnded)) {
      money.expected += keptOf(order)
      money.actual += truly?.kept ?? 0
    }
    lost.push(...(await lostOf(order, truly, store, known.endedAtMs)))
  }
  const wrong = await audit(store, truth, { apiV3Keys: known.apiV3Keys })
  return {
    entered: known.entered,
    orders,
    verdicts,
    open,
    forPeople,
    wrong: shown(wrong.map(({ order, why }) => `${order}: ${why}`)),
    lost: shown(lost),
    refunds,
    deliveries: await store.countDeliveries(),
    money,
    ordersWithFault: ordersHit,
    faults: Object.values(faults).reduce((sum, count) => sum + count, 0),
  }
}

async function lostOf(
  order: Order,
  truth: TrueOrder | undefined,
  store: Store,
  endedAtMs: number,
): Promise<readonly string[]> {
  const name = nameOf(order)
  if (!isFinal(order)) {
    const fromMs = Math.max(order.windowEndAtMs, order.createdAtMs + CLOSE_AFTER_MS)
    const lateMs = endedAtMs - fromMs
    return lateMs > ENDS_WITHIN_MS && !isForPeople(order)
      ? [`${name} is still ${order.state}, ${minutes(lateMs)} after its window`]
      : []
  }
  const lost = lostRefunds(order, truth, endedAtMs)
  if (endedAtMs - order.verdict.atMs > TOLD_WITHIN_MS && !(await isTold(order, store)))
    return [...lost, `${name} is ${order.state}, and no handler was told`]
  return lost
}

function isForPeople(order: Order): boolean {
  return !isFinal(order) && stopsEnding(order.attention)
}

async function isTold({ id }: Order, store: Store): Promise<boolean> {
  const deliveries = await store.deliveriesOf(id)
  return deliveries.some(
    ({ target, message, state }) =>
      target === 'handlers' && message.type === 'order.verdict' && state === 'sent',
  )
}

/** As `GET /_sim/orders` tells it, beside what the audit needs. */
type TimedRefund = TrueRefund & { readonly createdAtMs: number; readonly atMs: number }

function lostRefunds(order: Order, truth: TrueOrder | undefined, endedAtMs: number): readonly string[] {
  const ended = ((truth?.refunds ?? []) as readonly TimedRefund[]).filter(
    ({ status }) => status === 'SUCCESS' || status === 'REFUNDCLOSE',
  )
  return refundsOf(order)
    .filter((refund) => !isEnded(refund))
    .flatMap(({ out_refund_no }) => {
      const truly = ended.find((refund) => refund.out_refund_no === out_refund_no)
      if (truly === undefined) return []
      const pauseMs = Math.min((truly.atMs - truly.createdAtMs) / 3, REFUND_PAUSE_MS_MAX)
      const lateMs = endedAtMs - truly.atMs - pauseMs
      return lateMs > REFUND_LEARNT_WITHIN_MS
        ? [`the refund ${out_refund_no} of ${nameOf(order)} ended, and Verdict did not notice`]
        : []
    })
}

function shown(sentences: readonly string[]): readonly string[] {
  const more = sentences.length - SHOWN_MAX
  return more > 0 ? [...sentences.slice(0, SHOWN_MAX), `and ${more} more like these`] : sentences
}

function minutes(ms: number): string {
  return `${Math.round(ms / 60_000)} min`
}
