import { KINDS, type Kind } from '../../src/core/order.ts'
import { namedRandom, type Random } from '../../src/random.ts'

/** One order of the soak's shop: the same for the same seed and number. */
export interface SoakOrder {
  readonly index: number
  readonly mode: 'common' | 'institutional'
  readonly kind: Kind
  readonly out_trade_no: string
  readonly total: number
  readonly auth_code: string
  /** From placing to `time_expire`; null: the policy's own window, 45 s for Quick Pay and 15 min for the others. */
  readonly lifeMs: number | null
  /** The shop loses interest this long after placing; null if it doesn't. */
  readonly givesUpAfterMs: number | null
  /** Placed by somebody else's code; Verdict only follows it. */
  readonly isTracked: boolean
  /** Somebody waits for its verdict. */
  readonly isWatched: boolean
  /** Parts of the amount that a customer who paid brings back. */
  readonly returns: readonly number[]
}

const SHARES: ReadonlyArray<readonly [Kind, number]> = [
  ['quick_pay', 0.4],
  ['native', 0.25],
  ['jsapi', 0.12],
  ['mini_program', 0.08],
  ['app', 0.08],
  ['h5', 0.07],
]
const GIVE_UP_SHARE = 0.05
const TRACKED_SHARE_OF_NATIVE = 0.1
const WATCHED_SHARE = 0.2
/**
 * Few, or refunds would pile up: the simulator's pool is too small for 12 % of them, and after each of these Verdict tries one
 * refund a minute until one is accepted. So an account gets rid of some 13 a minute at most, late money's among them.
 */
const RETURN_SHARE = 0.004
/** These live for the 15 min of the default policy; all others end soon, so that as many end as come within 10 min. */
const LONG_SHARE = 0.05
/** WeChat Pay raises anything below 60 s. */
const LIFE_MS = { min: 60_000, max: 180_000 }
const GIVES_UP_AFTER_MS = { min: 2_000, max: 60_000 }

/** @param mayBeLong false near the end of the run: a long one would not end before it */
export function soakOrder(seed: number, index: number, mayBeLong = true): SoakOrder {
  const random = namedRandom(seed, 'soak', index)
  const kind = kindAt(random.next())
  const total = 100 + Math.floor(random.next() * 50_000)
  const mode = random.next() < 0.5 ? 'common' : 'institutional'
  const isLong = random.next() < LONG_SHARE && mayBeLong
  const lifeMs = between(random, LIFE_MS)
  const givesUp = random.next() < GIVE_UP_SHARE
  const givesUpAfterMs = between(random, GIVES_UP_AFTER_MS)
  return {
    index,
    mode,
    kind,
    out_trade_no: `K${seed}-${String(index).padStart(7, '0')}`,
    total,
    auth_code: `13${Array.from({ length: 16 }, () => Math.floor(random.next() * 10)).join('')}`,
    lifeMs: kind === 'quick_pay' || isLong ? null : lifeMs,
    givesUpAfterMs: givesUp ? givesUpAfterMs : null,
    isTracked: kind === 'native' && random.next() < TRACKED_SHARE_OF_NATIVE,
    isWatched: random.next() < WATCHED_SHARE,
    returns: returnsOf(random, total),
  }
}

/** The index in a number of ours. */
export function indexOf(out_trade_no: string): number {
  return Number(out_trade_no.split('-')[1])
}

function returnsOf(random: Random, total: number): readonly number[] {
  if (random.next() >= RETURN_SHARE) return []
  const what = random.next()
  if (what < 0.4) return [total]
  const part = Math.max(1, Math.floor((total / 2) * random.next()))
  return what < 0.7 ? [part] : [part, part]
}

function between(random: Random, { min, max }: { min: number; max: number }): number {
  return Math.round(min + random.next() * (max - min))
}

function kindAt(chance: number): Kind {
  let sum = 0
  for (const [kind, share] of SHARES) {
    sum += share
    if (chance < sum) return kind
  }
  return KINDS[0]
}
