import { inMajorUnits } from '../wechatpay/currency.ts'

/** Rows of cells as lines, each column as wide as its widest cell; the last is left as it is. */
export function inColumns(rows: ReadonlyArray<readonly string[]>): string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows.map((row) =>
    `  ${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  ')}`.trimEnd(),
  )
}

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** `12.3 s`, `1 min 30 s`, `2 h 5 min`: a duration for people. */
export function seconds(ms: number): string {
  if (ms < SECOND_MS) return `${ms} ms`
  // What rounds up to a minute is one.
  if (ms < MINUTE_MS - 50) return `${(ms / SECOND_MS).toFixed(1).replace(/\.0$/, '')} s`
  const wholeMs = Math.round(ms / SECOND_MS) * SECOND_MS
  if (wholeMs < HOUR_MS) return inParts(wholeMs, ['min', MINUTE_MS], ['s', SECOND_MS])
  return inParts(Math.round(ms / MINUTE_MS) * MINUTE_MS, ['h', HOUR_MS], ['min', MINUTE_MS])
}

type Part = readonly [name: string, ms: number]

function inParts(ms: number, [big, bigMs]: Part, [small, smallMs]: Part): string {
  const rest = Math.round((ms % bigMs) / smallMs)
  return `${Math.floor(ms / bigMs)} ${big}${rest === 0 ? '' : ` ${rest} ${small}`}`
}

/** An amount in its currency's smallest unit, as people write it: `HKD 12.34`, `JPY 1234`. */
export function money(total: number, currency: string): string {
  return `${currency} ${inMajorUnits(total, currency)}`
}

/** What a table's head and an order's life say of the moments below. */
export const TIME_ZONE = 'UTC+8'

/** `2026-06-08 10:34:56.789` in Beijing time, WeChat Pay's own. */
export function moment(atMs: number): string {
  return new Date(atMs + 8 * HOUR_MS).toISOString().slice(0, 23).replace('T', ' ')
}
