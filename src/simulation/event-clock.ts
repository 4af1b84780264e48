import type { Clock } from '../clock.ts'

interface Timer {
  readonly atMs: number
  /** Equal moments come in the sequence in which they were set. */
  readonly nth: number
  task: (() => void) | null
}

/** The one clock of a simulated world: it stands still while an event happens, and then jumps to the next one. */
export class EventClock implements Clock {
  #nowMs: number
  #nth = 0
  readonly #heap: Timer[] = []

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  after(ms: number, task: () => void): () => void {
    this.#nth += 1
    // Whole milliseconds, as the real clock counts them.
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, Math.ceil(ms)), nth: this.#nth, task }
    push(this.#heap, timer)
    return () => {
      timer.task = null
    }
  }

  /** When the next event comes; Infinity if nothing is to come. */
  get nextAtMs(): number {
    return this.#head()?.atMs ?? Number.POSITIVE_INFINITY
  }

  /** Lets the next event happen, and everything that follows from it in the same moment without a timer. */
  step(): Promise<void> {
    const next = this.#head()
    if (next !== undefined) {
      pop(this.#heap)
      this.#nowMs = next.atMs
      next.task?.()
    }
    // A tick asked for by a promise comes when no promise has anything left to do: nothing here waits for anything outside.
    return new Promise((resolve) => process.nextTick(resolve))
  }

  /** Moves on to a moment at which nothing happens. */
  passTo(atMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, Math.min(atMs, this.nextAtMs))
  }

  #head(): Timer | undefined {
    while (this.#heap[0]?.task === null) pop(this.#heap)
    return this.#heap[0]
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.nth < other.nth)
}

function push(heap: Timer[], timer: Timer): void {
  let at = heap.length
  heap.push(timer)
  for (;;) {
    const above = heap[(at - 1) >> 1]
    if (at === 0 || above === undefined || !isBefore(timer, above)) break
    heap[at] = above
    at = (at - 1) >> 1
  }
  heap[at] = timer
}

function pop(heap: Timer[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]]
    if (left === undefined) break
    const [below, child] =
      right !== undefined && isBefore(right, left) ? [right, 2 * at + 2] : [left, 2 * at + 1]
    if (!isBefore(below, last)) break
    heap[at] = below
    at = child
  }
  heap[at] = last
}
