import { describe, expect, it } from 'vitest'
import type { ApiKey, ApiSession, CallerRequest, Store } from './store.ts'
import { DAY_MS, T0 } from './testing.ts'

const KEPT_MS = 7 * DAY_MS

function apiKey(fields: Partial<ApiKey> = {}): ApiKey {
  const key: ApiKey = {
    id: 'k1',
    name: 'till 7 收银台',
    role: 'operate',
    hash: 'a1'.repeat(32),
    createdAtMs: T0,
    revokedAtMs: null,
  }
  return { ...key, ...fields }
}

function request(fields: Partial<CallerRequest> = {}): CallerRequest {
  return { caller: 'k1', key: 'order 42', hash: 'h1', nowMs: T0, ...fields }
}

/** What every store does with those who call the service, and with what they ask for twice. */
export function callersContract(name: string, openStore: () => Promise<Store>): void {
  describe(`${name}: an API key`, () => {
    it('comes back as it was kept, the oldest first', async () => {
      const store = await openStore()
      expect(await store.apiKeys()).toEqual([])
      const first = apiKey({ id: 'k2', role: 'admin' })
      const second = apiKey({ id: 'k1', role: 'read', createdAtMs: T0 + 1, revokedAtMs: T0 + 2 })
      await store.keepApiKey(second)
      await store.keepApiKey(first)
      expect(await store.apiKeys()).toEqual([first, second])
    })

    it('is revoked once, and stays on the list with the moment of that', async () => {
      const store = await openStore()
      const [key, other] = [apiKey(), apiKey({ id: 'k2' })]
      await store.keepApiKey(key)
      await store.keepApiKey(other)
      expect(await store.revokeApiKey('k1', T0 + 5)).toBe(true)
      expect(await store.revokeApiKey('k1', T0 + 9)).toBe(false)
      expect(await store.revokeApiKey('k3', T0 + 9)).toBe(false)
      expect(await store.apiKeys()).toEqual([{ ...key, revokedAtMs: T0 + 5 }, other])
    })

    it('is never replaced by another of the same id', async () => {
      const store = await openStore()
      const key = apiKey({ revokedAtMs: T0 + 5 })
      await store.keepApiKey(key)
      await expect(store.keepApiKey(apiKey({ hash: 'b2'.repeat(32) }))).rejects.toThrow()
      expect(await store.apiKeys()).toEqual([key])
    })
  })

  describe(`${name}: a session`, () => {
    const session = (hash: string, endsAtMs = T0 + DAY_MS): ApiSession => ({ hash, keyId: 'k1', endsAtMs })

    it('is found until it ends, by its time or because somebody signed out', async () => {
      const store = await openStore()
      const [first, second] = [session('h1'), session('h2')]
      await store.keepSession(first, T0)
      await store.keepSession(second, T0)
      expect(await store.sessionOf('h1', T0 + DAY_MS - 1)).toEqual(first)
      expect(await store.sessionOf('h1', T0 + DAY_MS)).toBeNull()
      expect(await store.sessionOf('h3', T0)).toBeNull()
      await store.endSession('h1')
      await store.endSession('h1')
      expect(await store.sessionOf('h1', T0)).toBeNull()
      expect(await store.sessionOf('h2', T0)).toEqual(second)
    })

    it('is dropped when it is long over, and none that is not', async () => {
      const store = await openStore()
      for (const nth of [1, 2, 3]) await store.keepSession(session(`h${nth}`, T0 + nth), T0)
      await store.keepSession(session('h4'), T0 + 2)
      const kept = await Promise.all([1, 2, 3, 4].map((nth) => store.sessionOf(`h${nth}`, 0)))
      expect(kept.map((one) => one?.hash)).toEqual([undefined, undefined, 'h3', 'h4'])
    })
  })

  describe(`${name}: a request under an idempotency key`, () => {
    it('is new once, then the same or another, and stays what it was', async () => {
      const store = await openStore()
      expect(await store.claimRequest(request())).toBe('new')
      expect(await store.claimRequest(request({ hash: 'h2' }))).toBe('other')
      expect(await store.claimRequest(request({ nowMs: T0 + 1 }))).toBe('same')
      expect(await store.claimRequest(request({ hash: 'h2', nowMs: T0 + 2 }))).toBe('other')
      expect(await store.claimRequest(request())).toBe('same')
    })

    it('is kept apart for two callers and two keys', async () => {
      const store = await openStore()
      const requests = [
        request(),
        request({ caller: 'k2', hash: 'h2' }),
        request({ key: 'order 43', hash: 'h3' }),
        request({ caller: 'k1order', key: ' 42', hash: 'h4' }),
      ]
      for (const one of requests) expect(await store.claimRequest(one)).toBe('new')
      for (const one of requests) expect(await store.claimRequest(one)).toBe('same')
    })

    it('is new for one of many callers at once', async () => {
      const store = await openStore()
      for (const key of ['1', '2', '3', '4', '5']) {
        const hashes = Array.from({ length: 8 }, (_, nth) => `h${nth % 2}`)
        const results = await Promise.all(hashes.map((hash) => store.claimRequest(request({ key, hash }))))
        const won = results.indexOf('new')
        const expected = hashes.map((hash, nth) => {
          if (nth === won) return 'new'
          return hash === hashes[won] ? 'same' : 'other'
        })
        expect(results).toEqual(expected)
      }
    })

    it('is remembered for as long as was asked, counted from the first time', async () => {
      const store = await openStore()
      await store.claimRequest(request())
      expect(await store.claimRequest(request({ hash: 'h2', nowMs: T0 + KEPT_MS - 1 }))).toBe('other')
      expect(await store.claimRequest(request({ hash: 'h2', nowMs: T0 + KEPT_MS }))).toBe('new')
      expect(await store.claimRequest(request({ hash: 'h2', nowMs: T0 + 2 * KEPT_MS - 1 }))).toBe('same')
    })

    it('leaves what is younger when old ones are dropped', async () => {
      const store = await openStore()
      const some = Array.from({ length: 30 }, (_, nth) =>
        request({ key: `${nth}`, nowMs: T0 + nth * DAY_MS }),
      )
      for (const one of some) expect(await store.claimRequest(one)).toBe('new')
      for (const one of some.slice(-7))
        expect(await store.claimRequest({ ...one, nowMs: T0 + 29 * DAY_MS })).toBe('same')
      for (const one of some.slice(0, -7))
        expect(await store.claimRequest({ ...one, nowMs: T0 + 29 * DAY_MS })).toBe('new')
    })
  })
}
