import type { Clock } from '../clock.ts'

export interface BatcherOptions<Item, Result> {
  readonly clock: Clock
  /** How long the first item of a batch waits for company. */
  readonly gatherMs: number
  /** A batch of this size is written at once. */
  readonly sizeMax: number
  /** Writes all items and returns as many results, in order. One write at a time. */
  readonly write: (items: readonly Item[]) => Promise<readonly Result[]>
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (reason: unknown) => void
}

/** Gathers what several callers want written, so that one durable write carries all of it. */
export class Batcher<Item, Result> {
  readonly #options: BatcherOptions<Item, Result>
  #waiting: Array<Waiting<Item, Result>> = []
  #timer: { readonly atMs: number; readonly cancel: () => void } | null = null
  #writing: Promise<void> | null = null

  constructor(options: BatcherOptions<Item, Result>) {
    this.#options = options
  }

  /**
   * Resolves once the item is durably written, with what became of it. `soonMs` shortens the wait for a caller that
   * stands still meanwhile.
   */
  add(item: Item, soonMs: number = this.#options.gatherMs): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      if (this.#waiting.length >= this.#options.sizeMax) void this.flush()
      else this.#writeWithin(soonMs)
    })
  }

  /** Writes what is waiting now, and resolves when nothing is left. Failures reach those who added. */
  async flush(): Promise<void> {
    while (this.#writing !== null || this.#waiting.length > 0) {
      // Forgotten only after it is remembered, even if the write fails before its first await.
      this.#writing ??= this.#writeWaiting().finally(() => {
        this.#writing = null
      })
      await this.#writing
    }
  }

  #writeWithin(ms: number): void {
    const { clock } = this.#options
    const atMs = clock.nowMs() + ms
    if (this.#writing !== null || (this.#timer !== null && this.#timer.atMs <= atMs)) return
    this.#timer?.cancel()
    this.#timer = { atMs, cancel: clock.after(ms, () => void this.flush()) }
  }

  async #writeWaiting(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = null
    const batch = this.#waiting.splice(0, this.#options.sizeMax)
    try {
      const results = await this.#options.write(batch.map(({ item }) => item))
      for (const [i, { resolve }] of batch.entries()) resolve(results[i] as Result)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}
