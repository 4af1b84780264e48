import { namedRandom, type Random } from '../random.ts'
import type { TradeType } from './truth/order.ts'

/**
 * What the customer of an order is going to do, drawn once from the seed and the order's number: however the calls
 * interleave, a seed gives the same customers. Moments count from the creation of the order.
 */
export type CustomerPlan =
  /** Quick Pay: `afterMs` 0 needs no password, anything above asks for it. */
  | { readonly does: 'pay'; readonly afterMs: number }
  /** The payment lands immediately before the close, the reverse or WeChat Pay's own revocation is carried out. */
  | { readonly does: 'pay-before-ending' }
  /** Walks away, or types wrong passwords only: WeChat Pay shows both as NOTPAY or USERPAYING. */
  | { readonly does: 'never' }
  /** The bank refuses the Quick Pay payment: PAYERROR. */
  | { readonly does: 'fail'; readonly afterMs: number }
  /** The placing of the Quick Pay order itself is refused. An expired payment code leaves no order behind. */
  | { readonly does: 'refused'; readonly code: 'NOT_ENOUGH' | 'AUTH_CODE_EXPIRE' }

export type Customers = 'none' | 'seeded'

export interface CustomerOf {
  readonly out_trade_no: string
  readonly trade_type: TradeType
  readonly total: number
  /** From creation to `time_expire`; null for an order without. */
  readonly lifeMs: number | null
}

export function customerPlan(customers: Customers, seed: number, order: CustomerOf): CustomerPlan {
  if (customers === 'none') return order.trade_type === 'MICROPAY' ? scripted(order.total) : { does: 'never' }
  const random = namedRandom(seed, 'customer', order.out_trade_no)
  return order.trade_type === 'MICROPAY' ? atTheTill(random) : elsewhere(random, order.lifeMs ?? WINDOW_MS)
}

/** Amounts with a script of their own for Quick Pay without seeded customers, as WeChat Pay's old v2 sandbox had them. */
export const SCRIPTED_TOTALS: ReadonlyMap<number, CustomerPlan> = new Map<number, CustomerPlan>([
  [9001, { does: 'never' }],
  [9002, { does: 'pay', afterMs: 5_000 }],
  [9003, { does: 'fail', afterMs: 5_000 }],
  [9004, { does: 'refused', code: 'NOT_ENOUGH' }],
  [9005, { does: 'refused', code: 'AUTH_CODE_EXPIRE' }],
  [9006, { does: 'pay-before-ending' }],
])

function scripted(total: number): CustomerPlan {
  return SCRIPTED_TOTALS.get(total) ?? { does: 'pay', afterMs: 0 }
}

type Draw = (random: Random, lifeMs: number) => CustomerPlan

/** How long customers take who decide late in an order without `time_expire`. */
const WINDOW_MS = 900_000

/** Shares of 100. A till has somebody in front of it: nobody needs longer than the 45 s of Quick Pay. */
const AT_THE_TILL: ReadonlyArray<readonly [share: number, draw: Draw]> = [
  [40, () => ({ does: 'pay', afterMs: 0 })],
  [21, (random) => ({ does: 'pay', afterMs: between(random, 2_000, 30_000) })],
  [7, (random) => ({ does: 'pay', afterMs: between(random, 38_000, 44_900) })],
  [8, () => ({ does: 'pay-before-ending' })],
  [10, () => ({ does: 'never' })],
  [7, (random) => ({ does: 'fail', afterMs: between(random, 0, 10_000) })],
  [4, () => ({ does: 'refused', code: 'NOT_ENOUGH' })],
  [3, () => ({ does: 'refused', code: 'AUTH_CODE_EXPIRE' })],
]

const ELSEWHERE: ReadonlyArray<readonly [share: number, draw: Draw]> = [
  [44, (random, lifeMs) => ({ does: 'pay', afterMs: between(random, 3_000, Math.min(60_000, lifeMs)) })],
  [16, (random, lifeMs) => ({ does: 'pay', afterMs: between(random, lifeMs * 0.1, lifeMs * 0.9) })],
  [8, (random, lifeMs) => ({ does: 'pay', afterMs: lifeMs - between(random, 1, 10_000) })],
  [12, () => ({ does: 'pay-before-ending' })],
  [20, () => ({ does: 'never' })],
]

const atTheTill = (random: Random): CustomerPlan => drawn(AT_THE_TILL, random, WINDOW_MS)
const elsewhere = (random: Random, lifeMs: number): CustomerPlan => drawn(ELSEWHERE, random, lifeMs)

function drawn(table: typeof AT_THE_TILL, random: Random, lifeMs: number): CustomerPlan {
  let left = random.next() * 100
  for (const [share, draw] of table) {
    if (left < share) return draw(random, lifeMs)
    left -= share
  }
  return { does: 'never' }
}

function between(random: Random, fromMs: number, toMs: number): number {
  return Math.round(fromMs + random.next() * Math.max(0, toMs - fromMs))
}
