import { VerdictError } from '../../errors.ts'
import {
  FAULT_LEVELS,
  type FaultLevel,
  type Probabilities,
  probabilitiesFrom,
  probabilitiesOf,
} from '../faults.ts'
import type { ControlRequest } from './control.ts'

export function faultsInForce({ parts: { weather } }: ControlRequest) {
  const { seed, probabilities } = weather
  return { seed, probabilities }
}

/** `{"level": "harsh"}`, `{"probabilities": {"noReplyAfter": 0.5}}` or the bare names; `"seed"` beside either. */
export function changeFaults(request: ControlRequest) {
  const { seed = request.parts.weather.seed, level, probabilities, ...named } = request.body
  request.parts.weather.change(wanted(level, probabilities, named), seedFrom(seed))
  return faultsInForce(request)
}

function wanted(
  level: unknown,
  probabilities: unknown,
  named: Readonly<Record<string, unknown>>,
): Probabilities {
  if (level !== undefined) return probabilitiesOf(faultLevel(level))
  if (probabilities === undefined) return probabilitiesFrom(named)
  if (typeof probabilities !== 'object' || probabilities === null || Array.isArray(probabilities)) {
    throw new VerdictError('OPTION_INVALID', 'probabilities is no object; expected {"NAME": PROBABILITY}')
  }
  return probabilitiesFrom({ ...probabilities })
}

/** @throws OPTION_INVALID */
export function faultLevel(level: unknown): FaultLevel {
  const known = FAULT_LEVELS.find((name) => name === level)
  if (known) return known
  throw new VerdictError(
    'OPTION_INVALID',
    `faults is ${JSON.stringify(level)}; expected ${FAULT_LEVELS.join(', ')}`,
  )
}

/** @throws OPTION_INVALID */
export function seedFrom(seed: unknown): number {
  if (typeof seed === 'number' && Number.isSafeInteger(seed)) return seed
  throw new VerdictError('OPTION_INVALID', `seed is ${JSON.stringify(seed)}; expected a whole number`)
}

/** Some ten years; beyond it dates lose their meaning. */
const ADVANCE_MS_MAX = 315_360_000_000

export function advanceBy({ parts: { world, clock }, body: { ms } }: ControlRequest) {
  if (typeof ms !== 'number' || !Number.isSafeInteger(ms) || ms < 0 || ms > ADVANCE_MS_MAX) {
    throw new VerdictError(
      'OPTION_INVALID',
      `ms is ${JSON.stringify(ms)}; expected a whole number from 0 to ${ADVANCE_MS_MAX}`,
    )
  }
  world.age.advance(ms)
  return { nowMs: clock.nowMs(), aheadMs: world.age.aheadMs() }
}
