import type { Aftercare } from './aftercare.ts'
import type { AttentionCode } from './attention.ts'
import type { Evidence } from './outcome.ts'
import type { TradeState } from './trade-state.ts'

export const KINDS = ['quick_pay', 'native', 'jsapi', 'mini_program', 'app', 'h5'] as const
/** How the customer pays. `quick_pay`: the till scans the customer's payment code. */
export type Kind = (typeof KINDS)[number]

/** What names an order: its number is unique under the account, or under the sub-merchant in institutional mode. */
export interface OrderKey {
  /** `mchid` (common mode) or `sp_mchid` (institutional mode) of the account. */
  readonly account: string
  /** Institutional mode: the sub-merchant; null in common mode. */
  readonly sub_mchid: string | null
  /** 1 to 32 characters: letters, digits and `_-|*@`. */
  readonly out_trade_no: string
}

/** What is written once, when the order enters Verdict. */
export interface OrderFacts extends OrderKey {
  /** The store's row number; grows in the order of entering. */
  readonly id: number
  readonly kind: Kind
  /** What the customer owes, in the smallest unit of `currency`: an integer above 0. */
  readonly total: number
  /** ISO 4217. */
  readonly currency: string
  /** `tracked`: placed by somebody else's code. */
  readonly origin: 'placed' | 'tracked'
  /** Whether Verdict may close or revoke it by itself. True for every order that Verdict placed. */
  readonly mayEnd: boolean
  /** The caller's id of what is bought; one open or paid order per purchase (guide 6.9). */
  readonly purchase: string | null
  /** When it was placed, or tracked: what the policy's schedule and window count from. */
  readonly createdAtMs: number
  /** From here on an answer that is not final starts the ending. */
  readonly windowEndAtMs: number
}

/** What every step may rewrite, whatever the state. */
export interface Progress {
  /** Grows by one with every change. A change applies only to the version it was decided on. */
  readonly version: number
  /** Queries that were answered: the place in the policy's schedule. The others are in the journal. */
  readonly queries: number
  /** Calls without an answer since the last answer. */
  readonly silence: number
  /** The last `trade_state` that WeChat Pay signed for this order; null if it never did. */
  readonly seen: TradeState | null
  /** Placing requests that were signed. Quick Pay: never more than 1. */
  readonly placings: number
  /**
   * The latest moment at which WeChat Pay can have created the order, as far as we know: when the last placing request
   * was signed; for a tracked order its creation if known, else when tracking began. The 15 s before a revoke, the
   * 5 min before a close and the 310 s before NOT_CREATED count from here.
   */
  readonly latestPlacingAtMs: number
  /** WeChat Pay refused the placing for good: one answered query, then the ending. */
  readonly declined: boolean
  /**
   * When the first counted, signed "no such order" was asked for, or signed if WeChat Pay's clock is ahead; null without
   * one. The second must be another: asked for a minute later, and signed later than this.
   */
  readonly unknownAtMs: number | null
  /** When the merchant said that the order is no longer wanted. */
  readonly givenUpAtMs: number | null
  /** Something needs a person. A mark beside the state, not a state. */
  readonly attention: AttentionCode | null
}

/** Where an open order stands between "not wanted any more" and its verdict. */
export interface Ending {
  /** `ask`: query once more. `act`: revoke or close. `confirm`: query what came of it; only that makes the verdict. */
  readonly phase: 'ask' | 'act' | 'confirm'
  /** Revokes or closes that were sent. */
  readonly calls: number
  /** Queries since the last revoke or close was answered. */
  readonly confirmations: number
  readonly revoke: RevokeTrail
}

/**
 * Reversing a paid order returns the money, so every revoke that left is accounted for until WeChat Pay answered it or
 * can no longer accept it.
 */
export interface RevokeTrail {
  /** When the revoke that is under way was signed. Still set after a crash: then it may have left. */
  readonly inFlightAtMs: number | null
  /** When the latest revoke that got no answer was signed. */
  readonly unansweredAtMs: number | null
  /** WeChat Pay accepted a revoke. */
  readonly accepted: boolean
}

export const FINAL_STATES = ['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'] as const
export type FinalState = (typeof FINAL_STATES)[number]

interface VerdictFacts {
  readonly atMs: number
  /** `place`: the reply to Quick Pay said it. */
  readonly learntBy: 'place' | 'query' | 'callback'
  /** WeChat Pay's number of the order, where its statement names one. */
  readonly transaction_id: string | null
  /** When the customer paid, RFC 3339 as WeChat Pay wrote it. */
  readonly success_time: string | null
}

