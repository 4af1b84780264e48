import type { Luck } from './chance.ts'

/** One refund as the other WeChat Pay keeps it, and what will become of it. */

export type RefundStatus = 'PROCESSING' | 'SUCCESS' | 'REFUNDCLOSE' | 'ABNORMAL'

export interface Refund {
  /** WeChat Pay's own number, and the merchant's. */
  readonly id: string
  readonly number: string
  readonly cents: number
  readonly reason: string | null
  readonly notifyUrl: string | null
  readonly bornMs: number
  /** Made on the merchant platform: no program asked for it. */
  readonly byHand: boolean
  readonly fate: Fate
  readonly past: { readonly atMs: number; readonly status: RefundStatus }[]
}

export interface Fate {
  /** So long after it was first asked for, the CNY pool is too small for it. */
  readonly poolEmptyMs: number
  /** What it becomes, so long after it was accepted. The last one stays. */
  readonly turns: readonly { readonly afterMs: number; readonly status: RefundStatus }[]
}

/** What a merchant asks for. */
export interface RefundAsking {
  readonly order: OrderName
  readonly number: string
  readonly cents: number
  readonly total: number
  readonly currency: string
  readonly reason: string | null
  readonly notifyUrl: string | null
}

export interface OrderName {
  readonly by: 'out_trade_no' | 'transaction_id'
  readonly key: string
}

export function fateOf(luck: Luck): Fate {
  const poolEmptyMs = luck.chance(0.15) ? luck.between(120_000, luck.pick([600_000, 3_600_000])) : 0
  const afterMs = luck.between(2_000, luck.pick([20_000, 20_000, 60_000, 300_000, 1_800_000]))
  const end = luck.draw()
  if (end < 0.84) return { poolEmptyMs, turns: [{ afterMs, status: 'SUCCESS' }] }
  if (end < 0.91) return { poolEmptyMs, turns: [{ afterMs, status: 'REFUNDCLOSE' }] }
  const abnormal = { afterMs, status: 'ABNORMAL' } as const
  const repairedMs = afterMs + luck.between(60_000, 600_000)
  const repaired = luck.pick(['SUCCESS', 'SUCCESS', 'REFUNDCLOSE', null] as const)
  const turns = repaired === null ? [abnormal] : [abnormal, { afterMs: repairedMs, status: repaired }]
  return { poolEmptyMs, turns }
}

/** By a clerk on the merchant platform: always from a pool that suffices, and always into a living account. */
export function fateByHand(luck: Luck): Fate {
  return { poolEmptyMs: 0, turns: [{ afterMs: luck.between(1_000, 60_000), status: 'SUCCESS' }] }
}

export function statusOf({ past }: Refund): RefundStatus {
  return past.at(-1)?.status ?? 'PROCESSING'
}

/** What a replica that lags shows: null before it heard of the refund. */
export function shownStatus({ past }: Refund, atMs: number): RefundStatus | null {
  return past.findLast((line) => line.atMs <= atMs)?.status ?? null
}

/** Its next turn, if it has one. */
export function nextTurn(refund: Refund): { readonly atMs: number; readonly status: RefundStatus } | null {
  const turn = refund.fate.turns[refund.past.length - 1]
  return turn === undefined ? null : { atMs: refund.bornMs + turn.afterMs, status: turn.status }
}
