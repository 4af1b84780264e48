import { shown, VerdictError } from '../errors.ts'
import type { AttentionCode } from './attention.ts'
import type { Change } from './change.ts'
import { anyRevokeIsOpen, NEW_ENDING, NO_REVOKES } from './ending.ts'
import { isLine } from './line.ts'
import {
  type FinalOrder,
  isFinal,
  isStopped,
  nameOf,
  type OpenOrder,
  type Order,
  STOPPED_MS,
} from './order.ts'
import type { TradeStatement } from './outcome.ts'
import type { FinalScene, Learnt, Scene } from './scene.ts'
import { fitOf } from './statement.ts'

/* What a person answers when an order bears a mark. Design section 2: each answer is written down with who and why. */

export const RESOLUTIONS = [
  /** What WeChat Pay signed is right, and what we held against it was not; or: late money is kept. */
  'accept_evidence',
  /** Late money goes back to the customer. */
  'refund',
  /** The order is no longer wanted: it is revoked or closed, the mark notwithstanding. */
  'end',
  /** Nothing is asked any more. WeChat Pay's own word, or somebody who asks, begins it again. */
  'stop_tracking',
  /** Looked at, and nothing is to be done: Verdict goes on. What is still so is found, and marked, again. */
  'seen',
] as const
export type Resolution = (typeof RESOLUTIONS)[number]

/** What a person answers to a mark, and why. */
export interface MarkAnswer {
  readonly action: Resolution
  /** Who, for the journal. */
  readonly by: string
  /** Why, for the journal: 1 to 500 characters. */
  readonly note: string
  /** For `accept_evidence`: the latest statement that is kept of the order, in which WeChat Pay states an amount. */
  readonly stated: TradeStatement | null
  /** For `accept_evidence`: the amount that the person saw; nothing is accepted of another one. Null: whatever is stated. */
  readonly amount: Amount | null
}

export type Amount = Pick<Order, 'total' | 'currency'>

type Resolve = Extract<Learnt, { call: 'resolve' }>

/**
 * What a person may answer to an order's mark; empty while nothing needs one. Nothing that could return a
 * customer's money, or keep it, by mistake: an amount that differs stops the ending until it is accepted.
 */
export function resolutionsOf(order: Order): readonly Resolution[] {
  const { attention } = order
  if (attention === null) return []
  return isFinal(order) ? afterVerdict(order, attention) : beforeVerdict(order, attention)
}

function afterVerdict({ aftercare }: FinalOrder, attention: AttentionCode): readonly Resolution[] {
  switch (aftercare?.late?.phase) {
    case 'asked':
      return ['refund', 'accept_evidence']
    case 'confirm':
    case 'compare':
      return attention === 'late_money' ? ['accept_evidence'] : ['seen']
    default:
      return ['seen']
  }
}

function beforeVerdict(order: OpenOrder, attention: AttentionCode): readonly Resolution[] {
  const revoke = order.state === 'ending' ? order.ending.revoke : NO_REVOKES
  const mayStop = order.state !== 'placing' && !anyRevokeIsOpen(revoke) && !isStopped(order)
  const stop = mayStop ? (['stop_tracking'] as const) : []
  const end = order.givenUpAtMs === null ? (['end'] as const) : []
  switch (attention) {
    case 'amount_mismatch':
      return ['accept_evidence', ...stop]
    case 'paid_after_revoke':
      return ['accept_evidence', 'seen']
    case 'identity_mismatch':
    case 'refund_mismatch':
      return ['seen', ...stop]
    case 'overdue':
    case 'unfinished':
      // Seen, it would be as late as before.
      return [...end, ...stop]
    default:
      return ['seen', ...end, ...stop]
  }
}

/** A person has looked at an order that has no verdict. @throws ORDER_STATE */
export function onResolved({ order, draft, moment }: Scene, answer: Resolve): Change {
  checkPossible(order, answer)
  draft.resolve(answer)
  switch (answer.action) {
    case 'accept_evidence':
      // The road to the verdict stays the one that it always is: the next signed statement, which fits now. It has to be
      // asked for, also where the tracking was stopped while the mark's statement was on its way.
      draft.goOn()
      if (order.attention === 'amount_mismatch') {
        draft.correct(acceptedAmount(order, answer))
        return draft.asBefore(moment.nowMs)
      }
      checkSeen(order, answer.amount, order)
      if (order.state === 'ending') {
        // When the revoke that was accepted left, nobody knows any more: it counts as one without an answer, of now.
        const revoke = { ...NO_REVOKES, unansweredAtMs: moment.nowMs }
        return draft.ending({ ...order.ending, phase: 'confirm', revoke }, moment.nowMs)
      }
      return draft.asBefore(moment.nowMs)
    case 'end':
      draft.goOn()
      draft.patch({ givenUpAtMs: moment.nowMs })
      draft.note('ending', { said: 'given up' })
      return draft.ending(
        order.state === 'ending' ? { ...order.ending, phase: 'ask' } : NEW_ENDING,
        moment.nowMs,
      )
    case 'stop_tracking':
      return draft.asBefore(STOPPED_MS)
    case 'seen':
    case 'refund': {
      const dueAtMs = Math.min(order.dueAtMs, moment.nowMs)
      return order.state === 'placing' ? draft.placing(dueAtMs) : draft.asBefore(dueAtMs)
    }
  }
}

