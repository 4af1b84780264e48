import { type Clock, systemClock } from '../clock.ts'
import { VerdictError } from '../errors.ts'
import type { CallbackKey } from './callbacks/courier.ts'
import { faultLevel, seedFrom } from './control/faults.ts'
import type { Customers } from './customers.ts'
import type { FaultLevel } from './faults.ts'
import { type Simulator, type StartSettings, startSimulator } from './start.ts'
import type { BillSetting } from './wire/bill.ts'
import type { ReplyKeySetting } from './wire/reply-key.ts'
import type { HeaderSetting } from './wire/request-headers.ts'

/** What `verdict simulate` was given. Unknown texts are refused with one clear sentence. */
export interface SimulateOptions {
  readonly dir: string
  readonly port?: number
  readonly backupPort?: number
  readonly seed?: number
  readonly faults?: string
  readonly customers?: string
  /** `off`: every callback is lost. */
  readonly callbacks?: string
  /** `public-key`, `certificate` or `mixed`. */
  readonly callbackKey?: string
  /** `as-asked`, `public-key` or `certificate`. */
  readonly replyKey?: string
  /** `free` or `required`. */
  readonly headers?: string
  /** `next-morning` or `at-once`. */
  readonly bills?: string
  /** How long an answer to a callback may take, in ms of the clock: more than 5,000 where that is compressed. */
  readonly callbackAnswerMs?: number
  /** As `secondMs` of `createSimulator`. */
  readonly secondMs?: number
}

/** Where the command speaks: a line at a time. */
export interface SimulateIo {
  line(text: string): void
}

/**
 * The command `verdict simulate`: starts and says so. The process lives until the simulator is closed.
 *
 * @param clock the real time, except for a demonstration that compresses it
 * @throws OPTION_INVALID and what `startSimulator` throws
 */
export async function simulate(
  options: SimulateOptions,
  io: SimulateIo,
  clock: Clock = systemClock,
): Promise<Simulator> {
  const settings = settingsFrom(options, clock)
  const simulator = await startSimulator(settings)
  const { identity, serial_no } = simulator.keys
  io.line(`WeChat Pay simulator serves on ${simulator.url} (backup host ${simulator.backupUrl})`)
  io.line(`  common mode:        mchid ${identity.mchid}, appid ${identity.appid}`)
  io.line(`  institutional mode: sp_mchid ${identity.sp_mchid}, sub_mchid ${identity.sub_mchid}`)
  io.line(`  serial_no ${serial_no}, all else in ${options.dir}/account.json`)
  io.line(`  faults ${settings.faults}, customers ${settings.customers}, seed ${settings.seed}`)
  io.line(
    `  the truth and the controls: ${simulator.url}/_sim/orders, /_sim/statistics, /_sim/faults, /_sim/advance`,
  )
  return simulator
}

function settingsFrom(options: SimulateOptions, clock: Clock) {
  const { dir, port, backupPort, seed = 1, faults = 'none', customers = 'none' } = options
  if (dir === '')
    throw new VerdictError(
      'OPTION_INVALID',
      'dir is empty; expected a folder for keys, account.json and truth',
    )
  const ports = { ...portSetting('port', port), ...portSetting('backupPort', backupPort) }
  const level: FaultLevel = faultLevel(faults)
  return {
    dir,
    clock,
    seed: seedFrom(seed),
    faults: level,
    customers: oneOf('customers', customers, CUSTOMERS),
    callbacks: oneOf('callbacks', options.callbacks ?? 'on', CALLBACKS),
    callbackKey: oneOf('callbackKey', options.callbackKey ?? 'public-key', CALLBACK_KEYS),
    replyKey: oneOf('replyKey', options.replyKey ?? 'as-asked', REPLY_KEYS),
    headers: oneOf('headers', options.headers ?? 'free', HEADERS),
    bills: oneOf('bills', options.bills ?? 'next-morning', BILLS),
    ...answerSetting(options.callbackAnswerMs),
    ...(options.secondMs !== undefined && { secondMs: options.secondMs }),
    ...ports,
  } satisfies StartSettings
}

function portSetting(
  name: 'port' | 'backupPort',
  port: number | undefined,
): { port?: number; backupPort?: number } {
  if (port === undefined) return {}
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new VerdictError('OPTION_INVALID', `${name} is ${port}; expected 0 (any free one) to 65535`)
  }
  return { [name]: port }
}

const CUSTOMERS: readonly Customers[] = ['none', 'seeded']
const CALLBACKS = ['on', 'off'] as const
const REPLY_KEYS: readonly ReplyKeySetting[] = ['as-asked', 'public-key', 'certificate']
const HEADERS: readonly HeaderSetting[] = ['free', 'required']
const BILLS: readonly BillSetting[] = ['next-morning', 'at-once']
const CALLBACK_KEYS: readonly CallbackKey[] = ['public-key', 'certificate', 'mixed']

function oneOf<Value extends string>(name: string, value: string, known: readonly Value[]): Value {
  const one = known.find((other) => other === value)
  if (one !== undefined) return one
  throw new VerdictError(
    'OPTION_INVALID',
    `${name} is ${JSON.stringify(value)}; expected ${known.join(' or ')}`,
  )
}

function answerSetting(ms: number | undefined): { callbackAnswerMs?: number } {
  if (ms === undefined) return {}
  if (!Number.isFinite(ms) || ms <= 0) {
    throw new VerdictError('OPTION_INVALID', `callbackAnswerMs is ${ms}; expected a number above 0`)
  }
  return { callbackAnswerMs: ms }
}
