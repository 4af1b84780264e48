import type { Answer, NoAnswer, NoAnswerReason, Outcome, Refusal } from '../../core/outcome.ts'
import { verifiedEvidence } from '../../wechatpay/evidence.ts'
import type { HeaderMap } from '../../wechatpay/headers.ts'
import { type JsonObject, jsonObjectFrom, textOf } from '../../wechatpay/json.ts'
import type { Verification } from '../../wechatpay/reply-signature.ts'
import { readText } from './reply-text.ts'
import type { HttpFailure, HttpReply } from './transport.ts'

/** What was asked, and how to read a verified 200 or 204; `read` gives null for what is no answer to it. */
export interface Question<T> {
  /** `GET /v3/global/…`. */
  readonly request: string
  readonly read: (status: number, json: JsonObject | null) => T | null
}

/** A call that brought no reply. */
export function outcomeOfFailure({ reason, sent, detail }: HttpFailure, request: string): NoAnswer {
  return { kind: 'no-answer', reason, sent, detail: `${request}: ${detail}` }
}

/**
 * What these statuses say, WeChat Pay doesn't know itself or doesn't mean for good, so no signature could make it
 * believable. Null for a status that a signature decides about.
 */
export function outcomeOfStatus(reply: HttpReply, request: string): NoAnswer | null {
  const reason = REASONS[reply.status] ?? (reply.status >= 500 ? 'server-error' : undefined)
  return reason === undefined ? null : silence(reason, reply, request, `HTTP ${reply.status}`)
}

const REASONS: { readonly [status: number]: NoAnswerReason } = {
  202: 'server-error',
  401: 'key-refused',
  429: 'rate-limited',
}

/** Any other reply, after its signature was looked at: only a verified one says anything. */
export function outcomeOfReply<T>(
  question: Question<T>,
  reply: HttpReply,
  verification: Verification,
  receivedAtMs: number,
): Outcome<T> {
  const { request } = question
  const { status } = reply
  // Too long, or compressed in a way that can't be undone: the signature had no chance.
  if (reply.body === null)
    return silence('unreadable', reply, request, `HTTP ${status}: the body can't be read`)
  if (verification.kind !== 'verified') {
    return silence(verification.kind, reply, request, `HTTP ${status} ${problemOf(verification)}`)
  }
  const body = readText(reply.body)
  if (body === null) return silence('unreadable', reply, request, `HTTP ${status}: the body is not UTF-8`)
  const json = jsonObjectFrom(body)
  const evidence = (): Answer<T>['evidence'] =>
    verifiedEvidence(verification, { source: 'reply', request, status, body, receivedAtMs })
  if (status === 200 || status === 204) {
    const value = question.read(status, json)
    if (value !== null) return { kind: 'answer', value, evidence: evidence() }
  } else if (status >= 400) {
    const code = textOf(json?.code)
    const message = (textOf(json?.message) ?? '').replace(PAYMENT_CODE, '(payment code)')
    if (code !== undefined) {
      const refusal: Refusal = { kind: 'refusal', code, status, message, evidence: evidence() }
      return refusal
    }
  }
  return silence('unreadable', reply, request, `HTTP ${status}: signed, but not what was asked for`)
}

/** A refusal may quote what it refuses. A customer's payment code is money, and messages go into journals and logs. */
const PAYMENT_CODE = /(?<!\d)1[0-5]\d{16}(?!\d)/g

function problemOf(verification: Exclude<Verification, { kind: 'verified' }>): string {
  switch (verification.kind) {
    case 'unsigned':
      return 'without a signature'
    case 'forged':
      return 'with a signature that is not over this reply'
    case 'stale':
      return `signed ${Math.round(verification.aheadMs / 1000)} s ahead of our clock; expected less than 300 s either way`
    case 'unknown-key':
      return `signed with ${shown(verification.serial)}, a key that the account doesn't have`
  }
}

function silence(reason: NoAnswerReason, reply: HttpReply, request: string, what: string): NoAnswer {
  const id = requestIdOf(reply.headers)
  const silent: NoAnswer = {
    kind: 'no-answer',
    reason,
    sent: true,
    status: reply.status,
    detail: `${request}: ${what}${id === null ? '' : ` (Request-ID ${id})`}`,
  }
  const claims = claimOf(reply)
  return claims === null ? silent : { ...silent, claims }
}

/** The code that a reply claims without proof. Only what looks like a code gets into journals and logs. */
function claimOf({ status, body }: HttpReply): string | null {
  if (status < 202 || body === null || body.length > CLAIM_BYTES_MAX) return null
  const text = readText(body)
  const code = text === null ? undefined : textOf(jsonObjectFrom(text)?.code)
  return code !== undefined && /^[A-Za-z_]{1,32}$/.test(code) ? code : null
}

const CLAIM_BYTES_MAX = 16_384

/** WeChat Pay's support asks for it. */
function requestIdOf(headers: HeaderMap): string | null {
  const id = headers['request-id']
  return typeof id === 'string' && /^[\w-]{1,80}$/.test(id) ? id : null
}

function shown(serial: string): string {
  return /^\w{1,80}$/.test(serial) ? serial : 'an unreadable serial number'
}
