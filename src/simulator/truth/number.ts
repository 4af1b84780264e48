import { createHash } from 'node:crypto'

const BEIJING_MS = 8 * 3_600_000
const DAY_MS = 86_400_000

/**
 * A number in WeChat Pay's own form: four digits for what it is, six more, the day in Beijing, ten digits. Derived from
 * the key of what it numbers, so that a seed repeats it.
 */
export function wechatPayNumber(prefix: '4200' | '5030', key: string, nowMs: number): string {
  const day = new Date(nowMs + BEIJING_MS).toISOString().slice(0, 10).replaceAll('-', '')
  const digest = createHash('sha256').update(key).digest()
  const digits = digest.readBigUInt64BE(0).toString().padStart(20, '0')
  return `${prefix}${digits.slice(-16, -10)}${day}${digits.slice(-10)}`
}

/** Counts the calendar days of Beijing. */
export function beijingDay(ms: number): number {
  return Math.floor((ms + BEIJING_MS) / DAY_MS)
}
