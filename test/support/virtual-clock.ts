import type { Clock } from '../../src/clock.ts'

interface Timer {
  readonly atMs: number
  readonly task: () => void
}

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  #nowMs: number
  #timers: Timer[] = []

  constructor(nowMs = Date.UTC(2026, 5, 8, 2, 0, 0)) {
    this.#nowMs = nowMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  after(ms: number, task: () => void): () => void {
    // Whole milliseconds, as the real clock counts them.
    const timer = { atMs: this.#nowMs + Math.max(0, Math.ceil(ms)), task }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  get timers(): number {
    return this.#timers.length
  }

  /** Moves on, a millisecond at a time, until `work` is done: at most 5 s. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false
    const done = work.finally(() => {
      isDone = true
    })
    done.catch(() => {})
    for (let ms = 0; ms < 5_000 && !isDone; ms += 1) await this.advance(1)
    return done
  }

  /** Runs every timer up to `ms` from now at its moment, and lets everything that follows happen before the next. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await quiet()
    for (;;) {
      const next = this.#timers.reduce<Timer | null>((a, b) => (a === null || b.atMs < a.atMs ? b : a), null)
      if (next === null || next.atMs > untilMs) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.task()
      await quiet()
    }
    this.#nowMs = untilMs
  }
}

/** Lets promises and what they start come to rest. Enough for code without real I/O. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}
