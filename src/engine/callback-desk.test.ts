import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type BareSettings, bareEngine, placementOf } from '../../test/engine/bare-engine.ts'
import { Shop } from '../../test/support/shop.ts'
import { type Around, watchedStore } from '../../test/support/watched.ts'
import { evidence } from '../core/testing.ts'
import type { VerifiedCallback } from '../gateway/gateway.ts'
import type { Engine } from './engine.ts'
import type { PlaceOrder } from './entrance.ts'

/** The desk in its engine; callbacks come in as the gateway opens them. */
const SECOND = 1_000
const MINUTE = 60 * SECOND

let shop: Shop
let engines: Engine[]
let notices: string[]

beforeEach(async () => {
  shop = await Shop.open()
  engines = []
  notices = []
})
afterEach(async () => {
  const closing = Promise.all(engines.map((engine) => engine.close()))
  await shop.clock.advance(2 * MINUTE)
  await closing
  await shop.close()
})

function open(settings: BareSettings = {}, isStarted = true): Engine {
  const engine = bareEngine(shop, { notify: (message) => notices.push(message), ...settings })
  engines.push(engine)
  if (isStarted) engine.start()
  return engine
}

let ids = 0

/** WeChat Pay signed that the order is paid. */
function paid({ out_trade_no, amount }: Pick<PlaceOrder, 'out_trade_no' | 'amount'>): VerifiedCallback {
  ids += 1
  const nowMs = shop.clock.nowMs()
  const trade = {
    ...{ trade_state: 'SUCCESS', mchid: shop.account.mchid, out_trade_no, amount },
    ...{ transaction_id: '4200000001', success_time: '2026-06-08T10:00:05+08:00' },
  }
  return {
    ...{ kind: 'verified', id: `event-${ids}`, event_type: 'TRANSACTION.SUCCESS', resource: '{}' },
    create_time: '2026-06-08T10:00:05+08:00',
    evidence: { ...evidence(`callback ${ids}`, nowMs), source: 'callback', receivedAtMs: nowMs },
    event: { kind: 'payment', trade },
  }
}

const account = (): string => shop.account.mchid

async function receive(engine: Engine, callback: VerifiedCallback) {
  return shop.clock.during(engine.receive(account(), callback))
}

async function stateOf(order: PlaceOrder): Promise<string | undefined> {
  return (await shop.store.find(order))?.state
}

/** A callback that overtook its order is kept; the order enters while nobody looks for it any more. */
async function forgotten(engine: Engine): Promise<PlaceOrder> {
  const order = placementOf(shop, 'native')
  await receive(engine, paid(order))
  const { out_trade_no, kind, amount } = order
  // Another process wrote it, and died before it looked for callbacks.
  const other = open(
    {
      store: watchedStore(shop.store, (what, call) => (what === 'straysOf' ? new Promise(() => {}) : call())),
    },
    false,
  )
  engines.pop()
  other.track({ account: account(), sub_mchid: null, out_trade_no, kind, amount }).catch(() => {})
  await shop.clock.advance(20)
  return order
}

