import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SPEED_MAX } from '../../clock.ts'
import { VerdictError } from '../../errors.ts'

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
}

export const FAULT_LEVELS = ['none', 'mild', 'harsh'] as const
export type FaultLevel = (typeof FAULT_LEVELS)[number]

/** What makes a run the run that it is: kept beside its store, so that a second start goes on with the same orders. */
export interface Run {
  /** Null: no end. */
  readonly orders: number | null
  readonly seed: number
  readonly faults: FaultLevel
  readonly port: number
  /** Simulated epoch ms of the first customer; null before the clock is there. */
  readonly startedAtMs: number | null
}

export interface DemoFiles {
  readonly store: string
  readonly run: string
  readonly clock: string
  /** The simulator's folder: the truth never lies in Verdict's database. */
  readonly weChatPay: string
}

const ORDERS_ONCE = 40
const ORDERS_MAX = 100_000
/** `--once` with 40 orders, its unpaid ones and ten more minutes ends within a minute. */
export const SPEED_ONCE = 60
export const SPEED_LIVE = 10

export function demoFiles(store: string | undefined): DemoFiles {
  const file = store ?? join(mkdtempSync(join(tmpdir(), 'verdict-demo-')), 'verdict.db')
  return { store: file, run: `${file}.run.json`, clock: `${file}.clock.json`, weChatPay: `${file}.wechatpay` }
}

/** The run that the store belongs to, or a new one. Flags win over what was kept. @throws OPTION_INVALID */
export function theRun(flags: DemoFlags, file: string): Run {
  const kept: Partial<Run> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  const { orders, seed, faults, port } = flags
  return {
    orders: wholeNumber('orders', orders ?? kept.orders ?? (flags.once ? ORDERS_ONCE : null), 1, ORDERS_MAX),
    seed: wholeNumber('seed', seed ?? kept.seed ?? 1, 0, 2 ** 31) ?? 1,
    faults: faultLevel(faults ?? kept.faults ?? 'mild'),
    port: wholeNumber('port', port ?? kept.port ?? 0, 0, 65_535) ?? 0,
    startedAtMs: kept.startedAtMs ?? null,
  }
}

export function keepRun(file: string, run: Run): Run {
  writeFileSync(file, `${JSON.stringify(run)}\n`)
  return run
}

export function checkSpeed(speed: number | undefined): void {
  if (speed !== undefined && !(speed >= 1 && speed <= SPEED_MAX)) {
    throw new VerdictError('OPTION_INVALID', `--speed is ${speed}; expected a number from 1 to ${SPEED_MAX}`)
  }
}

export function faultLevel(level: string): FaultLevel {
  const known = FAULT_LEVELS.find((one) => one === level)
  if (known === undefined) {
    throw new VerdictError(
      'OPTION_INVALID',
      `--faults is ${level}; expected one of ${FAULT_LEVELS.join(', ')}`,
    )
  }
  return known
}

function wholeNumber(name: string, value: number | null, min: number, max: number): number | null {
  if (value !== null && !(Number.isSafeInteger(value) && value >= min && value <= max)) {
    throw new VerdictError(
      'OPTION_INVALID',
      `--${name} is ${value}; expected a whole number from ${min} to ${max}`,
    )
  }
  return value
}
