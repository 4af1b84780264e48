import { type DueOrder, isAtTheTill, OTHERS_ONE_IN, TILL_PATIENCE_MS } from '../core/order.ts'

/** A claimed order, the moment it is wanted, and how long it is ours. */
export interface Entry {
  readonly order: DueOrder
  readonly atMs: number
  readonly claimedUntilMs: number
}

/** The claimed orders in the order of their moments: those at the till first, the others with a reserved share. */
export class Agenda {
  readonly #till = new Heap()
  readonly #others = new Heap()
  #turn = 0

  /** How many stand at the till. */
  get till(): number {
    return this.#till.size
  }

  get others(): number {
    return this.#others.size
  }

  /** The earliest moment; Infinity when empty. */
  get nextAtMs(): number {
    return Math.min(this.#till.nextAtMs, this.#others.nextAtMs)
  }

  add(entry: Entry, nowMs: number): void {
    const atTheTill = isAtTheTill(entry.order) && nowMs - entry.order.dueAtMs < TILL_PATIENCE_MS
    const heap = atTheTill ? this.#till : this.#others
    heap.push(entry)
  }

  /** Takes out the next entry whose moment has come; null if there is none. */
  takeDue(nowMs: number): Entry | null {
    this.#turn = (this.#turn + 1) % OTHERS_ONE_IN
    const [first, second] = this.#turn === 0 ? [this.#others, this.#till] : [this.#till, this.#others]
    if (first.nextAtMs <= nowMs) return first.pop()
    return second.nextAtMs <= nowMs ? second.pop() : null
  }

  /** Takes one order out, whenever it is wanted; null if it isn't there. Reads all of them: not for every poll. */
  take(id: number): Entry | null {
    return this.#till.remove(id) ?? this.#others.remove(id)
  }

  /** Takes out everything. */
  clear(): readonly Entry[] {
    return [...this.#till.clear(), ...this.#others.clear()]
  }
}

/** A binary heap by `atMs`. */
class Heap {
  #entries: Entry[] = []

  get size(): number {
    return this.#entries.length
  }

  get nextAtMs(): number {
    return this.#entries[0]?.atMs ?? Number.POSITIVE_INFINITY
  }

  push(entry: Entry): void {
    const entries = this.#entries
    let at = entries.push(entry) - 1
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = entries[up]
      if (parent === undefined || parent.atMs <= entry.atMs) break
      entries[at] = parent
      at = up
    }
    entries[at] = entry
  }

  pop(): Entry | null {
    const entries = this.#entries
    const top = entries[0]
    const last = entries.pop()
    if (top === undefined || last === undefined) return null
    if (entries.length > 0) this.#sink(last)
    return top
  }

  remove(id: number): Entry | null {
    const found = this.#entries.find(({ order }) => order.id === id)
    if (found === undefined) return null
    for (const entry of this.clear()) if (entry !== found) this.push(entry)
    return found
  }

  clear(): readonly Entry[] {
    const all = this.#entries
    this.#entries = []
    return all
  }

  #sink(entry: Entry): void {
    const entries = this.#entries
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const right = left + 1
      const down = (entries[right]?.atMs ?? Infinity) < (entries[left]?.atMs ?? Infinity) ? right : left
      const child = entries[down]
      if (child === undefined || child.atMs >= entry.atMs) break
      entries[at] = child
      at = down
    }
    entries[at] = entry
  }
}
