/* WeChat Pay writes its times in Beijing, and its days begin there (guide 8.7). China has no summer time. */

const BEIJING_MS = 8 * 3_600_000
export const DAY_MS = 86_400_000

/** RFC 3339 in Beijing time, to the second, as WeChat Pay writes it. */
export function beijingTime(ms: number): string {
  return `${new Date(ms + BEIJING_MS).toISOString().slice(0, 19)}+08:00`
}

/** Counts the calendar days of Beijing. */
export function beijingDayNumber(ms: number): number {
  return Math.floor((ms + BEIJING_MS) / DAY_MS)
}

/** The calendar day of Beijing at a moment: `2026-06-08`. */
export function beijingDate(ms: number): string {
  return new Date(ms + BEIJING_MS).toISOString().slice(0, 10)
}

/** When a calendar day begins in Beijing, epoch ms; null if `2026-06-08`, or `20260608`, is no day. */
export function beijingDayMs(date: string): number | null {
  const [, year, month, day] =
    /^(\d{4})-(\d{2})-(\d{2})$/.exec(date) ?? /^(\d{4})(\d{2})(\d{2})$/.exec(date) ?? []
  const ms = Date.parse(`${year}-${month}-${day}T00:00:00+08:00`)
  // The 30th of February would be read as the 2nd of March.
  return Number.isNaN(ms) || beijingDate(ms) !== `${year}-${month}-${day}` ? null : ms
}