/** A person has looked at an order that has its verdict. @throws ORDER_STATE */
export function onResolvedAfterwards({ order, draft, moment }: FinalScene, answer: Resolve): Change {
  checkPossible(order, answer)
  draft.resolve(answer)
  switch (answer.action) {
    case 'refund':
      // Whatever was asked before is old by now: it goes back only after a fresh answer, like any other late money.
      draft.late({ phase: 'confirm', dueAtMs: moment.nowMs, questions: 0, confirmedAtMs: null })
      draft.decidedLate()
      break
    case 'accept_evidence':
      checkSeen(order, answer.amount, order)
      draft.late({ phase: 'accepted', dueAtMs: null })
      draft.decidedLate()
      break
    default:
      break
  }
  return draft.done()
}

function checkPossible(order: Order, { action }: Resolve): void {
  const possible = resolutionsOf(order)
  if (possible.includes(action)) return
  throw new VerdictError(
    'ORDER_STATE',
    `${nameOf(order)} is ${order.state}, marked ${order.attention ?? 'with nothing'}; it can't be answered by ${action}, expected ${expectedOf(order, possible)}`,
  )
}

function expectedOf({ attention }: Order, possible: readonly Resolution[]): string {
  if (possible.length > 0) return `one of ${possible.join(', ')}`
  if (attention === null) return 'an order that needs a person'
  return 'none yet: what was sent about it has to be answered first'
}

/** What WeChat Pay signed, if it is what the person saw. @throws ORDER_STATE */
function acceptedAmount(order: OpenOrder, { stated, amount }: Resolve): Amount {
  const now = amountStated(order, stated)
  if (now === null) {
    throw new VerdictError(
      'ORDER_STATE',
      `no statement that is kept of ${nameOf(order)} names it and an amount; expected one, to accept it: ask WeChat Pay now, and answer then`,
    )
  }
  checkSeen(order, amount, now)
  return now
}

/** The amount that a statement gives this very order; null if it gives it none that an order can have. */
export function amountStated(order: Order, stated: TradeStatement | null): Amount | null {
  const { total, currency } = stated?.amount ?? {}
  if (stated === null || !isAmount(total) || currency === undefined || !/^[A-Z]{3}$/.test(currency))
    return null
  return fitOf({ ...order, total, currency }, stated).fit === 'names it' ? { total, currency } : null
}

/** @throws ORDER_STATE if the person saw another amount than there is now */
function checkSeen(order: Order, seen: Amount | null, { total, currency }: Amount): void {
  if (seen === null || (seen.total === total && seen.currency === currency)) return
  throw new VerdictError(
    'ORDER_STATE',
    `amount is ${seen.total} ${seen.currency}; WeChat Pay states ${total} ${currency} of ${nameOf(order)}: look again`,
  )
}

/** As of every order: else nothing could be refunded of it, and no list could show it. */
function isAmount(total: number | undefined): total is number {
  return total !== undefined && Number.isSafeInteger(total) && total > 0
}

const NOTE_LENGTH_MAX = 500

export const BY_LENGTH_MAX = 64

/** @throws ORDER_INVALID with one sentence that names the field, its value and what is expected */
export function checkAnswer({ action, by, note }: Pick<MarkAnswer, 'action' | 'by' | 'note'>): void {
  if (!RESOLUTIONS.includes(action)) throw invalid('action', action, `one of ${RESOLUTIONS.join(', ')}`)
  if (!isLine(by, BY_LENGTH_MAX)) throw invalid('by', by, `1 to ${BY_LENGTH_MAX} characters on one line: who`)
  if (!isLine(note, NOTE_LENGTH_MAX))
    throw invalid('note', note, `1 to ${NOTE_LENGTH_MAX} characters on one line: why`)
}

function invalid(field: string, value: unknown, expected: string): VerdictError {
  return new VerdictError('ORDER_INVALID', `${field} is ${shown(value ?? undefined)}; expected ${expected}`)
}
