import type { Change } from '../../src/core/change.ts'
import { decide as decideRightly, type Learnt, type Rules } from '../../src/core/decide.ts'
import type { Order } from '../../src/core/order.ts'
import type { Moment } from '../../src/core/plan.ts'
import type { Setting } from './world.ts'

/* How a core is made wrong on purpose. */

export interface Fault {
  readonly name: string
  /** The start, as `kind, name`. */
  readonly from: string
  readonly core: Partial<Pick<Setting, 'decide' | 'nextStep'>>
  /** The rule that must be found broken. */
  readonly breaks: RegExp
}

export type Decide = (order: Order, learnt: Learnt, rules: Rules, moment: Moment) => Change | null

export const decide: Decide = decideRightly

export function deciding(wrongly: Decide): Fault['core'] {
  return { decide: wrongly as Setting['decide'] }
}

/** What is decided rightly, with another order in the end. */
export function writing(spoilt: (order: Order, learnt: Learnt, before: Order) => Order): Fault['core'] {
  return deciding((order, learnt, rules, moment) => {
    const change = decide(order, learnt, rules, moment)
    return change && { ...change, order: spoilt(change.order, learnt, order) }
  })
}

/** What is decided rightly about another order, or about something else that was learnt. */
export function mistaking(
  misread: (order: Order, learnt: Learnt) => readonly [Order, Learnt],
): Fault['core'] {
  return deciding((order, learnt, rules, moment) => decide(...misread(order, learnt), rules, moment))
}

export function isSilent(learnt: Learnt): boolean {
  return 'outcome' in learnt && learnt.outcome.kind === 'no-answer'
}

const NO_REVOKE = { inFlightAtMs: null, unansweredAtMs: null, accepted: false }

export function withoutRevoke(order: Order): Order {
  return order.state === 'ending' ? { ...order, ending: { ...order.ending, revoke: NO_REVOKE } } : order
}
