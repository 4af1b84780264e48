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
  /** The day was not held against its bill yet. */
  RECONCILIATION_UNKNOWN: { status: 404 },
  /** WeChat Pay has not made the day's bill yet. */
  BILL_NOT_READY: { status: 409 },
  /** No bill that is signed came, WeChat Pay refuses it, or it can't be read. */
  BILL_FAILS: { status: 502 },
  /** Stored evidence doesn't prove what it is kept for. */
  EVIDENCE_INVALID: { status: 422 },
  /** The file is no Verdict database, or one of a newer Verdict. */
  STORE_INVALID: { status: 500 },
  /** Another process owns the database. */
  STORE_IN_USE: { status: 503 },
  /** The store is away, full or read-only; the request may have been done. */
  STORE_FAILS: { status: 503 },
  /** Verdict is closing or closed. */
  CLOSED: { status: 503 },
  /** The wait ended before the verdict came. The order goes on. */
  NOT_SETTLED_YET: { status: 504 },
  /** A request to the HTTP API has a field that is unknown, missing or wrong; nothing was done. */
  REQUEST_INVALID: { status: 400 },
  /** The cursor is of another list, or no cursor. */
  CURSOR_INVALID: { status: 400 },
  /** No API key, or one that is unknown or revoked. */
  KEY_MISSING: { status: 401 },
  /** The API key's role may not do this. */
  ROLE_TOO_LOW: { status: 403 },
  /** A browser's session sends a change without its token, or from the page of another site. */
  CSRF_INVALID: { status: 403 },
  /** Too many requests of this kind came from this address. */
  TOO_MANY_REQUESTS: { status: 429 },
  /** The HTTP API has no such address. */
  ROUTE_UNKNOWN: { status: 404 },
  /** The `Idempotency-Key` was used with another request. */
  IDEMPOTENCY_CONFLICT: { status: 409 },
  /** The body is larger than the HTTP API reads. */
  BODY_TOO_LARGE: { status: 413 },
  /** The body is no JSON of the type that it says. */
  BODY_UNREADABLE: { status: 415 },
  /** Something failed on our side; the request may have been done. */
  INTERNAL: { status: 500 },
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

/** Longer than any id or address that is right. */
export const SHOWN_MAX = 120

/** A wrong value as a sentence shows it: `written`, and cut at 120 characters. */
export function shown(value: unknown): string {
  return cut(written(value))
}

export function cut(text: string): string {
  // A cut may go through a character of two halves.
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX - 3)}…`.toWellFormed() : text
}

/**
 * A wrong value in words, as JSON where there is such: `missing` for none. Takes whatever a caller without types hands
 * in, also what JSON doesn't hold, and shows no address's login.
 */
export function written(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'missing'
    case 'bigint':
      return `${value}n`
    case 'symbol':
    case 'function':
      return `a ${typeof value}`
    case 'object':
      return jsonOf(value) ?? "a value that can't be shown"
    case 'string':
      return JSON.stringify(withoutLogin(value))
    default:
      return String(value)
  }
}

/** Undefined for a circle, a depth beyond the stack, or a part that has no JSON. */
function jsonOf(value: object | null): string | undefined {
  try {
    return JSON.stringify(value, (_, part) => (typeof part === 'string' ? withoutLogin(part) : part))
  } catch {
    return undefined
  }
}

/** A login is a secret, also in an address that can't be read: with a blank, or with its end cut off. */
function withoutLogin(text: string): string {
  const scheme = /:[/\\]*|[/\\]{2,}/.exec(text)
  const from = scheme === null ? text.length : scheme.index + scheme[0].length
  const at = text.lastIndexOf('@')
  const address = at >= from ? `${text.slice(0, from)}…${text.slice(at)}` : text
  // Behind the host only a port is shown: without its "@" a login looks like a host with a wrong port.
  return address.replace(/^(https?:[^:[\]]*:)(?!\d*(?:[/\\?#]|$)).*/is, '$1…')
}
