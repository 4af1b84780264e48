import { VerdictError } from '../errors.ts'
import { namedRandom } from '../random.ts'

/**
 * What can go wrong between WeChat Pay and its caller. `…Before`: nothing was done. `…After`: the effect happened, only
 * the reply suffers. The last three strike hosts, not calls (see `outages.ts`).
 */
export const FAULTS = [
  'noReplyBefore',
  'noReplyAfter',
  'slowReply',
  'resetBefore',
  'resetAfter',
  'systemErrorBefore',
  'systemErrorAfter',
  'badGatewayBefore',
  'badGatewayAfter',
  'rateLimited',
  'wrongSignature',
  'signatureProbe',
  'unreadableBody',
  'unsignedPage',
  'unknownOrder',
  'outageAll',
  'outagePrimary',
  'outageBackup',
] as const
export type FaultName = (typeof FAULTS)[number]
export type OutageName = Extract<FaultName, `outage${string}`>
export type CallFaultName = Exclude<FaultName, OutageName>
export type FaultLevel = 'none' | 'mild' | 'harsh'
export const FAULT_LEVELS: readonly FaultLevel[] = ['none', 'mild', 'harsh']

/** For calls: the chance per call. For outages: the chance per minute. */
export type Probabilities = Readonly<Record<FaultName, number>>

/** `mild` strikes about one order in ten, `harsh` more than half of them, at four to eight calls an order. */
const HARSH: Probabilities = {
  noReplyBefore: 0.025,
  noReplyAfter: 0.03,
  slowReply: 0.03,
  resetBefore: 0.02,
  resetAfter: 0.02,
  systemErrorBefore: 0.015,
  systemErrorAfter: 0.015,
  badGatewayBefore: 0.01,
  badGatewayAfter: 0.01,
  rateLimited: 0.02,
  wrongSignature: 0.015,
  signatureProbe: 0.015,
  unreadableBody: 0.01,
  unsignedPage: 0.01,
  unknownOrder: 0.02,
  outageAll: 0.1,
  outagePrimary: 0.15,
  outageBackup: 0.05,
}
const MILD_SHARE = 0.1

export function probabilitiesOf(level: FaultLevel): Probabilities {
  const share = { none: 0, mild: MILD_SHARE, harsh: 1 }[level]
  return fromEach((name) => HARSH[name] * share)
}

/** Probabilities by name; a fault that isn't named doesn't happen. @throws OPTION_INVALID */
export function probabilitiesFrom(given: Readonly<Record<string, unknown>>): Probabilities {
  for (const [name, value] of Object.entries(given)) {
    if (!FAULTS.some((fault) => fault === name)) {
      throw new VerdictError(
        'OPTION_INVALID',
        `fault ${name} is unknown; expected one of ${FAULTS.join(', ')}`,
      )
    }
    if (typeof value !== 'number' || !(value >= 0 && value <= 1)) {
      throw new VerdictError(
        'OPTION_INVALID',
        `the probability of ${name} is ${JSON.stringify(value)}; expected 0 to 1`,
      )
    }
  }
  const probabilities = fromEach((name) => Number(given[name] ?? 0))
  const sum = CALL_FAULTS.reduce((all, name) => all + probabilities[name], 0)
  if (sum > 1 + 1e-9) {
    throw new VerdictError(
      'OPTION_INVALID',
      `the probabilities of the faults of a call add up to ${sum}; expected at most 1`,
    )
  }
  return probabilities
}

function fromEach(probability: (name: FaultName) => number): Probabilities {
  return Object.fromEntries(FAULTS.map((name) => [name, probability(name)])) as Record<FaultName, number>
}

const CALL_FAULTS: readonly CallFaultName[] = FAULTS.filter((name) => !isOutage(name))
function isOutage(name: FaultName): name is OutageName {
  return name.startsWith('outage')
}

export interface Fault {
  readonly name: CallFaultName
  /** How much, in [0, 1): how slow a slow reply is, where a body breaks off. */
  readonly degree: number
}

export interface Attempt {
  readonly out_trade_no: string
  readonly call: string
  /** Counts the attempts of this call for this order, from 1. */
  readonly nth: number
}

/** Faults end: no run is hopeless. Whoever asks that often gets an answer. */
export const FAULTY_ATTEMPTS_MAX = 20

/** The fault that one attempt meets, if any. Seed and attempt decide, never the moment. */
export function faultOf(probabilities: Probabilities, seed: number, attempt: Attempt): Fault | null {
  if (attempt.nth > FAULTY_ATTEMPTS_MAX) return null
  const random = namedRandom(seed, 'fault', attempt.out_trade_no, attempt.call, attempt.nth)
  let left = random.next()
  const degree = random.next()
  for (const name of CALL_FAULTS) {
    if (left < probabilities[name]) return { name, degree }
    left -= probabilities[name]
  }
  return null
}
