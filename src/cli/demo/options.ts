import { SPEED_MAX } from '../../clock.ts'
import { VerdictError } from '../../errors.ts'
import { isPostgres } from '../store-name.ts'

/** As given on the command line; what is absent comes from the run that the store belongs to, or from the defaults. */
export interface DemoFlags {
  readonly once: boolean
  readonly json: boolean
  readonly orders?: number | undefined
  readonly seed?: number | undefined
  readonly faults?: string | undefined
  readonly speed?: number | undefined
  readonly store?: string | undefined
  readonly port?: number | undefined
  /** Of the dashboard, the till, and where callbacks and webhooks come in. */
  readonly httpPort?: number | undefined
  /** Processes of Verdict, on PostgreSQL. */
  readonly workers?: number | undefined
  /** Kills and stops workers, and restarts a database of the demo's own. */
  readonly chaos?: boolean | undefined
  /** Commander's `--no-callbacks`: every callback is lost. */
  readonly callbacks?: boolean | undefined
  /** Commander's `--no-queries-before-callback`: period 1 and what follows it are as long as the guide allows. */
  readonly queriesBeforeCallback?: boolean | undefined
}

export const FAULT_LEVELS = ['none', 'mild', 'harsh'] as const

export const ORDERS_ONCE = 40
/** `--once` with 40 orders, its unpaid ones and ten more minutes ends within a minute. */
export const SPEED_ONCE = 60
/** Somebody stands at the till: the 45 s of a Quick Pay are 15 s to him. */
export const SPEED_LIVE = 3
/** Several processes and a database on the same cores need more real time for the same. */
export const SPEED_TEAM = 30

/** The largest value of each whole-numbered option, and the smallest. */
const BOUNDS = {
  orders: [1, 100_000],
  seed: [0, 2 ** 31],
  port: [0, 65_535],
  httpPort: [0, 65_535],
  workers: [1, 32],
} as const

/** @throws OPTION_INVALID with one sentence about the first flag that is wrong */
export function checkFlags({ faults, speed, ...flags }: DemoFlags): void {
  for (const name of ['orders', 'seed', 'port', 'httpPort', 'workers'] as const) {
    const [min, max] = BOUNDS[name]
    const value = flags[name]
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= min && value <= max)) {
      throw invalid(name, value, `a whole number from ${min} to ${max}`)
    }
  }
  if (speed !== undefined && !(speed >= 1 && speed <= SPEED_MAX)) {
    throw invalid('speed', speed, `a number from 1 to ${SPEED_MAX}`)
  }
  if (faults !== undefined && !FAULT_LEVELS.some((level) => level === faults)) {
    throw invalid('faults', faults, `one of ${FAULT_LEVELS.join(', ')}`)
  }
  if (flags.workers !== undefined && !isPostgres(flags.store)) {
    throw invalid('store', flags.store, 'postgres or the URL of a PostgreSQL database, with --workers')
  }
  if (flags.chaos === true && (flags.workers ?? 1) < 2)
    throw invalid('workers', flags.workers, 'at least 2 with --chaos')
}

const FLAG: Readonly<Record<string, string>> = { httpPort: 'http-port' }

function invalid(flag: string, value: unknown, expected: string): VerdictError {
  return new VerdictError('OPTION_INVALID', `--${FLAG[flag] ?? flag} is ${value}; expected ${expected}`)
}
