import { VerdictError } from '../errors.ts'
import { KINDS, type Kind } from './order.ts'

/** A placing request in WeChat Pay's own words (Global v3, sections 3 and 4 of its order pages). */
export interface Placement {
  readonly kind: Kind
  readonly sub_mchid: string | null
  /** 1 to 32 characters: letters, digits and `_-|*@`. */
  readonly out_trade_no: string
  /** 1 to 127 bytes... shown to the customer. */
  readonly description: string
  readonly amount: {
    /** In the smallest unit of `currency`: an integer above 0. */
    readonly total: number
    /** ISO 4217, such as `HKD`. */
    readonly currency: string
  }
  readonly payer?: {
    /** Quick Pay: the 18 digits of the customer's payment code. Never stored. */
    readonly auth_code?: string
    /** JSAPI and mini program in common mode. */
    readonly openid?: string
    /** JSAPI and mini program in institutional mode: one of these two. */
    readonly sp_openid?: string
    readonly sub_openid?: string
  }
  /** Where WeChat Pay announces the payment. Required for every kind but Quick Pay, which has no callbacks. */
  readonly notify_url?: string
  /** RFC 3339: until when the customer may pay. Not for Quick Pay. Default: the end of the policy's window. */
  readonly time_expire?: string
  /** MCC; the account's own by default. */
  readonly merchant_category_code?: string
  /** Instead of the account's own `appid` (common mode), or the sub-merchant's (institutional mode). */
  readonly appid?: string
  readonly sub_appid?: string
  readonly attach?: string
  readonly goods_tag?: string
  readonly limit_pay?: string
  /** H5 needs `payer_client_ip` and `store_info`. */
  readonly scene_info?: { readonly [field: string]: unknown }
  readonly detail?: readonly unknown[]
}
