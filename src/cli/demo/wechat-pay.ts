import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Clock, sleep, systemClock } from '../../clock.ts'
import { type ErrorCode, VerdictError } from '../../errors.ts'

export interface WeChatPayOptions {
  /** The simulator's own folder: its keys, its truth. */
  readonly dir: string
  readonly clockFile: string
  readonly port: number
  readonly seed: number
  readonly faults: string
  readonly callbacks: boolean
  readonly say: (sentence: string) => void
}

/** What the simulator's process tells the demo. */
export type WordFromSimulator =
  | { readonly serves: true }
  | { readonly serves: false; readonly code: ErrorCode; readonly message: string }

const START_MS_MAX = 30_000
const RESTART_PAUSE_MS = 300
const END_MS_MAX = 3_000

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

  /** Resolves when the simulator serves. @throws the VerdictError that it died of */
  async start(): Promise<void> {
    const { dir, clockFile, port, seed, faults, callbacks, say } = this.#options
    const args = ['simulate', '--dir', dir, '--clock', clockFile, '--customers', 'seeded']
    const more = ['--seed', String(seed), '--faults', faults, '--port', String(port)]
    more.push('--callbacks', callbacks ? 'on' : 'off', '--callback-key', 'mixed', '--bills', 'at-once')
    const main = new URL(`../main${import.meta.url.slice(-3)}`, import.meta.url)
    // In a group of its own: a Ctrl-C is for us, and we end it when we no longer need it. Should we be killed, it
    // notices that the channel is gone.
    const child = fork(main, [...args, ...more], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
      detached: true,
    })
    this.#child = child
    if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', say)
    await this.#serving(child)
    child.once('exit', (code, signal) => void this.#restart(signal ?? `exit code ${code}`))
    // It may have died between its word and now.
    if (!isAlive(child)) void this.#restart('at once')
  }

  #serving(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`the WeChat Pay simulator did not start: ${why}`))
      const cancel = this.#real.after(START_MS_MAX, () => {
        child.kill('SIGKILL')
        fail(`nothing was heard of it for ${START_MS_MAX} ms`)
      })
      child.once('error', (error) => fail(error.message))
      child.once('exit', (code, signal) => {
        cancel()
        fail(signal ?? `exit code ${code}`)
      })
      child.once('message', (word: WordFromSimulator) => {
        cancel()
        if (word.serves) resolve()
        else reject(new VerdictError(word.code, word.message))
      })
    })
  }

  async end(): Promise<void> {
    this.#ending = true
    const child = this.#child
    if (child === null || !isAlive(child)) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    const cancel = this.#real.after(END_MS_MAX, () => child.kill('SIGKILL'))
    await exited
    cancel()
  }

  /** As often as it takes: its port may be in use for a moment. */
  async #restart(diedOf: string): Promise<void> {
    if (this.#ending) return
    this.#options.say(`the WeChat Pay simulator died (${diedOf}); it is started again`)
    let said = ''
    for (;;) {
      await sleep(this.#real, RESTART_PAUSE_MS)
      if (this.#ending) return
      try {
        return await this.start()
      } catch (error) {
        const { message } = error as Error
        if (message !== said) this.#options.say(message)
        said = message
      }
    }
  }
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}
