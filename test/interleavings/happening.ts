import type { Change } from '../../src/core/change.ts'
import type { Learnt } from '../../src/core/decide.ts'
import { isDue } from '../../src/core/order.ts'
import { VerdictError } from '../../src/errors.ts'
import { learntFromReply, learntFromSilence } from './letters.ts'
import {
  type Flight,
  hasEffect,
  type Ledger,
  type Request,
  type Said,
  type Setting,
  type World,
} from './world.ts'

/* What Verdict does, as the engine's lane does it: an intent is committed before its call leaves; what is learnt is
   decided on the order as it is then. */

/** What came of one event, for the checker. */
export interface Happened {
  readonly world: World
  readonly change: Change | null
  /** What the change was decided from; null for an intent. */
  readonly learnt: Learnt | null
  /** The request that left. */
  readonly sent: Request | null
  /** The code of the error that `decide` threw. */
  readonly threw: string | null
}

export function only(world: World): Happened {
  return { world, change: null, learnt: null, sent: null, threw: null }
}

/** The order's due time comes: a worker claims it, writes the intent if there is one, and its call leaves. */
export function fireTimer(world: World, { nextStep }: Setting): Happened {
  const { order } = world
  if (!isDue(order)) throw new Error('nothing is due')
  const nowMs = Math.max(world.nowMs, order.dueAtMs)
  const step = nextStep(order, nowMs)
  const refund = 'refund' in step ? { no: step.refund.out_refund_no, amount: step.refund.amount } : null
  const request: Request = { call: step.do, refund, signedAtMs: nowMs }
  const change = 'intent' in step ? step.intent : null
  const ledger = hasEffect(step.do) ? entered(world.ledger, request) : world.ledger
  return {
    ...only({ ...world, nowMs, ledger, order: change?.order ?? order, flight: { ...request, reply: null } }),
    change,
    sent: request,
  }
}

function entered(ledger: Ledger, { call, refund, signedAtMs }: Request): Ledger {
  if (call === 'place') return { ...ledger, placings: ledger.placings + 1, placedAtMs: signedAtMs }
  if (call !== 'refund' || refund === null) return ledger
  const isKnown = ledger.refunds.some(({ no, amount }) => no === refund.no && amount === refund.amount)
  return isKnown ? ledger : { ...ledger, refunds: [...ledger.refunds, refund] }
}

/** Something is learnt, decided on the order as it is now, and committed. */
export function learn(
  world: World,
  learnt: Learnt,
  { decide, rules }: Setting,
  atMs = world.nowMs,
): Happened {
  try {
    const change = decide(world.order, learnt, rules, { nowMs: atMs, chance: 0 })
    return { ...only({ ...world, order: change?.order ?? world.order }), change, learnt }
  } catch (error) {
    if (!(error instanceof VerdictError)) throw error
    return { ...only(world), learnt, threw: error.code }
  }
}

export type Role = 'flight' | 'stray'

/** The worker gets this reply. */
export function replied(
  world: World,
  role: Role,
  said: Said,
  setting: Setting,
  atMs = world.nowMs,
): Happened {
  const flight = world[role]
  if (flight === null) throw new Error('nobody waits for a reply')
  const learnt = learntFromReply(flight, said, world.order, atMs)
  return learn(withHeard({ ...world, [role]: null }, said), learnt, setting, atMs)
}

/** The worker gets none. What it sent may arrive later, or never. */
export function silent(
  world: World,
  role: Role,
  reason: 'timeout' | 'unreachable',
  setting: Setting,
): Happened {
  const flight = world[role]
  if (flight === null) throw new Error('nobody waits for a reply')
  const learnt = learntFromSilence(flight, reason, world.nowMs)
  const wire = reason === 'timeout' ? leftBehind(world.wire, flight) : world.wire
  return learn(withHeard({ ...world, [role]: null, wire }, flight.reply), learnt, setting)
}

/** The requests on the wire when nobody waits for this one any more. */
export function leftBehind(wire: readonly Request[], { reply, ...request }: Flight): readonly Request[] {
  return reply === null && hasEffect(request.call) ? [...wire, request] : wire
}

/** Keeps the latest reply of each sort: the older one, come again, is the more easily recognised. */
export function withHeard(world: World, said: Said | null): World {
  if (said === null) return world
  const others = world.heard.filter(
    ({ call, word, refund }) => call !== said.call || word !== said.word || refund?.no !== said.refund?.no,
  )
  return { ...world, heard: [...others, said] }
}
