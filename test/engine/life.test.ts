import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KINDS } from '../../src/core/order.ts'
import { orderOf, Shop, TOTAL } from '../support/shop.ts'

/** The real engine, gateway and store against the simulator's truth, all on one virtual clock. */
let shop: Shop
beforeEach(async () => {
  shop = await Shop.open()
})
afterEach(() => shop.close())

const HKD = (total: number) => ({ amount: { total, currency: 'HKD' } })

describe('an order is placed and followed to its verdict', () => {
  it.each(KINDS)('%s: paid', async (kind) => {
    const verdict = await shop.verdict()
    const order = orderOf(kind, kind === 'quick_pay' ? HKD(TOTAL.after5s) : {})
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
    const order = orderOf(kind, kind === 'quick_pay' ? HKD(TOTAL.never) : {})
    const placing = verdict.place(order)
    await shop.clock.advance(1_000_000)
    await placing
    const expected = kind === 'quick_pay' ? 'REVOKED' : 'CLOSED'
    expect(await verdict.settled(order)).toMatchObject({ state: expected })
    expect(await shop.wrong()).toEqual([])
  })
})
