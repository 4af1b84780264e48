import type { NewOrder, Store } from '../src/store/store.ts'

/** What every order of the benchmark costs. */
export const TOTAL = 1_00
/** As long as real ones, all alike. */
export function nameOfOrder(index: number): string {
  return `BENCH20261123${String(index).padStart(10, '0')}`
}

const WINDOW_MS = 7_200_000
const INSERTED_AT_ONCE = 1_000

/** Fills a store with open orders whose first due times are spread over `spreadMs` from `fromMs`. */
export async function fill(
  store: Store,
  account: string,
  count: number,
  fromMs: number,
  spreadMs: number,
): Promise<void> {
  for (let from = 0; from < count; from += INSERTED_AT_ONCE) {
    const size = Math.min(INSERTED_AT_ONCE, count - from)
    const orders = Array.from({ length: size }, (_, i) =>
      waiting(account, from + i, fromMs, Math.floor(((from + i) / count) * spreadMs)),
    )
    await store.insert(orders, { worker: 'bench', untilMs: 0 })
  }
}

function waiting(account: string, index: number, fromMs: number, dueAfterMs: number): NewOrder {
  return {
    order: {
      account,
      sub_mchid: null,
      out_trade_no: nameOfOrder(index),
      kind: 'native',
      total: TOTAL,
      currency: 'HKD',
      origin: 'placed',
      mayEnd: true,
      purchase: null,
      createdAtMs: fromMs,
      windowEndAtMs: fromMs + WINDOW_MS,
      version: 1,
      queries: 0,
      silence: 0,
      seen: 'NOTPAY',
      placings: 1,
      latestPlacingAtMs: fromMs,
      declined: false,
      unknownAtMs: null,
      givenUpAtMs: null,
      attention: null,
      state: 'waiting',
      dueAtMs: fromMs + dueAfterMs,
    },
    fingerprint: `bench-${index}`,
    body: null,
    journal: [{ atMs: fromMs, event: 'entered', said: 'placed' }],
  }
}
