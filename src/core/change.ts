import type { Order } from './order.ts'
import type { Credential, Evidence } from './outcome.ts'

export const CALLS = ['place', 'query', 'close', 'reverse'] as const
/** A call to WeChat Pay about one order. */
export type Call = (typeof CALLS)[number]

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

export type JournalEvent =
  | 'entered'
  /** Written before the request leaves. */
  | 'intent'
  | 'answer'
  | 'refusal'
  | 'no-answer'
  | 'give-up'
  | 'ending'
  | 'attention'
  | 'verdict'

/** What becomes of an order when something was learnt: all of it is written in one commit, or nothing. */
export interface Change {
  /** The version that this was decided on; `order.version` is the next one. */
  readonly from: number
  readonly order: Order
  readonly journal: readonly JournalLine[]
  /** Signed statements to keep for ever. A verdict's own is among them. */
  readonly evidence: readonly Evidence[]
  readonly credential?: Credential
}
