/**
 * Every code we throw, with the HTTP status that fits it. `docs/errors.md` lists the same codes; a test compares
 * the two.
 */
export const ERRORS = {
  /** An option, a configuration value or a command line argument is wrong. */
  OPTION_INVALID: { status: 400 },
  /** The parameters of an order are wrong; nothing was written and nothing was sent. */
  ORDER_INVALID: { status: 400 },
  /** The parameters of a refund are wrong; nothing was written and nothing was sent. */
  REFUND_INVALID: { status: 400 },
  /** The guide forbids this policy. */
  POLICY_INVALID: { status: 400 },
  /** A key, certificate or secret can't be used. */
  KEY_INVALID: { status: 400 },
  /** No account of this name is open. */
  ACCOUNT_UNKNOWN: { status: 404 },
  /** No such order in the store. */
  ORDER_UNKNOWN: { status: 404 },
  /** Several orders bear this number: name the account or the sub-merchant. */
  ORDER_AMBIGUOUS: { status: 409 },
  /** The number is taken by an order with other parameters. */
  ORDER_CONFLICT: { status: 409 },
  /** An earlier order for the same purchase is open or paid (guide 6.9). */
  PURCHASE_TAKEN: { status: 409 },
  /** What is asked doesn't fit the state or the kind of the order. */
  ORDER_STATE: { status: 409 },
  /** The idempotency key belongs to a refund with other parameters. */
  REFUND_CONFLICT: { status: 409 },
  /** More than what is left of the payment. */
  REFUND_EXCEEDS: { status: 409 },
  /** The order has as many refunds as WeChat Pay allows. */
  REFUNDS_TOO_MANY: { status: 409 },
  /** No such delivery in the store. */
  DELIVERY_UNKNOWN: { status: 404 },
  /** Stored evidence doesn't prove what it is kept for. */
  EVIDENCE_INVALID: { status: 422 },
  /** The file is no Verdict database, or one of a newer Verdict. */
  STORE_INVALID: { status: 500 },
  /** Another process owns the database. */
  STORE_IN_USE: { status: 503 },
  /** Verdict is closing or closed. */
  CLOSED: { status: 503 },
  /** The wait ended before the verdict came. The order goes on. */
  NOT_SETTLED_YET: { status: 504 },
} as const satisfies Record<string, { status: number }>

export type ErrorCode = keyof typeof ERRORS

/** The only error that Verdict throws on purpose: `code` is stable and for programs, `message` is for people. */
export class VerdictError extends Error {
  override readonly name = 'VerdictError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, more?: ErrorOptions) {
    super(message, more)
    this.code = code
  }

  get status(): number {
    return ERRORS[this.code].status
  }
}
