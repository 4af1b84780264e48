import { shown, VerdictError } from '../errors.ts'
import type { KeptReconciliation } from '../store/reconciliations.ts'
import { beijingDate, beijingDayMs, DAY_MS } from '../wechatpay/beijing.ts'
import { totalOf } from './findings.ts'

/** A day whose bill is to be asked for. */
export interface DayToTry {
  readonly date: string
  readonly dueAtMs: number
  /** How often in a row it came to nothing. */
  readonly tries: number
  /** How often something was found. */
  readonly finds: number
  readonly triedAtMs: number | null
}

/** What was missed further back, because nothing ran, is for whoever asks. */
const CATCH_UP_DAYS = 30
/** What differs is told for so long, today not counted: a person may have a weekend. */
const WEEK_DAYS = 8
/** So many rows up to today, the latest first, tell all that is to be known here. */
export const ROWS_NEEDED = CATCH_UP_DAYS + 2

const MINUTE_MS = 60_000
/** A bill that didn't come is asked for again after these, the last one time after time. */
const FAILED_PAUSES_MS = [10, 20, 40, 60, 60, 60, 60, 60, 1_440].map((minutes) => minutes * MINUTE_MS)
/** What a bill made somebody ask about is known by then: the day is looked at again, so that only what stays differs. */
const AGAIN_MS = 30 * MINUTE_MS
/** But not for ever: where WeChat Pay says one thing in its bill and another about the order, it stays a difference. */
export const FINDS_MAX = 3
/** WeChat Pay's own clients say so (guide 8.8): what was found from then on was found in the whole bill. */
const WHOLE_MS = 10 * 60 * MINUTE_MS

/** Whether an account's days have begun to be tried by themselves. */
export function haveBegun(kept: readonly KeptReconciliation[]): boolean {
  return kept.some(({ tries }) => tries !== null)
}

export interface Today {
  readonly nowMs: number
  /** When the bill of the day before is asked for, counted from midnight in Beijing. */
  readonly atMs: number
}

/**
 * The days that are or will be due, the first one first: from the one on which an account's days began, to today's, whose
 * bill comes tomorrow.
 *
 * @param kept the latest `ROWS_NEEDED` of an account up to today, without those of single sub-merchants
 */
export function daysToTry(kept: readonly KeptReconciliation[], today: Today): readonly DayToTry[] {
  const byDate = new Map(kept.map((one) => [one.date, one]))
  return datesOf(kept, today)
    .flatMap((date) => {
      const known = byDate.get(date)
      const dueAtMs = dueAt(known, date, today)
      const { tries = null, finds = 0, triedAtMs = null } = known ?? {}
      return dueAtMs === null ? [] : [{ date, dueAtMs, tries: tries ?? 0, finds, triedAtMs }]
    })
    .toSorted((a, b) => a.dueAtMs - b.dueAtMs)
}

/** Since when the bill of a day has been due that did not come; null if none is. */
export function missingSinceMs(kept: readonly KeptReconciliation[], today: Today): number | null {
  const found = new Set(kept.filter((one) => isWhole(one, today)).map(({ date }) => date))
  const first = datesOf(kept, today).find((date) => !found.has(date))
  const sinceMs = first === undefined ? Number.POSITIVE_INFINITY : readyMs(first, today)
  return sinceMs <= today.nowMs ? sinceMs : null
}

/** What differs, in the days of the last week: also in one that was done because somebody asked. */
export function differingOf(kept: readonly KeptReconciliation[], today: Today): number {
  const week = new Set(datesOf(kept, today).slice(-WEEK_DAYS))
  return kept.reduce(
    (sum, { date, found }) => sum + (week.has(date) ? totalOf(found?.differing ?? {}) : 0),
    0,
  )
}

/** From the one on which it began, or as far back as is caught up with, to today. */
function datesOf(kept: readonly KeptReconciliation[], { nowMs }: Today): readonly string[] {
  const begun = kept.filter(({ tries }) => tries !== null).map(({ date }) => date)
  const from = nowMs - CATCH_UP_DAYS * DAY_MS
  const dates = Array.from({ length: CATCH_UP_DAYS + 1 }, (_, i) => beijingDate(from + i * DAY_MS))
  return dates.filter((date) => begun.some((first) => first <= date))
}

function readyMs(date: string, { atMs }: Pick<Today, 'atMs'>): number {
  return (beijingDayMs(date) as number) + DAY_MS + atMs
}

/** What somebody found before the bill was whole doesn't count. */
function isWhole({ date, found, foundAtMs }: KeptReconciliation, { atMs }: Today): boolean {
  const fromMs = readyMs(date, { atMs: Math.min(atMs, WHOLE_MS) })
  return found !== null && foundAtMs !== null && foundAtMs >= fromMs
}

/** Null: nothing is to be done any more. */
function dueAt(known: KeptReconciliation | undefined, date: string, today: Today): number | null {
  const fromMs = readyMs(date, today)
  if (known === undefined || known.triedAtMs === null) return fromMs
  const { triedAtMs, tries, found, finds } = known
  const isFailing = tries !== null && tries > 0
  const nextMs = triedAtMs + (isFailing ? pauseMs(tries) : AGAIN_MS)
  if (!isWhole(known, today)) return isFailing ? Math.max(fromMs, nextMs) : fromMs
  return (found?.asked ?? 0) > 0 && finds < FINDS_MAX ? nextMs : null
}

function pauseMs(tries: number): number {
  return FAILED_PAUSES_MS[Math.min(tries, FAILED_PAUSES_MS.length) - 1] as number
}

/** Guide 8.8: the bill of a day is made from 09:00 on the next day on. */
const EARLIEST_HOUR = 9

/**
 * A time of the day in Beijing as ms from its midnight: `10:30`.
 *
 * @throws OPTION_INVALID
 */
export function dailyMs(time: string): number {
  const [, hours = '', minutes = ''] = /^(\d{2}):(\d{2})$/.exec(String(time)) ?? []
  const isTime = hours !== '' && Number(hours) >= EARLIEST_HOUR && Number(hours) < 24 && Number(minutes) < 60
  if (isTime) return (Number(hours) * 60 + Number(minutes)) * MINUTE_MS
  const expected = 'a time in Beijing from 09:00 to 23:59, such as 10:30, or null'
  throw new VerdictError('OPTION_INVALID', `reconcileAt is ${shown(time)}; expected ${expected}`)
}
