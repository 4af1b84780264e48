import { type Refund, tasksOf } from './aftercare.ts'
import { stopsEnding } from './attention.ts'
import type { Change } from './change.ts'
import { FinalDraft, OpenDraft } from './draft.ts'
import { revokeIsOpen, withRevoke } from './ending.ts'
import {
  type DueOrder,
  type Ending,
  type FinalOrder,
  isFinal,
  type OpenOrder,
  type OrderIn,
} from './order.ts'
import { PLACINGS_MAX } from './placing.ts'
import { endableAtMs } from './plan.ts'

/** What an order that is due needs: a question, or an act whose intent is written before it leaves. */
export type Step =
  | { readonly do: 'query' | 'queryRefunds' }
  | { readonly do: 'queryRefund'; readonly refund: Refund }
  | { readonly do: 'refund'; readonly refund: Refund; readonly intent: Change }
  | { readonly do: 'place' | 'close' | 'reverse'; readonly intent: Change }

/** An answer older than this is not the "query once more" that precedes a revoke or close. */
const FRESH_MS = 10_000

/** What to do about an order that is due now. Pure. */
export function nextStep(order: DueOrder, nowMs: number): Step {
  if (isFinal(order)) return nextTask(order, nowMs)
  if (order.state === 'placing' && mayRepeatPlacing(order, nowMs)) {
    const draft = new OpenDraft(order, nowMs)
    draft.note('intent', { call: 'place' })
    draft.patch({ placings: order.placings + 1, latestPlacingAtMs: nowMs })
    return { do: 'place', intent: draft.placing(nowMs) }
  }
  if (order.state === 'ending' && mayAct(order, nowMs)) {
    const call = order.kind === 'quick_pay' ? 'reverse' : 'close'
    const draft = new OpenDraft(order, nowMs)
    draft.note('intent', { call })
    return { do: call, intent: draft.ending(withIntent(order.ending, call, nowMs), nowMs) }
  }
  return { do: 'query' }
}

/** What follows a verdict: a question about late money, a refund that is sent, or a question about one. */
function nextTask(order: Extract<DueOrder, FinalOrder>, nowMs: number): Step {
  const { aftercare } = order
  const tasks = aftercare === null ? [] : tasksOf(aftercare, order)
  const [task] = tasks.toSorted((a, b) => a.atMs - b.atMs)
  switch (task?.what) {
    case 'compare':
      return { do: 'queryRefunds' }
    case 'follow':
      return { do: 'queryRefund', refund: task.refund }
    case 'send':
      return { do: 'refund', ...sending(order, task.refund, nowMs) }
    case 'confirm':
    case undefined:
      return { do: 'query' }
  }
}

/** Written before the request leaves: whatever becomes of this process, the next one asks what came of it. */
function sending(
  order: FinalOrder,
  queued: Refund,
  nowMs: number,
): { readonly refund: Refund; readonly intent: Change } {
  const draft = new FinalDraft(order, nowMs)
  const attempts = queued.attempts + 1
  const refund = { ...queued, state: 'requesting', attempts, sentAtMs: nowMs, dueAtMs: nowMs } as const
  draft.note('intent', { call: 'refund', said: queued.out_refund_no })
  draft.refund(refund)
  return { refund, intent: draft.done() }
}

/** Quick Pay is sent once, whatever happened to it; the other kinds may be repeated with the same bytes (guide 6.9). */
function mayRepeatPlacing({ kind, placings, windowEndAtMs }: OpenOrder, nowMs: number): boolean {
  return kind !== 'quick_pay' && placings < PLACINGS_MAX && nowMs < windowEndAtMs
}

/** Right after the query that found the order unpaid; a revoke that may still take effect needs none. */
function mayAct(order: OrderIn<'ending'>, nowMs: number): boolean {
  const { ending, attention, dueAtMs } = order
  if (ending.phase !== 'act' || stopsEnding(attention) || nowMs < endableAtMs(order)) return false
  return revokeIsOpen(ending.revoke, nowMs) || nowMs - dueAtMs <= FRESH_MS
}

function withIntent(ending: Ending, call: 'close' | 'reverse', nowMs: number): Ending {
  const calls = ending.calls + 1
  return call === 'close'
    ? { ...ending, calls }
    : { ...ending, calls, revoke: withRevoke(ending.revoke, nowMs) }
}
