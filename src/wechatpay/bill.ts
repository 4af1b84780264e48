/*
 * A bill: what was paid, refunded and reversed on one day of Beijing, as WeChat Pay's books have it. CSV with Chinese names
 * in its head, each value behind a backtick. Source: WeChat Pay Global APIv3, "Download Statement"; the mainland trade bill
 * has the same form with other columns. Columns are found by their names, never by their place.
 */

/** One line of a bill. Numbers, amounts and times stay as they are written. */
export interface BillLine {
  /** In the file, from 1: the head is 1. */
  readonly line: number
  /** `SUCCESS`: paid. `REFUND`: a refund. `REVOKED`: a reverse gave the money back. Or a word that we don't know. */
  readonly trade_state: string
  /** The merchant or institution; null where the bill doesn't say. */
  readonly mchid: string | null
  readonly sub_mchid: string | null
  readonly out_trade_no: string
  /** WeChat Pay's number of the order. */
  readonly transaction_id: string | null
  /** When it happened, Beijing time without a zone. */
  readonly time: string | null
  readonly currency: string | null
  /** The order's amount in `currency`. Whether in its smallest unit or not, WeChat Pay's documents don't say. */
  readonly total: string
  readonly refund: BillRefund | null
}

export interface BillRefund {
  readonly out_refund_no: string | null
  /** WeChat Pay's number of the refund. */
  readonly refund_id: string | null
  /** In the order's currency; null where the bill doesn't say. */
  readonly amount: string | null
  /** `SUCCESS`, or `PROCESSING`, which a bill means as done (guide 8.11). */
  readonly status: string | null
}

export interface UnreadableLine {
  readonly line: number
  readonly why: string
}

export type BillEntry =
  | { readonly kind: 'line'; readonly line: BillLine }
  | ({ readonly kind: 'unreadable' } & UnreadableLine)

/** Names of a column, the likeliest first: Global's, the mainland's, English ones. Compared without case and full stops. */
const COLUMNS = {
  time: ['交易时间', 'transaction time', 'trade time'],
  mchid: ['商户号', 'vendor id', 'merchant id', 'mchid'],
  sub_mchid: ['子商户号', '特约商户号', 'sub vendor id', 'sub merchant id', 'sub_mchid'],
  transaction_id: ['微信订单号', 'wechat order no', 'wechat order number', 'transaction_id'],
  out_trade_no: ['商户订单号', 'vendor order no', 'merchant order no', 'out_trade_no'],
  trade_state: ['交易状态', 'transaction status', 'trade_state'],
  currency: ['标价币种', '货币种类', 'priced currency', 'currency'],
  total: ['订单金额(标价币种)', '订单金额', 'order amount (priced currency)', 'order amount', 'total'],
  refund_id: ['微信退款单号', 'wechat refund no', 'wechat refund number', 'refund_id'],
  out_refund_no: ['商户退款单号', 'merchant refund no', 'vendor refund no', 'out_refund_no'],
  refund: ['申请退款金额', '退款金额', 'refund amount applied', 'applied refund amount', 'refund amount'],
  refund_status: ['退款状态', 'refund status', 'refund_status'],
} as const satisfies Record<string, readonly string[]>

type Column = keyof typeof COLUMNS

const NEEDED: readonly Column[] = ['out_trade_no', 'trade_state', 'total']

export class BillHeadError extends Error {}

/**
 * The lines of a bill, one after the other: a large one is never in memory twice. The summary at its end, where there is
 * one, is left out. A line that can't be read is told, and the next one read.
 *
 * @throws BillHeadError if the head doesn't name the columns that are needed
 */
