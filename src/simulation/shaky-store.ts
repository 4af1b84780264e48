import type { Store } from '../store/store.ts'
import type { Chance } from './chance.ts'
import type { Life } from './life.ts'

export interface Shakiness {
  /** Of all calls while the database has a bad time. */
  readonly fails: number
  /** Of all calls, always. */
  readonly slow: number
  readonly slowMsMax: number
  /** Bad times, true epoch ms. */
  readonly spells: ReadonlyArray<readonly [fromMs: number, toMs: number]>
}

/** What changes no row; claims live in memory. */
const READS: ReadonlySet<string | symbol> = new Set<keyof Store>([
  ...(['claimDue', 'nextDueAtMs', 'release', 'claimDeliveries', 'nextDeliveryAtMs', 'byId', 'find'] as const),
  ...([
    'placingOf',
    'straysOf',
    'straysToTell',
    'apiKeys',
    'sessionOf',
    'oldestDue',
    'list',
    'countAttention',
  ] as const),
])

export interface ShakyStoreOptions {
  readonly store: Store
  readonly life: Life
  readonly chance: Chance
  readonly shakiness: Shakiness
  readonly nowMs: () => number
  /** Hears of every call that may have changed something. */
  readonly touched: () => void
}

/**
 * The store as one process sees it: every call may be its last step, may be slow before or after its effect, and may
 * fail before or after it. A call of SQLite's takes effect at once, so nothing else is between the two.
 */
export function shakyStore({ store, life, chance, shakiness, nowMs, touched }: ShakyStoreOptions): Store {
  const isBad = (): boolean => shakiness.spells.some(([fromMs, toMs]) => nowMs() >= fromMs && nowMs() < toMs)
  /** Null for none. */
  const pause = (): Promise<void> | null => {
    if (!chance.strikes('store slow', shakiness.slow)) return null
    const ms = chance.ms(1, shakiness.slowMsMax)
    return new Promise((resolve) => life.clock.after(ms, resolve))
  }
  const methods = new Map<string | symbol, unknown>()
  const around = (method: (...args: unknown[]) => unknown, readsOnly: boolean) => {
    return (...args: unknown[]): Promise<unknown> =>
      life.around(async () => {
        const before = pause()
        if (before !== null) await before
        const isBadNow = isBad()
        if (isBadNow && chance.strikes('store failed before', shakiness.fails))
          throw new Error('disk I/O error')
        if (!readsOnly) touched()
        const result = await Reflect.apply(method, store, args)
        const after = pause()
        if (after !== null) await after
        if (isBadNow && chance.strikes('store failed after', shakiness.fails))
          throw new Error('disk I/O error')
        return result
      })
  }
  return new Proxy(store, {
    get(target, name) {
      const known = methods.get(name)
      if (known !== undefined) return known
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      const method = around(value as (...args: unknown[]) => unknown, READS.has(name))
      methods.set(name, method)
      return method
    },
  })
}
