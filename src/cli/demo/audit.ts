import { isFinal, nameOf, type Order } from '../../core/order.ts'
import type { Evidence } from '../../core/outcome.ts'
import { proofOf } from '../../proof.ts'
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

export interface Wrong {
  readonly order: string
  readonly why: string
}

/**
 * Holds every verdict against the simulator's truth. Wrong is: a verdict that contradicts the truth, an order that
 * WeChat Pay has and Verdict lacks, a Quick Pay that was received twice, evidence that doesn't verify.
 */
export async function audit(store: Store, truth: readonly TrueOrder[]): Promise<readonly Wrong[]> {
  const truths = new Map(truth.map((order) => [nameOf(order), order]))
  const keys = await store.platformKeys()
  const wrong: Wrong[] = []
  const seen = new Set<string>()
  for await (const order of everyOrder(store)) {
    const name = nameOf(order)
    seen.add(name)
    const why = wrongAbout(order, truths.get(name), await store.evidenceOf(order.id), keys)
    if (why !== null) wrong.push({ order: name, why })
  }
  for (const [name, { received, kind }] of truths) {
    if (!seen.has(name)) wrong.push({ order: name, why: 'WeChat Pay has it, Verdict lacks it' })
    if (kind === 'quick_pay' && received > 1)
      wrong.push({ order: name, why: `Quick Pay received ${received} times` })
  }
  return wrong
}

function wrongAbout(
  order: Order,
  truth: TrueOrder | undefined,
  evidence: readonly Evidence[],
  keys: readonly PlatformKey[],
): string | null {
  if (!isFinal(order)) return null
  const { state } = order
  const expected = truth === undefined ? 'NOT_CREATED' : truth.trade_state
  if (state !== expected) return `verdict ${state}, WeChat Pay has ${truth?.trade_state ?? 'no such order'}`
  if (truth !== undefined && (truth.total !== order.total || truth.currency !== order.currency)) {
    return `${order.total} ${order.currency}, WeChat Pay has ${truth.total} ${truth.currency}`
  }
  const proof = proofOf(order, evidence, keys)
  return proof.holds ? null : proof.because
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
