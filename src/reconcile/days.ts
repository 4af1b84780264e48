import { shown, VerdictError } from '../errors.ts'
import type { KeptReconciliation } from '../store/reconciliations.ts'
import { beijingDate, beijingDayMs, DAY_MS } from '../wechatpay/beijing.ts'

/** A day whose bill is to be asked for. */
export interface DayToTry {
  readonly date: string
  readonly tries: number
  readonly dueAtMs: number
}

/** What was missed further back, because nothing ran, is for whoever asks. */
const CATCH_UP_DAYS = 30
/** So many rows, the latest first, tell all that `nextDay` needs. */
export const ROWS_NEEDED = CATCH_UP_DAYS + 2

const MINUTE_MS = 60_000
/** A bill that didn't come is asked for again after these, the last one time after time. */
const FAILED_PAUSES_MS = [10 * MINUTE_MS, 20 * MINUTE_MS, 40 * MINUTE_MS, 60 * MINUTE_MS]
/** What a bill made somebody ask about is known by then: the day is looked at again, so that only what stays differs. */
const AGAIN_MS = 30 * MINUTE_MS
/** But not for ever: an order that WeChat Pay says other things about in its bill stays a difference. */
const TRIES_MAX = 5

/** Whether an account's days have begun to be tried by themselves. */
export function haveBegun(kept: readonly KeptReconciliation[]): boolean {
  return kept.some(({ tries }) => tries !== null)
}

/**
 * The day that is due first: from the one on which an account's days began, to today's, whose bill comes tomorrow.
 *
 * @param kept the latest `ROWS_NEEDED` of an account, without those of single sub-merchants
 * @param atMs when the bill of the day before is asked for, counted from midnight in Beijing
 */
export function nextDay(
  kept: readonly KeptReconciliation[],
  { nowMs, atMs }: { readonly nowMs: number; readonly atMs: number },
): DayToTry | null {
  const begun = kept.filter(({ tries }) => tries !== null).map(({ date }) => date)
  const byDate = new Map(kept.map((one) => [one.date, one]))
  return daysBefore(nowMs)
    .filter((date) => begun.some((first) => first <= date))
    .flatMap((date) => {
      const known = byDate.get(date)
      const dueAtMs = dueAt(known, readyMs(date, atMs))
      return dueAtMs === null ? [] : [{ date, dueAtMs, tries: known?.tries ?? 0 }]
    })
    .reduce<DayToTry | null>(
      (first, day) => (first === null || day.dueAtMs < first.dueAtMs ? day : first),
      null,
    )
}

/** The oldest that is still caught up with first, today last. */
function daysBefore(nowMs: number): readonly string[] {
  const from = nowMs - CATCH_UP_DAYS * DAY_MS
  return Array.from({ length: CATCH_UP_DAYS + 1 }, (_, i) => beijingDate(from + i * DAY_MS))
}

function readyMs(date: string, atMs: number): number {
  return (beijingDayMs(date) as number) + DAY_MS + atMs
}

/** Null: nothing is to be done any more. What somebody found before the bill was whole doesn't count. */
function dueAt(known: KeptReconciliation | undefined, fromMs: number): number | null {
  const { triedAtMs = null, foundAtMs = null, found = null, tries = 0 } = known ?? {}
  if (triedAtMs === null || triedAtMs < fromMs) return fromMs
  if (found === null || foundAtMs === null || foundAtMs < fromMs) return triedAtMs + pauseMs(tries ?? 0)
  return found.asked > 0 && (tries ?? 0) < TRIES_MAX ? triedAtMs + AGAIN_MS : null
}

function pauseMs(tries: number): number {
  const nth = Math.min(Math.max(tries, 1), FAILED_PAUSES_MS.length)
  return FAILED_PAUSES_MS[nth - 1] as number
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