/** What a state's verdict rests on: a signed statement, of which the last is kept here and all in the store. */
interface Proven {
  readonly evidence: Evidence
}

/** NOT_CREATED rests on two signed refusals, or on unsigned ones (null) where the account allows them. */
interface ProvenUnknown {
  readonly evidence: Evidence | null
}

/** The final status of an order and what proves it. */
export type Verdict = {
  readonly [S in FinalState]: VerdictFacts & { readonly state: S } & (S extends 'NOT_CREATED'
      ? ProvenUnknown
      : Proven)
}[FinalState]

export type Life =
  /** The placing request is written; what came of it is not known yet. */
  | { readonly state: 'placing'; readonly dueAtMs: number }
  /** We query until WeChat Pay states something final or the window is over. */
  | { readonly state: 'waiting'; readonly dueAtMs: number }
  | { readonly state: 'ending'; readonly dueAtMs: number; readonly ending: Ending }
  | {
      readonly [S in FinalState]: {
        readonly state: S
        readonly verdict: Extract<Verdict, { readonly state: S }>
        /** When something is to be done about what follows the verdict; null while nothing is. */
        readonly dueAtMs: number | null
        /** Late money and refunds; null for an order that never had any. */
        readonly aftercare: Aftercare | null
      }
    }[FinalState]

export type Order = OrderFacts & Progress & Life
export type OrderIn<S extends Order['state']> = Extract<Order, { readonly state: S }>
/** An order without verdict: it has a due time, always. */
export type OpenOrder = OrderIn<'placing' | 'waiting' | 'ending'>
export type FinalOrder = OrderIn<FinalState>
/** An order about which something is to be done: an open one, or one with a refund or late money on its way. */
export type DueOrder = OpenOrder | (FinalOrder & { readonly dueAtMs: number })

export function isFinal(order: Order): order is FinalOrder {
  return (
    order.state === 'SUCCESS' ||
    order.state === 'CLOSED' ||
    order.state === 'REVOKED' ||
    order.state === 'NOT_CREATED'
  )
}

export function isDue(order: Order): order is DueOrder {
  return order.dueAtMs !== null
}

/** What an order is, without where it stands. Lists the fields so that nothing of a left state stays behind. */
export function factsOf(order: OrderFacts): OrderFacts {
  const { id, account, sub_mchid, out_trade_no, kind, total, currency, origin, mayEnd } = order
  const { purchase, createdAtMs, windowEndAtMs } = order
  return {
    id,
    account,
    sub_mchid,
    out_trade_no,
    kind,
    total,
    currency,
    origin,
    mayEnd,
    purchase,
    createdAtMs,
    windowEndAtMs,
  }
}

export function progressOf(order: Progress): Progress {
  const { version, queries, silence, seen, placings, latestPlacingAtMs } = order
  const { declined, unknownAtMs, givenUpAtMs, attention } = order
  return {
    version,
    queries,
    silence,
    seen,
    placings,
    latestPlacingAtMs,
    declined,
    unknownAtMs,
    givenUpAtMs,
    attention,
  }
}

/**
 * The due time of an open order that a person has stopped: the end of the year 9999. No order is without one, and none of
 * these falls due by itself.
 */
export const STOPPED_MS = Date.UTC(9999, 11, 31, 23, 59, 59)

/** Whether a person has said that it is not to be asked about any more. */
export function isStopped({ dueAtMs }: Order): boolean {
  return dueAtMs === STOPPED_MS
}

/** An order as a person would name it: `1900000001/A42`, with the sub-merchant between in institutional mode. */
export function nameOf({ account, sub_mchid, out_trade_no }: OrderKey): string {
  return sub_mchid === null ? `${account}/${out_trade_no}` : `${account}/${sub_mchid}/${out_trade_no}`
}

/** Quick Pay inside its window: somebody stands at the till and waits. Such orders are claimed first. */
export function isAtTheTill(order: DueOrder): boolean {
  if (order.kind !== 'quick_pay' || isFinal(order)) return false
  return order.dueAtMs <= order.windowEndAtMs + TILL_GRACE_MS
}

/** The revoke and the query that confirms it follow the window, and the cashier still waits for them. */
const TILL_GRACE_MS = 15_000

/** Nobody stands at the till any more when an order there has been due for this long: it counts among the others. */
export const TILL_PATIENCE_MS = 60_000
/** However many stand at the till, one part in this many of every claim and every turn belongs to the others. */
export const OTHERS_ONE_IN = 5