export function* billEntries(csv: Uint8Array): Generator<BillEntry> {
  const lines = linesOf(csv)
  const head = lines.next()
  const names = head.done === true ? [] : cellsOf(head.value.replace(/^\uFEFF/, ''))
  const places = placesOf(names)
  let line = 1
  let isQuoted = false
  for (const text of lines) {
    line += 1
    if (text === '') continue
    // The summary has a head of its own, and no head has backticks.
    if (isSummary(text, isQuoted)) return
    isQuoted ||= text.startsWith('`')
    yield entryOf(text, { line, places, width: names.length })
  }
}

/** UTF-8; what is none becomes U+FFFD, and then names no order. */
function* linesOf(csv: Uint8Array): Generator<string, void> {
  const bytes = Buffer.from(csv.buffer, csv.byteOffset, csv.byteLength)
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(LINE_FEED, at)
    const until = end === -1 ? bytes.length : end
    yield bytes.toString('utf8', at, until).replace(/\r$/, '')
    at = until + 1
  }
}

const LINE_FEED = 0x0a

/** A comma may stand in a value; a comma before a backtick parts two. */
function cellsOf(line: string): readonly string[] {
  if (line.startsWith('`')) return line.slice(1).split(',`')
  return line.split(',').map((cell) => cell.replace(/^[`"]|"$/g, ''))
}

type Places = Readonly<Record<Column, number>>

function placesOf(names: readonly string[]): Places {
  const known = names.map(plain)
  const columns = Object.entries(COLUMNS) as ReadonlyArray<[Column, readonly string[]]>
  const places = columns.map(([column, aliases]) => {
    const found = aliases.map((alias) => known.indexOf(alias)).find((place) => place !== -1)
    return [column, found ?? -1] as const
  })
  const missing = places.filter(([column, place]) => place === -1 && NEEDED.includes(column))
  if (missing.length > 0) {
    const expected = missing.map(([column]) => COLUMNS[column][0]).join(', ')
    const seen = names.join(',').slice(0, HEAD_SHOWN_MAX)
    throw new BillHeadError(`its first line is ${JSON.stringify(seen)}; expected the columns ${expected}`)
  }
  return Object.fromEntries(places) as unknown as Places
}

const HEAD_SHOWN_MAX = 200

/** A column's name without what is only writing: blanks, case, a full stop at its end, full-width brackets. */
function plain(name: string): string {
  return name.trim().toLowerCase().replaceAll('（', '(').replaceAll('）', ')').replace(/\.$/, '')
}

function isSummary(text: string, isQuoted: boolean): boolean {
  return (isQuoted && !text.startsWith('`')) || /^[`"]?(总|total )/i.test(text)
}

function entryOf(
  text: string,
  { line, places, width }: { line: number; places: Places; width: number },
): BillEntry {
  const cells = cellsOf(text)
  if (cells.length !== width)
    return { kind: 'unreadable', line, why: `it has ${cells.length} values; expected ${width}, as its head` }
  const cell = (column: Column): string | null => {
    const value = cells[places[column]]?.trim() ?? ''
    return value === '' ? null : value
  }
  /** What there is none of is written as nothing, or as 0. */
  const number = (column: Column): string | null => {
    const value = cell(column)
    return value === '0' ? null : value
  }
  const [out_trade_no, trade_state, total] = [number('out_trade_no'), cell('trade_state'), cell('total')]
  if (out_trade_no === null || trade_state === null || total === null) {
    return { kind: 'unreadable', line, why: 'it names no order, state or amount; expected all three' }
  }
  const numbers = { out_refund_no: number('out_refund_no'), refund_id: number('refund_id') }
  const isRefund = trade_state === 'REFUND' || numbers.out_refund_no !== null || numbers.refund_id !== null
  return {
    kind: 'line',
    line: {
      line,
      trade_state,
      mchid: number('mchid'),
      sub_mchid: number('sub_mchid'),
      out_trade_no,
      transaction_id: number('transaction_id'),
      time: cell('time'),
      currency: cell('currency'),
      total,
      refund: isRefund ? { ...numbers, amount: cell('refund'), status: cell('refund_status') } : null,
    },
  }
}
