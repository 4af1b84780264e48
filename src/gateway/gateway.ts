import type { Kind, OrderKey } from '../core/order.ts'
import type { Outcome, Placed, TradeStatement } from '../core/outcome.ts'
import type { Placement } from '../core/placement.ts'

/**
 * An account at WeChat Pay, as the engine sees it. Implementations turn each call into one signed request and tell
 * apart what came: an answer, a refusal, no answer. They never throw for what the network or WeChat Pay does, never
 * retry a call by themselves, and hand out a statement only after its signature was verified.
 */
export interface Gateway {
  readonly identity: Identity
  /** The bytes of a placing request, to be written down before it is sent. The same placement gives the same bytes. */
  draft(placement: Placement): string
  /**
   * Sends a drafted placing request, signed for the moment of its intent. Quick Pay is sent at most once: not on a
   * second host either, once a byte may have left.
   */
  place(request: PlaceRequest): Promise<Outcome<Placed>>
  query(order: OrderKey): Promise<Outcome<TradeStatement>>
  /** `signedAtMs`: the moment of the written intent, which becomes the request's timestamp. */
  close(order: OrderKey, signedAtMs: number): Promise<Outcome<'done'>>
  reverse(order: OrderKey, signedAtMs: number): Promise<Outcome<'done'>>
  /** What the customer's page or app needs to call the payment; null for a kind that needs none. */
  paySign(request: PaySignRequest): PaySign | null
  /** How long one call can take at most, connecting included. */
  readonly callMsMax: number
  /** Ends the connections. Calls under way end as no answer. */
  end(): Promise<void>
}

/** Who the account is to WeChat Pay. Common mode has an `mchid`, institutional mode an `sp_mchid`. */
export interface Identity {
  readonly mode: 'common' | 'institutional'
  /** `mchid` or `sp_mchid`: the account's name everywhere in Verdict. */
  readonly account: string
  /** Whether an unsigned "no such order" counts like a signed one. Default false. */
  readonly believesUnsignedUnknown: boolean
}

export interface PlaceRequest extends OrderKey {
  readonly kind: Kind
  /** What `draft` gave. */
  readonly body: string
  /** The moment of the written intent: becomes the timestamp. Later than 10 s after it nothing is sent any more. */
  readonly signedAtMs: number
}

/** A signed request that was not sent this long after its intent is never sent (design section 2). */
export const UNSENT_MS_MAX = 10_000

export interface PaySignRequest {
  readonly kind: Kind
  readonly prepay_id: string
  /** The appid whose page, mini program or app calls the payment; the account's own by default. */
  readonly appid?: string
}

/** Fields as `WeixinJSBridge`, `wx.requestPayment` or the app SDK take them. */
export type PaySign =
  | {
      readonly appId?: string
      readonly timeStamp: string
      readonly nonceStr: string
      readonly package: string
      readonly signType: 'RSA'
      readonly paySign: string
    }
  | {
      readonly appid: string
      readonly partnerid: string
      readonly prepayid: string
      readonly package: 'Sign=WXPay'
      readonly noncestr: string
      readonly timestamp: string
      readonly sign: string
    }
