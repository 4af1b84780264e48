import { KINDS, type Kind } from '../../core/order.ts'
import { namedRandom, type Random } from '../../random.ts'

/** One order of the demo's shop: the same for the same seed and number, whenever it is drawn. */
export interface ShopOrder {
  readonly index: number
  readonly mode: 'common' | 'institutional'
  readonly kind: Kind
  readonly out_trade_no: string
  readonly total: number
  readonly auth_code: string
  /** When the customer comes, in ms after the run's start. */
  readonly arrivesAfterMs: number
  /** The shop loses interest this long after placing; null if it doesn't. */
  readonly givesUpAfterMs: number | null
  /** Placed by somebody else's code; Verdict only follows it. */
  readonly isTracked: boolean
  /** Parts of the amount that a customer who paid brings back, each as a refund of its own. Two equal ones are two. */
  readonly returns: readonly number[]
}

const SHARES: ReadonlyArray<readonly [Kind, number]> = [
  ['quick_pay', 0.5],
  ['native', 0.2],
  ['jsapi', 0.1],
  ['mini_program', 0.08],
  ['app', 0.06],
  ['h5', 0.06],
]
/** One customer a second, in simulated time. */
const SPACING_MS = 1_000
const GIVE_UP_SHARE = 0.1
const TRACKED_SHARE = 0.05
const RETURN_SHARE = 0.2

export function shopOrder(seed: number, index: number): ShopOrder {
  const random = namedRandom(seed, 'shop', index)
  const kind = kindAt(random.next())
  const total = 100 + Math.floor(random.next() * 50_000)
  const givesUp = random.next() < GIVE_UP_SHARE
  const givesUpAfterMs = Math.round(2_000 + random.next() * 120_000)
  return {
    index,
    mode: random.next() < 0.5 ? 'common' : 'institutional',
    kind,
    out_trade_no: `S${seed}-${String(index).padStart(6, '0')}`,
    total,
    auth_code: `13${Array.from({ length: 16 }, () => Math.floor(random.next() * 10)).join('')}`,
    arrivesAfterMs: Math.round((index + random.next()) * SPACING_MS),
    givesUpAfterMs: givesUp ? givesUpAfterMs : null,
    isTracked: kind === 'native' && random.next() < TRACKED_SHARE / 0.2,
    returns: returnsOf(namedRandom(seed, 'returns', index), total),
  }
}

function returnsOf(random: Random, total: number): readonly number[] {
  if (random.next() >= RETURN_SHARE) return []
  const what = random.next()
  if (what < 0.4) return [total]
  const part = Math.max(1, Math.floor((total / 2) * random.next()))
  return what < 0.7 ? [part] : [part, part]
}

function kindAt(chance: number): Kind {
  let sum = 0
  for (const [kind, share] of SHARES) {
    sum += share
    if (chance < sum) return kind
  }
  return KINDS[0]
}
