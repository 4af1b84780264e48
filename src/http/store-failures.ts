import { AssertionError } from 'node:assert'
import { VerdictError } from '../errors.ts'
import type { Store } from '../store/store.ts'

/** What stores have failed with. By itself such an error looks like any other: each database has its own. */
const failures = new WeakSet<object>()

/** Whether a store failed with this: it is away, full or read-only. Not a mistake of ours inside it. */
export function isStoreFailure(error: unknown): boolean {
  return typeof error === 'object' && error !== null && failures.has(error)
}

/** The same store, of whose failures `isStoreFailure` knows. */
export function knownByFailures(store: Store): Store {
  const methods = new Map<string | symbol, unknown>()
  return new Proxy(store, {
    get(target, name) {
      const known = methods.get(name)
      if (known !== undefined) return known
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      const method = async (...given: unknown[]): Promise<unknown> => {
        try {
          return await Reflect.apply(value, target, given)
        } catch (error) {
          if (isDatabases(error)) failures.add(error)
          throw error
        }
      }
      methods.set(name, method)
      return method
    },
  })
}

function isDatabases(error: unknown): error is Error {
  const isOurs =
    error instanceof VerdictError || error instanceof AssertionError || error instanceof TypeError
  return error instanceof Error && !isOurs
}
