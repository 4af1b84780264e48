import { type AttentionCode, stopsEnding } from './attention.ts'

/** What may follow a verdict: money that comes after the order was given up, and refunds. */
export interface Aftercare {
  readonly late: LateMoney | null
  /** All that we know of, in the sequence in which they were entered, those that others made among them. */
  readonly refunds: readonly Refund[]
  /** When all refunds of the order are to be asked for, so that none is unknown to us; null while they need not be. */
  readonly compareAtMs: number | null
}

export const LATE_PHASES = [
  /** Somebody says so whom nobody could verify: a query tells. */
  'suspected',
  /** A verified statement says so. Before anything is refunded, a fresh answer has to say it too. */
  'confirm',
  /** Confirmed. Before anything is refunded, all refunds of the order have to be known. */
  'compare',
  /** A refund is on its way to the customer. */
  'refunding',
  /** The customer has everything back. */
  'returned',
  /** The policy keeps the money. */
  'accepted',
  /** A person has to decide. */
  'asked',
] as const
export type LatePhase = (typeof LATE_PHASES)[number]

/** A payment for an order that was given up before. It takes nothing from the verdict. */
export interface LateMoney {
  readonly phase: LatePhase
  readonly learntAtMs: number
  /** WeChat Pay's number of the order. */
  readonly transaction_id: string | null
  /** When the customer paid, RFC 3339 as WeChat Pay wrote it. */
  readonly success_time: string | null
  /** When it is asked about next; null while it need not be. */
  readonly dueAtMs: number | null
  /** Questions in this phase that did not settle it. */
  readonly questions: number
  /** When the latest fresh "paid" was asked for. */
  readonly confirmedAtMs: number | null
}

export const REFUND_STATES = [
  /** Not sent, or certainly not accepted: it is sent at its due time. */
  'queued',
  /** The request is written and perhaps sent; what came of it is open. */
  'requesting',
  /** WeChat Pay accepted it. */
  'processing',
  'SUCCESS',
  /** WeChat Pay closed it (`REFUNDCLOSE`, `CLOSED`): the money did not go back. */
  'CLOSED',
  /** WeChat Pay refused it for good, and doesn't know its number: the money did not go back. */
  'REFUSED',
] as const
export type RefundState = (typeof REFUND_STATES)[number]

/** One refund of an order. */
export interface Refund {
  /** Our number of it, the same at every attempt: derived from the order and `key`. */
  readonly out_refund_no: string
  /** The caller's idempotency key; null for a refund that somebody made elsewhere. */
  readonly key: string | null
  readonly origin: RefundOrigin
  /** In the smallest unit of the order's currency: an integer above 0. */
  readonly amount: number
  /** Shown to the customer. */
  readonly reason: string | null
  readonly createdAtMs: number
  readonly state: RefundState
  /** When something is to be done about it; null once it is final. */
  readonly dueAtMs: number | null
  /** Requests that were signed. */
  readonly attempts: number
  /** When the latest request was signed. */
  readonly sentAtMs: number | null
  /** When the latest request was signed that no answer accounts for, as far as we know: it may still be accepted. */
  readonly unansweredAtMs: number | null
  /** Calls in a row that did not bring it further, of one kind: they make the pauses grow. */
  readonly pauses: number
  /**
   * The last word of WeChat Pay: a `status`, or the code of a refusal. Null again once nothing is heard after a refusal that
   * means "much later".
   */
  readonly said: string | null
  /** WeChat Pay's number of it. */
  readonly refund_id: string | null
  /** RFC 3339, as WeChat Pay wrote it. */
  readonly success_time: string | null
}

/** `asked` for by the merchant; for `late_money`, by policy; made `elsewhere`, on the merchant platform or by other code. */
export type RefundOrigin = 'asked' | 'late_money' | 'elsewhere'

/** WeChat Pay's limit, for every order and all its refunds, closed ones included. */
export const REFUNDS_MAX = 50

export function isEnded({ state }: Refund): boolean {
  return state === 'SUCCESS' || gaveNothing(state)
}

/** Whether nothing of the refund's amount can leave, or has left. */
function gaveNothing(state: RefundState): boolean {
  return state === 'CLOSED' || state === 'REFUSED'
}

/** What has gone back to the customer or may be on its way: a refund whose outcome is open keeps its part reserved. */
export function reservedBy(refunds: readonly Refund[]): number {
  return refunds.reduce((sum, { state, amount }) => sum + (gaveNothing(state) ? 0 : amount), 0)
}

/** What has surely gone back. */
export function refundedBy(refunds: readonly Refund[]): number {
  return refunds.reduce((sum, { state, amount }) => sum + (state === 'SUCCESS' ? amount : 0), 0)
}

/** The refund of this number. */
export function numbered(refunds: readonly Refund[], out_refund_no: string | undefined): Refund | undefined {
  return refunds.find((one) => one.out_refund_no === out_refund_no)
}

export const NO_AFTERCARE: Aftercare = { late: null, refunds: [], compareAtMs: null }

// ---------------------------------------------------------------- what is to be done, and when

interface Marked {
  readonly attention: AttentionCode | null
}

/** WeChat Pay wants a minute between two refunds of one order; a second more for clocks and ways. */
export const REFUNDS_APART_MS = 61_000

/**
 * When something is to be done about what follows a verdict; null while nothing is. While a mark about identity or money
 * stands, late money moves no further by itself; whether there is any, is still asked.
 */
export function nextTaskAtMs(aftercare: Aftercare, order: Marked): number | null {
  const moments = tasksOf(aftercare, order).map(({ atMs }) => atMs)
  return moments.length === 0 ? null : Math.min(...moments)
}

export type Task = { readonly atMs: number } & (
  | { readonly what: 'confirm' | 'compare' }
  | { readonly what: 'send' | 'follow'; readonly refund: Refund }
)

/** Everything that is to be done about what follows a verdict, and when. One refund of an order is sent at a time. */
export function tasksOf({ late, refunds, compareAtMs }: Aftercare, { attention }: Marked): readonly Task[] {
  const isHeld = stopsEnding(attention)
  const tasks: Task[] = []
  if (late?.dueAtMs != null && !(isHeld && late.phase === 'confirm'))
    tasks.push({ what: 'confirm', atMs: late.dueAtMs })
  if (compareAtMs !== null && !(isHeld && late?.phase === 'compare'))
    tasks.push({ what: 'compare', atMs: compareAtMs })
  const sentAtMs = Math.max(...refunds.map((refund) => refund.sentAtMs ?? Number.NEGATIVE_INFINITY))
  const isOneOut = refunds.some(({ state }) => state === 'requesting')
  for (const refund of refunds) {
    if (refund.dueAtMs === null) continue
    if (refund.state !== 'queued') tasks.push({ what: 'follow', refund, atMs: refund.dueAtMs })
    else if (!isOneOut && !(isHeld && refund.origin === 'late_money')) {
      // The same number may come again at once; another one has to wait.
      const freeAtMs = refund.sentAtMs === sentAtMs ? refund.dueAtMs : sentAtMs + REFUNDS_APART_MS
      tasks.push({ what: 'send', refund, atMs: Math.max(refund.dueAtMs, freeAtMs) })
    }
  }
  return tasks
}
