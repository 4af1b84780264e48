import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import type { FinalOrder } from '../core/order.ts'
import { paid } from '../core/testing.ts'
import { CallbackSilence } from './callback-silence.ts'
import { Report } from './report.ts'

const MINUTE = 60_000
const ACCOUNT = paid().account

/** What the store knows, for all processes. */
function sharedStore() {
  const state = { fails: false, reads: 0, writes: 0, heardAtMs: null as number | null }
  const answer = async <T>(value: T): Promise<T> => {
    if (state.fails) throw new Error('disk')
    return value
  }
  const peers = {
    noteHeard: (_: string, nowMs: number): Promise<void> => {
      state.writes += 1
      if (!state.fails) state.heardAtMs = nowMs
      return answer(undefined)
    },
    heardAtMs: () => {
      state.reads += 1
      return answer(state.heardAtMs)
    },
  }
  return { state, peers }
}

type Shared = ReturnType<typeof sharedStore>

function scene({
  peers = null as Shared['peers'] | null,
  clock = new VirtualClock(),
  hasAddress = true,
} = {}) {
  const told: string[] = []
  const report = new Report(({ level, message }) => told.push(`${level} ${message}`))
  const silence = new CallbackSilence({ peers, clock, report, hasAddress: () => hasAddress })
  const settle = (learntBy: 'query' | 'callback', more: Partial<FinalOrder> = {}): Promise<void> => {
    const order = paid()
    const verdict = { ...order.verdict, learntBy, atMs: clock.nowMs() }
    return silence.settled({ ...order, ...more, verdict } as FinalOrder)
  }
  /** Payments that queries find, one a minute. */
  const found = async (times: number, more: Partial<FinalOrder> = {}): Promise<void> => {
    for (let n = 0; n < times; n += 1) {
      await settle('query', more)
      await clock.advance(MINUTE)
    }
  }
  return { clock, told, silence, settle, found }
}

describe('callbacks that do not come', () => {
  it('are told of once when queries have found ten payments and ten minutes have passed, and again when they come', async () => {
    const { told, silence, found } = scene()
    await found(10)
    expect([silence.isSilent(ACCOUNT), told]).toEqual([false, []])
    await found(10)
    expect(silence.isSilent(ACCOUNT)).toBe(true)
    expect(told).toEqual([
      `warn ${ACCOUNT}: queries found 11 payments within 10 min and no callback came: is its callback address reached?`,
    ])
    silence.heard(ACCOUNT)
    expect(silence.isSilent(ACCOUNT)).toBe(false)
    expect(told[1]).toBe(`info ${ACCOUNT}: callbacks come again`)
    await found(10)
    expect(told).toHaveLength(2)
  })

  it('are no silence when many payments are found within a moment: WeChat Pay may be late', async () => {
    const { told, settle } = scene()
    for (let n = 0; n < 100; n += 1) await settle('query')
    expect(told).toEqual([])
  })

  it('are not missed while one comes now and then, by whatever it says', async () => {
    const { told, silence, found, settle } = scene()
    for (let n = 0; n < 5; n += 1) {
      await found(9)
      silence.heard(ACCOUNT)
      await found(9)
      await settle('callback')
    }
    expect(told).toEqual([])
  })

  it.each([
    ['Quick Pay', { kind: 'quick_pay' }],
    ['an order that other code placed', { origin: 'tracked' }],
    ['an order that was closed', { state: 'CLOSED' }],
  ] as const)('are not missed for %s', async (_, more) => {
    const { told, found } = scene()
    await found(30, more as Partial<FinalOrder>)
    expect(told).toEqual([])
  })

  it('are not missed where there is no address for them', async () => {
    const { told, found } = scene({ hasAddress: false })
    await found(30)
    expect(told).toEqual([])
  })
})

