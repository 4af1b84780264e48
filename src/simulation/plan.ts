import { KINDS, type Kind } from '../core/order.ts'
import { type LateMoneyPolicy, type Policy, QUICK_PAY_POLICY, TWO_PERIOD_POLICY } from '../core/policy.ts'
import { DEFAULT_LIMITS, type Limits } from '../engine/budget.ts'
import { namedRandom } from '../random.ts'
import type { CallbackKey } from '../simulator/index.ts'
import type { Manners } from './inbox.ts'
import type { Shakiness } from './shaky-store.ts'
import type { Weather } from './wire.ts'

const S = 1_000
const MIN = 60 * S

/** What a seed stands for: who buys what and when, and how bad the world is. */
export interface SeedPlan {
  readonly seed: number
  readonly errands: readonly Errand[]
  readonly workers: number
  /** Their clocks differ by at most 5 s. */
  readonly skewsMs: readonly number[]
  /** From here on nothing goes wrong any more. */
  readonly calmAtMs: number
  /** Disasters that befall processes: mean time between two of them. */
  readonly disasterMs: number
  readonly weather: Weather
  readonly shakiness: Omit<Shakiness, 'spells'> & { readonly spells: readonly (readonly [number, number])[] }
  readonly manners: Manners
  /** WeChat Pay's own faults, all of them times this. */
  readonly faults: number
  /** How many of a hundred refunds end ABNORMAL. */
  readonly abnormalShare: number
  readonly callbacks: 'on' | 'off'
  readonly callbackKey: CallbackKey
  readonly downloadsCertificates: boolean
  readonly policies: { readonly quickPay: Policy; readonly elsewhere: Policy }
  readonly lateMoney: LateMoneyPolicy
  readonly limits: Limits
  readonly isRsa: boolean
}

/** What the merchant wants with one order. Moments count from the start, or from the order before them. */
export interface Errand {
  readonly out_trade_no: string
  readonly kind: Kind
  readonly mode: 'common' | 'institutional'
  readonly total: number
  readonly atMs: number
  /** Placed by other code, which loses its reply now and then, and handed over so much later; null: by Verdict. */
  readonly tracked: { readonly afterMs: number; readonly end: boolean } | null
  /** What is bought: another number may try to pay for it, too. */
  readonly purchase: string | null
  readonly auth_code: string | null
  /** After its entering. */
  readonly giveUpAfterMs: number | null
  /** Asked for from then on until the order is paid, or can't be any more. */
  readonly refunds: readonly RefundErrand[]
  /** Somebody refunds on the merchant platform, a part of the whole in percent. */
  readonly elsewhere: { readonly afterMs: number; readonly percent: number } | null
}

export interface RefundErrand {
  readonly key: string
  readonly afterMs: number
  /** Null: all that is left. */
  readonly percent: number | null
  /** Asked for so often, each time at another process. */
  readonly times: number
}

/** In every so many worlds most refunds need a person. */
const ABNORMAL_ONE_IN = 5

/** In cents. */
const PRICES: readonly number[] = [800, 1_200, 2_500]

/** So little that every order has to wait for its turn now and then. */
const TIGHT_LIMITS: Limits = {
  place: 1,
  query: 2,
  close: 1,
  reverse: 1,
  refund: 1,
  queryRefund: 1,
  queryRefunds: 1,
  failingRefund: 1,
}

/** One seed in so many is run with real RSA signatures. */
export const RSA_ONE_IN = 1_000

