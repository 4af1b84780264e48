import type { DatabaseSync } from 'node:sqlite'
import type { EventClock } from './event-clock.ts'
import type { WechatPay } from './wechat-pay.ts'

/** How often somebody looks. */
const ROUND_MS = 15 * 60_000

export interface PersonOptions {
  readonly clock: EventClock
  /** Verdict's database, as its pages show it. */
  readonly db: DatabaseSync
  readonly wechatPay: WechatPay
  readonly say: (line: string) => void
}

/** Somebody who reads that a refund is ABNORMAL, and sees to it on the merchant platform that its money is given back. */
export function employPerson({ clock, db, wechatPay, say }: PersonOptions): void {
  const stuck = db.prepare(`SELECT out_refund_no FROM refunds WHERE said = 'ABNORMAL' AND due_at IS NOT NULL`)
  const look = async (): Promise<void> => {
    for (const { out_refund_no } of stuck.all()) {
      say(`${out_refund_no} is put right on the merchant platform`)
      await wechatPay.mend(String(out_refund_no))
    }
    clock.after(ROUND_MS, look)
  }
  clock.after(ROUND_MS, look)
}
