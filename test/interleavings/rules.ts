import type { Order } from '../../src/core/order.ts'
import type { Happened } from './happening.ts'
import { brokenRefundRules } from './refund-rules.ts'
import { CLOSE_AGE_MS_MIN, REVOKE_AGE_MS_MIN } from './truth.ts'
import { brokenVerdictRules, FINAL, unless } from './verdict-rules.ts'
import { isStopped, type Request, type World } from './world.ts'

/*
 * Design section 3, as far as one order can show it, held against one event. Nothing here is the core's: not its
 * functions, not its constants. States and fields are read by their names alone.
 */

/** What this event broke, in words; empty if nothing. */
export function brokenRules(before: World, happened: Happened): readonly string[] {
  return [
    ...versions(before, happened),
    ...brokenVerdictRules(before, happened),
    ...dueTimes(before, happened),
    ...events(before, happened),
    ...(happened.sent === null ? [] : requests(before, happened.sent, happened)),
    ...brokenRefundRules(before, happened),
  ]
}

// ---------------------------------------------------------------- 3.6: a change applies to one version

function versions({ order: old }: World, { change, learnt, world: { order } }: Happened): readonly string[] {
  if (change === null)
    return unless([
      [order === old, 'an order changed without a change'],
      [
        FINAL.has(old.state) || learnt === null || learnt.call === 'ask-refund' || learnt.call === 'resolve',
        'nothing is written about an open order',
      ],
    ])
  return unless([
    [change.from === old.version, 'decided on another version'],
    [order.version === old.version + 1, `version ${old.version} becomes ${order.version}`],
    [change.journal.length > 0, 'a change without a journal line'],
    [factsIn(order) === factsIn(old), 'a fact of the order changed'],
  ])
}

function factsIn(order: Order): string {
  const { id, account, sub_mchid, out_trade_no, kind, total, currency, origin } = order
  const { mayEnd, purchase, createdAtMs, windowEndAtMs } = order
  return (
    [id, account, sub_mchid, out_trade_no, kind, total, currency, origin].join() +
    [mayEnd, purchase, createdAtMs, windowEndAtMs].join()
  )
}

// ---------------------------------------------------------------- 3.5: no order is forgotten

/** Whatever is to be done about an order is due within so long, in every state that the explorer reaches. */
const DUE_MS_MAX = 6 * 3_600_000

/** Marks that hold late money back until a person has looked. */
const HOLDING = new Set([
  'amount_mismatch',
  'identity_mismatch',
  'number_used',
  'paid_after_revoke',
  'vanished',
  'unknown_trade_state',
  'refund_mismatch',
])

function dueTimes(before: World, { learnt, world, change }: Happened): readonly string[] {
  const { order, nowMs } = world
  const { dueAtMs } = order
  // Only a person stops an order, and it stays so until somebody asks about it.
  if (isStopped(world)) {
    const isSaid = learnt?.call === 'resolve' && learnt.action === 'stop_tracking'
    return unless([
      [isSaid || isStopped(before), 'nobody stopped an order that is stopped'],
      [!('verdict' in order), 'an order with a verdict is stopped'],
      [
        learnt?.call !== 'resolve' ||
          learnt.action === 'stop_tracking' ||
          learnt.action === 'seen' ||
          change === null,
        'a person answers, and the order stays stopped',
      ],
    ])
  }
  const isSane = dueAtMs === null || (Number.isSafeInteger(dueAtMs) && dueAtMs <= nowMs + DUE_MS_MAX)
  const isDue = typeof dueAtMs === 'number'
  if (!('verdict' in order))
    return unless([[isDue && isSane, `an open order is due at ${dueAtMs === null ? null : dueAtMs - nowMs}`]])
  const { late = null, refunds = [], compareAtMs = null } = order.aftercare ?? {}
  const isHeld = order.attention !== null && HOLDING.has(order.attention)
  const asks =
    late?.phase === 'suspected' || (!isHeld && (late?.phase === 'confirm' || late?.phase === 'compare'))
  const isOneOpen = refunds.some(
    ({ state, origin }) =>
      origin !== 'elsewhere' &&
      (state === 'requesting' ||
        state === 'processing' ||
        (state === 'queued' && !(isHeld && origin === 'late_money'))),
  )
  const isElsewhereOpen = refunds.some(
    ({ state, origin }) => origin === 'elsewhere' && state === 'processing',
  )
  const isCompared = compareAtMs !== null && !(isHeld && late?.phase === 'compare')
  const hasWork = asks || isOneOpen || isCompared
  return unless([
    [isSane, `due at ${dueAtMs}`],
    [isDue || !hasWork, 'a final order with work to do has no due time'],
    [isDue || !isElsewhereOpen, 'a refund made elsewhere is open, and nobody will ask about it'],
    [!isDue || hasWork, 'a final order without work is due'],
  ])
}

// ---------------------------------------------------------------- 3.4: intent before effect, and not too early

function requests(
  { ledger }: World,
  { call, signedAtMs }: Request,
  { world, change }: Happened,
): readonly string[] {
  const { order } = world
  const hasIntent = change?.journal.some((line) => line.event === 'intent' && line.call === call) === true
  const ageMs = signedAtMs - ledger.placedAtMs
  switch (call) {
    case 'place':
      return unless([
        [hasIntent && order.placings > ledger.placings, 'a placing left without its intent'],
        [order.latestPlacingAtMs === signedAtMs, 'the order does not know when it was placed last'],
        [order.kind !== 'quick_pay', 'Quick Pay is placed twice'],
        [!FINAL.has(order.state), 'an order with a verdict is placed'],
      ])
    case 'reverse':
      return unless([
        [
          hasIntent && 'ending' in order && order.ending.revoke.inFlightAtMs === signedAtMs,
          'a revoke left without its intent',
        ],
        [order.kind === 'quick_pay', 'an order that is not Quick Pay is revoked'],
        [ageMs >= REVOKE_AGE_MS_MIN, `a revoke after ${ageMs} ms`],
      ])
    case 'close':
      return unless([
        [hasIntent && 'ending' in order && order.ending.calls > 0, 'a close left without its intent'],
        [order.kind !== 'quick_pay', 'Quick Pay is closed'],
        [ageMs >= CLOSE_AGE_MS_MIN, `a close after ${ageMs} ms`],
      ])
    default:
      return []
  }
}

// ---------------------------------------------------------------- 3.7: every verdict is told, once

function events({ order: old }: World, { world: { order }, change, learnt }: Happened): readonly string[] {
  const told = change?.events ?? []
  const times = (type: string): number => told.filter((event) => event.type === type).length
  const isNew = (is: (one: Order) => boolean): number => (is(order) && !is(old) ? 1 : 0)
  return unless([
    [
      times('order.verdict') === isNew(({ state }) => FINAL.has(state)),
      `the verdict is told ${times('order.verdict')} times`,
    ],
    [
      times('order.late_money') === isNew(isLate) + decisions(learnt, change),
      `late money is told ${times('order.late_money')} times`,
    ],
  ])
}

/** What a person decides about late money is told once more. */
function decisions(learnt: Happened['learnt'], change: Happened['change']): number {
  const isDecided = change?.journal.some((line) => line.event === 'late-money') === true
  return learnt?.call === 'resolve' && isDecided ? 1 : 0
}

function isLate(order: Order): boolean {
  const late = 'aftercare' in order ? (order.aftercare?.late ?? null) : null
  return late !== null && late.phase !== 'suspected'
}
