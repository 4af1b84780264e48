import type { Call } from '../core/change.ts'
import type { FinalOrder } from '../core/order.ts'

/** Whoever measures. Must not throw; called on the poll path, so it must be quick. */
export interface Observer {
  /** An order has its verdict, committed. */
  settled?(order: FinalOrder): void
  /** A call came back: `answer`, `refusal`, or why there was no answer. */
  called?(call: {
    readonly account: string
    readonly call: Call
    readonly outcome: string
    readonly tookMs: number
  }): void
  /** Work on an order begins, so long after it was due. */
  started?(start: { readonly account: string; readonly lateMs: number }): void
}
