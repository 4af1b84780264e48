import { VerdictError } from '../errors.ts'
import { namedRandom, type Random } from '../random.ts'

/**
 * What can go wrong with a call. `…Before`: nothing was done. `…After`: the effect happened, only the reply suffers.
 * The order of the names is part of what a seed means: a new one goes to the end.
 */
export const CALL_FAULTS = [
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
  'rateLimitedAfter',
] as const

/** Strike hosts, not calls: see `outages.ts`. */
export const OUTAGES = ['outageAll', 'outagePrimary', 'outageBackup'] as const

/** What can go wrong with a callback: see `callbacks/strike.ts`. */
export const CALLBACK_FAULTS = [
  'callbackLost',
  'callbackLostAtFirst',
  'callbackLate',
  'callbackOutOfOrder',
  'callbackTwice',
  'callbackParallel',
  'callbackForged',
  'callbackWrongSerial',
  'callbackChanged',
  'callbackOldTimestamp',
  'callbackOtherAmount',
  'callbackOtherCurrency',
  'callbackUnknownOrder',
  'callbackProbe',
] as const

export const FAULTS = [...CALL_FAULTS, ...OUTAGES, ...CALLBACK_FAULTS] as const
export type FaultName = (typeof FAULTS)[number]
export type CallFaultName = (typeof CALL_FAULTS)[number]
export type OutageName = (typeof OUTAGES)[number]
export type CallbackFaultName = (typeof CALLBACK_FAULTS)[number]
export type FaultLevel = 'none' | 'mild' | 'harsh'
export const FAULT_LEVELS: readonly FaultLevel[] = ['none', 'mild', 'harsh']

/** For calls: the chance per call. For outages: per minute. For callbacks: per attempt to send one. */
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
  rateLimitedAfter: 0.03,
  outageAll: 0.1,
  outagePrimary: 0.15,
  outageBackup: 0.05,
  callbackLost: 0.06,
  callbackLostAtFirst: 0.06,
  callbackLate: 0.05,
  callbackOutOfOrder: 0.03,
  callbackTwice: 0.05,
  callbackParallel: 0.05,
  callbackForged: 0.03,
  callbackWrongSerial: 0.02,
  callbackChanged: 0.03,
  callbackOldTimestamp: 0.02,
  callbackOtherAmount: 0.02,
  callbackOtherCurrency: 0.01,
  callbackUnknownOrder: 0.02,
  callbackProbe: 0.03,
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
  for (const [what, names] of [
    ['call', CALL_FAULTS],
    ['callback', CALLBACK_FAULTS],
  ] as const) {
    const sum = names.reduce((all, name) => all + probabilities[name], 0)
    if (sum > 1 + 1e-9) {
      throw new VerdictError(
        'OPTION_INVALID',
        `the probabilities of the faults of a ${what} add up to ${sum}; expected at most 1`,
      )
    }
  }
  return probabilities
}

function fromEach(probability: (name: FaultName) => number): Probabilities {
  return Object.fromEntries(FAULTS.map((name) => [name, probability(name)])) as Record<FaultName, number>
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
  return drawn(CALL_FAULTS.filter(strikes(attempt.call)), probabilities, random)
}

/** WeChat Pay's 429 leaves open whether a refund was accepted; to all other calls it says that nothing was done. */
function strikes(call: string): (name: CallFaultName) => boolean {
  return (name) => name !== 'rateLimitedAfter' || call === 'refund'
}

export interface CallbackFault {
  readonly name: CallbackFaultName
  readonly degree: number
}

export interface CallbackAttempt {
  readonly out_trade_no: string
  readonly event: string
  /** Counts the attempts to send this event's callback, from 1. */
  readonly nth: number
}

/** No fault strikes later attempts: unless it is lost for good, every callback arrives as it should within minutes. */
export const FAULTY_CALLBACKS_MAX = 4

/** The fault that one attempt to send a callback meets, if any. */
export function callbackFaultOf(
  probabilities: Probabilities,
  seed: number,
  { out_trade_no, event, nth }: CallbackAttempt,
): CallbackFault | null {
  if (nth > FAULTY_CALLBACKS_MAX) return null
  return drawn(CALLBACK_FAULTS, probabilities, namedRandom(seed, 'callback', out_trade_no, event, nth))
}

function drawn<Name extends FaultName>(
  names: readonly Name[],
  probabilities: Probabilities,
  random: Random,
): { name: Name; degree: number } | null {
  let left = random.next()
  const degree = random.next()
  for (const name of names) {
    if (left < probabilities[name]) return { name, degree }
    left -= probabilities[name]
  }
  return null
}
