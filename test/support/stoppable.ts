import type { Clock } from '../../src/clock.ts'

/** What a process stopped by SIGSTOP is to its own code: time passes, and nothing of it runs until SIGCONT. */
export class Stoppable implements Clock {
  readonly #clock: Clock
  #isStopped = false
  #held: Array<() => void> = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  stop(): void {
    this.#isStopped = true
  }

  goOn(): void {
    this.#isStopped = false
    for (const task of this.#held.splice(0)) task()
  }

  nowMs(): number {
    return this.#clock.nowMs()
  }

  after(ms: number, task: () => void): () => void {
    let isCancelled = false
    const run = (): void => {
      if (!isCancelled) this.#whenRunning(task)
    }
    const cancel = this.#clock.after(ms, run)
    return () => {
      isCancelled = true
      cancel()
    }
  }

  /** The result of what goes on outside the process: it hears of it when it runs. */
  async hears<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work
    } finally {
      await new Promise<void>((resolve) => this.#whenRunning(resolve))
    }
  }

  #whenRunning(task: () => void): void {
    if (this.#isStopped) this.#held.push(() => this.#whenRunning(task))
    else task()
  }
}
