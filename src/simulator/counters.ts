import type { Ledger } from './durable.ts'

/** What was called how often, restarts included. */
export interface Counters {
  add(name: string): void
  all(): Readonly<Record<string, number>>
}

export function openCounters(ledger: Ledger): Counters {
  const calls = ledger.map<number>('calls')
  return {
    add: (name) => calls.set(name, (calls.get(name) ?? 0) + 1),
    all: () => Object.fromEntries(calls.entries()),
  }
}
