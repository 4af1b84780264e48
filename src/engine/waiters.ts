/** Callers who wait for something to become true of an order, by its row number. Woken by the commit. */
export class Waiters<Value> {
  readonly #waiting = new Map<number, Set<Deferred<Value>>>()

  /** Resolves with the value given to `wake`; rejects when the signal aborts or with the reason given to `endAll`. */
  wait(id: number, signal?: AbortSignal): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const end = (): void => {
        signal?.removeEventListener('abort', abort)
        all.delete(deferred)
        if (all.size === 0) this.#waiting.delete(id)
      }
      const abort = (): void => deferred.reject(signal?.reason)
      const deferred: Deferred<Value> = {
        resolve: (value) => {
          end()
          resolve(value)
        },
        reject: (reason) => {
          end()
          reject(reason)
        },
      }
      const all = this.#waiting.get(id) ?? new Set()
      this.#waiting.set(id, all.add(deferred))
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  wake(id: number, value: Value): void {
    for (const { resolve } of [...(this.#waiting.get(id) ?? [])]) resolve(value)
  }

  endAll(reason: unknown): void {
    for (const all of [...this.#waiting.values()]) for (const { reject } of [...all]) reject(reason)
  }

  /** For which orders somebody waits. */
  get ids(): readonly number[] {
    return [...this.#waiting.keys()]
  }

  get size(): number {
    return this.#waiting.size
  }
}

interface Deferred<Value> {
  readonly resolve: (value: Value) => void
  readonly reject: (reason: unknown) => void
}
