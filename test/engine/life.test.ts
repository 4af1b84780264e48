import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KINDS } from '../../src/core/order.ts'
import { hkd, orderOf, Shop, TOTAL } from '../support/shop.ts'
import { losing } from '../support/watched.ts'

/** The real engine, gateway and store against the simulator's truth, all on one virtual clock. */
let shop: Shop
beforeEach(async () => {
  shop = await Shop.open()
})
afterEach(() => shop.close())

describe('an order is placed and followed to its verdict', () => {
  it.each(KINDS)('%s: paid', async (kind) => {
    const verdict = await shop.verdict()
    const order = orderOf(kind, kind === 'quick_pay' ? hkd(TOTAL.after5s) : {})
    const placing = verdict.place(order)
    await shop.clock.advance(100)
    const placed = await placing
    expect(placed).toMatchObject({ order: { state: 'waiting' }, repeated: false, warnings: [] })
    expect(placed.credential === null).toBe(kind === 'quick_pay')
    if (kind !== 'quick_pay') await shop.pay(order.out_trade_no)
    const settled = verdict.settled(order)
    await shop.clock.advance(15_000)
    expect(await settled).toMatchObject({ state: 'SUCCESS', learntBy: 'query' })
    expect(await verdict.order(order)).toMatchObject({ proof: { holds: true } })
  })

  it.each(KINDS)('%s: never paid, and ended', async (kind) => {
    const verdict = await shop.verdict()
    const order = orderOf(kind, kind === 'quick_pay' ? hkd(TOTAL.never) : {})
    const placing = verdict.place(order)
    await shop.clock.advance(1_000_000)
    await placing
    const expected = kind === 'quick_pay' ? 'REVOKED' : 'CLOSED'
    expect(await verdict.settled(order)).toMatchObject({ state: expected })
    expect(await shop.wrong()).toEqual([])
  })
})

describe('what happens on the way', () => {
  it('a lost reply to Quick Pay is found by a query, and the request is not repeated', async () => {
    const verdict = await shop.verdict({ between: losing(/micropay.*pay$/) })
    const order = orderOf('quick_pay')
    const placing = verdict.place(order)
    await shop.clock.advance(20_000)
    expect(await placing).toMatchObject({ order: { state: 'waiting' }, credential: null })
    expect(await verdict.settled(order)).toMatchObject({ state: 'SUCCESS', learntBy: 'query' })
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ received: 1 })
    const { journal } = await verdict.order(order)
    expect(journal.map(({ event, call, said }) => [event, call ?? said].join(' '))).toEqual([
      'entered placed',
      'intent place',
      'no-answer place',
      'answer query',
      'verdict SUCCESS',
    ])
  })

  it('a lost reply to a native placing is repeated with the same bytes, and gives its credential', async () => {
    const bodies: unknown[] = []
    const between = losing(/transactions.native$/, 1, (request) => bodies.push(request.body))
    const verdict = await shop.verdict({ between })
    const order = orderOf('native')
    const placing = verdict.place(order)
    await shop.clock.advance(20_000)
    const placed = await placing
    expect(placed).toMatchObject({
      order: { state: 'waiting', placings: 2 },
      credential: { name: 'code_url' },
    })
    expect(bodies).toHaveLength(2)
    expect(bodies[0]).toBe(bodies[1])
  })

  it('a customer who pays in the moment of the close is found out by the refusal', async () => {
    await shop.close()
    shop = await Shop.open({ customers: 'seeded', seed: 8 })
    const verdict = await shop.verdict()
    const orders = Array.from({ length: 30 }, () => orderOf('native'))
    const placing = Promise.all(orders.map((order) => verdict.place(order)))
    await shop.clock.advance(1_500_000)
    await placing
    const customers = await Promise.all(orders.map(({ out_trade_no }) => shop.truth(out_trade_no)))
    expect(customers.some((truth) => truth?.customer.does === 'pay-before-ending')).toBe(true)
    expect(await shop.store.countByState()).toEqual({
      SUCCESS: customers.filter((truth) => truth?.paid).length,
      CLOSED: customers.filter((truth) => !truth?.paid).length,
    })
    expect(await shop.wrong()).toEqual([])
  })

  it('60 orders under harsh faults: all end, none wrong', async () => {
    await shop.close()
    shop = await Shop.open({ customers: 'seeded', seed: 3, faults: 'harsh', latencyMs: 30 })
    const verdict = await shop.verdict()
    const orders = Array.from({ length: 60 }, (_, i) => orderOf(KINDS[i % KINDS.length] ?? 'native'))
    const placing = Promise.all(orders.map((order) => verdict.place(order)))
    await shop.clock.advance(3_600_000)
    await placing
    const states = await shop.store.countByState()
    expect(Object.keys(states).filter((state) => ['placing', 'waiting', 'ending'].includes(state))).toEqual(
      [],
    )
    expect((await shop.statistics()).ordersHit).toBeGreaterThan(20)
    expect(await shop.wrong()).toEqual([])
  })

  it('a gateway that throws, at once or later, is a call without an answer, not a failing store', async () => {
    let throws = 3
    const told: string[] = []
    const verdict = await shop.verdict({
      notify: (message) => told.push(message),
      sabotage: (gateway) =>
        new Proxy(gateway, {
          get(target, name) {
            if (name === 'query' && --throws >= 0) {
              return () => {
                throw new Error('a bug')
              }
            }
            const value: unknown = Reflect.get(target, name)
            return typeof value === 'function' ? value.bind(target) : value
          },
        }),
    })
    const order = orderOf('native')
    const placing = verdict.place(order)
    await shop.clock.advance(100)
    await placing
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(60_000)
    expect(await verdict.settled(order)).toMatchObject({ state: 'SUCCESS' })
    expect(verdict.statistics.noAnswers).toBe(3)
    expect(told).toEqual([])
  })
})
