import type { Refund } from '../../src/core/aftercare.ts'
import type { Order } from '../../src/core/order.ts'
import type { Happened } from './happening.ts'
import { unless } from './verdict-rules.ts'
import type { Request, World } from './world.ts'

/* What always holds for the refunds of one order. */

const ENDED = new Set(['SUCCESS', 'CLOSED', 'REFUSED'])
const GAVE_NOTHING = new Set(['CLOSED', 'REFUSED'])

export function brokenRefundRules(before: World, happened: Happened): readonly string[] {
  const { world, sent, change } = happened
  const old = refundsIn(before.order)
  const now = refundsIn(world.order)
  if (old.length === 0 && now.length === 0) return []
  return [
    ...(old === now ? [] : identities(old, now)),
    ...(old === now ? [] : ends(old, now, change?.events ?? [])),
    ...sums(now, world.order),
    ...(sent?.call === 'refund' ? requests(before, sent, happened) : []),
  ]
}

function refundsIn(order: Order): readonly Refund[] {
  return 'aftercare' in order ? (order.aftercare?.refunds ?? []) : []
}

/** A refund never goes, and one wish keeps its number and amount: a second number would pay the customer twice. */
function identities(old: readonly Refund[], now: readonly Refund[]): readonly string[] {
  const same = (a: Refund, b: Refund | undefined): boolean =>
    b !== undefined && a.amount === b.amount && a.out_refund_no === b.out_refund_no
  return unless([
    [old.every((one, i) => same(one, now[i])), 'a refund lost its number, its amount or its place'],
    [
      new Set(now.map(({ out_refund_no }) => out_refund_no)).size === now.length,
      'two refunds have one number',
    ],
    [
      new Set(now.map(({ key, out_refund_no }) => key ?? out_refund_no)).size === now.length,
      'one wish has two refunds',
    ],
  ])
}

function ends(
  old: readonly Refund[],
  now: readonly Refund[],
  told: readonly { readonly type: string; readonly out_refund_no?: string }[],
): readonly string[] {
  return now.flatMap((refund) => {
    const before = old.find(({ out_refund_no }) => out_refund_no === refund.out_refund_no)
    const hasEnded = ENDED.has(refund.state) && before?.state !== refund.state
    const times = told.filter((event) => event.out_refund_no === refund.out_refund_no).length
    return unless([
      [times === (hasEnded ? 1 : 0), `the end of a refund is told ${times} times`],
      [before?.state !== 'SUCCESS' || refund.state === 'SUCCESS', 'a refund that succeeded falls'],
    ])
  })
}

/** What Verdict asked for, and what others did as far as it knows, is never more than was paid. */
function sums(now: readonly Refund[], { total }: Order): readonly string[] {
  const reserved = now.reduce((sum, { state, amount }) => sum + (GAVE_NOTHING.has(state) ? 0 : amount), 0)
  const ours = now.reduce(
    (sum, { state, amount, origin }) =>
      sum + (GAVE_NOTHING.has(state) || origin === 'elsewhere' ? 0 : amount),
    0,
  )
  const hasOthers = now.some(({ origin }) => origin === 'elsewhere')
  return unless([
    [ours <= total, `refunds of ${ours} are asked for, of ${total}`],
    [hasOthers || reserved <= total, `refunds of ${reserved} are reserved, of ${total}`],
  ])
}

function requests(
  before: World,
  { refund, signedAtMs }: Request,
  { world, change }: Happened,
): readonly string[] {
  const stored = refundsIn(world.order).find(({ out_refund_no }) => out_refund_no === refund?.no)
  const earlier = before.ledger.refunds.find(({ no }) => no === refund?.no)
  const hasIntent = change?.journal.some((line) => line.event === 'intent' && line.call === 'refund') === true
  return unless([
    [
      hasIntent && stored?.state === 'requesting' && stored.sentAtMs === signedAtMs,
      'a refund left without its intent',
    ],
    [earlier === undefined || earlier.amount === refund?.amount, 'a refund comes again with another amount'],
    [before.truth.wasPaid, 'money that was never paid is given back'],
  ])
}
