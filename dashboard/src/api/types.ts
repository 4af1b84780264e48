/*
 * What the API gives, as the service itself declares it: types only, so that nothing of the service enters the page, and a
 * change of the API that the page doesn't follow does not compile.
 */

export type { Problem } from '../../../src/http/problem.ts'
export type { OverviewSeen as Overview } from '../../../src/http/routes/overview.ts'
export type { SessionSeen as Session } from '../../../src/http/routes/session.ts'
export type {
  DeliverySeen as Delivery,
  DifferenceSeen as Difference,
  JournalSeen as JournalLine,
  KeptReconciliationSeen as KeptReconciliation,
  OrderSeen as Order,
  OrderState,
  PieceSeen as Evidence,
  PlatformKeySeen as PlatformKey,
  ReconciliationSeen as Reconciliation,
  RefundSeen as Refund,
  ScheduleSeen as Schedule,
} from '../../../src/http/views.ts'

export interface Page<Item> {
  readonly data: readonly Item[]
  readonly next: string | null
}
