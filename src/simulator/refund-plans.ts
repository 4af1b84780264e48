import { namedRandom, type Random } from '../random.ts'
import type { Customers } from './customers.ts'

/** What becomes of a refund, drawn once from the seed and its number. */
export interface RefundPlan {
  /** How long it is PROCESSING, from its acceptance. */
  readonly takesMs: number
  readonly ends: 'SUCCESS' | 'ABNORMAL' | 'REFUNDCLOSE'
  /** How long the pool is too small for it, from the first request on; 0: its own size decides. */
  readonly shortMs: number
  /** How long it takes until other trade has filled a pool that is really too small. */
  readonly refillMs: number
}

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const PROMPT: RefundPlan = { takesMs: 5 * SECOND, ends: 'SUCCESS', shortMs: 0, refillMs: HOUR }

/** `amount.refund` values with a script of their own, where customers aren't seeded. */
export const SCRIPTED_REFUNDS: ReadonlyMap<number, RefundPlan> = new Map<number, RefundPlan>([
  [9101, { ...PROMPT, ends: 'ABNORMAL' }],
  [9102, { ...PROMPT, ends: 'REFUNDCLOSE' }],
  [9103, { ...PROMPT, shortMs: 10 * MINUTE }],
  [9104, { ...PROMPT, takesMs: 3 * HOUR }],
])

export function refundPlan(
  customers: Customers,
  seed: number,
  { out_refund_no, refund }: { out_refund_no: string; refund: number },
  abnormalShare = ABNORMAL_SHARE,
): RefundPlan {
  if (customers === 'none') return SCRIPTED_REFUNDS.get(refund) ?? PROMPT
  const random = namedRandom(seed, 'refund', out_refund_no)
  return {
    takesMs: drawnMs(random, TAKES),
    ends: ending(random.next() * 100, abnormalShare),
    shortMs: random.next() * 100 < SHORT_SHARE ? drawnMs(random, SHORT) : 0,
    refillMs: drawnMs(random, SHORT),
  }
}

type Spans = ReadonlyArray<readonly [share: number, fromMs: number, toMs: number]>

/** Shares of 100. */
const TAKES: Spans = [
  [65, 2 * SECOND, MINUTE],
  [30, MINUTE, 20 * MINUTE],
  [5, HOUR, 4 * HOUR],
]
const SHORT: Spans = [
  [80, 2 * MINUTE, 20 * MINUTE],
  [20, HOUR, 4 * HOUR],
]
const SHORT_SHARE = 12
const ABNORMAL_SHARE = 3
const CLOSED_SHARE = 3

function ending(drawn: number, abnormalShare: number): RefundPlan['ends'] {
  if (drawn < abnormalShare) return 'ABNORMAL'
  return drawn < abnormalShare + CLOSED_SHARE ? 'REFUNDCLOSE' : 'SUCCESS'
}

function drawnMs(random: Random, spans: Spans): number {
  let left = random.next() * 100
  const within = random.next()
  for (const [share, fromMs, toMs] of spans) {
    if (left < share) return Math.round(fromMs + within * (toMs - fromMs))
    left -= share
  }
  return 0
}
