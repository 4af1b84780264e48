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
  /** When it happened, Beijing time without a zone: `2026-06-08 10:34:56`. */
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

export type BillEntry =
  | { readonly kind: 'line'; readonly line: BillLine }
  | { readonly kind: 'unreadable'; readonly line: number; readonly why: string }

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

/** A bill whose head was read. */
export interface BillFile {
  /** Whether its lines say whose order each is. */
  readonly namesSubMerchants: boolean
  /**
   * Its lines, one after the other. One that can't be read is told, and the next one read. The summary at the end, where there
   * is one, is none of them; if it counts others than there were, that is told.
   */
  readonly entries: Iterable<BillEntry>
}

/**
 * Opens a bill; null if it is empty.
 *
 * @throws BillHeadError if the head doesn't name the columns that are needed
 */
export function openBill(csv: Uint8Array): BillFile | null {
  const lines = linesOf(csv)
  const head = headIn(lines)
  if (head === null) return null
  const names = cellsOf(head)
  const places = placesOf(names)
  const width = lengthWithoutEmptyEnd(names)
  return {
    namesSubMerchants: places.sub_mchid !== -1,
    entries: entriesOf(lines, { places, width, widthMax: names.length }),
  }
}

/** The first line with anything in it. By hand: whoever leaves a loop over a generator ends it. */
function headIn(lines: Generator<Line, void>): string | null {
  for (let next = lines.next(); next.done !== true; next = lines.next()) {
    const text = next.value.text.replace(/^\uFEFF/, '')
    if (text.trim() !== '') return text
  }
  return null
}

interface Line {
  /** In the file, from 1. */
  readonly line: number
  readonly text: string
}

/** UTF-8; what is none becomes U+FFFD, and then names no order. */
function* linesOf(csv: Uint8Array): Generator<Line, void> {
  const bytes = Buffer.from(csv.buffer, csv.byteOffset, csv.byteLength)
  for (let at = 0, line = 1; at < bytes.length; line++) {
    const end = bytes.indexOf(LINE_FEED, at)
    const until = end === -1 ? bytes.length : end
    yield { line, text: bytes.toString('utf8', at, until).replace(/\r$/, '') }
    at = until + 1
  }
}

const LINE_FEED = 0x0a

function* entriesOf(lines: Generator<Line, void>, head: Head): Generator<BillEntry> {
  let count = 0
  let isSummary = false
  for (const { line, text } of lines) {
    if (text === '') continue
    if (isSummary) {
      const counted = Number(cellsOf(text)[0])
      if (Number.isInteger(counted) && counted !== count)
        yield { kind: 'unreadable', line, why: `the summary counts ${counted} lines; there are ${count}` }
      return
    }
    isSummary = SUMMARY.test(text)
    if (isSummary) continue
    count += 1
    yield entryOf(text, line, head)
  }
}

/** The first name in the head of a summary: 总交易单数, the number of lines. */
const SUMMARY = /^[`"]*(总|total )/i

/** A comma may stand in a value; a comma before a backtick parts two. */
function cellsOf(line: string): readonly string[] {
  if (line.startsWith('`')) return line.slice(1).split(',`')
  return line.split(',').map((cell) => cell.replace(/^"(.*)"$/, '$1').replace(/^`/, ''))
}

/** How many cells there are without the empty ones that a comma at the end of a line makes. */
function lengthWithoutEmptyEnd(cells: readonly string[]): number {
  let length = cells.length
  while (length > 0 && cells[length - 1]?.trim() === '') length -= 1
  return length
}

type Places = Readonly<Record<Column, number>>

interface Head {
  readonly places: Places
  readonly width: number
  /** With the empty cells at its end. */
  readonly widthMax: number
}

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

/** A value with a separator in it moves all that follow it: then the line is one too long, and what it says nobody knows. */
function entryOf(text: string, line: number, { places, width, widthMax }: Head): BillEntry {
  const cells = cellsOf(text)
  const isWhole =
    cells.length === width || (cells.length === widthMax && lengthWithoutEmptyEnd(cells) <= width)
  if (!isWhole)
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
