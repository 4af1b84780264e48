import { createHash } from 'node:crypto'
import { beijingDate } from '../../wechatpay/beijing.ts'

/**
 * A number in WeChat Pay's own form: four digits for what it is, six more, the day in Beijing, ten digits. Derived from
 * the key of what it numbers, so that a seed repeats it.
 */
export function wechatPayNumber(prefix: '4200' | '5030', key: string, nowMs: number): string {
  const day = beijingDate(nowMs).replaceAll('-', '')
  const digest = createHash('sha256').update(key).digest()
  const digits = digest.readBigUInt64BE(0).toString().padStart(20, '0')
  return `${prefix}${digits.slice(-16, -10)}${day}${digits.slice(-10)}`
}
