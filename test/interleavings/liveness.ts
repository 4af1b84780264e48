import { isDue, isFinal } from '../../src/core/order.ts'
import { eventsIn } from './events.ts'
import type { Happened } from './happening.ts'
import { keyOf } from './key.ts'
import { brokenRules } from './rules.ts'
import { pay } from './truth.ts'
import { isLateProven, type Setting, type World } from './world.ts'

/** So many steps at most, in a friendly world, until everything about an order has come to its end. */
export const STEPS_MAX = 80

export interface Liveness {
  /** What is wrong with the ends that this world comes to when from now on all goes well; empty if nothing. */
  complaints(world: World): readonly string[]
  /** The longest way to an end that was seen. */
  readonly stepsMax: number
}

/**
 * A friendly world: every reply and callback comes, nobody dies, refunds succeed, what is lost stays lost. There the order
 * must come to the right end within `STEPS_MAX` steps, if nobody pays any more and if the customer pays right now.
 * Ways that meet go on together, so each step is tried once.
 */
export function livenessOf(setting: Setting): Liveness {
  /** Steps that remain from worlds whose end is known to be right. */
  const remaining = new Map<number, number>()
  let stepsMax = 0
  const complaints = (start: World): readonly string[] => {
    const keys: number[] = []
    const broken = new Set<string>()
    let world = friendly(start)
    while (keys.length <= STEPS_MAX) {
      const key = keyOf(world)
      const rest = remaining.get(key)
      const next = rest === undefined ? nextFriendly(world, setting) : null
      if (next === null) {
        const wrong = rest === undefined ? wrongEnd(world, setting) : null
        if (wrong !== null) broken.add(wrong)
        if (broken.size > 0) return [...broken]
        keys.push(key)
        const steps = keys.length - 1 + (rest ?? 0)
        for (const [i, one] of keys.entries()) remaining.set(one, steps - i)
        stepsMax = Math.max(stepsMax, steps)
        if (steps <= STEPS_MAX) return []
        break
      }
      for (const rule of brokenRules(world, next)) broken.add(`later: ${rule}`)
      keys.push(key)
      world = next.world
    }
    return [...broken, `no end within ${STEPS_MAX} steps, ${world.order.state}`]
  }
  return {
    get stepsMax() {
      return stepsMax
    },
    complaints(world) {
      const paid = { ...world, truth: pay(world.truth) }
      const starts = paid.truth === world.truth ? [world] : [world, paid]
      return starts.flatMap(complaints)
    },
  }
}

/** What is lost stays lost, and nobody but the worker with the claim speaks. */
function friendly(world: World): World {
  return { ...world, stray: null, wire: [], heard: [], hasSlept: true }
}

/** In this sequence. A callback comes only while it is news: the postman stops once he was told "accepted". */
function nextFriendly(world: World, setting: Setting): Happened | null {
  const events = eventsIn(world, setting)
  const named = (name: string) => events.find((event) => event.name === name) ?? null
  const ends = events.find(({ name }) => name.startsWith('refund ') && name.endsWith(' ends SUCCESS'))
  const { order, truth } = world
  const isNews = truth.state === 'paid' && isFinal(order) && order.state !== 'SUCCESS' && !isLateProven(order)
  const event =
    named('reply') ??
    ends ??
    (isNews ? named('callback') : null) ??
    // Nothing is asked about a stopped order; but somebody may.
    named('ask now') ??
    (isDue(order) ? named('timer') : null)
  if (event === null) return null
  const happened = event.happen()
  return { ...happened, world: friendly(happened.world) }
}

/** Whether nothing is to be done any more, and rightly so. */
function wrongEnd({ order, truth, flight, isKept }: World, { rules }: Setting): string | null {
  if (!('verdict' in order)) return `it rests ${order.state}`
  if (flight !== null || order.dueAtMs !== null) return 'it rests with work to do'
  const late = order.aftercare?.late ?? null
  const back = truth.refunds.reduce((sum, { state, amount }) => sum + (state === 'SUCCESS' ? amount : 0), 0)
  switch (truth.state) {
    case 'none':
      return order.state === 'NOT_CREATED' ? null : `${order.state}, and WeChat Pay never knew it`
    case 'open':
      return `${order.state}, and it can still be paid`
    case 'closed':
      return order.state === 'CLOSED' ? null : `${order.state}, and it is closed`
    case 'revoked':
      return order.state === 'REVOKED' ? null : `${order.state}, and it is revoked`
    case 'paid':
      break
  }
  if (order.state !== 'SUCCESS' && late === null) return `${order.state}, and it is paid`
  if (order.state === 'SUCCESS' && order.givenUpAtMs === null) return null
  const { lateMoney = 'refund' } = rules.plan.policy
  if (late?.phase === 'returned' && back === order.total) return null
  // A person has to look where a refund was closed, or where a mark about money stands.
  if (late?.phase === 'asked' || (late?.phase === 'accepted' && (lateMoney === 'accept' || isKept)))
    return null
  const held = order.attention === null ? '' : `, held by ${order.attention}`
  return `late money stays ${late?.phase}${held}`
}
