import type { Amount, Resolution } from '../../core/resolving.ts'
import type {
  DeliverySeen,
  JournalSeen,
  KeptReconciliationSeen,
  OrderSeen,
  OrderState,
  ReconciliationSeen,
  RefundSeen,
} from '../../http/views.ts'
import type { DeliveryState } from '../../store/store.ts'
import type { ReconcileParameters } from '../../verdict.ts'
import type { Limited } from './pages.ts'

/*
 * What people on call work with, as the HTTP API shows it: over there in a service, or straight on its store.
 */

/** How a person names an order: its number, and the account or sub-merchant where the number alone is ambiguous. */
export interface OrderQuestion {
  readonly out_trade_no: string
  readonly account?: string | undefined
  readonly sub_mchid?: string | undefined
}

/** All that is given must hold. */
export interface OrdersAsked {
  readonly account?: string | undefined
  readonly states?: readonly OrderState[] | undefined
  readonly isOpen?: true | undefined
  readonly needsAttention?: true | undefined
  readonly isOverdue?: true | undefined
  readonly isStopped?: true | undefined
}

/** What only reads. */
export interface Books {
  /** The newest first. */
  orders(asked: OrdersAsked, limit: number): Promise<Limited<OrderSeen>>
  /** State by state, in each the oldest first. */
  deliveries(states: readonly DeliveryState[], limit: number): Promise<Limited<DeliverySeen>>
  /** Days that were held against WeChat Pay's bills, the latest first. */
  bills(account: string | undefined, limit: number): Promise<Limited<KeptReconciliationSeen>>
  /** Null if there is none of this id any more. */
  byId(id: string): Promise<OrderSeen | null>
  /** @throws ORDER_UNKNOWN, or ORDER_AMBIGUOUS with the candidates */
  theOrder(question: OrderQuestion): Promise<OrderSeen>
  storyOf(order: OrderSeen): Promise<Story>
  /** What accepting the evidence puts in the place of the order's amount; null where that is not known, or nothing. */
  amountToAccept(order: OrderSeen): Promise<Amount | null>
  close(): Promise<void>
}

/** All that happened to an order. */
export interface Story {
  readonly order: OrderSeen
  readonly journal: readonly JournalSeen[]
  readonly refunds: readonly RefundSeen[]
  readonly deliveries: readonly DeliverySeen[]
}

/** What changes something. Each throws as the act of the library that it stands for. */
export interface Acts {
  askNow(order: OrderSeen): Promise<OrderSeen>
  giveUp(order: OrderSeen): Promise<OrderSeen>
  refund(order: OrderSeen, wish: RefundAsked): Promise<RefundSeen>
  resolve(
    order: OrderSeen,
    answer: { readonly action: Resolution; readonly note: string; readonly amount?: Amount },
  ): Promise<OrderSeen>
  /** @param id as the lists show it: `dlv_42`, or the number alone */
  resend(id: string): Promise<DeliverySeen>
  reconcile(day: ReconcileParameters): Promise<ReconciliationSeen>
}

export interface RefundAsked {
  readonly idempotencyKey: string
  readonly amount?: number | undefined
  readonly reason?: string | undefined
}
