import type { Kind } from '../src/core/order.ts'
import type { NewOrder, Store } from '../src/store/store.ts'

/** What every order of the benchmark costs. */
export const TOTAL = 1_00
/** As long as real ones, all alike. */
export function nameOfOrder(index: number): string {
  return `BENCH20261123${String(index).padStart(10, '0')}`
}

const WINDOW_MS = 7_200_000
const INSERTED_AT_ONCE = 1_000

/** Orders `from` to `from + count - 1`. */
export interface Filling {
  readonly account: string
  readonly from: number
  readonly count: number
  /** First due times are spread over `spreadMs` from here. */
  readonly dueFromMs: number
  readonly spreadMs: number
  /** Default: native. */
  readonly kind?: Kind
  /** Default: now. Their windows last two hours. */
  readonly createdAtMs?: number
}

/** Fills a store with open orders. */
export async function fill(store: Store, filling: Filling): Promise<void> {
  const { from, count } = filling
  for (let first = from; first < from + count; first += INSERTED_AT_ONCE) {
    const size = Math.min(INSERTED_AT_ONCE, from + count - first)
    const orders = Array.from({ length: size }, (_, i) => waiting(filling, first + i))
    await store.insert(orders, { worker: 'bench', untilMs: 0 })
  }
}

function waiting(filling: Filling, index: number): NewOrder {
  const { account, from, count, dueFromMs, spreadMs, kind = 'native', createdAtMs = Date.now() } = filling
  return {
    order: {
      account,
      sub_mchid: null,
      out_trade_no: nameOfOrder(index),
      kind,
      total: TOTAL,
      currency: 'HKD',
      origin: 'placed',
      mayEnd: true,
      purchase: null,
      createdAtMs,
      windowEndAtMs: createdAtMs + WINDOW_MS,
      version: 1,
      queries: 0,
      silence: 0,
      seen: 'NOTPAY',
      placings: 1,
      latestPlacingAtMs: createdAtMs,
      declined: false,
      unknownAtMs: null,
      givenUpAtMs: null,
      attention: null,
      state: 'waiting',
      dueAtMs: dueFromMs + Math.floor(((index - from) / count) * spreadMs),
    },
    fingerprint: `bench-${index}`,
    body: null,
    journal: [{ atMs: createdAtMs, event: 'entered', said: 'placed' }],
  }
}
