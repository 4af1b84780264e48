import type { Clock } from '../clock.ts'
import type { Ledger } from './durable.ts'
import { FAULTS, type Fault, type FaultName, faultOf, type OutageName, type Probabilities } from './faults.ts'
import { HOSTS, type Host, outageOf } from './outages.ts'
import type { Scripts } from './scripts.ts'

/** One call for one order. */
export interface Try {
  /** The key of what it is about: an order, a refund. */
  readonly key: string
  /** The key of the order that a fault hits; null for none. */
  readonly order: string | null
  readonly out_trade_no: string
  readonly call: string
}

/** The faults in force, and what they did so far. Attempts are on file: a restart doesn't repeat a fault. */
export interface Weather {
  readonly probabilities: Probabilities
  readonly seed: number
  change(probabilities: Probabilities, seed: number): void
  /** Counts the attempt. @param applies whether a drawn fault can strike this call at all */
  meet(attempt: Try, applies: (fault: Fault) => boolean): Fault | null
  /** Whether the host is out now; counts it for the order that suffers, if the request named one. */
  out(host: Host, key: string | null): boolean
  /** Takes a host down, until it is told to be up again. */
  turn(host: Host, down: boolean): void
  /** Whether somebody took the host down. */
  isDown(host: Host): boolean
  /** Counts a fault that struck elsewhere than in a call. */
  note(name: FaultName, order: string): void
  /** How often each fault struck. */
  counts(): Readonly<Record<FaultName, number>>
  /** How many orders met a fault, whatever the kind. */
  ordersHit(): number
}

export interface WeatherOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly scripts: Pick<Scripts, 'faultOf'>
  readonly probabilities: Probabilities
  readonly seed: number
}

export function openWeather({ ledger, clock, scripts, ...initial }: WeatherOptions): Weather {
  const attempts = ledger.map<number>('attempts')
  const struck = ledger.map<number>('faults')
  const hit = ledger.map<true>('orders_hit')
  const down = ledger.map<boolean>('hosts_down')
  const startedAtMs = firstStart(ledger, clock)
  let { probabilities, seed } = initial

  const isDown = (host: Host): boolean => down.get(host) === true
  const count = (name: FaultName, key: string | null): void => {
    struck.set(name, (struck.get(name) ?? 0) + 1)
    if (key !== null && !hit.has(key)) hit.set(key, true)
  }

  return {
    get probabilities() {
      return probabilities
    },
    get seed() {
      return seed
    },
    change(newProbabilities, newSeed) {
      probabilities = newProbabilities
      seed = newSeed
    },
    meet({ key, order, out_trade_no, call }, applies) {
      const name = `${call} ${key}`
      const nth = (attempts.get(name) ?? 0) + 1
      attempts.set(name, nth)
      const told = scripts.faultOf({ out_trade_no, call, nth })
      const fault = told === undefined ? faultOf(probabilities, seed, { out_trade_no, call, nth }) : told
      if (!fault || !applies(fault)) return null
      count(fault.name, order)
      return fault
    },
    out(host, key) {
      const outage = isDown(host)
        ? OUTAGE_OF[HOSTS.every(isDown) ? 'all' : host]
        : outageOf(probabilities, seed, { host, sinceStartMs: clock.nowMs() - startedAtMs })
      if (outage) ledger.together(() => count(outage, key))
      return outage !== null
    },
    turn: (host, isTaken) => void down.set(host, isTaken),
    isDown,
    note: count,
    counts: () =>
      Object.fromEntries(FAULTS.map((name) => [name, struck.get(name) ?? 0])) as Record<FaultName, number>,
    ordersHit: () => hit.size,
  }
}

/** What an outage counts as that somebody made. */
const OUTAGE_OF = {
  all: 'outageAll',
  primary: 'outagePrimary',
  backup: 'outageBackup',
} as const satisfies Record<Host | 'all', OutageName>

function firstStart(ledger: Ledger, clock: Clock): number {
  const starts = ledger.map<number>('starts')
  if (!starts.has('first')) starts.set('first', clock.nowMs())
  return starts.get('first') ?? clock.nowMs()
}
