import { isEnded, type Refund } from '../../core/aftercare.ts'
import { isFinal, nameOf, type Order } from '../../core/order.ts'
import type { Evidence } from '../../core/outcome.ts'
import { brokenEvidence, proofOf } from '../../proof.ts'
import type { PlatformKey, Store } from '../../store/store.ts'
import { keptOf, refundsOf } from './books.ts'
import { everyOrder } from './every-order.ts'

/** What the simulator knows of an order, as `GET /_sim/orders` tells it. */
export interface TrueOrder {
  readonly account: string
  readonly sub_mchid: string | null
  readonly out_trade_no: string
  readonly kind: string
  readonly trade_state: string
  readonly total: number
  readonly currency: string
  /** Placing requests that reached WeChat Pay. */
  readonly received: number
  /** What the customer paid; `refunded` and `kept` add up to it. */
  readonly charged: number
  readonly kept: number
  readonly refunds: readonly TrueRefund[]
}

export interface TrueRefund {
  readonly out_refund_no: string
  readonly refund: number
  readonly status: 'PROCESSING' | 'SUCCESS' | 'ABNORMAL' | 'REFUNDCLOSE'
  readonly by: 'api' | 'merchant_platform'
}

/** All that the simulator has to say about a run. */
export interface Truth {
  readonly orders: readonly TrueOrder[]
  /** Quick Pay numbers that arrived more than once, those that became no order among them. */
  readonly quickPayReceivedTwice: number
}

export interface Wrong {
  readonly order: string
  readonly why: string
  /** Whether it is about a refund, or where the money is. */
  readonly isMoney?: boolean
  readonly isTwice?: boolean
  readonly isUntold?: boolean
}

export interface AuditOptions {
  /** By account: they open what callbacks said. */
  readonly apiV3Keys?: ReadonlyMap<string, string>
  /** Whether somebody is there to be told of every verdict. */
  readonly tells?: boolean
}

/**
 * Holds every order against the simulator's truth. Wrong is: a verdict that contradicts the truth, an order that WeChat
 * Pay has and Verdict lacks, a Quick Pay that was received twice, evidence that doesn't verify. An order without
 * verdict claims nothing yet: only its evidence can be wrong.
 */
export async function audit(
  store: Store,
  truth: Truth,
  { apiV3Keys = new Map(), tells = false }: AuditOptions = {},
): Promise<readonly Wrong[]> {
  const truths = new Map(truth.orders.map((order) => [nameOf(order), order]))
  const keys = await store.platformKeys()
  const wrong: Wrong[] = []
  const seen = new Set<string>()
  for await (const order of everyOrder(store)) {
    const name = nameOf(order)
    seen.add(name)
    const apiV3Key = apiV3Keys.get(order.account)
    const why = wrongAbout(order, truths.get(name), await store.evidenceOf(order.id), { keys, apiV3Key })
    if (why !== null) wrong.push({ order: name, why })
    if (tells && isFinal(order) && !(await isTold(store, order)))
      wrong.push({ order: name, why: 'nobody was told of its verdict', isUntold: true })
    for (const money of wrongMoney(order, truths.get(name)))
      wrong.push({ order: name, why: money, isMoney: true })
  }
  for (const name of truths.keys()) {
    if (!seen.has(name)) wrong.push({ order: name, why: 'WeChat Pay has it, Verdict lacks it' })
  }
  return [...wrong, ...receivedTwice(truth)]
}

function receivedTwice({ orders, quickPayReceivedTwice }: Truth): readonly Wrong[] {
  const twice = orders.filter(({ kind, received }) => kind === 'quick_pay' && received > 1)
  const wrong = twice.map((order) => ({
    order: nameOf(order),
    why: `Quick Pay received ${order.received} times`,
    isTwice: true,
  }))
  const others = quickPayReceivedTwice - twice.length
  if (others > 0)
    wrong.push({
      order: 'orders that WeChat Pay refused',
      why: `${others} Quick Pay received twice`,
      isTwice: true,
    })
  return wrong
}

