import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, sleep, systemClock } from '../../clock.ts'
import type { TrueOrder } from './audit.ts'

export interface WeChatPayOptions {
  /** The simulator's own folder: its keys, its truth. */
  readonly dir: string
  readonly clockFile: string
  readonly port: number
  readonly seed: number
  readonly faults: string
  readonly say: (sentence: string) => void
}

/** What the simulator counts, as `GET /_sim/statistics` tells it. */
export interface WeChatPayStatistics {
  readonly orders: number
  readonly ordersHit: number
  readonly faults: Readonly<Record<string, number>>
}

const START_MS_MAX = 20_000
const RESTART_PAUSE_MS = 300

/** The simulator as a process of its own: started, watched, and started again when it dies. */
export class WeChatPay {
  readonly #options: WeChatPayOptions
  readonly #real: Clock = systemClock
  #child: ChildProcess | null = null
  #ending = false

  constructor(options: WeChatPayOptions) {
    this.#options = options
  }

  get accountFile(): string {
    return join(this.#options.dir, 'account.json')
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Resolves when the simulator serves. */
  async start(): Promise<void> {
    // Its presence tells that the simulator serves; one of an earlier run would tell it too early.
    rmSync(this.accountFile, { force: true })
    const { dir, clockFile, port, seed, faults } = this.#options
    const args = ['simulate', '--dir', dir, '--clock', clockFile, '--customers', 'seeded']
    const more = ['--seed', String(seed), '--faults', faults, '--port', String(port)]
    const main = new URL(`../main${import.meta.url.slice(-3)}`, import.meta.url)
    const child = fork(main, [...args, ...more], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#child = child
    child.on('exit', () => void this.#restart(child))
    const startedAtMs = this.#real.nowMs()
    while (!existsSync(this.accountFile)) {
      if (child.exitCode !== null || this.#real.nowMs() - startedAtMs > START_MS_MAX) {
        throw new Error('the WeChat Pay simulator did not start')
      }
      await sleep(this.#real, 20)
    }
  }

  async end(): Promise<void> {
    this.#ending = true
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    const cancel = this.#real.after(3_000, () => child.kill('SIGKILL'))
    await exited
    cancel()
  }

  async #restart(child: ChildProcess): Promise<void> {
    if (this.#ending || this.#child !== child) return
    this.#options.say(
      `the WeChat Pay simulator died (${child.signalCode ?? child.exitCode}); it is started again`,
    )
    await sleep(this.#real, RESTART_PAUSE_MS)
    if (!this.#ending) await this.start().catch((error: Error) => this.#options.say(error.message))
  }
}

/** Asks the simulator's control API beside the wire. */
export class TruthTeller {
  readonly #baseUrl: string

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl
  }

  async orders(): Promise<readonly TrueOrder[]> {
    return (await this.#get<{ orders: readonly TrueOrder[] }>('/_sim/orders')).orders
  }

  statistics(): Promise<WeChatPayStatistics> {
    return this.#get('/_sim/statistics')
  }

  async #get<T>(path: string): Promise<T> {
    const reply = await fetch(`${this.#baseUrl}${path}`)
    if (!reply.ok) throw new Error(`${path} answered ${reply.status}`)
    return (await reply.json()) as T
  }
}
