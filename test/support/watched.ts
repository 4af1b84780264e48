import type { Transport } from '../../src/gateway/wechatpay/transport.ts'
import type { Store } from '../../src/store/store.ts'

/** Put around every call of a part: may look at it, hold it up, or make it fail, before and after it takes effect. */
export type Around = <Result>(
  what: string,
  call: () => Promise<Result>,
  args: readonly unknown[],
) => Promise<Result>

/** The store, with `around` called for every method. */
export function watchedStore(store: Store, around: Around): Store {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...args: unknown[]) =>
        around(String(name), async () => Reflect.apply(method, target, args), args)
    },
  })
}

/** The wire, with `around` called for every request: `send GET /v3/…`. */
export function watchedWire(around: Around): (transport: Transport) => Transport {
  return (transport) => (request) =>
    around(`send ${request.method} ${request.path}`, async () => transport(request), [request])
}

/** Never resolves: what a part does that hangs, or whose process is gone. */
export function forever<Result>(): Promise<Result> {
  return new Promise(() => {})
}
