import type { Aftercare } from './aftercare.ts'
import type { FinalOrder, Order, OrderFacts } from './order.ts'
import type { Credential, Evidence } from './outcome.ts'

export const ORDER_CALLS = ['place', 'query', 'close', 'reverse'] as const
/** A call to WeChat Pay about one order. */
export type OrderCall = (typeof ORDER_CALLS)[number]

export const REFUND_CALLS = ['refund', 'queryRefund', 'queryRefunds'] as const
/** A call to WeChat Pay about the refunds of one order. */
export type RefundCall = (typeof REFUND_CALLS)[number]

export const CALLS = [...ORDER_CALLS, ...REFUND_CALLS] as const
export type Call = OrderCall | RefundCall

/** One line of an order's journal: everything that happened to it has one. */
export interface JournalLine {
  readonly atMs: number
  readonly event: JournalEvent
  readonly call?: Call
  /** What WeChat Pay said, or what became true, in one word: a `trade_state`, a code, a reason, a state. */
  readonly said?: string
  /** For people: what was expected and what came. */
  readonly note?: string
  /** How long the call took. */
  readonly tookMs?: number
}

export const JOURNAL_EVENTS = [
  'entered',
  /** Written before the request leaves. */
  'intent',
  'answer',
  'refusal',
  'no-answer',
  /** A verified callback. */
  'callback',
  /** A callback that nobody could verify made us ask. */
  'hint',
  /** A person wanted to know at once. */
  'ask-now',
  'give-up',
  'ending',
  'attention',
  /** A person has answered a mark. */
  'resolved',
  'verdict',
  'late-money',
  /** A refund was asked for, found, or got another state. */
  'refund',
] as const
export type JournalEvent = (typeof JOURNAL_EVENTS)[number]

export const EVENT_TYPES = ['order.verdict', 'order.refund', 'order.late_money'] as const
export type EventType = (typeof EVENT_TYPES)[number]

/** Something that the merchant's system is told. */
export type OrderEvent =
  /** `ending`: the order was being revoked or closed. */
  | { readonly type: 'order.verdict'; readonly ending?: true }
  /** `decided`: told once more, because a person has said what becomes of the money. */
  | { readonly type: 'order.late_money'; readonly decided?: true }
  | { readonly type: 'order.refund'; readonly out_refund_no: string }

/** What becomes of an order when something was learnt: all of it is written in one commit, or nothing. */
export interface Change {
  /** The version that this was decided on; `order.version` is the next one. */
  readonly from: number
  readonly order: Order
  readonly journal: readonly JournalLine[]
  /** Signed statements to keep for ever. A verdict's own is among them. */
  readonly evidence: readonly Evidence[]
  readonly credential?: Credential
  /** In their sequence. Each is written once for everybody who wants to hear of it. */
  readonly events: readonly OrderEvent[]
  /** Late money, and the refunds that are new or changed; absent where nothing of it changed. */
  readonly aftercare?: Aftercare
  /** A person accepted that the order is over this much, and not what we held it for. */
  readonly corrected?: Pick<OrderFacts, 'total' | 'currency'>
  /** A callback contradicts the order: this is what is wrong, and WeChat Pay is told that it was not accepted. */
  readonly refuses?: string
}

/** Whether the change makes the order's verdict. */
export function makesVerdict(change: Change): change is Change & { readonly order: FinalOrder } {
  return change.events.some(({ type }) => type === 'order.verdict')
}

/** How verdicts are learnt. `end`: by a query of the ending, after its revoke or close or just before. */
export const WAYS = ['place', 'callback', 'query', 'end'] as const
export type Way = (typeof WAYS)[number]

/** How the verdict of this change was learnt. */
export function wayOf({ order, events }: Change & { readonly order: FinalOrder }): Way {
  const { learntBy } = order.verdict
  const isEnding = events.some((event) => event.type === 'order.verdict' && event.ending === true)
  return learntBy === 'query' && isEnding ? 'end' : learntBy
}
