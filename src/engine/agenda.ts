import type { Call } from '../core/change.ts'
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
  /** Those of the others that stand in line for the budget of a call, by their numbers. */
  readonly #lines = new Map<Call, Set<number>>()
  /** Those of the others that have stayed in hand since they were asked, by their numbers. */
  readonly #kept = new Set<number>()
  #turn = 0

  /** How many stand at the till. */
  get till(): number {
    return this.#till.size
  }

  /** How many others there are, but for those in line and those that are kept. */
  get others(): number {
    let inLine = 0
    for (const line of this.#lines.values()) inLine += line.size
    return this.#others.size - inLine - this.#kept.size
  }

  /** How many of the others are kept. */
  get kept(): number {
    return this.#kept.size
  }

  /** How long the line for a call is. */
  lineFor(call: Call): number {
    return this.#lines.get(call)?.size ?? 0
  }

  /** The earliest moment; Infinity when empty. */
  get nextAtMs(): number {
    return Math.min(this.#till.nextAtMs, this.#others.nextAtMs)
  }

  /** An order stands here once: the entry takes the place of an earlier one. */
  add(entry: Entry, nowMs: number): void {
    const atTheTill = isAtTheTill(entry.order) && nowMs - entry.order.dueAtMs < TILL_PATIENCE_MS
    const [heap, other] = atTheTill ? [this.#till, this.#others] : [this.#others, this.#till]
    this.#leaveSets(entry.order.id)
    other.remove(entry.order.id)
    heap.push(entry)
  }

  /** As `add`, for an order that stays in hand until it is due again: however many do, the others come in as before. */
  keep(entry: Entry, nowMs: number): void {
    this.add(entry, nowMs)
    const { id } = entry.order
    if (this.#others.has(id)) this.#kept.add(id)
  }

  /** As `add`, for an order that waits only for the budget of a call: however many do, the others come in as before. */
  standInLine(entry: Entry, call: Call, nowMs: number): void {
    this.add(entry, nowMs)
    const { id } = entry.order
    if (!this.#others.has(id)) return
    this.#lines.set(call, (this.#lines.get(call) ?? new Set()).add(id))
  }

  has(id: number): boolean {
    return this.#till.has(id) || this.#others.has(id)
  }

  /** Takes out the next entry whose moment has come; null if there is none. */
  takeDue(nowMs: number): Entry | null {
    this.#turn = (this.#turn + 1) % OTHERS_ONE_IN
    const [first, second] = this.#turn === 0 ? [this.#others, this.#till] : [this.#till, this.#others]
    const heap = first.nextAtMs <= nowMs ? first : second
    const entry = heap.nextAtMs <= nowMs ? heap.pop() : null
    if (entry !== null) this.#leaveSets(entry.order.id)
    return entry
  }

  /** Takes one order out, whenever it is wanted; null if it isn't there. */
  take(id: number): Entry | null {
    this.#leaveSets(id)
    return this.#till.remove(id) ?? this.#others.remove(id)
  }

  /** Takes out everything. */
  clear(): readonly Entry[] {
    this.#lines.clear()
    this.#kept.clear()
    return [...this.#till.clear(), ...this.#others.clear()]
  }

  #leaveSets(id: number): void {
    for (const line of this.#lines.values()) line.delete(id)
    this.#kept.delete(id)
  }
}

/** A binary heap by `atMs`. What was removed or replaced stays in it until it comes up, and is passed over then. */
class Heap {
  #entries: Entry[] = []
  /** The entries that count, by the number of their order. */
  readonly #byOrder = new Map<number, Entry>()

  get size(): number {
    return this.#byOrder.size
  }

  get nextAtMs(): number {
    return this.#top()?.atMs ?? Number.POSITIVE_INFINITY
  }

  has(id: number): boolean {
    return this.#byOrder.has(id)
  }

  push(entry: Entry): void {
    this.#byOrder.set(entry.order.id, entry)
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
    const top = this.#top()
    if (top === undefined) return null
    this.#byOrder.delete(top.order.id)
    this.#dropTop()
    return top
  }

  remove(id: number): Entry | null {
    const entry = this.#byOrder.get(id)
    this.#byOrder.delete(id)
    return entry ?? null
  }

  clear(): readonly Entry[] {
    const all = [...this.#byOrder.values()]
    this.#byOrder.clear()
    this.#entries = []
    return all
  }

  #top(): Entry | undefined {
    for (;;) {
      const top = this.#entries[0]
      if (top === undefined || this.#byOrder.get(top.order.id) === top) return top
      this.#dropTop()
    }
  }

  #dropTop(): void {
    const last = this.#entries.pop()
    if (last !== undefined && this.#entries.length > 0) this.#sink(last)
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
