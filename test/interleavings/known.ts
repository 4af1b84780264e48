import { eventsIn } from './events.ts'
import { livenessOf } from './liveness.ts'
import { brokenRules } from './rules.ts'
import type { Setting, World } from './world.ts'

/**
 * What the explorer finds in the core as it is, each with the shortest life that shows it. The tests allow these, by
 * their very words, and want each to be found: whoever mends one moves its lines to `MENDED`.
 */
export interface Known {
  readonly rule: string
  /** The start, as `kind, name`. */
  readonly from: string
  readonly events: readonly string[]
}

export const KNOWN: readonly Known[] = []

/** What the explorer found in the core and what was mended since, each with the shortest life that showed it. */
export const MENDED: readonly Known[] = [
  {
    // Late money that was back stopped the questions about all refunds, whoever's were still open.
    rule: 'a refund made elsewhere is open, and nobody will ask about it',
    from: 'native, given up, and paid',
    events: [
      ...['refund elsewhere', 'ask r2', 'reply', 'refund e1 ends CLOSED', 'timer', 'reply'],
      ...['refund A42-r2 ends SUCCESS', 'callback of refund A42-r2'],
    ],
  },
  {
    // "No such refund" was asked before the refund was accepted, and was learnt after it. The list of all refunds named
    // the refund, and the mark stayed: it held late money, and nothing was due any more.
    rule: 'late money stays confirm, held by vanished',
    from: 'native, given up, and paid',
    events: [
      ...['refund elsewhere', 'reply', 'refund e1 ends CLOSED', 'timer', 'usurp', 'timer', 'reach'],
      'stray reply',
    ],
  },
  {
    // The same mark, and late money's own refund waited behind it.
    rule: 'late money stays refunding, held by vanished',
    from: 'native, given up, and paid',
    events: ['refund elsewhere', 'ask r1', 'reply', 'timer', 'usurp', 'timer', 'reach', 'stray reply'],
  },
]

/**
 * What the core does not stand, and what the explorer therefore leaves out unless it is asked for: a refusal of an
 * earlier revoke comes again as the reply to a later one that is still on its way. It counts as that one's refusal.
 */
export const REVOKE_REFUSAL_AGAIN: Known = {
  rule: 'SUCCESS, but a request may still undo it',
  from: 'quick_pay, a revoke leaves',
  events: ['refused', 'timer', 'reply', 'timer', 'USERPAYING of 45000 again', 'pay', 'callback'],
}

export function isKnown(rule: string): boolean {
  return KNOWN.some((known) => known.rule === rule.replace(/^later: /, ''))
}

/** Everything that is wrong in the course of one life, and with the end that its last world comes to. */
export function complaintsAfter(start: World, names: readonly string[], setting: Setting): readonly string[] {
  const complaints: string[] = []
  let world = start
  for (const name of names) {
    const event = eventsIn(world, setting).find((one) => one.name === name)
    if (event === undefined) throw new Error(`"${name}" can't happen after ${standing(world)}`)
    const happened = event.happen()
    complaints.push(...brokenRules(world, happened))
    world = happened.world
  }
  return [...complaints, ...livenessOf(setting).complaints(world)]
}

function standing({ order, truth, flight }: World): string {
  return `${order.state}, WeChat Pay ${truth.state}, ${flight?.call ?? 'no call'} under way`
}
