import type { Clock } from '../clock.ts'

export interface BatcherOptions<Item, Result> {
  readonly clock: Clock
  /** How long an item waits for company if it doesn't say. */
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
  /** The moment by which one of them wants to be written. */
  #wantedAtMs = Number.POSITIVE_INFINITY
  #timer: { readonly atMs: number; readonly cancel: () => void } | null = null
  #writing: Promise<void> | null = null

  constructor(options: BatcherOptions<Item, Result>) {
    this.#options = options
  }

  /**
   * Resolves once the item is durably written, with what became of it. It waits `withinMs` for company at most: less where
   * somebody stands still meanwhile, more where nobody waits.
   */
  add(item: Item, withinMs: number = this.#options.gatherMs): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      this.#wantedAtMs = Math.min(this.#wantedAtMs, this.#options.clock.nowMs() + withinMs)
      this.#writeInTime()
    })
  }

  /** Writes what is waiting now, and resolves when nothing is left. Failures reach those who added. */
  async flush(): Promise<void> {
    while (this.#writing !== null || this.#waiting.length > 0) {
      if (this.#writing === null) this.#write()
      await this.#writing
    }
  }

  /**
   * What came during a write gathers on until its own time, and is not written right after it: a write has its price
   * whatever it carries, and a slow store would have the smallest batches.
   */
  #writeInTime(): void {
    if (this.#writing !== null || this.#waiting.length === 0) return
    const { clock, sizeMax } = this.#options
    const atMs = this.#wantedAtMs
    const waitMs = atMs - clock.nowMs()
    if (waitMs <= 0 || this.#waiting.length >= sizeMax) {
      this.#write()
      return
    }
    if (this.#timer !== null && this.#timer.atMs <= atMs) return
    this.#timer?.cancel()
    const wakeUp = (): void => {
      this.#timer = null
      if (this.#writing === null) this.#write()
    }
    this.#timer = { atMs, cancel: clock.after(waitMs, wakeUp) }
  }

  #write(): void {
    this.#timer?.cancel()
    this.#timer = null
    const batch = this.#waiting.splice(0, this.#options.sizeMax)
    // What a full batch leaves behind is wanted as soon as any of it was.
    if (this.#waiting.length === 0) this.#wantedAtMs = Number.POSITIVE_INFINITY
    this.#writing = this.#settle(batch).finally(() => {
      this.#writing = null
      this.#writeInTime()
    })
  }

  /** Never rejects. */
  async #settle(batch: ReadonlyArray<Waiting<Item, Result>>): Promise<void> {
    try {
      const results = await this.#options.write(batch.map(({ item }) => item))
      for (const [i, { resolve }] of batch.entries()) resolve(results[i] as Result)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}
