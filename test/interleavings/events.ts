import { isDue } from '../../src/core/order.ts'
import { callEvents } from './call-events.ts'
import { fireTimer, type Happened, learn, only } from './happening.ts'
import { paymentCallback, refundCallback } from './letters.ts'
import { leftOf, pay, reach } from './truth.ts'
import { isLateProven, isStopped, isUsable, type Setting, SLEEP_MS, type Truth, type World } from './world.ts'

/** Something that may happen now. Its name is unique in its world, so that names alone replay a life. */
export interface Event {
  readonly name: string
  readonly happen: () => Happened
}

/** Everything that may happen in this world. */
export function eventsIn(world: World, setting: Setting): readonly Event[] {
  const events: Event[] = [
    ...truthEvents(world),
    ...callEvents(world, setting),
    ...wordEvents(world, setting),
  ]
  if (world.flight === null) {
    if (isDue(world.order) && !isStopped(world))
      events.push({ name: 'timer', happen: () => fireTimer(world, setting) })
    if (!world.hasSlept) {
      const nowMs = world.nowMs + SLEEP_MS
      events.push({ name: 'sleep', happen: () => only({ ...world, nowMs, hasSlept: true }) })
    }
  }
  return events.map(({ name, happen }) => ({ name, happen: () => tidied(happen()) }))
}

/** What is too old to take effect, or to be believed, is gone. */
function tidied(happened: Happened): Happened {
  const { world } = happened
  const isFresh = ({ signedAtMs }: { signedAtMs: number }): boolean => isUsable(signedAtMs, world.nowMs)
  if (world.wire.every(isFresh) && world.heard.every(isFresh)) return happened
  return {
    ...happened,
    world: { ...world, wire: world.wire.filter(isFresh), heard: world.heard.filter(isFresh) },
  }
}

// ---------------------------------------------------------------- the customer, and WeChat Pay by itself

const ELSEWHERE = { no: 'e1', amount: 3_000, state: 'PROCESSING' } as const

function truthEvents(world: World): readonly Event[] {
  const { truth, order, nowMs } = world
  const events: Event[] = []
  const becomes = (name: string, now: Truth): void => {
    events.push({ name, happen: () => only({ ...world, truth: now }) })
  }
  if (truth.state === 'open') {
    becomes('pay', pay(truth))
    if (nowMs >= order.windowEndAtMs)
      becomes('expire', { ...truth, state: order.kind === 'quick_pay' ? 'revoked' : 'closed' })
  }
  // Guide 3.8: a payment that WeChat Pay books after it stated that the order is closed.
  if (truth.state === 'closed' && order.state === 'CLOSED')
    becomes('book late', { ...truth, state: 'paid', wasPaid: true })
  if (truth.state === 'paid') {
    if (
      leftOf(truth, order.total) >= ELSEWHERE.amount &&
      !truth.refunds.some(({ no }) => no === ELSEWHERE.no)
    )
      becomes('refund elsewhere', { ...truth, refunds: [...truth.refunds, ELSEWHERE] })
  }
  for (const refund of truth.refunds) {
    if (refund.state !== 'PROCESSING') continue
    for (const state of ['SUCCESS', 'CLOSED'] as const) {
      const refunds = truth.refunds.map((one) => (one === refund ? { ...one, state } : one))
      becomes(`refund ${refund.no} ends ${state}`, { ...truth, refunds })
    }
  }
  for (const request of new Set(world.wire)) {
    const happen = (): Happened => {
      const wire = world.wire.filter((one) => one !== request)
      return only({ ...world, wire, truth: reach(truth, request, order, nowMs).truth })
    }
    events.push({ name: `${request.call} of ${request.signedAtMs - order.createdAtMs} arrives`, happen })
  }
  return events
}

// ---------------------------------------------------------------- what comes to Verdict without a call

const WISHES = [
  { key: 'r1', amount: 4_000, reason: null },
  { key: 'r2', amount: null, reason: null },
] as const

/** All that a person may say, whether it is possible here or not. */
const ANSWERS = ['accept_evidence', 'refund', 'end', 'stop_tracking', 'seen'] as const

function answered(world: World, action: (typeof ANSWERS)[number], setting: Setting): Happened {
  const answer = { call: 'resolve', action, by: 'p', note: 'n', stated: null, amount: null } as const
  const happened = learn(world, answer, setting)
  const isKept = action === 'accept_evidence' && isLateProven(world.order) && happened.change !== null
  return isKept ? { ...happened, world: { ...happened.world, isKept } } : happened
}

function wordEvents(world: World, setting: Setting): readonly Event[] {
  const { truth, order, nowMs } = world
  const events: Event[] = []
  // True when it was written; it may come late, and again, after a revoke or refund has given the money back.
  if (truth.wasPaid)
    events.push({ name: 'callback', happen: () => learn(world, paymentCallback(order, nowMs), setting) })
  for (const refund of truth.refunds) {
    if (refund.state === 'PROCESSING') continue
    events.push({
      name: `callback of refund ${refund.no}`,
      happen: () => learn(world, refundCallback(order, refund, nowMs), setting),
    })
  }
  if (order.givenUpAtMs === null && isOpen(world))
    events.push({ name: 'give up', happen: () => learn(world, { call: 'give-up' }, setting) })
  if (isStopped(world))
    events.push({ name: 'ask now', happen: () => learn(world, { call: 'ask-now', by: 'p' }, setting) })
  if (order.attention !== null)
    for (const action of ANSWERS)
      events.push({ name: `answer ${action}`, happen: () => answered(world, action, setting) })
  if (order.state === 'SUCCESS' || isLateProven(order))
    for (const wish of WISHES)
      events.push({
        name: `ask ${wish.key}`,
        happen: () => learn(world, { call: 'ask-refund', ...wish }, setting),
      })
  return events
}

function isOpen({ order }: World): boolean {
  return order.state === 'placing' || order.state === 'waiting' || order.state === 'ending'
}
