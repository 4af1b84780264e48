import { sleep, systemClock } from '../../clock.ts'
import { namedRandom } from '../../random.ts'
import type { OwnServer } from '../../store/postgres/own-server.ts'
import type { Team } from './team.ts'

export interface ChaosOptions {
  readonly team: Team
  /** Null: the database is somebody else's, and is left alone. */
  readonly server: OwnServer | null
  readonly seed: number
  readonly say: (sentence: string) => void
}

/** What was done to whom. */
export interface Havoc {
  readonly workersKilled: number
  readonly workersStopped: number
  readonly databaseRestarts: number
}

export const NO_HAVOC: Havoc = { workersKilled: 0, workersStopped: 0, databaseRestarts: 0 }

/** In real time, on average. */
const KILL_MS = 1_500
const RESTART_MS = 10_000
const STOP_MS = 15_000
/** As issue and design want it: longer than anybody takes a silent worker for alive. */
const STOPPED_MS = 10_000
/** One worker at least is left alone. */
const LEFT_ALONE = 1

/** Kills workers, stops one for ten seconds, and restarts the database: at random moments, until it is ended. */
export class Chaos {
  readonly #options: ChaosOptions
  readonly #ending = new AbortController()
  readonly #stopped = new Set<number>()
  readonly #havoc = { workersKilled: 0, workersStopped: 0, databaseRestarts: 0 }
  readonly #running: Promise<unknown>

  constructor(options: ChaosOptions) {
    this.#options = options
    this.#running = Promise.all([
      this.#every(KILL_MS, 'kill', () => this.#kill()),
      this.#every(STOP_MS, 'stop', () => this.#stop()),
      ...(options.server === null ? [] : [this.#every(RESTART_MS, 'restart', () => this.#restart())]),
    ])
  }

  get havoc(): Havoc {
    return { ...this.#havoc }
  }

  /** Nothing is done any more; who was stopped goes on. */
  async end(): Promise<void> {
    this.#ending.abort()
    await this.#running
  }

  async #every(meanMs: number, name: string, harm: () => Promise<void>): Promise<void> {
    const random = namedRandom(this.#options.seed, 'chaos', name)
    const { signal } = this.#ending
    try {
      for (;;) {
        await sleep(systemClock, meanMs * (0.5 + random.next()), signal)
        await harm()
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async #kill(): Promise<void> {
    const member = this.#victim()
    if (member === undefined) return
    member.signal('SIGKILL')
    this.#havoc.workersKilled += 1
  }

  async #stop(): Promise<void> {
    const member = this.#victim()
    if (member === undefined) return
    member.signal('SIGSTOP')
    this.#stopped.add(member.number)
    this.#havoc.workersStopped += 1
    this.#options.say(`worker ${member.number} is stopped for ${STOPPED_MS / 1_000} s`)
    await sleep(systemClock, STOPPED_MS, this.#ending.signal).catch(() => {})
    member.signal('SIGCONT')
    this.#stopped.delete(member.number)
  }

  async #restart(): Promise<void> {
    const { server, say } = this.#options
    this.#havoc.databaseRestarts += 1
    say('the database is restarted, as after a crash')
    await server?.restart('immediate')
  }

  /** One that is there and was not stopped: what is stopped shall wake. */
  #victim(): Team['alive'][number] | undefined {
    const { alive } = this.#options.team
    const free = alive.filter(({ number }) => !this.#stopped.has(number))
    if (free.length <= LEFT_ALONE) return undefined
    return free[(this.#havoc.workersKilled + this.#havoc.workersStopped) % free.length]
  }
}
