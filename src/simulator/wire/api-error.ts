import type { Refusal, RefusalCode } from '../truth/order.ts'

/** An error as the wire shows it. */
export interface ApiError {
  readonly status: number
  readonly code: string
  /** Short English. */
  readonly message: string
  readonly detail?: Readonly<Record<string, unknown>>
  /** The number that ends the Request-ID: WeChat Pay's internal code, for diagnosis only. */
  readonly number: number
}

/** Where WeChat Pay's documents are silent about the status, the one of the mainland API. */
const STATUS: Readonly<Record<RefusalCode, { readonly status: number; readonly number: number }>> = {
  ORDER_NOT_EXIST: { status: 404, number: 268512771 },
  ORDERPAID: { status: 400, number: 268449538 },
  ORDER_CLOSED: { status: 400, number: 268447914 },
  OUT_TRADE_NO_USED: { status: 403, number: 268498688 },
  AUTH_CODE_INVALID: { status: 400, number: 268501784 },
  AUTH_CODE_EXPIRE: { status: 400, number: 268501011 },
  NOT_ENOUGH: { status: 403, number: 88430113 },
  INVALID_REQUEST: { status: 400, number: 268449641 },
  RULE_LIMIT: { status: 403, number: 268447840 },
  REVERSE_EXPIRE: { status: 403, number: 268449386 },
  RESOURCE_NOT_EXISTS: { status: 404, number: 268512771 },
  FREQUENCY_LIMITED: { status: 429, number: 268447840 },
  OUT_REFUND_NO_USED: { status: 403, number: 268498688 },
  TRADE_OVERDUE: { status: 403, number: 268447914 },
}

export function refusalError({ code, message, number }: Refusal): ApiError {
  return { code, message, ...STATUS[code], ...(number === undefined ? {} : { number }) }
}

export type FieldLocation = 'body' | 'query' | 'url' | 'header'

export interface FieldFault {
  /** A JSON pointer into the body, or the name of a header or of a part of the URL. */
  readonly field: string
  readonly value: unknown
  readonly issue: string
  readonly location: FieldLocation
}

const PARAM_ERROR_NUMBER = 268435461

export function paramError(
  { field, value, issue, location }: FieldFault,
  number = PARAM_ERROR_NUMBER,
): ApiError {
  const detail = { field, value: shown(value), issue, location }
  return { status: 400, code: 'PARAM_ERROR', message: `${field}: ${issue}`.slice(0, 256), detail, number }
}

const VALUE_LENGTH_MAX = 256

/** WeChat Pay shows every value as text. */
function shown(value: unknown): string | null {
  if (value === undefined) return null
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.slice(0, VALUE_LENGTH_MAX)
}

export function noAuth(message: string): ApiError {
  return { status: 403, code: 'NO_AUTH', message, number: 268443701 }
}

export const SYSTEM_ERROR: ApiError = {
  status: 500,
  code: 'SYSTEM_ERROR',
  message: 'System error, try again with the same parameters',
  number: 268435458,
}

export const RATE_LIMITED: ApiError = {
  status: 429,
  code: 'RATELIMIT_EXCEEDED',
  message: 'Too many requests, slow down',
  number: 268447840,
}

export const NO_BILL: ApiError = {
  status: 400,
  code: 'NO_STATEMENT_EXIST',
  message: 'There is no statement of this day, or not yet',
  number: 268435461,
}

export const NO_CERTIFICATE: ApiError = {
  status: 404,
  code: 'RESOURCE_NOT_EXISTS',
  message: 'There is no platform certificate for this merchant; verify with the public key',
  number: 268512771,
}