describe('a callback that overtook its order', () => {
  it('is applied by the sweep, if whoever wrote the order died before', async () => {
    const engine = open({ between: () => () => new Promise(() => {}) })
    engines = []
    const order = await forgotten(engine)
    expect(await stateOf(order)).toBe('waiting')
    await shop.clock.advance(MINUTE)
    expect(await stateOf(order)).toBe('SUCCESS')
    expect(await shop.store.strays(10)).toEqual([])
  })

  it('is dropped by the sweep, if it came again meanwhile and its order knows it', async () => {
    const engine = open({ between: () => () => new Promise(() => {}) })
    engines = []
    const order = await forgotten(engine)
    expect(await receive(engine, paid(order))).toEqual({ kind: 'applied' })
    expect(await shop.store.strays(10)).toHaveLength(1)
    await shop.clock.advance(MINUTE)
    expect(await shop.store.strays(10)).toEqual([])
    expect(engine.statistics.callbacks).toMatchObject({ applied: 0, repeated: 1 })
  })

  it('is applied by the first sweep of the next process', async () => {
    const receiver = open({}, false)
    const order = await forgotten(receiver)
    open({ between: () => () => new Promise(() => {}) })
    engines = [receiver]
    await shop.clock.advance(SECOND)
    expect(await stateOf(order)).toBe('SUCCESS')
  })

  it('does not spoil the placing of its order, if the store fails to look for it', async () => {
    let fails = true
    const engine = open({
      store: watchedStore(shop.store, async (what, call) => {
        if (what === 'straysOf' && fails) throw new Error('no space left')
        return call()
      }),
    })
    const order = placementOf(shop, 'native')
    await receive(engine, paid(order))
    const placed = await shop.clock.during(engine.place(order))
    expect(placed).toMatchObject({ credential: { name: 'code_url' }, order: { state: 'waiting' } })
    fails = false
    await shop.clock.advance(MINUTE)
    expect(await stateOf(order)).toBe('SUCCESS')
    expect(await shop.store.strays(10)).toEqual([])
  })

  it('nor the tracking of it', async () => {
    const engine = open({
      store: watchedStore(shop.store, async (what, call) => {
        if (what === 'straysOf') throw new Error('no space left')
        return call()
      }),
    })
    const { out_trade_no, amount } = placementOf(shop, 'native')
    const tracked = { account: account(), sub_mchid: null, out_trade_no, kind: 'native', amount } as const
    expect(await shop.clock.during(engine.track(tracked))).toMatchObject({ state: 'waiting' })
  })

  it('is applied by the sweep, if the store kept it and did not say so, and later failed to look for it', async () => {
    let fails = true
    const engine = open({
      store: watchedStore(shop.store, async (what, call) => {
        if (what === 'straysOf' && fails) throw new Error('no space left')
        const result = await call()
        if (what === 'keepStray' && fails) throw new Error('no space left')
        return result
      }),
    })
    // The first sweep finds nothing, and plans none.
    await shop.clock.advance(SECOND)
    const order = placementOf(shop, 'native')
    await expect(receive(engine, paid(order))).rejects.toThrow('no space left')
    const { out_trade_no, amount } = order
    const tracked = { account: account(), sub_mchid: null, out_trade_no, kind: 'native', amount } as const
    await shop.clock.during(engine.track(tracked))
    fails = false
    await shop.clock.advance(MINUTE)
    expect(await stateOf(order)).toBe('SUCCESS')
    expect(await shop.store.strays(10)).toEqual([])
  })

  it.each([
    ['before its order is written', 'after find'],
    ['while its order is written', 'after insert'],
    ['and is kept while its order is written', 'after keepStray'],
    ['and is kept after its order was placed', 'before keepStray'],
  ])('%s: one verdict, and no callback is left over', async (_, slow) => {
    const order = placementOf(shop, 'native')
    const hold = (step: string): Promise<void> | undefined =>
      step === slow ? new Promise((resolve) => void shop.clock.after(200, resolve)) : undefined
    const engine = open({
      store: watchedStore(shop.store, async (what, call) => {
        await hold(`before ${what}`)
        const result = await call()
        await hold(`after ${what}`)
        return result
      }),
    })
    const receiving = engine.receive(account(), paid(order))
    const placing = engine.place(order)
    await shop.clock.advance(2 * SECOND)
    await Promise.all([receiving, placing])
    // Without waiting for a sweep.
    const stored = await shop.store.find(order)
    expect(stored).toMatchObject({ state: 'SUCCESS', verdict: { learntBy: 'callback' } })
    const journal = await shop.store.journalOf(stored?.id ?? 0)
    expect(journal.filter(({ event }) => event === 'verdict')).toHaveLength(1)
    expect(await shop.store.strays(10)).toEqual([])
  })
})

describe('a callback that nobody can verify', () => {
  it('makes a query due, once in 10 s for an order', async () => {
    const engine = open()
    const order = placementOf(shop, 'native')
    await shop.clock.during(engine.place(order))
    const hint = () =>
      shop.clock.during(engine.hint(account(), { sub_mchid: null, out_trade_no: order.out_trade_no }))
    expect([await hint(), await hint()]).toEqual([true, false])
    await shop.clock.advance(9 * SECOND)
    expect(await hint()).toBe(false)
    await shop.clock.advance(SECOND)
    expect(await hint()).toBe(true)
  })
})