export function planOf(seed: number, orders: number): SeedPlan {
  const random = namedRandom(seed, 'plan')
  const draw = (): number => random.next()
  const chance = (p: number): boolean => draw() < p
  const ms = (from: number, to: number): number => Math.round(from + draw() * (to - from))
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(draw() * items.length)] as Item

  const busyMs = ms(2 * MIN, 8 * MIN)
  const calmAtMs = busyMs + ms(2 * MIN, 18 * MIN)
  const harshness = pick([0, 0.3, 1, 1, 1.6])
  const workers = pick([1, 2, 2, 3])
  const isTight = chance(0.2)
  return {
    seed,
    workers,
    skewsMs: Array.from({ length: workers }, () => (chance(0.5) ? ms(-2_500, 2_500) : 0)),
    calmAtMs,
    disasterMs: pick([20 * S, 60 * S, 3 * MIN, 3 * MIN, 60 * MIN]),
    weather: {
      lateRequest: harshness * pick([0, 0.01, 0.04]),
      lateReply: harshness * pick([0, 0.01, 0.03]),
      refused: harshness * pick([0, 0.01, 0.05]),
      lost: harshness * pick([0, 0.01]),
      unsignedDenial: harshness * pick([0, 0.05]),
      replayed: harshness * pick([0, 0, 0.01]),
      swapped: harshness * pick([0, 0, 0.01]),
    },
    shakiness: {
      fails: pick([0, 0.1, 0.4, 1]),
      slow: harshness * pick([0, 0.005, 0.03]),
      slowMsMax: pick([50, 1_000, 10_000]),
      spells: Array.from({ length: pick([0, 0, 1, 3]) }, () => {
        const fromMs = ms(0, calmAtMs)
        return [fromMs, Math.min(fromMs + ms(100, 40 * S), calmAtMs)] as const
      }),
    },
    manners: {
      fails: harshness * pick([0, 0.05, 0.3]),
      hangs: harshness * pick([0, 0.02]),
      slowMsMax: pick([20, 500, 5_000]),
    },
    faults: harshness,
    abnormalShare: seed % ABNORMAL_ONE_IN === 0 ? 60 : 3,
    callbacks: chance(0.1) ? 'off' : 'on',
    callbackKey: pick(['public-key', 'public-key', 'certificate', 'mixed']),
    downloadsCertificates: chance(0.3),
    policies: policiesOf(seed),
    lateMoney: pick(['refund', 'refund', 'refund', 'accept', 'ask']),
    limits: isTight ? TIGHT_LIMITS : DEFAULT_LIMITS,
    isRsa: seed % RSA_ONE_IN === 0,
    errands: Array.from({ length: orders }, (_, i) => errandOf(i)),
  }

  function errandOf(i: number): Errand {
    const kind: Kind = chance(0.4) ? 'quick_pay' : pick(KINDS)
    const isTracked = kind !== 'quick_pay' && chance(0.1)
    const mode = chance(0.7) ? ('common' as const) : ('institutional' as const)
    return {
      out_trade_no: `S${seed}N${i}`,
      kind,
      mode,
      // Many customers buy the same: an amount tells no order from another.
      total: chance(0.6) ? pick(PRICES) : ms(100, 50_000),
      atMs: ms(0, busyMs),
      tracked: isTracked ? { afterMs: ms(0, 30 * S), end: chance(0.7) } : null,
      purchase: !isTracked && chance(0.15) ? `${mode} ${Math.floor(i / 4)}` : null,
      auth_code:
        kind === 'quick_pay'
          ? `13${String(seed * 1_000 + i)
              .padStart(16, '0')
              .slice(-16)}`
          : null,
      giveUpAfterMs: chance(0.25) ? ms(0, kind === 'quick_pay' ? 50 * S : 10 * MIN) : null,
      refunds: chance(0.2) ? refundsOf(i) : [],
      elsewhere: chance(0.04) ? { afterMs: ms(0, 15 * MIN), percent: ms(1, 100) } : null,
    }
  }

  function refundsOf(i: number): readonly RefundErrand[] {
    return Array.from({ length: pick([1, 1, 2, 3]) }, (_, nth) => ({
      key: `return ${i}.${nth}`,
      afterMs: ms(0, 12 * MIN),
      percent: chance(0.3) ? null : ms(5, 60),
      times: pick([1, 1, 2]),
    }))
  }
}

/** What users write down: the default in every second world for Quick Pay, in every fourth for all others; and what else the guide allows. */
function policiesOf(seed: number): SeedPlan['policies'] {
  const random = namedRandom(seed, 'policies')
  const ms = (from: number, to: number): number => Math.round(from + random.next() * (to - from))
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item
  // Short ones end before a close is allowed.
  const windowMs = ms(3 * MIN, 15 * MIN)
  const [firstMs, everyMs] = [ms(5 * S, 60 * S), ms(20 * S, 90 * S)]
  const tillMs = ms(15 * S, 45 * S)
  return {
    quickPay: pick<Policy>([
      QUICK_PAY_POLICY,
      QUICK_PAY_POLICY,
      { policy: 'fixed', firstMs: 3 * S, everyMs: 5 * S, jitterMs: 1 * S, windowMs: tillMs },
      { policy: 'backoff', firstMs: 4 * S, factor: 1.5, everyMsMax: 10 * S, windowMs: tillMs },
    ]),
    elsewhere: pick<Policy>([
      TWO_PERIOD_POLICY,
      { policy: 'fixed', firstMs, everyMs, jitterMs: 10 * S, windowMs, queriesMax: pick([3, 6, 20]) },
      { policy: 'backoff', firstMs, factor: pick([1, 1.5, 3]), everyMsMax: 5 * MIN, windowMs },
      {
        policy: 'twoPeriod',
        firstMs,
        queriesAtMs: [everyMs, 2 * everyMs, 4 * everyMs].map((at) => firstMs + at),
        thenEveryMs: 3 * everyMs,
        windowMs,
      },
    ]),
  }
}
