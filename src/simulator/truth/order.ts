import type { CustomerPlan } from '../customers.ts'
import type { Refund } from './refund.ts'

/**
 * What is really true about an order at the simulated WeChat Pay. Pure values: every moment is handed in, in ms of the
 * orders' own time (see `age.ts`).
 */
export type TradeType = 'MICROPAY' | 'JSAPI' | 'NATIVE' | 'APP' | 'MWEB'

/** Whose order it is. An order of one mode is unknown to the other. */
export type Owner =
  | { readonly mode: 'common'; readonly mchid: string }
  | { readonly mode: 'institutional'; readonly sp_mchid: string; readonly sub_mchid: string }

/** Numbers are unique per merchant: common orders by `mchid`, institutional ones by (`sp_mchid`, `sub_mchid`). */
export function orderKey(owner: Owner, out_trade_no: string): string {
  return owner.mode === 'common'
    ? `${owner.mchid}/${out_trade_no}`
    : `${owner.sp_mchid}/${owner.sub_mchid}/${out_trade_no}`
}

/** What a placing request asks for, read and checked. */
export interface Placing {
  readonly owner: Owner
  readonly out_trade_no: string
  readonly trade_type: TradeType
  /** In the smallest unit of `currency`. */
  readonly total: number
  readonly currency: string
  /** Equal for requests with equal parameters, whatever their spelling; different for any other. */
  readonly fingerprint: string
  readonly expiresAtMs: number | null
  /** Quick Pay only. */
  readonly auth_code: string | null
  /** Where the callback of the payment goes; Quick Pay has none. */
  readonly notify_url: string | null
  /** What a query gives back as it came: appids, `attach`, the payer's openids. */
  readonly echo: Echo
}

export interface Echo {
  readonly appids: Readonly<Record<string, string>>
  readonly payer: Readonly<Record<string, string>>
  readonly attach: string | null
}

/** The state with exactly the facts that it has. */
export type Life =
  | { readonly trade_state: 'NOTPAY' | 'USERPAYING' | 'PAYERROR' }
  | { readonly trade_state: 'SUCCESS'; readonly paidAtMs: number }
  | { readonly trade_state: 'CLOSED'; readonly endedAtMs: number }
  | {
      readonly trade_state: 'REVOKED'
      readonly endedAtMs: number
      readonly by: 'merchant' | 'wechat_pay'
      /** When it had been paid before; that money went back to the customer. */
      readonly paidAtMs: number | null
    }

export interface Order extends Placing {
  /** Counts orders in the sequence of their creation, from 1. */
  readonly sequence: number
  /** WeChat Pay's own number of the order. */
  readonly id: string
  readonly createdAtMs: number
  readonly plan: CustomerPlan
  readonly life: Life
  /** In the sequence of their acceptance; absent until the first one. */
  readonly refunds?: readonly Refund[]
}

/** Codes with which the truth refuses a request. The wire gives each its HTTP status. */
export type RefusalCode =
  | 'ORDER_NOT_EXIST'
  | 'ORDERPAID'
  | 'ORDER_CLOSED'
  | 'OUT_TRADE_NO_USED'
  | 'AUTH_CODE_INVALID'
  | 'AUTH_CODE_EXPIRE'
  | 'NOT_ENOUGH'
  | 'INVALID_REQUEST'
  | 'RULE_LIMIT'
  | 'REVERSE_EXPIRE'
  | 'RESOURCE_NOT_EXISTS'
  | 'FREQUENCY_LIMITED'
  | 'OUT_REFUND_NO_USED'
  | 'TRADE_OVERDUE'

export interface Refusal {
  readonly code: RefusalCode
  readonly message: string
  /** WeChat Pay's internal number, where it isn't the usual one of the code. */
  readonly number?: number
}

export function isOpen({ life }: Order): boolean {
  return life.trade_state === 'NOTPAY' || life.trade_state === 'USERPAYING' || life.trade_state === 'PAYERROR'
}

/** Whether the customer's money went out, whatever became of it later. */
export function paidAtMs({ life }: Order): number | null {
  return life.trade_state === 'SUCCESS' || life.trade_state === 'REVOKED' ? life.paidAtMs : null
}

export function moneyReturned({ life }: Order): boolean {
  return life.trade_state === 'REVOKED' && life.paidAtMs !== null
}
