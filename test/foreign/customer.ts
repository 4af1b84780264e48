import type { TradeType } from './books.ts'
import { Luck } from './chance.ts'

export interface Customer {
  /** ms after creation; Infinity: never. */
  readonly paysAfterMs: number
  /** The bank refuses, so long after creation. */
  readonly failsAfterMs: number
  /** Pays in the very moment in which the order is to be ended. */
  readonly paysAtTheEnd: boolean
  /** How WeChat Pay takes a reverse of a paid order: it returns the money, or refuses ("use refund"). */
  readonly reverseOfPaid: 'returns' | 'refuses'
  /** After a returned payment it shows REFUND for so long before REVOKED. */
  readonly showsRefundMs: number
  /** Refunds by hand on the merchant platform: so long after the payment, such a share of the order. */
  readonly handRefunds: readonly { readonly afterMs: number; readonly share: number }[]
  /** From when on Query Order shows REFUND. */
  readonly showsRefundWhen: 'accepted' | 'done'
  readonly autoRevokeMs: number
  /** Reverses that are refused with "being paid" first. */
  readonly typing: number
  readonly lagMs: number
  /** What Quick Pay answers at once, instead of an order's state. */
  readonly till: 'as it is' | 'refused, not kept' | 'refused, kept' | 'refused, yet paid'
}

export function customerOf(seed: number, number: string, tradeType: TradeType): Customer {
  const luck = new Luck(seed, 'customer', number)
  const quick = tradeType === 'MICROPAY'
  const kind = luck.draw()
  const soon = quick && kind < 0.3
  const later = kind < 0.7
  return {
    paysAfterMs: soon ? 0 : later ? luck.between(1_000, quick ? 55_000 : 400_000) : Number.POSITIVE_INFINITY,
    failsAfterMs: luck.chance(0.12) ? luck.between(0, 20_000) : Number.POSITIVE_INFINITY,
    paysAtTheEnd: !later && luck.chance(0.4),
    reverseOfPaid: luck.chance(0.5) ? 'returns' : 'refuses',
    showsRefundMs: luck.chance(0.3) ? luck.between(1_000, 25_000) : 0,
    handRefunds: handRefunds(new Luck(seed, 'by hand', number)),
    showsRefundWhen: luck.chance(0.7) ? 'accepted' : 'done',
    autoRevokeMs: 45_000 + luck.between(-2_000, 60_000),
    typing: luck.chance(0.3) ? Math.ceil(luck.between(0, 4)) : 0,
    lagMs: luck.chance(0.5) ? luck.between(500, 12_000) : 0,
    till: quick && !soon ? luck.pick(TILLS) : 'as it is',
  }
}

/** A clerk gives all back, or a part, or part after part; seldom in so many slices that no page holds them. */
function handRefunds(luck: Luck): Customer['handRefunds'] {
  if (!luck.chance(0.1)) return []
  const afterMs = luck.between(0, 120_000)
  const kind = luck.draw()
  if (kind < 0.4) return [{ afterMs, share: 1 }]
  if (kind < 0.7) return [{ afterMs, share: luck.draw() }]
  const slices = kind < 0.85 ? 2 : 23
  return Array.from({ length: slices }, (_, i) => ({ afterMs: afterMs + i * 1_500, share: 0.5 / slices }))
}

const TILLS = [
  'as it is',
  'as it is',
  'as it is',
  'as it is',
  'refused, not kept',
  'refused, kept',
  'refused, yet paid',
] as const
