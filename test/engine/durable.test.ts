import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Commit } from '../../src/store/store.ts'
import { hkd, orderOf, Shop, TOTAL } from '../support/shop.ts'
import { type Around, forever, watchedStore, watchedWire } from '../support/watched.ts'

/** Intent before effect, commit before word: what is durable when. */
let shop: Shop
beforeEach(async () => {
  shop = await Shop.open()
})
afterEach(() => shop.close())

const commitsIn = (args: readonly unknown[]): readonly Commit[] => args[0] as readonly Commit[]
const states = (args: readonly unknown[]): readonly string[] =>
  commitsIn(args).map(({ change }) => change.order.state)

async function during<Result>(ms: number, call: Promise<Result>): Promise<Result> {
  call.catch(() => {})
  await shop.clock.advance(ms)
  return call
}

/** A store whose commits fail while the test says so. */
function failing(fails: (args: readonly unknown[]) => boolean) {
  return watchedStore(shop.store, async (what, call, args) => {
    if (what === 'commit' && fails(args)) throw new Error('no space left')
    return call()
  })
}

describe('nothing is acknowledged before its durable write', () => {
  async function settledWith(hangs: boolean) {
    const store = watchedStore(shop.store, (what, call, args) =>
      hangs && what === 'commit' && states(args).includes('SUCCESS') ? forever() : call(),
    )
    const calls: string[] = []
    const between = watchedWire((what, call) => {
      calls.push(what)
      return call()
    })
    // close() would wait for that commit, as it should.
    const verdict = await shop.verdict({ store, between, isMortal: hangs })
    const order = orderOf('native')
    await during(100, verdict.place(order))
    await shop.pay(order.out_trade_no)
    let heard: string | null = null
    verdict.settled(order).then(
      ({ state }) => {
        heard = state
      },
      () => {},
    )
    await shop.clock.advance(15_000)
    const callsThen = calls.length
    await shop.clock.advance(20_000)
    return { heard, callsThen, callsLater: calls.length, counted: verdict.statistics.verdicts.SUCCESS }
  }

  it('while the commit hangs nobody hears of the verdict, and no further call for the order leaves', async () => {
    const { heard, callsThen, callsLater, counted } = await settledWith(true)
    expect([heard, counted]).toEqual([null, 0])
    expect([callsThen, callsLater]).toEqual([2, 2])
  })

  it('twin: when the commit ends it is heard', async () => {
    expect(await settledWith(false)).toMatchObject({ heard: 'SUCCESS', counted: 1 })
  })

  it('place() resolves only when the reply is written', async () => {
    const store = watchedStore(shop.store, (what, call) => (what === 'commit' ? forever() : call()))
    const verdict = await shop.verdict({ store, isMortal: true })
    let isHeard = false
    verdict.place(orderOf('native')).then(
      () => {
        isHeard = true
      },
      () => {},
    )
    await shop.clock.advance(1_000)
    expect((await shop.statistics()).calls).toMatchObject({ place: 1 })
    expect(isHeard).toBe(false)
  })
})

describe('an intent is durable before its request leaves', () => {
  /** Everything in its order: what is in the store, and what leaves. */
  async function eventsOf(kind: 'quick_pay' | 'native'): Promise<readonly string[]> {
    const events: string[] = []
    const store = watchedStore(shop.store, async (what, call, args) => {
      const result = await call()
      if (what === 'insert') events.push('written: place')
      if (what === 'commit') {
        for (const { change } of commitsIn(args)) {
          const intent = change.journal.find(({ event }) => event === 'intent')
          if (intent !== undefined) events.push(`written: ${intent.call}`)
        }
      }
      return result
    })
    const between = watchedWire(async (what, call) => {
      const verb = /GET/.test(what) ? null : (/(close|reverse)$/.exec(what)?.[1] ?? 'place')
      if (verb !== null) events.push(`sent: ${verb}`)
      return call()
    })
    const verdict = await shop.verdict({ store, between })
    const order = orderOf(kind, kind === 'quick_pay' ? hkd(TOTAL.never) : {})
    await during(100, verdict.place(order))
    await during(400_000, verdict.giveUp(order))
    await verdict.settled(order)
    return events
  }

  it.each([
    ['quick_pay', 'reverse'],
    ['native', 'close'],
  ] as const)('%s: place, then %s', async (kind, end) => {
    expect(await eventsOf(kind)).toEqual(['written: place', 'sent: place', `written: ${end}`, `sent: ${end}`])
  })

  it('a repeated placing is written before it leaves, too', async () => {
    const events: string[] = []
    const store = watchedStore(shop.store, async (what, call, args) => {
      const result = await call()
      if (what === 'insert') events.push('written')
      if (what === 'commit' && commitsIn(args).some(({ change }) => change.journal[0]?.event === 'intent'))
        events.push('written')
      return result
    })
    const between = watchedWire(async (what, call) => {
      if (!what.includes('POST')) return call()
      events.push('sent')
      return forever()
    })
    const account = { readTimeoutMs: 1_000 }
    const verdict = await shop.verdict({ store, between, account, isMortal: true })
    const placing = verdict.place(orderOf('native'))
    placing.catch(() => {})
    await shop.clock.advance(3_000)
    expect(events.join(' ')).toMatch(/^(written sent ?)+$/)
  })

  it.each(['place', 'reverse'] as const)(
    '%s does not leave when its intent cannot be written',
    async (call) => {
      const around: Around = async (what, go, args) => {
        const isIntent =
          what === 'commit' && commitsIn(args).some(({ change }) => change.journal[0]?.event === 'intent')
        if ((call === 'place' && what === 'insert') || (call === 'reverse' && isIntent))
          throw new Error('no space left')
        return go()
      }
      const verdict = await shop.verdict({ store: watchedStore(shop.store, around) })
      const order = orderOf('quick_pay', hkd(TOTAL.never))
      const placing = during(100, verdict.place(order))
      if (call === 'place') await expect(placing).rejects.toThrow('no space left')
      else
        await during(
          30_000,
          placing.then(() => verdict.giveUp(order)),
        )
      expect((await shop.statistics()).calls).not.toHaveProperty(call)
    },
  )

  it('twin: with a store that writes, the reverse leaves', async () => {
    const verdict = await shop.verdict()
    const order = orderOf('quick_pay', hkd(TOTAL.never))
    await during(100, verdict.place(order))
    await during(30_000, verdict.giveUp(order))
    expect((await shop.statistics()).calls).toMatchObject({ reverse: 1 })
  })
})

