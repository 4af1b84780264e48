import { language } from './words/language.ts'

const locale = (): string => (language.value === 'zh' ? 'zh-CN' : 'en-GB')

/**
 * An amount in the smallest unit of its currency, as people write it: 8800 HKD → "HK$88.00". What a currency's smallest unit
 * is, the browser knows (ISO 4217): two digits for HKD, none for JPY.
 */
export function money(amount: number, currency: string): string {
  const format = moneyFormat(currency)
  if (format === null) return `${amount} ${currency}`
  return format.format(amount / 10 ** digitsOf(format))
}

/** "88.00" for 8800 HKD: what stands in a field. */
export function plainAmount(amount: number, currency: string): string {
  const format = moneyFormat(currency)
  return format === null ? String(amount) : (amount / 10 ** digitsOf(format)).toFixed(digitsOf(format))
}

/** The smallest units that a person wrote as "88" or "88.00"; null for what is no such amount. */
export function amountIn(text: string, currency: string): number | null {
  const format = moneyFormat(currency)
  const digits = format === null ? 0 : digitsOf(format)
  const [, whole, , part = ''] = /^\s*(\d{1,12})(\.(\d+))?\s*$/.exec(text) ?? []
  if (whole === undefined || part.length > digits) return null
  return Number(whole + part.padEnd(digits, '0'))
}

function moneyFormat(currency: string): Intl.NumberFormat | null {
  try {
    return new Intl.NumberFormat(locale(), { style: 'currency', currency, currencyDisplay: 'symbol' })
  } catch {
    return null
  }
}

function digitsOf(format: Intl.NumberFormat): number {
  return format.resolvedOptions().maximumFractionDigits ?? 2
}

export function count(number: number): string {
  return new Intl.NumberFormat(locale()).format(number)
}

/** "14:03:15", with its date where that isn't the day of `nowMs`. */
export function moment(at: string | number, nowMs: number): string {
  const date = new Date(at)
  const isToday = new Date(nowMs).toDateString() === date.toDateString()
  return new Intl.DateTimeFormat(locale(), {
    ...(!isToday && { month: 'short', day: 'numeric' }),
    ...(new Date(nowMs).getFullYear() !== date.getFullYear() && { year: 'numeric' }),
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  }).format(date)
}

/** With its date and its time zone: for a title, or whatever must not be misread. */
export function fullMoment(at: string | number): string {
  return new Intl.DateTimeFormat(locale(), {
    ...{ year: 'numeric', month: 'short', day: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZoneName: 'short' },
  }).format(new Date(at))
}

/** "230 ms", "4 s", "3 min 20 s", "2 h", "5 d": a length of time, as short as it says enough. */
export function duration(ms: number): string {
  const words = language.value === 'zh' ? ZH : EN
  const length = Math.max(0, ms)
  if (length < 1_000) return `${Math.round(length)} ${words.ms}`
  if (length < 10_000) return `${trimmed(length / 1_000)} ${words.s}`
  const seconds = Math.round(length / 1_000)
  if (seconds < 60) return `${seconds} ${words.s}`
  if (seconds < 3_600) return pair([Math.floor(seconds / 60), words.min], [seconds % 60, words.s])
  const minutes = Math.round(seconds / 60)
  if (minutes < 48 * 60) return pair([Math.floor(minutes / 60), words.h], [minutes % 60, words.min])
  return `${Math.round(minutes / 1_440)} ${words.d}`
}

/** Whole seconds where they tick: "4 s", not "3.7 s". */
export function wholeSeconds(ms: number): string {
  return duration(Math.max(0, Math.round(ms / 1_000)) * 1_000 || 0).replace(
    /^0 \S+$/,
    language.value === 'zh' ? '0 秒' : '0 s',
  )
}

type Part = readonly [value: number, unit: string]

function pair(large: Part, small: Part): string {
  return [large, small]
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ')
}

function trimmed(seconds: number): string {
  return seconds.toFixed(1).replace(/\.0$/, '')
}

const EN = { ms: 'ms', s: 's', min: 'min', h: 'h', d: 'd' }
const ZH = { ms: '毫秒', s: '秒', min: '分', h: '小时', d: '天' }
