import type { decide, Rules } from '../../src/core/decide.ts'
import { isFinal, type Order } from '../../src/core/order.ts'
import type { nextStep, Step } from '../../src/core/step.ts'

/*
 * Left out, so that the space stays small: chance (always 0, and it only lengthens pauses); a reply that takes its time
 * (none does, unless its worker loses the claim; silence takes 5 s); a request that leaves seconds after it was signed;
 * more than one worker that lost its claim; forged or contradicting statements, hints, ABNORMAL refunds, tracked orders,
 * restored backups. Other tests have these.
 */

/**
 * One order, whole: what WeChat Pay holds for true, what is on its way, and Verdict's order as its store has it. A value:
 * every event gives another one.
 */
export interface World {
  readonly nowMs: number
  readonly order: Order
  /** The call of the worker that holds the claim. */
  readonly flight: Flight | null
  /** The call of a worker that lost its claim and doesn't know it: what it learns is decided on the newer order. */
  readonly stray: Flight | null
  readonly truth: Truth
  /** Requests that left and that nobody waits for: each takes effect late, or never. */
  readonly wire: readonly Request[]
  /** Signed replies that may come again, the latest of each sort. */
  readonly heard: readonly Said[]
  /** What the checker writes down by itself, so that it need not believe the order. */
  readonly ledger: Ledger
  /** Verdict was down for minutes once. Once is enough, and keeps the space small. */
  readonly hasSlept: boolean
  /** A person has said that late money is kept. */
  readonly isKept: boolean
}

/** The due time of an order that a person has stopped. */
export const END_OF_TIME_MS = Date.parse('9999-12-31T23:59:59Z')

export function isStopped({ order }: Pick<World, 'order'>): boolean {
  return order.dueAtMs === END_OF_TIME_MS
}

/** What WeChat Pay holds for true. */
export interface Truth {
  readonly state: 'none' | 'open' | 'paid' | 'closed' | 'revoked'
  /** A revoked order's money went back; its callback may come all the same. */
  readonly wasPaid: boolean
  readonly refunds: readonly TrueRefund[]
}

export interface TrueRefund {
  readonly no: string
  readonly amount: number
  readonly state: 'PROCESSING' | 'SUCCESS' | 'CLOSED'
}

export type Call = Step['do']

export interface Request {
  readonly call: Call
  /** Of a refund's calls; null for the others. */
  readonly refund: { readonly no: string; readonly amount: number } | null
  readonly signedAtMs: number
}

/** A call under way: a worker waits for its reply. */
export interface Flight extends Request {
  /** WeChat Pay has answered, and the reply is on its way; null while the request is. */
  readonly reply: Said | null
}

/** What WeChat Pay signed in reply to a call. */
export interface Said {
  readonly call: Call
  readonly kind: 'answer' | 'refusal'
  /** A `trade_state`, a refund's `status`, `done`, `accepted`, `credential`, `page`, or a refusal's code. */
  readonly word: string
  readonly refund: Request['refund']
  /** The page of Query All Refunds. */
  readonly refunds: readonly TrueRefund[]
  readonly signedAtMs: number
}

export interface Ledger {
  readonly placings: number
  /** When the latest placing request was signed. */
  readonly placedAtMs: number
  /** Every refund number that was ever asked for, with its amount. */
  readonly refunds: readonly { readonly no: string; readonly amount: number }[]
}

/** The core under test, and what it is given. */
export interface Setting {
  readonly decide: typeof decide
  readonly nextStep: typeof nextStep
  readonly rules: Rules
  /**
   * Whether the signed reply to a revoke may come again, as the reply to a later one. The core does not stand this: see
   * `known.ts`.
   */
  readonly revokeRepliesComeAgain: boolean
}

/** WeChat Pay refuses a request, and Verdict a reply, whose signature is older. */
export const SIGNED_MS_MAX = 300_000
/** A worker without heartbeat loses its claims after so long. */
export const LEASE_MS = 6_000
/** How long a call waits for its reply. */
export const TIMEOUT_MS = 5_000
/** Longer than anything that was signed stays usable. */
export const SLEEP_MS = 320_000

export function isUsable(signedAtMs: number, nowMs: number): boolean {
  return nowMs - signedAtMs <= SIGNED_MS_MAX
}

/** Whether a request of this call changes anything at WeChat Pay. */
export function hasEffect(call: Call): boolean {
  return call === 'place' || call === 'close' || call === 'reverse' || call === 'refund'
}

/** Requests that have not reached WeChat Pay and still may. */
export function onTheirWay({ wire, flight, stray, nowMs }: World): readonly Request[] {
  const flights = [flight, stray].filter((one) => one !== null && one.reply === null) as Flight[]
  return [...wire, ...flights].filter(
    ({ call, signedAtMs }) => hasEffect(call) && isUsable(signedAtMs, nowMs),
  )
}

/** Whether money for an order that was given up, or ended unpaid, was proven. */
export function isLateProven(order: Order): boolean {
  const late = isFinal(order) ? (order.aftercare?.late ?? null) : null
  return late !== null && late.phase !== 'suspected'
}
