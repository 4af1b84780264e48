import type { HttpRequest, HttpResult, Transport } from '../../src/gateway/wechatpay/transport.ts'
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

/** The store, with some methods of another's. */
export function withOther(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(name in methods ? methods : target, name)
      return typeof method === 'function' ? method.bind(target) : method
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

/** The wire, where replies to what fits get lost after their effect: as many as said, else all. */
export function losing(
  lost: RegExp,
  times = Number.POSITIVE_INFINITY,
  seen: (request: HttpRequest) => void = () => {},
): (transport: Transport) => Transport {
  let left = times
  return (transport) => async (request) => {
    const result = await transport(request)
    if (!lost.test(request.path)) return result
    seen(request)
    left -= 1
    return left >= 0 ? LOST : result
  }
}

const LOST: HttpResult = { kind: 'failure', reason: 'reset', sent: true, detail: 'lost by the test' }