describe('a callback that no order claims', () => {
  const lost = (order: PlaceOrder) => expect.stringContaining(`/${order.out_trade_no}, which nobody`)

  it('is told after ten minutes, however many others come meanwhile', async () => {
    const engine = open()
    const order = placementOf(shop, 'native')
    await receive(engine, paid(order))
    for (let s = 0; s < 12 * 60; s += 30) {
      await receive(engine, paid(placementOf(shop, 'native')))
      await shop.clock.advance(30 * SECOND)
    }
    expect(notices).toContainEqual(lost(order))
  })

  it('is told after ten minutes, also if the store failed in between', async () => {
    let fails = 3
    const engine = open({
      store: watchedStore(shop.store, async (what, call) => {
        if (/strays/i.test(what) && what !== 'straysOf' && fails-- > 0) throw new Error('no space left')
        return call()
      }),
    })
    const order = placementOf(shop, 'native')
    await receive(engine, paid(order))
    await shop.clock.advance(15 * MINUTE)
    expect(notices).toContainEqual(lost(order))
    expect(notices.filter((notice) => notice.includes('which nobody'))).toHaveLength(1)
  })

  it('is told, also behind five hundred that were told before', async () => {
    const engine = open()
    for (let i = 0; i < 500; i++) await receive(engine, paid(placementOf(shop, 'native')))
    await shop.clock.advance(12 * MINUTE)
    const before = notices.length
    expect(before).toBe(500)
    const order = placementOf(shop, 'native')
    await receive(engine, paid(order))
    await shop.clock.advance(12 * MINUTE)
    expect(notices.slice(before)).toEqual([lost(order)])
  })

  it('is told after ten minutes though it was being kept while an earlier sweep found nothing', async () => {
    let slowMs = 0
    const engine = open({
      store: watchedStore(shop.store, async (what, call) => {
        if (what === 'keepStray' && slowMs > 0)
          await new Promise<void>((done) => shop.clock.after(slowMs, done))
        return call()
      }),
    })
    await shop.clock.advance(SECOND)
    // The first overtakes its order by a second, and is applied when it enters: a sweep is planned all the same.
    const first = placementOf(shop, 'native')
    await receive(engine, paid(first))
    const t0 = shop.clock.nowMs()
    const { out_trade_no, kind, amount } = first
    await shop.clock.during(engine.track({ account: account(), sub_mchid: null, out_trade_no, kind, amount }))
    expect(await shop.store.strays(10)).toEqual([])
    // The second comes 20 ms before that sweep, and the store takes 50 ms to keep it.
    await shop.clock.advance(MINUTE - 25 - (shop.clock.nowMs() - t0))
    slowMs = 50
    const lost = placementOf(shop, 'native')
    expect(await receive(engine, paid(lost))).toEqual({ kind: 'unknown-order' })
    expect(await shop.store.strays(10)).toHaveLength(1)
    await shop.clock.advance(30 * MINUTE)
    expect(notices.filter((notice) => notice.includes(lost.out_trade_no))).toHaveLength(1)
  })

  it('is told after ten minutes though keeping it took longer than a minute', async () => {
    const engine = open({
      store: watchedStore(shop.store, async (what, call) => {
        if (what === 'keepStray') await new Promise<void>((done) => shop.clock.after(61_000, done))
        return call()
      }),
    })
    await shop.clock.advance(SECOND)
    const lost = placementOf(shop, 'native')
    const receiving = engine.receive(account(), paid(lost))
    await shop.clock.advance(62_000)
    expect(await receiving).toEqual({ kind: 'unknown-order' })
    await shop.clock.advance(30 * MINUTE)
    expect(notices.filter((notice) => notice.includes(lost.out_trade_no))).toHaveLength(1)
  })

  it('wakes nobody any more once it was told', async () => {
    const engine = open()
    await receive(engine, paid(placementOf(shop, 'native')))
    await shop.clock.advance(15 * MINUTE)
    expect(shop.clock.timers).toBe(0)
    expect(notices).toHaveLength(1)
  })

  it('is written with the key that signed it already in the store', async () => {
    const writes: string[] = []
    const engine = open({
      store: watchedStore(shop.store, (what, call) => {
        if (/^keep/.test(what)) writes.push(what)
        return call()
      }),
    })
    await receive(engine, paid(placementOf(shop, 'native')))
    expect(writes).toEqual(['keepPlatformKeys', 'keepStray'])
  })
})

describe('when the store fails', () => {
  it('after it applied a callback: the order is not lost, and the repeat says that it is known', async () => {
    const fails: Around = async (what, call) => {
      const result = await call()
      if (what === 'commit' && isBroken) throw new Error('the connection broke')
      return result
    }
    let isBroken = false
    const engine = open({ store: watchedStore(shop.store, fails) })
    const order = placementOf(shop, 'native')
    await shop.clock.during(engine.place(order))
    isBroken = true
    const callback = paid(order)
    await expect(receive(engine, callback)).rejects.toThrow('the connection broke')
    isBroken = false
    expect(await receive(engine, callback)).toEqual({ kind: 'repeated' })
  })
})
