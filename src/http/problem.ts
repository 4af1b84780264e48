import { ERRORS, type ErrorCode, VerdictError } from '../errors.ts'
import { isStoreFailure } from './store-failures.ts'

/** An error as RFC 9457 writes it. */
export interface Problem {
  /** Where the code is explained, below the documents of the service. */
  readonly type: string
  /** The code, for programs. */
  readonly code: ErrorCode
  readonly status: number
  /** One sentence for people. */
  readonly detail: string
  /** The request, as it is named in the log. */
  readonly instance: string
  /** What is wrong with the request, by JSON pointer. */
  readonly errors?: readonly FieldError[]
}

export interface FieldError {
  /** RFC 6901, with `query` and `path` as first parts where it is not the body; empty for the whole body. */
  readonly pointer: string
  readonly detail: string
}

/** A request whose fields are wrong. */
export class RequestInvalid extends VerdictError {
  readonly errors: readonly FieldError[]

  constructor(errors: readonly FieldError[]) {
    const [first] = errors
    super(
      'REQUEST_INVALID',
      first === undefined ? 'the request is wrong' : `${first.pointer || 'the body'}: ${first.detail}`,
    )
    this.errors = errors
  }
}

/** Somebody asks too often. */
export class TooMany extends VerdictError {
  readonly waitMs: number

  constructor(what: string, waitMs: number) {
    super('TOO_MANY_REQUESTS', `${what}; expected none for ${Math.ceil(waitMs / 1_000)} s`)
    this.waitMs = waitMs
  }
}

/** What the caller is told of an error: of one that is not ours, nothing but that it happened. */
export function problemOf(error: unknown, instance: string): Problem {
  const known = error instanceof VerdictError ? error : ofFastify(error)
  const { code, message } = known ?? (isStoreFailure(error) ? STORE_FAILS : INTERNAL)
  return {
    type: `/docs/errors#${code}`,
    code,
    status: ERRORS[code].status,
    detail: message,
    instance,
    ...(known instanceof RequestInvalid && { errors: known.errors }),
  }
}

/** Not in the words of the database: they say where it is. */
const STORE_FAILS = {
  code: 'STORE_FAILS',
  message: 'the store fails; the request may have been done, and may be repeated',
} as const
const INTERNAL = {
  code: 'INTERNAL',
  message: 'something failed on our side; the request may have been done',
} as const

/** What Fastify refuses before a route sees it. */
function ofFastify(error: unknown): VerdictError | null {
  const { code, statusCode } = error as { readonly code?: unknown; readonly statusCode?: unknown }
  if (code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH')
    return new VerdictError('ROUTE_UNKNOWN', 'the address can not be read; see /openapi.json')
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || statusCode === 413)
    return new VerdictError(
      'BODY_TOO_LARGE',
      `the body is too large; expected at most ${BODY_BYTES_MAX} bytes, and ${STRANGERS_BODY_BYTES_MAX} without a key`,
    )
  if (statusCode === 400)
    return new VerdictError('BODY_UNREADABLE', 'the body is no JSON; expected an object')
  return null
}

/** What Node refuses before Fastify sees it, as it is written to the socket: HTTP that is broken, too long or too slow. */
export function brokenRequestAnswer({ code }: { readonly code?: string | undefined }): string {
  const [status, word, detail] = BROKEN[code ?? ''] ?? [400, 'Bad Request', 'the request is no HTTP/1.1']
  const problem = { ...problemOf(new VerdictError('REQUEST_INVALID', detail), ''), status }
  const body = JSON.stringify(problem)
  return [
    `HTTP/1.1 ${status} ${word}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}

const BROKEN: { readonly [code: string]: readonly [status: number, word: string, detail: string] } = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'the request took too long to arrive'],
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'the headers are too large'],
}

/** Of a request to the API. A thousand orders to be tracked have some 300 kB. */
export const BODY_BYTES_MAX = 1_048_576
/** Where nobody needs a key: a key fits in. */
export const STRANGERS_BODY_BYTES_MAX = 1_024
