/** Rows of cells as lines, each column as wide as its widest cell; the last is left as it is. */
export function inColumns(rows: ReadonlyArray<readonly string[]>): string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows.map((row) =>
    `  ${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  ')}`.trimEnd(),
  )
}

/** `12.3 s`, `1 min 30 s`: a duration for people. */
export function seconds(ms: number): string {
  if (ms < 1_000) return `${ms} ms`
  if (ms < 60_000) return `${trimmed(ms / 1_000)} s`
  const minutes = Math.floor(ms / 60_000)
  const rest = Math.round((ms % 60_000) / 1_000)
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`
}

function trimmed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '')
}

/** An amount in its currency's smallest unit, as people write it: `HKD 12.34`, `JPY 1234`. */
export function money(total: number, currency: string): string {
  const digits = ZERO_DECIMAL.has(currency) ? 0 : 2
  return `${currency} ${(total / 10 ** digits).toFixed(digits)}`
}

/** ISO 4217 currencies without a smaller unit, among those that WeChat Pay settles in. */
const ZERO_DECIMAL: ReadonlySet<string> = new Set(['JPY', 'KRW', 'VND', 'IDR', 'CLP'])

/** `2026-06-08 10:34:56.789` in Beijing time, WeChat Pay's own. */
export function moment(atMs: number): string {
  return new Date(atMs + 8 * 3_600_000).toISOString().slice(0, 23).replace('T', ' ')
}
