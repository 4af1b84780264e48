import { policiesFrom } from '../../../src/config.ts'
import { KINDS, type Kind, type OpenOrder } from '../../../src/core/order.ts'
import { compilePlan, type Plan } from '../../../src/core/plan.ts'
import { type Policy, QUICK_PAY_POLICY, reviewPolicy, TWO_PERIOD_POLICY } from '../../../src/core/policy.ts'
import type { Chance } from '../chance.ts'
import { attempted } from '../errors.ts'
import { number } from '../hostile.ts'
import { reshaped } from '../mutate.ts'
import { order } from '../paid.ts'
import { must, type Target } from '../target.ts'
import { NOW_MS } from '../wechat-pay.ts'

/** What a month of an order's life may come to at most: three seconds apart. */
const WAIT_MS_MAX = 31 * 86_400_000
const LINES_MAX = 1_010
const STEPS_MAX = 300

export interface PolicyParts {
  readonly compile?: (kind: Kind, policy: Policy) => Plan
}

/** A policy is refused with its reasons, or its plan goes on: later than now, finite, and to an end. */
export function policyTarget({ compile = compilePlan }: PolicyParts = {}): Target {
  return {
    name: 'policy',
    open: () => ({
      run: (chance) => {
        const kind = chance.pick(KINDS)
        const given = policy(chance)
        chance.input = { kind, given }
        const parsed = attempted(() => policiesFrom({ [kind]: given }, 'policies'), [])
        if (!parsed.ok) return `not parsed: ${parsed.code}`
        const known = parsed.value[kind]
        must(known !== undefined, 'a policy was lost')
        const { errors, warnings } = reviewPolicy(kind, known)
        const compiled = attempted(() => compile(kind, known), [])
        must(compiled.ok === (errors.length === 0), 'the review and the plan disagree')
        if (!compiled.ok) return `refused: ${errors.length}`
        judgeExplained(compiled.value)
        return `${known.policy} ${warnings.length} ${lived(chance, kind, compiled.value)}`
      },
    }),
  }
}

function policy(chance: Chance): unknown {
  const genuine = chance.pick<Policy>([
    QUICK_PAY_POLICY,
    TWO_PERIOD_POLICY,
    { policy: 'backoff', firstMs: 2_000, factor: 1.5, everyMsMax: 30_000, windowMs: 900_000 },
    { policy: 'fixed', firstMs: 0, everyMs: 1_000, jitterMs: 0, windowMs: 86_400_000, queriesMax: 5 },
  ])
  const drawn = (ms: number): number =>
    chance.oneIn(3) ? number(chance) : Math.max(0, ms + chance.between(-3_000, 3_000))
  const bent = Object.fromEntries(
    Object.entries(genuine).map(([name, value]) => [
      name,
      typeof value !== 'number' || chance.oneIn(2)
        ? value
        : name === 'factor'
          ? chance.below(120) / 10
          : drawn(value),
    ]),
  )
  if (genuine.policy === 'twoPeriod' && chance.oneIn(3)) {
    bent.queriesAtMs =
      chance.below(2_000) === 1_234 ? longLadder(chance) : ladder(chance, Number(bent.firstMs))
  }
  return chance.oneIn(8) ? reshaped(chance, bent) : bent
}

function ladder(chance: Chance, firstMs: number): readonly number[] {
  let ms = firstMs
  return Array.from({ length: chance.below(30) }, () => {
    ms += chance.oneIn(40) ? number(chance) : 2_000 + (ms % 977)
    return ms
  })
}

/** Longer than any person would write, as a program does by mistake. */
const LONG_LADDER = Array.from({ length: 1_000 }, (_, i) => 12_000 + 2_000 * i)
const ENDLESS_LADDER = Array.from({ length: 200_000 }, (_, i) => 12_000 + 2_000 * i)

/** Seldom: one of them costs as much as ten thousand others. */
function longLadder(chance: Chance): readonly number[] {
  return chance.below(100) === 42 ? ENDLESS_LADDER : LONG_LADDER
}

function judgeExplained(plan: Plan): void {
  const lines = plan.explain()
  must(lines.length > 3 && lines.length <= LINES_MAX, `explain gives ${lines.length} lines`)
  must(
    lines.every(({ atMs }) => Number.isFinite(atMs) && atMs >= 0),
    'explain names no moment',
  )
}

/** Lives an order: what comes of each query is drawn, and the window's end is reached. */
function lived(chance: Chance, kind: Kind, plan: Plan): string {
  const createdAtMs = NOW_MS
  let known: OpenOrder = { ...order(), kind, createdAtMs, windowEndAtMs: createdAtMs + plan.windowMs }
  let nowMs = createdAtMs
  const isSilent = chance.oneIn(4)
  const late = chance.oneIn(4) ? chance.below(2 ** 32) * chance.below(1_000) : 0
  let steps = 0
  for (; steps < STEPS_MAX && !plan.isOver(known, nowMs); steps += 1) {
    // Chance is drawn seldom: most of a long life is the same step again.
    const at = plan.next(known, {
      nowMs,
      chance: steps < 20 ? chance.below(1_000) / 1_000 : (steps % 10) / 10,
    })
    judgeNext(at, nowMs)
    must(
      nowMs >= known.windowEndAtMs || at <= Math.max(known.windowEndAtMs, nowMs + 3_000),
      'the end is overslept',
    )
    nowMs = at
    known =
      isSilent && chance.oneIn(2)
        ? { ...known, silence: known.silence + 1 }
        : { ...known, queries: known.queries + 1, silence: 0 }
  }
  // By its step it gets there in time, even where the whole way is too long to go.
  must(nowMs - createdAtMs >= Math.max(0, steps - 1) * 500, 'the steps are too small to reach an end')
  const pastMs = Math.max(nowMs, known.windowEndAtMs) + late
  judgeNext(plan.next(known, { nowMs: pastMs, chance: chance.below(1_000) / 1_000 }), pastMs)
  must(plan.isOver(known, pastMs), 'the window has no end')
  return steps < STEPS_MAX ? `ended ${Math.min(9, Math.round(Math.log2(steps + 1)))}` : 'long'
}

function judgeNext(atMs: number, nowMs: number): void {
  must(Number.isSafeInteger(atMs) || Number.isFinite(atMs), `the next query is at ${atMs}`)
  must(atMs > nowMs, `the next query is ${nowMs - atMs} ms ago`)
  must(atMs - nowMs <= WAIT_MS_MAX, `the next query is ${atMs - nowMs} ms away`)
}
