import { isFinal, nameOf, type Order } from '../../core/order.ts'
import type { Evidence } from '../../core/outcome.ts'
import { brokenEvidence, proofOf } from '../../proof.ts'
import type { PlatformKey, Store } from '../../store/store.ts'

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
}

/**
 * Holds every order against the simulator's truth. Wrong is: a verdict that contradicts the truth, an order that WeChat
 * Pay has and Verdict lacks, a Quick Pay that was received twice, evidence that doesn't verify. An order without
 * verdict claims nothing yet: only its evidence can be wrong.
 */
export async function audit(store: Store, truth: Truth): Promise<readonly Wrong[]> {
  const truths = new Map(truth.orders.map((order) => [nameOf(order), order]))
  const keys = await store.platformKeys()
  const wrong: Wrong[] = []
  const seen = new Set<string>()
  for await (const order of everyOrder(store)) {
    const name = nameOf(order)
    seen.add(name)
    const why = wrongAbout(order, truths.get(name), await store.evidenceOf(order.id), keys)
    if (why !== null) wrong.push({ order: name, why })
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
  }))
  const others = quickPayReceivedTwice - twice.length
  if (others > 0)
    wrong.push({ order: 'orders that WeChat Pay refused', why: `${others} Quick Pay received twice` })
  return wrong
}

function wrongAbout(
  order: Order,
  truth: TrueOrder | undefined,
  evidence: readonly Evidence[],
  keys: readonly PlatformKey[],
): string | null {
  if (order.kind === 'quick_pay' && order.placings > 1) return `Quick Pay sent ${order.placings} times`
  if (!isFinal(order)) return brokenEvidence(order, evidence, keys)
  const { state } = order
  const expected = truth === undefined ? 'NOT_CREATED' : stateOf(truth)
  if (state !== expected) return `verdict ${state}, WeChat Pay has ${truth?.trade_state ?? 'no such order'}`
  if (truth !== undefined && (truth.total !== order.total || truth.currency !== order.currency)) {
    return `${order.total} ${order.currency}, WeChat Pay has ${truth.total} ${truth.currency}`
  }
  const proof = proofOf(order, evidence, keys)
  return proof.holds ? null : proof.because
}

/** A refund is a later stage of a payment (guide 3.9): it takes nothing from the verdict SUCCESS. */
function stateOf({ trade_state }: TrueOrder): string {
  return trade_state === 'REFUND' ? 'SUCCESS' : trade_state
}

const PAGE = 500

export async function* everyOrder(store: Store): AsyncGenerator<Order> {
  let after = 0
  for (;;) {
    const page = await store.page(after, PAGE)
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = last.id
  }
}
