import { decide } from '../../src/core/decide.ts'
import type { LateMoneyPolicy } from '../../src/core/policy.ts'
import { nextStep } from '../../src/core/step.ts'
import { placing, rulesFor, T0 } from '../../src/core/testing.ts'
import { eventsIn } from './events.ts'
import { NOTHING } from './truth.ts'
import type { Flight, Setting, World } from './world.ts'

/** The core asks one thing about a kind, whether it is Quick Pay; so native stands for the other five. */
export type Explored = 'quick_pay' | 'native'

export function settingFor(
  kind: Explored,
  lateMoney: LateMoneyPolicy = 'refund',
  more: Partial<Setting> = {},
): Setting {
  const rules = rulesFor(kind, false, lateMoney)
  return { decide, nextStep, rules, revokeRepliesComeAgain: false, ...more }
}

/** The order was just written, and its first placing request is leaving. */
export function placed(kind: Explored): World {
  const order = placing(kind)
  return {
    nowMs: T0,
    order,
    flight: { call: 'place', refund: null, signedAtMs: T0, reply: null },
    stray: null,
    truth: NOTHING,
    wire: [],
    heard: [],
    ledger: { placings: 1, placedAtMs: T0, refunds: [] },
    hasSlept: false,
    isKept: false,
  }
}

/** Where an exploration begins: the events that lead there from the placing. `…` repeats timer and reply until a call. */
export interface Start {
  readonly name: string
  readonly kind: Explored
  /** `refund` if absent: the others differ from it only once there is late money. */
  readonly lateMoney?: LateMoneyPolicy
  readonly by: readonly string[]
}

const TO_REVOKE = ['reply', '… reverse']
const TO_CLOSE = ['reply', '… close']

/** From each of them, events that lie more than nine after a placing come within reach. */
export const STARTS: readonly Start[] = [
  { name: 'placing', kind: 'quick_pay', by: [] },
  { name: 'a revoke leaves', kind: 'quick_pay', by: TO_REVOKE },
  {
    name: 'a revoke got no answer',
    kind: 'quick_pay',
    by: [...TO_REVOKE, 'no answer', '… reverse', 'no answer'],
  },
  { name: 'paid', kind: 'quick_pay', by: ['paid at once'] },
  { name: 'given up, and paid', kind: 'quick_pay', by: ['reply', 'give up', 'pay', '… queryRefunds'] },
  { name: 'a refund leaves', kind: 'quick_pay', by: ['paid at once', 'ask r1', '… refund'] },
  {
    name: 'revoked after it was paid',
    kind: 'quick_pay',
    by: [...TO_REVOKE, 'pay', 'reply', 'timer', 'reply', 'callback'],
  },
  { name: 'never created', kind: 'quick_pay', by: ['crash', '… known to be unknown'] },
  { name: 'placing', kind: 'native', by: [] },
  { name: 'a close leaves', kind: 'native', by: TO_CLOSE },
  { name: 'paid', kind: 'native', by: ['reply', 'pay', 'callback'] },
  { name: 'given up, and paid', kind: 'native', by: ['reply', 'give up', 'pay', '… queryRefunds'] },
  {
    name: 'closed, and paid after all',
    kind: 'native',
    by: [...TO_CLOSE, 'reply', 'timer', 'reply', 'book late', 'callback'],
  },
  { name: "late money's refund leaves", kind: 'native', by: ['reply', 'give up', 'pay', '… refund'] },
  {
    name: 'given up, and paid: kept',
    kind: 'native',
    lateMoney: 'accept',
    by: ['reply', 'give up', 'pay', 'timer'],
  },
  {
    name: 'given up, and paid: a person is asked',
    kind: 'native',
    lateMoney: 'ask',
    by: ['reply', 'give up', 'pay', 'timer'],
  },
  { name: 'never created', kind: 'native', by: ['no answer', '… known to be unknown'] },
  { name: 'nobody answers', kind: 'quick_pay', by: ['reply', '… a mark'] },
  { name: 'nobody answers', kind: 'native', by: ['reply', '… a mark'] },
]

export function nameOfStart({ kind, name }: Start): string {
  return `${kind}, ${name}`
}

/** @throws if there is none of this name */
export function startNamed(name: string): Start {
  const start = STARTS.find((one) => nameOfStart(one) === name)
  if (start === undefined) throw new Error(`no start is called "${name}"`)
  return start
}

function replyOnTheWay(goal: string, { call }: Flight): string {
  if (goal === 'a mark') return 'no answer'
  return goal === 'known to be unknown' && call === 'place' ? 'not sent' : 'reply'
}

/** Lives a start's events on the real core. */
export function startingFrom({ kind, by }: Pick<Start, 'kind' | 'by'>, setting: Setting): World {
  return by.reduce(
    (world, word) =>
      word.startsWith('… ') ? until(world, word.slice(2), setting) : live(world, word, setting),
    placed(kind),
  )
}

export function live(world: World, name: string, setting: Setting): World {
  const event = eventsIn(world, setting).find((one) => one.name === name)
  if (event === undefined) throw new Error(`"${name}" can't happen here`)
  return event.happen().world
}

const STEPS_MAX = 200

function until(start: World, goal: string, setting: Setting): World {
  let world = start
  for (let i = 0; i < STEPS_MAX; i += 1) {
    if (world.flight?.call === goal) return world
    if (goal === 'known to be unknown' && !('verdict' in world.order) && world.order.unknownAtMs !== null)
      return world
    if (goal === 'a mark' && world.order.attention !== null) return world
    world = live(world, world.flight === null ? 'timer' : replyOnTheWay(goal, world.flight), setting)
  }
  throw new Error(`no ${goal} after ${STEPS_MAX} steps`)
}
