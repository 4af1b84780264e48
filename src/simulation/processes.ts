import type { Chance } from './chance.ts'
import type { EventClock } from './event-clock.ts'
import { Life } from './life.ts'
import type { SeedPlan } from './plan.ts'
import type { Worker } from './worker.ts'

export interface ProcessesOptions {
  readonly plan: SeedPlan
  readonly clock: EventClock
  readonly chance: Chance
  readonly say: (line: string) => void
  readonly start: (life: Life) => Worker
  /** All processes of the machine are gone: what they shared in memory is, too. */
  readonly reopenStore: () => void
}

const DOWN_MS_MAX = 90_000
const STOPPED_MS = { min: 500, max: 120_000 } as const
const STEPS_MAX = 40

/** The processes of Verdict, and the disasters that befall them: killed or stopped at any step, each alone or all at once. */
export class Processes {
  readonly #options: ProcessesOptions
  readonly #workers: Array<Worker | null> = []
  #started = 0
  #isCalm = false

  constructor(options: ProcessesOptions) {
    this.#options = options
    for (let place = 0; place < options.plan.workers; place++) this.#start(place)
    this.#nextDisaster()
  }

  /** One that can be reached; null while none can. A stopped one can't tell that it is. */
  any(): Worker | null {
    const alive = this.#workers.filter((worker) => worker !== null)
    return alive.length === 0 ? null : this.#options.chance.pick(alive)
  }

  /** Those that are dead come back, those that are stopped go on. */
  calm(): void {
    this.#isCalm = true
    for (const [place, worker] of this.#workers.entries()) {
      if (worker === null) this.#start(place)
      else {
        worker.life.endIn(Number.POSITIVE_INFINITY, 'die')
        worker.life.goOn()
      }
    }
  }

  get alive(): readonly Worker[] {
    return this.#workers.filter((worker) => worker !== null)
  }

  #start(place: number): void {
    const { plan, clock, start, say } = this.#options
    if (this.#workers[place] != null) return
    this.#started += 1
    const name = `worker ${place + 1}.${this.#started}`
    const life: Life = new Life({
      name,
      clock,
      skewMs: plan.skewsMs[place] ?? 0,
      onDeath: () => this.#died(place, name),
    })
    say(`${name} starts`)
    this.#workers[place] = start(life)
  }

  #died(place: number, name: string): void {
    const { clock, chance, say } = this.#options
    say(`${name} dies`)
    this.#workers[place] = null
    clock.after(this.#isCalm ? 0 : chance.ms(0, DOWN_MS_MAX), () => this.#start(place))
  }

  #nextDisaster(): void {
    const { plan, clock, chance } = this.#options
    clock.after(chance.ms(0, 2 * plan.disasterMs), () => {
      this.#disaster()
      if (!this.#isCalm) this.#nextDisaster()
    })
  }

  #disaster(): void {
    const { chance, reopenStore, say } = this.#options
    if (chance.strikes('machine restarted', 0.05)) {
      say('the machine restarts')
      for (const worker of this.alive) worker.life.die()
      reopenStore()
      return
    }
    const life = this.any()?.life
    if (life === undefined) return
    if (chance.strikes('process killed', 0.2)) life.die()
    else if (chance.strikes('process killed at a step', 0.5)) {
      life.endIn(1 + Math.floor(chance.next() * STEPS_MAX), 'die')
    } else if (chance.strikes('process stopped at a step', 0.6)) {
      life.endIn(1 + Math.floor(chance.next() * STEPS_MAX), 'stop')
      this.#wakeLater(life)
    } else if (chance.strikes('process stopped', 1)) {
      life.stop()
      this.#wakeLater(life)
    }
  }

  #wakeLater(life: Life): void {
    const { clock, chance, say } = this.#options
    clock.after(chance.ms(STOPPED_MS.min, STOPPED_MS.max), () => {
      life.endIn(Number.POSITIVE_INFINITY, 'die')
      if (life.isStopped) say(`${life.name} goes on`)
      life.goOn()
    })
  }
}
