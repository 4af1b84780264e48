/**
 * What can come of a call to WeChat Pay: an answer, a refusal, or no answer. They are three types, and only the first
 * two carry evidence, so nothing that ends an order can be built from silence.
 */
export type Outcome<T> = Answer<T> | Refusal | NoAnswer

/** WeChat Pay processed the call and signed what it says. */
export interface Answer<T> {
  readonly kind: 'answer'
  readonly value: T
  readonly evidence: Evidence
}

/** WeChat Pay understood the call, declined it, and signed that. */
export interface Refusal {
  readonly kind: 'refusal'
  /** WeChat Pay's code, such as `ORDER_NOT_EXIST`, spelt as it came. */
  readonly code: string
  readonly status: number
  readonly message: string
  readonly evidence: Evidence
}

/** Nothing is known: neither that the call had an effect nor that it had none. */
export interface NoAnswer {
  readonly kind: 'no-answer'
  readonly reason: NoAnswerReason
  /** Whether a byte of the request may have reached WeChat Pay. */
  readonly sent: boolean
  /** The HTTP status of an answer that proves nothing. */
  readonly status?: number
  /** The code that an unproven answer claims: worth showing to a person, never worth believing. */
  readonly claims?: string
  /** For people: what was expected and what came. Holds no body, key or signature. */
  readonly detail: string
}

export type NoAnswerReason =
  /** DNS, TCP or TLS failed: the request did not leave. */
  | 'unreachable'
  | 'timeout'
  /** The connection broke after the request left. */
  | 'reset'
  /** 5xx, or 202: WeChat Pay itself doesn't know. */
  | 'server-error'
  | 'rate-limited'
  /** A status that only a signature would make believable, without one. */
  | 'unsigned'
  /** A signature that doesn't verify, a probe among them. */
  | 'forged'
  /** Signed, but more than 300 s away from our clock. */
  | 'stale'
  /** Signed with a key that we don't have. */
  | 'unknown-key'
  | 'unreadable'
  /** WeChat Pay refuses our signature or key (401): every call of this account will fail alike. */
  | 'key-refused'
  /** We did not send: the account's breaker is open, the claim is too old, or Verdict is closing. */
  | 'not-sent'

declare const verified: unique symbol

/**
 * A statement of WeChat Pay whose signature was verified over exactly these bytes, kept so that anybody can verify it
 * again with the public key `serial`. Only the verifying code makes one.
 */
export interface Evidence {
  readonly [verified]: true
  readonly source: 'reply' | 'callback'
  /**
   * What we asked, `GET /v3/global/…`: a refusal's bytes don't name the order, the question does. Nobody asked for a
   * callback: there it is the word `callback`, the `event_type` and the notification's id.
   */
  readonly request: string
  /** The HTTP status of the reply; 0 for a callback, which is a request of WeChat Pay's. */
  readonly status: number
  /** `Wechatpay-Serial`: a certificate's serial number or a `PUB_KEY_ID_…`. */
  readonly serial: string
  /** `Wechatpay-Timestamp`, Unix seconds, as sent. */
  readonly timestamp: string
  readonly nonce: string
  readonly signature: string
  /**
   * The signed body, byte for byte (UTF-8). A callback's is the encrypted envelope: what it says, whoever holds the
   * account's APIv3 key can read again (`callbackTextOf`).
   */
  readonly body: string
  readonly receivedAtMs: number
}

/** The fields of `Evidence` before anybody verified them. */
export type UnverifiedEvidence = Omit<Evidence, typeof verified>

/** What WeChat Pay says about an order (Query Order, Quick Pay's reply, a callback). Absent stays absent. */
export interface TradeStatement {
  /** As it came: may be a word that we don't know. */
  readonly trade_state: string
  readonly trade_state_desc?: string
  readonly mchid?: string
  readonly sp_mchid?: string
  readonly sub_mchid?: string
  readonly out_trade_no?: string
  /** WeChat Pay's number of the order; Global calls it `id`. */
  readonly transaction_id?: string
  /** RFC 3339, as it came. */
  readonly success_time?: string
  readonly trade_type?: string
  readonly amount?: { readonly total?: number; readonly currency?: string; readonly payer_total?: number }
}

/**
 * What WeChat Pay says about one refund: the answer to a refund request (accepted, not finished: without `status`),
 * Query Refund, or a callback. Absent stays absent. The account that received the money (`recv_account`) is personal and
 * not taken over. Source: WeChat Pay Global APIv3, "Refund", "Query Single Refund", "Refund Result Notification".
 */
export interface RefundStatement {
  /** Our number of the refund, 1 to 64 characters. */
  readonly out_refund_no?: string
  /** WeChat Pay's number of the refund; Global's replies call it `id`. */
  readonly refund_id?: string
  /**
   * As it came: `SUCCESS`, `PROCESSING`, `REFUNDCLOSE` (a query) or `CLOSED` (a callback), `ABNORMAL`, or a word that we
   * don't know. Callbacks call it `refund_status`.
   */
  readonly status?: string
  readonly mchid?: string
  readonly sp_mchid?: string
  readonly sub_mchid?: string
  readonly out_trade_no?: string
  /** WeChat Pay's number of the order. */
  readonly transaction_id?: string
  /** RFC 3339, as it came. */
  readonly success_time?: string
  /** RFC 3339, as it came. */
  readonly create_time?: string
  /** Where the money went: `ORIGINAL`, `BALANCE`, `OTHER_BALANCE`, `OTHER_BANKCARD`. */
  readonly channel?: string
  /** Integers in the smallest unit of their currency. `total` is the order's amount, `refund` this refund's. */
  readonly amount?: {
    readonly refund?: number
    readonly total?: number
    readonly currency?: string
    readonly payer_refund?: number
    readonly payer_currency?: string
  }
}

/**
 * One page of all refunds of an order, those that others made included. The page names the order once; each refund
 * that doesn't name it itself bears the page's ids. Source: WeChat Pay Global APIv3, "Query All Refunds".
 */
export interface RefundPage {
  /** Refunds of the order, on all pages together (`total_num`). */
  readonly total: number
  readonly refunds: readonly RefundStatement[]
  readonly mchid?: string
  readonly sp_mchid?: string
  readonly sub_mchid?: string
  readonly out_trade_no?: string
  /** WeChat Pay's number of the order; Global calls it `id` here. */
  readonly transaction_id?: string
}

/** What a customer needs to pay an order that WeChat Pay created. */
export interface Credential {
  readonly name: 'code_url' | 'prepay_id' | 'mweb_url'
  readonly value: string
}

/** Answer to a placing request: a trade statement for Quick Pay, a credential for every other kind. */
export type Placed =
  | { readonly kind: 'trade'; readonly trade: TradeStatement }
  | { readonly kind: 'credential'; readonly credential: Credential }
