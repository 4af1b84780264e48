import type { Entry, RefundRuling } from './books.ts'
import type { Luck } from './chance.ts'
import type { Trouble } from './moods.ts'
import { type Refund, type RefundStatus, shownStatus, statusOf } from './refunds.ts'
import { momentOf, refused, type Said, type Speech, spelled } from './words.ts'

/** What the replies about refunds say. */

const PAGE_MAX = 20

/** Accepted, which is not refunded; some replies tell the status nevertheless. */
export function refundSaid(speech: Speech, ruling: RefundRuling, trouble: Trouble | null): Said {
  const { luck } = speech
  if (!ruling.ok) return refused(ruling.status, spelled(ruling.code, luck), luck.chance(0.9), trouble)
  const { entry, refund } = ruling
  const { id, number, cents, bornMs } = refund
  const text = JSON.stringify({
    ...(luck.chance(0.5) && { out_refund_no: number, id, create_time: momentOf(bornMs, luck) }),
    ...{ id, out_refund_no: number, create_time: momentOf(bornMs, luck) },
    amount: { refund: cents, currency: entry.currency, payer_refund: cents * 9, payer_currency: 'CNY' },
    ...(luck.chance(0.4) && { status: statusOf(refund), out_trade_no: entry.number }),
    detail: luck.chance(0.5) ? [] : null,
  })
  return { status: 200, text, trouble }
}

export function noRefund({ luck }: Speech, trouble: Trouble | null): Said {
  const code = luck.pick(['RESOURCE_NOT_EXISTS', 'RESOURCENOTEXISTS', 'REFUNDNOTEXIST'])
  return refused(404, code, luck.chance(0.85), trouble)
}

export function refundStatement(
  speech: Speech,
  entry: Entry,
  refund: Refund,
  status: RefundStatus,
  trouble: Trouble | null,
): string {
  const { luck } = speech
  const sloppy = trouble === 'sloppy'
  const number = sloppy && luck.chance(0.5) ? {} : { out_refund_no: refund.number }
  const line = refundLine(luck, entry, refund, { status, sloppy, strange: trouble === 'strange' })
  return JSON.stringify({ ...entry.owner, ...line, ...number, detail: luck.chance(0.5) ? [] : null })
}

/** At most 20 a page, however many were asked for; `total_num` tells all. */
export function refundList(
  speech: Speech,
  entry: Entry,
  { offset, count }: { readonly offset: number; readonly count: number },
  shownAtMs: number,
): string {
  const { luck, manners } = speech
  const known = entry.refunds.flatMap((refund) => {
    const status = shownStatus(refund, shownAtMs)
    return status === null ? [] : [{ refund, status }]
  })
  const page = known.slice(offset, offset + Math.min(count, PAGE_MAX))
  const data = page.map(({ refund, status }) => ({
    ...refundLine(luck, entry, refund, { status, sloppy: false, strange: false }),
    ...{ out_refund_no: refund.number, refund_detail: [] },
  }))
  return JSON.stringify({
    ...entry.owner,
    [manners.idName]: entry.id,
    out_trade_no: entry.number,
    amount: {
      total: entry.total,
      currency: entry.currency,
      payer_total: entry.total * 9,
      payer_currency: 'CNY',
    },
    ...(data.length === 0 && luck.chance(0.5) ? {} : { data }),
    total_num: known.length,
    current_total_num: data.length,
  })
}

interface Look {
  readonly status: RefundStatus
  readonly sloppy: boolean
  readonly strange: boolean
}

function refundLine(luck: Luck, entry: Entry, refund: Refund, { status, sloppy, strange }: Look): object {
  const { id, cents, bornMs, past } = refund
  const doneMs = past.find((line) => line.status === 'SUCCESS')?.atMs ?? null
  const cents2 = sloppy && luck.chance(0.5) ? String(cents) : cents
  // The mainland's spelling slips in now and then.
  const word = status === 'REFUNDCLOSE' && luck.chance(0.25) ? 'CLOSED' : status
  return {
    ...(sloppy && luck.chance(0.5) ? {} : { id }),
    transaction_id: entry.id,
    out_trade_no: entry.number,
    channel: luck.pick(['ORIGINAL', 'BALANCE', 'OTHER_BALANCE', 'OTHER_BANKCARD']),
    recv_account: luck.chance(0.5) ? '招商银行信用卡0403' : null,
    fund_source: 'REFUND_SOURCE_UNSETTLED_FUNDS',
    create_time: momentOf(bornMs, luck),
    success_time: status === 'SUCCESS' && doneMs !== null ? momentOf(doneMs, luck) : null,
    status: strange ? luck.pick(['CHANGE', 'success', 'SUCCESS ', 'REFUNDED']) : word,
    amount: { refund: cents2, currency: entry.currency, payer_refund: cents * 9, payer_currency: 'CNY' },
  }
}
