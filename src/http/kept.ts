import type { Clock } from '../clock.ts'

export interface KeptOptions {
  readonly clock: Pick<Clock, 'nowMs'>
  /** So long it is told again. */
  readonly freshMs: number
  /** And so many times as long as the reading took: it takes no more than that part of the store's time. Default: 0. */
  readonly timesItTook?: number
}

/** What `read` gives, read anew when it is too old; who comes meanwhile waits for the one reading. */
export function kept<Value>(
  read: () => Promise<Value>,
  { clock, freshMs, timesItTook = 0 }: KeptOptions,
): () => Promise<Value> {
  let last: { readonly value: Promise<Value>; readonly atMs: number; freshMs: number } | null = null
  return () => {
    const atMs = clock.nowMs()
    if (last !== null && Math.abs(atMs - last.atMs) < last.freshMs) return last.value
    const value = read()
    const mine = { value, atMs, freshMs: Number.POSITIVE_INFINITY }
    last = mine
    value.then(
      () => {
        mine.freshMs = Math.max(freshMs, (clock.nowMs() - atMs) * timesItTook)
      },
      () => {
        if (last === mine) last = null
      },
    )
    return value
  }
}
