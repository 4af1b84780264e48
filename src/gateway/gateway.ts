import type { Kind, OrderKey } from '../core/order.ts'
import type {
  Evidence,
  Outcome,
  Placed,
  RefundPage,
  RefundStatement,
  TradeStatement,
} from '../core/outcome.ts'
import type { Placement } from '../core/placement.ts'

/**
 * An account at WeChat Pay, as the engine sees it. Implementations turn each call into one signed request and tell
 * apart what came: an answer, a refusal, no answer. They never throw for what the network or WeChat Pay does, never
 * retry a call by themselves, and hand out a statement only after its signature was verified.
 */
export interface Gateway extends RefundGateway, CallbackGateway, BillGateway {
  readonly identity: Identity
  /** The bytes of a placing request, to be written down before it is sent. The same placement gives the same bytes. */
  draft(placement: Placement): string
  /**
   * Sends a drafted placing request, signed for the moment of its intent. Quick Pay is sent at most once: not on a
   * second host either, once a byte may have left.
   */
  place(request: PlaceRequest): Promise<Outcome<Placed>>
  /**
   * @param notBeforeMs sign at once, and send at this moment or later: at most a second ahead, so that the signature is
   * ready when the order is due
   */
  query(order: OrderKey, notBeforeMs?: number): Promise<Outcome<TradeStatement>>
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

/**
 * The refunds of an account. As with orders, a statement is handed out as it was signed: whether it names the refund
 * that was meant, the caller decides.
 */
export interface RefundGateway {
  /** The bytes of a refund request, to be written down before it is sent. The same draft gives the same bytes. */
  draftRefund(refund: RefundDraft): string
  /**
   * Sends a drafted refund request. An answer means accepted, not finished. No answer, HTTP 429 among its reasons,
   * leaves open whether it was accepted: query it, or send the very same bytes again.
   */
  refund(request: RefundRequest): Promise<Outcome<RefundStatement>>
  queryRefund(order: OrderKey, out_refund_no: string): Promise<Outcome<RefundStatement>>
  /** All refunds of an order, those made elsewhere included. @param transaction_id null: asks by `out_trade_no` */
  queryRefunds(
    order: OrderKey,
    transaction_id: string | null,
    range: RefundRange,
  ): Promise<Outcome<RefundPage>>
}

export interface RefundDraft extends OrderKey {
  /** WeChat Pay's number of the order, which it prefers; null: `out_trade_no` names the order. */
  readonly transaction_id: string | null
  /** 1 to 64 characters: letters, digits and `_-|*@`. Another number is another refund. */
  readonly out_refund_no: string
  /** In the smallest unit of `currency`: `refund` of this refund, `total` of the order. */
  readonly amount: { readonly refund: number; readonly total: number; readonly currency: string }
  /** 1 to 80 characters, shown to the customer. */
  readonly reason?: string | undefined
  readonly source?: 'REFUND_SOURCE_UNSETTLED_FUNDS' | 'REFUND_SOURCE_RECHARGE_FUNDS' | undefined
  /** Where the callback of this refund goes. */
  readonly notify_url?: string | undefined
  /** Common mode: the appid of the order. Default: the account's own. */
  readonly appid?: string | undefined
  /** Institutional mode: the sub-merchant's appid. Default: the account's, if it has one. */
  readonly sub_appid?: string | undefined
}

export interface RefundRequest extends OrderKey {
  /** What `draftRefund` gave. */
  readonly body: string
  /** The moment of the written intent: becomes the timestamp. Later than 10 s after it nothing is sent any more. */
  readonly signedAtMs: number
}

export interface RefundRange {
  /** How many refunds to leave out: 0 for the first page. */
  readonly offset: number
  readonly count: number
}

/** What an account's day came to, in WeChat Pay's books. */
export interface BillGateway {
  /**
   * The bill of one day: an answer once its signature was verified, and its hash found in what was signed. A refusal
   * `NO_STATEMENT_EXIST` says that there is none, or none yet.
   *
   * @param day a calendar day of Beijing, `20260608`
   * @param sub_mchid institutional mode: this sub-merchant's alone; null: everybody's
   */
  bill(day: string, sub_mchid: string | null): Promise<Outcome<Bill>>
}

export interface Bill {
  /** As it came: CSV in UTF-8. */
  readonly csv: Uint8Array
  /** Of `csv`, in hexadecimal digits: what WeChat Pay signs of a bill. */
  readonly sha1: string
}

/** The callbacks of an account. */
export interface CallbackGateway {
  /**
   * What a callback says, if WeChat Pay signed it lately for this account. Looks, in this order, at the headers, the age,
   * the key, the signature over the raw bytes, and only then at what they say. Never throws for what came from outside,
   * and takes no longer than `CALLBACK_MS_MAX`, most of which it waits for a certificate that it doesn't know yet.
   */
  openCallback(callback: ReceivedCallback): Promise<OpenedCallback>
}

/** For `openCallback`: WeChat Pay waits 5 s for an answer, and the commit needs its part. */
export const CALLBACK_MS_MAX = 2_000

export interface ReceivedCallback {
  /** Name, value, name, value, … as Node's `rawHeaders` has them: what came twice must be seen. */
  readonly headers: readonly string[]
  /** As received, before any parsing. More than 1 MiB counts as forged and is not looked at. */
  readonly body: Uint8Array
}

export type OpenedCallback = VerifiedCallback | UnverifiedCallback | UnreadableCallback

export interface VerifiedCallback {
  readonly kind: 'verified'
  /** Of the notification; the same when it is sent again. */
  readonly id: string
  /** As it came: may be a word that we don't know. */
  readonly event_type: string
  /** RFC 3339, as it came. */
  readonly create_time: string
  /** Its bytes are the encrypted envelope, for that is what WeChat Pay signed. */
  readonly evidence: Evidence
  /** What the envelope says, decrypted. Holds personal data such as an `openid`: not for logs. */
  readonly resource: string
  readonly event: CallbackEvent
}

export type CallbackEvent =
  | { readonly kind: 'payment'; readonly trade: TradeStatement }
  | { readonly kind: 'refund'; readonly refund: RefundStatement }
  /** An event that no part of Verdict speaks to. */
  | { readonly kind: 'other'; readonly event_type: string }

/** Proves nothing and changes nothing. A probe of WeChat Pay's is `forged`; the correct one follows. */
export interface UnverifiedCallback {
  readonly kind: 'unverified'
  readonly why: 'unsigned' | 'forged' | 'stale' | 'unknown-key'
  /** Which order to query: there only if our APIv3 key opens the resource and it names this account. */
  readonly hint: CallbackHint | null
}

export interface CallbackHint {
  /** Null in common mode. */
  readonly sub_mchid: string | null
  readonly out_trade_no: string
}

/** WeChat Pay signed it, and we can't use it. */
export interface UnreadableCallback {
  readonly kind: 'unreadable'
  readonly why: /** The body is no JSON object in UTF-8. */
    | 'not-json'
    /** `id`, `create_time`, `event_type` or a field of `resource` is missing. */
    | 'envelope'
    /** Encrypted in a way that we don't know. */
    | 'algorithm'
    /** Our APIv3 key doesn't open it: usually it was changed on one side only. */
    | 'undecryptable'
    /** What it says is no JSON object, or not what its `event_type` announces. */
    | 'resource'
    /** It is about another merchant than this account. */
    | 'foreign'
}
