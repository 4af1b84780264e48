import type { Refund } from '../../src/core/aftercare.ts'
import { isFinal, type Order } from '../../src/core/order.ts'
import { type Flight, isStopped, type Request, type Said, type World } from './world.ts'

/**
 * One number for everything that may still make a difference: worlds with the same key have the same future.
 *
 * Moments count from now, and stop counting where nothing compares them any further: the 310 s of a signature and the
 * 60 s between two "no such order" plus the 300 s by which a reply may be older than now; 4 h for the pauses past the
 * window and of a refund. `version`, `id`, the journal and the verdict's own moments decide nothing; `queries` decides
 * only whether there was one (no policy here has `queriesMax`). So nothing is lost but one thing: two worlds that differ
 * by less than one part in 2^53 of all hashes would be taken for one, which for a million states has odds of 1 to 18,000.
 */
export function keyOf(world: World): number {
  return hash(wordsOf(world))
}

const SIGNATURE_MS = -700_000
const PACE_MS = -4 * 3_600_000

function wordsOf(world: World): string {
  const { order, flight, stray, truth, wire, heard, ledger, nowMs, hasSlept, isKept } = world
  const since = sinceNow(nowMs)
  const parts = [
    orderWords(order, nowMs),
    flight === null ? '-' : flightWords(flight, nowMs),
    stray === null ? '-' : flightWords(stray, nowMs),
    truth.state,
    truth.wasPaid,
    truth.refunds.map(({ no, amount, state }) => `${no}${amount}${state}`).join(),
    wire
      .map((request) => requestWords(request, nowMs))
      .sort()
      .join(),
    heard
      .map((said) => saidWords(said, nowMs))
      .sort()
      .join(),
    ledger.placings,
    since(ledger.placedAtMs, SIGNATURE_MS),
    ledger.refunds.map(({ no, amount }) => `${no}${amount}`).join(),
    hasSlept,
    isKept,
  ]
  return parts.join('|')
}

function sinceNow(nowMs: number): (atMs: number | null, msMin?: number) => string {
  return (atMs, msMin = Number.NEGATIVE_INFINITY) =>
    atMs === null ? '-' : String(Math.max(atMs - nowMs, msMin))
}

function orderWords(order: Order, nowMs: number): string {
  const since = sinceNow(nowMs)
  const parts: unknown[] = [
    order.state,
    isStopped({ order }) ? 'stopped' : since(order.dueAtMs),
    Math.min(order.queries, 1),
    order.silence,
    order.seen,
    order.attention,
    order.givenUpAtMs !== null,
  ]
  if (!isFinal(order)) {
    parts.push(
      order.placings,
      since(order.latestPlacingAtMs, SIGNATURE_MS),
      since(order.windowEndAtMs, PACE_MS),
      order.declined,
      since(order.unknownAtMs, SIGNATURE_MS),
    )
    if (order.state === 'ending') {
      const { phase, calls, confirmations, revoke } = order.ending
      const { inFlightAtMs, unansweredAtMs, accepted } = revoke
      parts.push(phase, calls, confirmations, accepted)
      parts.push(since(inFlightAtMs, SIGNATURE_MS), since(unansweredAtMs, SIGNATURE_MS))
    }
    return parts.join()
  }
  const { late = null, refunds = [], compareAtMs = null } = order.aftercare ?? {}
  if (late !== null)
    parts.push(late.phase, since(late.dueAtMs), late.questions, since(late.confirmedAtMs, PACE_MS))
  if (late !== null) parts.push(since(late.learntAtMs, PACE_MS), late.transaction_id)
  parts.push(since(compareAtMs), ...refunds.map((refund) => refundWords(refund, nowMs)))
  return parts.join()
}

function refundWords(refund: Refund, nowMs: number): string {
  const since = sinceNow(nowMs)
  const { out_refund_no, origin, amount, state, dueAtMs, sentAtMs, unansweredAtMs, pauses, said } = refund
  return [
    ...[out_refund_no, origin, amount, state, since(dueAtMs), since(sentAtMs, PACE_MS)],
    ...[since(unansweredAtMs, SIGNATURE_MS), pauses, said, refund.refund_id !== null],
    since(refund.createdAtMs, PACE_MS),
  ].join()
}

function flightWords(flight: Flight, nowMs: number): string {
  return `${requestWords(flight, nowMs)}>${flight.reply === null ? '-' : saidWords(flight.reply, nowMs)}`
}

function requestWords({ call, refund, signedAtMs }: Request, nowMs: number): string {
  return `${call} ${refund?.no} ${refund?.amount} ${signedAtMs - nowMs}`
}

function saidWords({ call, word, refund, refunds, signedAtMs }: Said, nowMs: number): string {
  const page = refunds.map(({ no, amount, state }) => `${no}${amount}${state}`).join('+')
  return `${call} ${word} ${refund?.no} ${page} ${signedAtMs - nowMs}`
}

/** cyrb53: two 32-bit halves, mixed apart. Source: bryc, public domain. */
function hash(words: string): number {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let i = 0; i < words.length; i += 1) {
    const code = words.charCodeAt(i)
    high = Math.imul(high ^ code, 2654435761)
    low = Math.imul(low ^ code, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return 4294967296 * (2097151 & low) + (high >>> 0)
}
