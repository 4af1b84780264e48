import type { Clock } from '../../clock.ts'

/** What is due when: any number of names, one alarm on the clock. */
export interface Agenda {
  /** `name` is due at `atMs`, and no longer when it was due before. */
  put(name: string, atMs: number): void
  drop(name: string): void
  close(): void
}

interface Entry {
  readonly atMs: number
  /** Equal moments come in the sequence of their puts. */
  readonly nth: number
  readonly name: string
}

/** @param due is called at its moment, or at once if that has passed; it isn't in the agenda any more then */
export function openAgenda(clock: Clock, due: (name: string) => void): Agenda {
  const entries = new Map<string, Entry>()
  // Entries that were put again or dropped stay in the heap until they come up.
  const heap: Entry[] = []
  let puts = 0
  let alarm: { readonly atMs: number; readonly cancel: () => void } | null = null
  let closed = false

  const head = (): Entry | undefined => {
    while (heap[0] && entries.get(heap[0].name) !== heap[0]) pop(heap)
    return heap[0]
  }
  const arm = (): void => {
    const next = head()
    if (closed || !next || (alarm && alarm.atMs <= next.atMs)) return
    alarm?.cancel()
    alarm = { atMs: next.atMs, cancel: clock.after(next.atMs - clock.nowMs(), ring) }
  }
  const ring = (): void => {
    alarm = null
    // Only what is due now: what follows from it, however soon, gets an alarm of its own.
    const nowMs = clock.nowMs()
    const names: string[] = []
    for (let next = head(); next && next.atMs <= nowMs; next = head()) {
      pop(heap)
      entries.delete(next.name)
      names.push(next.name)
    }
    for (const name of names) due(name)
    arm()
  }

  return {
    put(name, atMs) {
      const entry = { atMs, nth: ++puts, name }
      entries.set(name, entry)
      push(heap, entry)
      arm()
    },
    drop: (name) => {
      entries.delete(name)
    },
    close() {
      closed = true
      alarm?.cancel()
    },
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.nth < other.nth)
}

/** A binary heap, the earliest entry first. */
function push(heap: Entry[], entry: Entry): void {
  let at = heap.length
  heap.push(entry)
  for (;;) {
    const above = heap[(at - 1) >> 1]
    if (at === 0 || !above || !isBefore(entry, above)) break
    heap[at] = above
    at = (at - 1) >> 1
  }
  heap[at] = entry
}

function pop(heap: Entry[]): void {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  let at = 0
  for (;;) {
    const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]]
    if (!left) break
    const [below, child] = right && isBefore(right, left) ? [right, 2 * at + 2] : [left, 2 * at + 1]
    if (!isBefore(below, last)) break
    heap[at] = below
    at = child
  }
  heap[at] = last
}
