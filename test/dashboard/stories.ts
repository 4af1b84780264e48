import type { Delivery, Evidence, JournalLine, Order, Refund } from '../../dashboard/src/api/types.ts'
import type { Story } from '../../dashboard/src/pages/order/story.ts'

/* Orders as the API shows them, for tests of what the page makes of them. All but what matters is filled in. */

export const T0 = Date.parse('2026-06-08T12:00:00.000Z')

export function at(seconds: number): string {
  return new Date(T0 + seconds * 1_000).toISOString()
}

export function orderOf(more: Partial<Order> = {}): Order {
  return {
    id: 'ord_1',
    account: '1900000001',
    sub_mchid: null,
    out_trade_no: 'A42',
    kind: 'quick_pay',
    purchase: null,
    amount: { total: 8_800, currency: 'HKD' },
    origin: 'placed',
    state: 'waiting',
    trade_state: null,
    attention: null,
    resolutions: [],
    stopped: false,
    createdAt: at(0),
    windowEndsAt: at(45),
    nextDueAt: at(7),
    givenUpAt: null,
    queries: 1,
    verdict: null,
    lateMoney: null,
    refunded: 0,
    ...more,
  }
}

interface StoryParts {
  readonly order?: Partial<Order>
  readonly journal?: readonly JournalLine[]
  readonly evidence?: readonly Evidence[]
  readonly refunds?: readonly Refund[]
  readonly deliveries?: readonly Delivery[]
}

export function storyOf({
  order,
  journal = [],
  evidence = [],
  refunds = [],
  deliveries = [],
}: StoryParts): Story {
  return {
    order: orderOf(order),
    journal,
    evidence: { data: evidence, keys: [], amountToAccept: null, holds: false, because: null },
    refunds,
    deliveries,
    schedule: { queriesAt: [3, 7, 11].map(at), windowEndsAt: at(45), endableAt: at(15) },
  }
}

export function verdictOf(
  state: NonNullable<Order['verdict']>['state'],
  more: Partial<NonNullable<Order['verdict']>> = {},
): Partial<Order> {
  const verdict = {
    state,
    at: at(9),
    learntBy: 'query',
    transaction_id: null,
    success_time: null,
    ...more,
  } as const
  return { state, verdict, nextDueAt: null, trade_state: state === 'NOT_CREATED' ? null : state }
}

export function refundOf(amount: number, state: Refund['state']): Refund {
  return {
    out_refund_no: `R${amount}`,
    idempotencyKey: 'k',
    origin: 'asked',
    ...{ amount, state, reason: null, status: null, refund_id: null, success_time: null },
    createdAt: at(20),
    nextDueAt: null,
  }
}