describe('where several processes share the callbacks', () => {
  /** One whose queries find payments, and another one that may hear callbacks. */
  function team() {
    const { state, peers } = sharedStore()
    const clock = new VirtualClock()
    return { state, clock, asks: scene({ peers, clock }), hears: scene({ peers, clock }) }
  }

  it('one that hears none tells of no silence while they come to another, be it now and then', async () => {
    const { state, clock, asks, hears } = team()
    await asks.found(1)
    for (let n = 0; n < 10; n += 1) {
      // Just after it has noted that it hears, and then for nine minutes nothing more.
      hears.silence.heard(ACCOUNT)
      await clock.advance(MINUTE - 1)
      hears.silence.heard(ACCOUNT)
      await asks.found(9)
    }
    expect(asks.told).toEqual([])
    expect(state.reads).toBeLessThan(11)
  })

  it('a callback that comes just after one that was noted is not overlooked', async () => {
    const { clock, asks, hears } = team()
    hears.silence.heard(ACCOUNT)
    await clock.advance(MINUTE - 2)
    const first = asks.settle('query')
    await clock.advance(1)
    hears.silence.heard(ACCOUNT)
    await first
    await asks.found(11)
    expect(asks.told).toEqual([])
  })

  it('silence is told of by each when they come to none any more', async () => {
    const { asks, hears } = team()
    hears.silence.heard(ACCOUNT)
    await asks.found(30)
    await hears.found(15)
    for (const { told } of [asks, hears]) expect(told).toEqual([expect.stringContaining('no callback came')])
  })

  it('none is taken for heard because another one looked it up', async () => {
    const { state, asks, hears } = team()
    hears.silence.heard(ACCOUNT)
    await asks.found(11)
    expect([state.reads, state.writes, asks.told]).toEqual([1, 1, []])
    await asks.found(11)
    expect([state.writes, asks.told]).toEqual([1, [expect.stringContaining('no callback came')]])
  })

  it('a silence ends in all of them when they come to one again, also where nothing more happens', async () => {
    const { clock, asks, hears } = team()
    await asks.found(11)
    expect(asks.silence.isSilent(ACCOUNT)).toBe(true)
    await clock.advance(30 * MINUTE)
    expect(asks.silence.isSilent(ACCOUNT)).toBe(true)
    hears.silence.heard(ACCOUNT)
    await clock.advance(MINUTE)
    expect(asks.silence.isSilent(ACCOUNT)).toBe(false)
    expect(asks.told[1]).toBe(`info ${ACCOUNT}: callbacks come again`)
    expect(clock.timers).toBe(0)
  })

  it('nothing is looked up before there is a doubt, and one that hears tells it once a minute', async () => {
    const { state, clock, asks, hears } = team()
    await asks.found(10)
    expect(state.reads).toBe(0)
    for (let n = 0; n < 120; n += 1) {
      hears.silence.heard(ACCOUNT)
      await clock.advance(1_000)
    }
    expect(state.writes).toBe(2)
  })

  it('a word from a clock that was days ahead hides no silence', async () => {
    const { state, clock, asks } = team()
    state.heardAtMs = clock.nowMs() + 3 * 24 * 60 * MINUTE
    await asks.found(11)
    expect(asks.told).toHaveLength(1)
  })

  it('what could not be noted is noted by the next callback', async () => {
    const { state, clock, hears } = team()
    state.fails = true
    hears.silence.heard(ACCOUNT)
    await clock.advance(1_000)
    expect([state.heardAtMs, hears.told]).toEqual([null, ['warn the store failed: disk']])
    state.fails = false
    hears.silence.heard(ACCOUNT)
    expect(state.heardAtMs).toBe(clock.nowMs())
  })

  it('while the store fails nobody tells of silence', async () => {
    const { state, asks } = team()
    state.fails = true
    await asks.found(15)
    expect(asks.told).toEqual([])
    state.fails = false
    await asks.found(1)
    expect(asks.told).toHaveLength(1)
  })

  it('one that ends looks no more, and first ends what it notes', async () => {
    const { clock, asks } = team()
    await asks.found(11)
    expect(clock.timers).toBe(1)
    await asks.silence.close()
    expect(clock.timers).toBe(0)

    const written = Promise.withResolvers<void>()
    const slow = scene({ peers: { noteHeard: () => written.promise, heardAtMs: async () => null } })
    slow.silence.heard(ACCOUNT)
    let isClosed = false
    const closing = slow.silence.close().then(() => {
      isClosed = true
    })
    await slow.clock.advance(MINUTE)
    expect(isClosed).toBe(false)
    written.resolve()
    await closing
  })
})
