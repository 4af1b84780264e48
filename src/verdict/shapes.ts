import type { LateMoney, Refund } from '../core/aftercare.ts'
import type { JournalLine } from '../core/change.ts'
import type { Order, OrderKey } from '../core/order.ts'
import type { Credential, Evidence } from '../core/outcome.ts'
import type { Placement } from '../core/placement.ts'
import type { Amount, Resolution } from '../core/resolving.ts'
import type { TrackOrder } from '../engine/entrance.ts'
import type { Proof } from '../proof.ts'
import type { Delivery, PlatformKey } from '../store/store.ts'

/* What `Verdict` takes and gives. */

/** Names an order. */
export interface OrderRef {
  /** 1 to 32 characters: letters, digits and `_-|*@`. */
  readonly out_trade_no: string
  /** `mchid` or `sp_mchid`. May be left out while one account is open. */
  readonly account?: string
  /** Institutional mode only: the sub-merchant; the account's own by default. */
  readonly sub_mchid?: string | null
}

/** An order to be placed, in WeChat Pay's own words. */
export type PlaceParameters = Omit<Placement, 'sub_mchid'> &
  OrderRef & {
    /**
     * The caller's id of what is bought, 1 to 128 characters: a second number for it, under the same account and
     * sub-merchant, is refused while an earlier one is open or paid (guide 6.9).
     */
    readonly purchase?: string
  }

/** An order that somebody else's code placed, and whether Verdict may end it. */
export type TrackParameters = Omit<TrackOrder, keyof OrderKey> & OrderRef

/** Which bill is wanted. */
export interface ReconcileParameters {
  /** `mchid` or `sp_mchid`. May be left out while one account is open. */
  readonly account?: string | undefined
  /** Institutional mode only: this sub-merchant's orders alone. Default: those of all. */
  readonly sub_mchid?: string | null | undefined
  /** A calendar day of Beijing of the last 180, as `2026-06-08` or `20260608`. */
  readonly date: string
}

/** A refund to be made. */
export interface RefundParameters {
  /** In the smallest unit of the order's currency: an integer above 0. Default: all that is left. */
  readonly amount?: number
  /** 1 to 80 characters, shown to the customer. */
  readonly reason?: string
  /**
   * The caller's own id of this refund, 1 to 128 characters. The same key is the same refund, however often it is asked
   * for, also after a restart; another key is another refund.
   */
  readonly idempotencyKey: string
  /** Who asks, for the journal: 1 to 64 characters. Default: nobody is named. */
  readonly by?: string
}

/** A person's answer to an order's mark. */
export interface ResolveParameters {
  /** See docs/order-states.md: which answers a mark can have. */
  readonly action: Resolution
  /** Who: 1 to 64 characters. */
  readonly by: string
  /** Why: 1 to 500 characters. */
  readonly note: string
  /**
   * For `accept_evidence`: the amount that the person saw, `amountToAccept` of an order marked `amount_mismatch`. If WeChat Pay
   * has signed another one meanwhile, the answer is refused.
   */
  readonly amount?: { readonly total: number; readonly currency: string }
}

/** An order with everything that happened to it. */
export interface OrderHistory {
  readonly order: Order
  /** What the customer needs to pay: `code_url`, `prepay_id` or `mweb_url`. Null for Quick Pay, and while none came. */
  readonly credential: Credential | null
  /** In the order of events. */
  readonly journal: readonly JournalLine[]
  /** Every signed statement that was kept, in the order in which they came. */
  readonly evidence: readonly Evidence[]
  /** What each of them says as text: a callback's is opened with the account's APIv3 key; null where that doesn't open it. */
  readonly opened: readonly (string | null)[]
  /** For `accept_evidence`: what takes the place of the order's amount; null unless it is marked `amount_mismatch`. */
  readonly amountToAccept: Amount | null
  /** WeChat Pay's public keys that signed them. */
  readonly keys: readonly PlatformKey[]
  /** In the sequence in which they were entered, those that others made among them. */
  readonly refunds: readonly Refund[]
  /** Null for an order that was not paid after it was given up. */
  readonly lateMoney: LateMoney | null
  /** What your system was or will be told, in the sequence in which it was written. */
  readonly deliveries: readonly Delivery[]
  /** Whether the stored evidence proves the verdict, checked now. */
  readonly proof: Proof
}

/** When an order was or is to be asked about, as the policy of today has it. */
export interface Schedule {
  /** Mean moments, inside the window; chance moves each. */
  readonly queriesAtMs: readonly number[]
  /** From when on an unpaid order is ended. */
  readonly windowEndAtMs: number
  /** From when on WeChat Pay lets it be revoked (Quick Pay) or closed. */
  readonly endableAtMs: number
}
