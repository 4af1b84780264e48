import type { AdjustableClock } from '../clock.ts'
import type { Notice } from '../engine/report.ts'

/** Less than this two clocks may be apart: nothing here is decided by it. */
const APART_MS = 500
/** Somebody should set it right. */
const FAR_APART_MS = 5_000

/** Design 3.10: workers correct themselves to the database's clock. */
export function followStore(
  clock: AdjustableClock,
  notify: (notice: Notice) => void,
): (aheadMs: number, exactToMs: number) => void {
  return (aheadMs, exactToMs) => {
    if (Math.abs(aheadMs) <= APART_MS + exactToMs) return
    clock.adjust(aheadMs)
    if (Math.abs(aheadMs) < FAR_APART_MS) return
    const seconds = Math.round(Math.abs(aheadMs) / 1_000)
    const whose = aheadMs > 0 ? 'behind' : 'ahead of'
    notify({
      level: 'warn',
      message: `this machine's clock is ${seconds} s ${whose} the database's, by which it goes now: set it right`,
    })
  }
}

/** Design 3.10: long before every answer counts as forged. */
export function clockNotice(account: string, aheadMs: number): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1_000)
  const whose = aheadMs > 0 ? 'behind' : 'ahead of'
  return `${account}: our clock is ${seconds} s ${whose} WeChat Pay's; from 300 s on every answer counts as forged: set it right`
}
