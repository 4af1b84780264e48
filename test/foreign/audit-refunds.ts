import { type Entry, kept } from './books.ts'
import type { Asking, DiaryLine } from './diary.ts'
import { type Refund, statusOf } from './refunds.ts'
import type { Errand, ReportedOrder, ReportedRefund } from './shop.ts'

/** Holds what Verdict says of one order's refunds against the books, where every cent is. */

/** How long after its end a refund may still be open in Verdict: section 8 lets a refund to a card take days. */
const OPEN_AFTER_END_MS = 2_400_000

export interface RefundCase {
  readonly order: ReportedOrder
  readonly errand: Errand | undefined
  readonly entry: Entry | null
  readonly diary: readonly DiaryLine[]
  /** A person may have to decide about its money. */
  readonly isDoubtful: boolean
  readonly endMs: number
}

export function refundFaults(refundCase: RefundCase): string[] {
  const { order, entry } = refundCase
  const booked = entry?.refunds ?? []
  const faults = order.refunds.flatMap((refund) => {
    const fault = refundFault(refund, booked, refundCase.endMs)
    return fault === null
      ? []
      : [`refund ${refund.out_refund_no} of ${refund.amount} (${refund.origin}): ${fault}`]
  })
  for (const { number, cents, byHand } of booked) {
    const known = order.refunds.some(({ out_refund_no }) => out_refund_no === number)
    if (!byHand && !known)
      faults.push(`refund ${number} of ${cents} is at WeChat Pay, and Verdict doesn't know it`)
  }
  return [...faults, ...moneyFaults(refundCase), ...askingFaults(refundCase), ...lateFaults(refundCase)]
}

function refundFault(reported: ReportedRefund, booked: readonly Refund[], endMs: number): string | null {
  const { out_refund_no, amount, state } = reported
  const refund = booked.find(({ number }) => number === out_refund_no)
  if (refund === undefined) {
    return ['SUCCESS', 'CLOSED', 'processing'].includes(state)
      ? `${state}, but WeChat Pay never had it`
      : null
  }
  if (refund.cents !== amount) return `WeChat Pay has it with ${refund.cents}`
  const status = statusOf(refund)
  const ended = refund.past.at(-1)?.atMs ?? 0
  switch (state) {
    case 'SUCCESS':
      return status === 'SUCCESS' ? null : `SUCCESS, but it is ${status}`
    case 'CLOSED':
      return status === 'REFUNDCLOSE' ? null : `CLOSED, but it is ${status}`
    case 'REFUSED':
      return `REFUSED, but WeChat Pay has it, ${status}`
    default: {
      if (reported.dueAtMs === null) return `still ${state}, and nobody will look at it again`
      // What could not reach its account, a person has to send another way: nothing says how soon.
      if (reported.said === 'ABNORMAL') return null
      const isLate = (status === 'SUCCESS' || status === 'REFUNDCLOSE') && endMs - ended > OPEN_AFTER_END_MS
      return isLate
        ? `still ${state}, though ${status} for ${Math.round((endMs - ended) / 60_000)} min`
        : null
    }
  }
}

/** As far as all refunds have ended in both books, both books have the same money. */
function moneyFaults({ order, entry }: RefundCase): string[] {
  if (entry === null || order.state !== 'SUCCESS') return []
  const backs = order.refunds.filter(({ state }) => state === 'SUCCESS')
  const known = new Set(backs.map(({ out_refund_no }) => out_refund_no))
  // What Verdict has not heard of yet; whether it should have, `refundFault` knows.
  const unheard = entry.refunds.filter(
    (refund) => statusOf(refund) === 'SUCCESS' && !known.has(refund.number),
  )
  const says = order.total - backs.reduce((sum, { amount }) => sum + amount, 0)
  const has = kept(entry) + unheard.reduce((sum, { cents }) => sum + cents, 0)
  return says === has ? [] : [`Verdict keeps ${says}, the books keep ${has}`]
}

/** Every refund that the shop asked for exists once, and once only, however often it was asked for. */
function askingFaults({ order, errand, entry, diary }: RefundCase): string[] {
  const faults: string[] = []
  const asked = diary.filter((line): line is Asking & DiaryLine => line.what === 'asked')
  const numbers = new Map<string, string>()
  for (const [key, own] of Map.groupBy(asked, (line) => line.key)) {
    const got = new Set(own.map((line) => ('code' in line.got ? line.got.code : line.got.out_refund_no)))
    const given = own.flatMap((line) => ('code' in line.got ? [] : [line.got]))
    if (new Set(given.map(({ out_refund_no }) => out_refund_no)).size > 1)
      faults.push(`key ${key} got ${[...got]}`)
    const [first] = given
    const wanted = own[0]?.amount ?? null
    if (first === undefined) {
      if (!mayRefuse(order, entry)) faults.push(`key ${key} was refused with ${[...got]}`)
      continue
    }
    if (wanted !== null && first.amount !== wanted)
      faults.push(`key ${key}: ${wanted} wanted, ${first.amount} got`)
    if (numbers.has(first.out_refund_no)) faults.push(`${first.out_refund_no} has two keys`)
    numbers.set(first.out_refund_no, key)
    const reported = order.refunds.filter(({ out_refund_no }) => out_refund_no === first.out_refund_no)
    if (reported.length !== 1) faults.push(`key ${key}: ${reported.length} refunds ${first.out_refund_no}`)
  }
  if (order.state === 'SUCCESS') {
    for (const { key } of errand?.refunds ?? []) {
      if (!asked.some((line) => line.key === key)) faults.push(`the shop never asked for ${key}`)
    }
  }
  return faults
}

/** Somebody else was faster: a clerk by hand, or Verdict itself with late money. */
function mayRefuse({ late }: ReportedOrder, entry: Entry | null): boolean {
  return late !== null || (entry?.refunds ?? []).some(({ byHand }) => byHand)
}

/** Guide 3.8: what was given up and paid goes back. */
function lateFaults({ order, entry, isDoubtful, endMs }: RefundCase): string[] {
  const lines = order.journal as readonly { readonly event: string; readonly atMs: number }[]
  const gaveUp = lines.some(({ event }) => event === 'give-up')
  if (!gaveUp || order.state !== 'SUCCESS' || entry === null) return []
  if (order.late === null) return ['given up and paid, and nobody noticed']
  const learntMs = lines.find(({ event }) => event === 'verdict')?.atMs ?? 0
  const going = order.refunds.some(({ state }) => !['SUCCESS', 'REFUSED', 'CLOSED'].includes(state))
  if (kept(entry) === 0 || going || endMs - learntMs < OPEN_AFTER_END_MS) return []
  // Closed by WeChat Pay, or refused because a clerk was faster: a person has to see to the rest.
  const failed = order.refunds.some(({ state }) => state === 'REFUSED' || state === 'CLOSED')
  if (order.attention !== null && (failed || isDoubtful)) return []
  return [`given up and paid (${order.late}), and ${kept(entry)} did not go back`]
}