describe('a store that fails', () => {
  it('three times: what was learnt is written in the end, and nothing is asked twice', async () => {
    let failures = 0
    const told: string[] = []
    const store = failing((args) => states(args).includes('SUCCESS') && ++failures <= 3)
    const verdict = await shop.verdict({ store, notify: (message) => told.push(message) })
    const order = orderOf('native')
    await during(100, verdict.place(order))
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(60_000)
    expect(await verdict.settled(order)).toMatchObject({ state: 'SUCCESS' })
    expect((await shop.statistics()).calls).toMatchObject({ query: 1 })
    expect(told).toEqual(['the store failed: no space left', 'the store works again'])
  })

  it('the moment of the decision is that of the answer, however long the writing took', async () => {
    let failures = 0
    const store = failing((args) => states(args).includes('SUCCESS') && ++failures <= 3)
    const verdict = await shop.verdict({ store })
    const order = orderOf('native')
    await during(100, verdict.place(order))
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(60_000)
    const { order: row, journal } = await verdict.order(order)
    if (!('verdict' in row)) throw new Error('no verdict')
    expect(row.verdict.atMs).toBe(journal.at(-1)?.atMs)
    expect(row.verdict.atMs).toBeLessThan(shop.clock.nowMs() - 45_000)
  })

  it('the reply to a placing is not lost: its caller gets the credential', async () => {
    let failures = 0
    const verdict = await shop.verdict({ store: failing(() => ++failures <= 3) })
    const order = orderOf('native')
    expect(await during(30_000, verdict.place(order))).toMatchObject({ credential: { name: 'code_url' } })
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ received: 1 })
  })

  it('for an hour: WeChat Pay is not hammered meanwhile, and all is finished afterwards', async () => {
    let isDown = false
    const verdict = await shop.verdict({ store: failing(() => isDown), account: { concurrency: 5 } })
    const orders = Array.from({ length: 20 }, () => orderOf('native'))
    await during(100, Promise.all(orders.map((order) => verdict.place(order))))
    isDown = true
    const before = (await shop.statistics()).calls.query ?? 0
    await shop.clock.advance(3_600_000)
    const asked = ((await shop.statistics()).calls.query ?? 0) - before
    expect(asked).toBeLessThan((5 * 3_600) / 30)
    isDown = false
    await shop.clock.advance(3_600_000)
    expect(await shop.store.countByState()).toEqual({ CLOSED: 20 })
    expect(await shop.wrong()).toEqual([])
  })

  it('for one order only, for ever: the others in its batch are finished in time', async () => {
    const poisoned = orderOf('native')
    const isPoison = (args: readonly unknown[]): boolean =>
      commitsIn(args).some(
        ({ change: { order } }) => order.out_trade_no === poisoned.out_trade_no && order.queries > 0,
      )
    const verdict = await shop.verdict({ store: failing(isPoison) })
    const orders = Array.from({ length: 50 }, () => orderOf('native'))
    await during(1_000, Promise.all([poisoned, ...orders].map((order) => verdict.place(order))))
    for (const { out_trade_no } of orders) await shop.pay(out_trade_no)
    await shop.clock.advance(60_000)
    expect(await shop.store.countByState()).toEqual({ SUCCESS: 50, waiting: 1 })
  })

  it.each([
    [
      'after it wrote what was learnt: the claim may have ended with it, so it is not kept',
      true,
      [true, false],
    ],
    ['twin, not at all: an order at the till stays in hand', false, [true, true]],
  ])('%s', async (_, breaks, kept) => {
    const kinds: (boolean | undefined)[] = []
    const store = watchedStore(shop.store, async (what, call, args) => {
      const result = await call()
      const [commit] = what === 'commit' ? commitsIn(args) : []
      if (commit?.change.journal.some(({ event, call }) => event === 'answer' && call === 'query')) {
        kinds.push(commit.keepClaim)
        if (breaks && kinds.length === 1) throw new Error('the connection broke')
      }
      return result
    })
    const verdict = await shop.verdict({ store })
    const order = orderOf('quick_pay', hkd(TOTAL.never))
    await during(100, verdict.place(order))
    await shop.clock.advance(11_000)
    expect(kinds.slice(0, 2)).toEqual(kept)
    expect(await shop.wrong()).toEqual([])
  })

  it('to claim and to tell the next due time: the lane looks again every second', async () => {
    let isDown = true
    const store = watchedStore(shop.store, async (what, call) => {
      if (isDown && (what === 'claimDue' || what === 'nextDueAtMs')) throw new Error('no store')
      return call()
    })
    const verdict = await shop.verdict({ store })
    const order = orderOf('native')
    await during(100, verdict.place(order))
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(20_000)
    isDown = false
    await shop.clock.advance(2_000)
    expect(await verdict.settled(order)).toMatchObject({ state: 'SUCCESS' })
  })

  it('after it claimed: the orders are taken up again when the claims are over', async () => {
    let isBroken = false
    const store = watchedStore(shop.store, async (what, call) => {
      const result = await call()
      if (isBroken && what === 'claimDue') throw new Error('the connection broke')
      return result
    })
    const verdict = await shop.verdict({ store })
    const order = orderOf('native')
    await during(100, verdict.place(order))
    await shop.pay(order.out_trade_no)
    isBroken = true
    await shop.clock.advance(12_000)
    isBroken = false
    await shop.clock.advance(70_000)
    expect(await verdict.settled(order)).toMatchObject({ state: 'SUCCESS' })
  })

  it('to give claims back: the orders are taken up again when the claims are over', async () => {
    const store = watchedStore(shop.store, async (what, call) => {
      if (what === 'release') throw new Error('no store')
      return call()
    })
    const verdict = await shop.verdict({ store })
    const order = { out_trade_no: 'T1', kind: 'native', ...hkd(1234) } as const
    await during(100, verdict.track(order))
    expect((await verdict.order(order)).order).toMatchObject({ queries: 0 })
    await shop.clock.advance(61_000)
    expect((await verdict.order(order)).order).toMatchObject({ queries: 1 })
  })

  it('after it wrote the new order: it is found again when its claim is over', async () => {
    let isFirst = true
    const store = watchedStore(shop.store, async (what, call) => {
      const result = await call()
      if (what === 'insert' && isFirst) {
        isFirst = false
        throw new Error('the connection broke')
      }
      return result
    })
    const verdict = await shop.verdict({ store })
    await shop.clock.advance(100_000)
    const order = orderOf('quick_pay')
    await expect(during(100, verdict.place(order))).rejects.toThrow('the connection broke')
    await shop.clock.advance(600_000)
    expect(await verdict.settled(order)).toMatchObject({ state: 'NOT_CREATED' })
    expect(await shop.wrong()).toEqual([])
  })
})

describe('an order that moved on between question and commit', () => {
  it('is decided again on what it is now: the answer and the merchant’s word both count', async () => {
    let meanwhile: (() => Promise<unknown>) | null = null
    const between = watchedWire(async (what, call) => {
      const result = await call()
      if (what.includes('GET')) await meanwhile?.()
      return result
    })
    const verdict = await shop.verdict({ between })
    const order = orderOf('native')
    await during(100, verdict.place(order))
    meanwhile = async () => {
      meanwhile = null
      await verdict.giveUp(order)
    }
    await shop.clock.advance(15_000)
    const { order: now, journal } = await verdict.order(order)
    expect(now).toMatchObject({ state: 'ending', queries: 1 })
    expect(now.givenUpAtMs).not.toBeNull()
    expect(journal.map(({ event, call }) => call ?? event).slice(-3)).toEqual(['give-up', 'ending', 'query'])
    await shop.clock.advance(400_000)
    expect(await verdict.settled(order)).toMatchObject({ state: 'CLOSED' })
    expect(await shop.wrong()).toEqual([])
  })
})