function wrongAbout(
  order: Order,
  truth: TrueOrder | undefined,
  evidence: readonly Evidence[],
  { keys, apiV3Key }: { keys: readonly PlatformKey[]; apiV3Key: string | undefined },
): string | null {
  if (order.kind === 'quick_pay' && order.placings > 1) return `Quick Pay sent ${order.placings} times`
  if (!isFinal(order)) return brokenEvidence(order, evidence, keys)
  const { state } = order
  const expected = truth === undefined ? 'NOT_CREATED' : stateOf(truth)
  if (state !== expected) return `verdict ${state}, WeChat Pay has ${truth?.trade_state ?? 'no such order'}`
  if (truth !== undefined && (truth.total !== order.total || truth.currency !== order.currency)) {
    return `${order.total} ${order.currency}, WeChat Pay has ${truth.total} ${truth.currency}`
  }
  const proof = proofOf(order, evidence, keys, apiV3Key)
  return proof.holds ? null : proof.because
}

/** Whether the merchant's system took the message about the verdict. */
async function isTold(store: Store, { id }: Order): Promise<boolean> {
  const deliveries = await store.deliveriesOf(id)
  return deliveries.some(({ message, state }) => message.type === 'order.verdict' && state === 'sent')
}

/** Every refund that Verdict asked for is there once, with its amount and its end; and the money is where Verdict says. */
function wrongMoney(order: Order, truth: TrueOrder | undefined): readonly string[] {
  const ours = refundsOf(order)
  const theirs = truth?.refunds ?? []
  const wrong = ours.flatMap((refund) => wrongRefund(refund, theirs) ?? [])
  for (const { out_refund_no, by } of theirs) {
    // Nobody else uses the API in a demo: what it has, Verdict asked for.
    const isOurs = ours.some(
      (refund) => refund.out_refund_no === out_refund_no && refund.origin !== 'elsewhere',
    )
    if (by === 'api' && !isOurs)
      wrong.push(`WeChat Pay made the refund ${out_refund_no}, which Verdict didn't ask for`)
  }
  if (!isFinal(order)) return wrong
  const isSettled = order.dueAtMs === null && ours.every(isEnded)
  if (isSettled && keptOf(order) !== (truth?.kept ?? 0)) {
    wrong.push(`Verdict says that ${keptOf(order)} is kept, WeChat Pay has ${truth?.kept ?? 0}`)
  }
  const wasGivenUp = order.givenUpAtMs !== null && order.state === 'SUCCESS'
  if (wasGivenUp && order.aftercare?.late == null)
    wrong.push('it was given up and paid, and nothing followed')
  return wrong
}

const ENDS: Readonly<Record<string, Refund['state']>> = { SUCCESS: 'SUCCESS', REFUNDCLOSE: 'CLOSED' }

function wrongRefund(refund: Refund, theirs: readonly TrueRefund[]): string | null {
  const { out_refund_no, state, amount } = refund
  const [one, ...more] = theirs.filter((other) => other.out_refund_no === out_refund_no)
  if (more.length > 0) return `the refund ${out_refund_no} was made ${more.length + 1} times`
  if (one !== undefined && one.refund !== amount)
    return `${out_refund_no} is ${amount}, WeChat Pay has ${one.refund}`
  if (!isEnded(refund)) return null
  const expected = one === undefined ? 'REFUSED' : ENDS[one.status]
  return state === expected
    ? null
    : `the refund ${out_refund_no} is ${state}, WeChat Pay has ${one?.status ?? 'no such refund'}`
}

/** A refund is a later stage of a payment (guide 3.9): it takes nothing from the verdict SUCCESS. */
function stateOf({ trade_state }: TrueOrder): string {
  return trade_state === 'REFUND' ? 'SUCCESS' : trade_state
}
