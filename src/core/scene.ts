import type { AttentionCode } from './attention.ts'
import { stopsEnding } from './attention.ts'
import type { Call } from './change.ts'
import type { Draft, FinalDraft, OpenDraft } from './draft.ts'
import type { FinalOrder, OpenOrder, Order, OrderKey } from './order.ts'
import type {
  Evidence,
  NoAnswer,
  Outcome,
  Placed,
  RefundPage,
  RefundStatement,
  TradeStatement,
} from './outcome.ts'
import type { Moment, Plan } from './plan.ts'
import type { MarkAnswer } from './resolving.ts'

/** Something that was learnt about one order, from WeChat Pay or from the merchant. */
export type Learnt =
  | { readonly call: 'place'; readonly outcome: Outcome<Placed>; readonly tookMs: number }
  | { readonly call: 'query'; readonly outcome: Outcome<TradeStatement>; readonly tookMs: number }
  | { readonly call: 'close' | 'reverse'; readonly outcome: Outcome<'done'>; readonly tookMs: number }
  | ({ readonly call: 'refund' } & RefundAnswer)
  | ({ readonly call: 'queryRefund' } & RefundAnswer)
  | {
      readonly call: 'queryRefunds'
      /** All pages in one. */
      readonly outcome: Outcome<RefundPage>
      /** The signed pages before the last. */
      readonly earlier: readonly Evidence[]
      readonly tookMs: number
    }
  /** A verified callback about this order's payment. */
  | { readonly call: 'callback'; readonly trade: TradeStatement; readonly evidence: Evidence }
  /** A verified callback about a refund of this order. */
  | { readonly call: 'refund-callback'; readonly refund: RefundStatement; readonly evidence: Evidence }
  /** A callback that could not be verified, but whose resource our APIv3 key opened: worth a question. */
  | { readonly call: 'hint' }
  /** A person wants to know now. `by`: who. */
  | { readonly call: 'ask-now'; readonly by: string }
  /** A person answers an order's mark. */
  | ({ readonly call: 'resolve' } & MarkAnswer)
  /** The merchant no longer wants the order. `by`: who said so, if it is known. */
  | { readonly call: 'give-up'; readonly by?: string | undefined }
  /** The merchant wants money to go back. */
  | ({ readonly call: 'ask-refund' } & RefundWish)

interface RefundAnswer {
  readonly out_refund_no: string
  readonly outcome: Outcome<RefundStatement>
  readonly tookMs: number
}

export interface RefundWish {
  /** The caller's idempotency key. */
  readonly key: string
  /** In the smallest unit of the order's currency; null: all that is left. */
  readonly amount: number | null
  readonly reason: string | null
  /** Who, for the journal, if it is known. It is no part of what is wished for: the key is. */
  readonly by?: string | undefined
}

/** What holds for the order's account and kind. */
export interface Rules {
  readonly plan: Plan
  /** Whether an unsigned "no such order" counts like a signed one. */
  readonly believesUnsignedUnknown: boolean
  /** The `out_refund_no` of an order's refund: the same for the same idempotency key, for ever. */
  readonly refundNumber: (order: OrderKey, key: string) => string
}

/** What every step of a decision looks at, and the draft that it writes into. */
interface SceneOf<From extends Order, To extends Draft<From>> {
  readonly order: From
  readonly rules: Rules
  readonly moment: Moment
  readonly draft: To
}

export type Scene = SceneOf<OpenOrder, OpenDraft>
/** The same about an order that has its verdict. */
export type FinalScene = SceneOf<FinalOrder, FinalDraft>

/** A signed request stays usable for 300 s (WeChat Pay's limit) and a margin: until then it may still take effect. */
export const USABLE_MS = 310_000
/**
 * What reached WeChat Pay in the last second of its signature may be unknown to questions for some time longer. WeChat Pay
 * names no such time; its advice is to wait 30 s and query again.
 */
export const UNKNOWN_MS = 60_000
/** Questions that a person has to look at, or that WeChat Pay refuses, are repeated at this pace. */
export const SLOW_MS = 30_000
/** WeChat Pay said "too many requests": nothing is repeated sooner. */
const RATE_LIMITED_MS = 5_000

/** How much older than its question a signature may be before it is an earlier reply over again: clocks differ. */
const REPLAYED_MS = 120_000

/**
 * The moment from which a signed reply tells: when it was asked for, or when it was signed if that was long before. A
 * reply doesn't name its question, so an old one that comes again verifies for as long as 300 s.
 */
export function spokenAtMs({ timestamp }: Evidence, askedAtMs: number): number {
  const signedAtMs = Number(timestamp) * 1_000
  return signedAtMs < askedAtMs - REPLAYED_MS ? signedAtMs : askedAtMs
}

/** Whether the order may be ended now: by its own rules or the merchant's word, and no mark stands against it. */
export function mayEnd(order: OpenOrder): boolean {
  return (order.mayEnd || order.givenUpAtMs !== null) && !stopsEnding(order.attention)
}

/** When the policy queries next, with what this step already changed. */
export function next({ draft, rules, moment }: Scene): number {
  return rules.plan.next(draft.order, moment)
}

/** The policy's next query, but at most every 30 s. */
export function slowly(scene: Scene): number {
  return Math.max(next(scene), scene.moment.nowMs + SLOW_MS)
}

/** The policy's rhythm while a customer may be paying, and slowly once the window is over. */
export function inRhythm(scene: Scene): number {
  return scene.moment.nowMs < scene.order.windowEndAtMs ? next(scene) : slowly(scene)
}

/** The shortest pause after a call that got no answer. */
export function restMs({ reason }: NoAnswer): number {
  return reason === 'rate-limited' ? RATE_LIMITED_MS : 0
}

const SILENCE_ATTENTION: Partial<Record<NoAnswer['reason'], AttentionCode>> = {
  'key-refused': 'key_refused',
  'unknown-key': 'key_unknown',
}

export function noteSilence(
  { order, draft }: Scene | FinalScene,
  call: Call,
  outcome: NoAnswer,
  tookMs: number,
): void {
  const { reason, claims, status, detail } = outcome
  draft.note('no-answer', {
    call,
    said: claims ?? (status === undefined ? reason : `${reason} ${status}`),
    note: detail,
    tookMs,
  })
  draft.patch({ silence: order.silence + 1 })
  const attention = SILENCE_ATTENTION[reason]
  if (attention !== undefined) draft.attend(attention, detail)
}

/** An old reply over again tells nothing about now. */
export function isOld({ moment }: FinalScene, evidence: Evidence, tookMs: number): boolean {
  const askedAtMs = moment.nowMs - tookMs
  return spokenAtMs(evidence, askedAtMs) < askedAtMs
}
