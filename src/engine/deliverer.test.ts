import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { type Around, forever, watchedStore } from '../../test/support/watched.ts'
import type { FinalOrder } from '../core/order.ts'
import type { Delivered, Message, Target } from '../delivery/target.ts'
import { sqliteStore } from '../store/sqlite/index.ts'
import type { Delivery, Store } from '../store/store.ts'
import { newDelivery, settled, tell } from '../store/testing.ts'
import { Deliverer } from './deliverer.ts'
import { type Notice, Report } from './report.ts'

/** One target's messages, on a virtual clock and a real store. */
const SECOND = 1_000
const MINUTE = 60 * SECOND

let clock: VirtualClock
let store: Store
let opened: Deliverer[]
let notices: Notice[]
let report: Report

beforeEach(async () => {
  clock = new VirtualClock()
  store = await sqliteStore({ file: ':memory:' })
  opened = []
  notices = []
  report = new Report((notice) => notices.push(notice))
})
afterEach(async () => {
  const stopping = Promise.all(opened.map((deliverer) => deliverer.stop()))
  await clock.advance(30 * MINUTE)
  await stopping
  await store.close()
})

interface Sent {
  readonly atMs: number
  readonly id: string
}

/** A target that answers as the test says, and what it was sent. */
function target(answer: (message: Message, nth: number) => Delivered | Promise<Delivered> = () => OK) {
  const sent: Sent[] = []
  const shop: Target = {
    name: 'shop',
    wants: () => true,
    deliver: async (message) => {
      sent.push({ atMs: clock.nowMs(), id: message.id })
      return answer(message, sent.length)
    },
    end: async () => {},
  }
  return { shop, sent }
}

const OK: Delivered = { ok: true }
const MISSED: Delivered = { ok: false, why: 'answered 500' }

function deliverer(
  shop: Target,
  around: Around = (_, call) => call(),
  pulse: { readonly sendUntilMs: number } | null = null,
): Deliverer {
  const one = new Deliverer({
    target: shop,
    store: watchedStore(store, around),
    clock,
    random: { next: () => 0 },
    worker: 'w',
    report,
    pulse,
  })
  opened.push(one)
  return one
}

async function write(count = 1): Promise<readonly Delivery[]> {
  const written: Delivery[] = []
  for (let i = 0; i < count; i++) written.push(...(await writeFor(await settled(store))))
  return written
}

async function writeFor(order: FinalOrder): Promise<readonly Delivery[]> {
  return (await tell(store, order, [newDelivery({ createdAtMs: clock.nowMs() })])).deliveries
}

async function stateOf({ orderId, id }: Delivery): Promise<Delivery | undefined> {
  return (await store.deliveriesOf(orderId)).find((one) => one.id === id)
}

const failing =
  (name: string, times: number, isDone = false): Around =>
  async (what, call) => {
    if (what !== name || --times < 0) return call()
    if (isDone) await call()
    throw new Error('no space left')
  }

function later(ms: number, delivered: Delivered = OK): Promise<Delivered> {
  return new Promise((resolve) => void clock.after(ms, () => resolve(delivered)))
}

describe('messages', () => {
  it('that are there at the start, and those that come later, are sent once and written as sent', async () => {
    const { shop, sent } = target()
    const [first] = await write()
    const one = deliverer(shop)
    one.start()
    await clock.advance(SECOND)
    const [second] = await write()
    one.wake()
    await clock.advance(SECOND)
    expect(sent.map(({ id }) => id)).toEqual([first?.message.id, second?.message.id])
    expect(await store.countDeliveries()).toEqual({ sent: 2 })
    expect(report.statistics.deliveries).toEqual({ sent: 2, missed: 0 })
  })

  it('go 16 at a time, and the next as soon as one ends', async () => {
    let open = 0
    let most = 0
    const { shop, sent } = target(async () => {
      most = Math.max(most, ++open)
      const delivered = await later(100)
      open -= 1
      return delivered
    })
    await write(50)
    deliverer(shop).start()
    await clock.advance(2 * SECOND)
    expect([most, sent.length]).toEqual([16, 50])
    expect(await store.countDeliveries()).toEqual({ sent: 50 })
  })

  it('that are missed come again with growing pauses and the same id, and have failed after a day', async () => {
    const { shop, sent } = target(() => MISSED)
    const [one] = await write()
    const fromMs = clock.nowMs()
    deliverer(shop).start()
    await clock.advance(30 * 60 * MINUTE)
    expect(new Set(sent.map(({ id }) => id))).toEqual(new Set([one?.message.id]))
    const gaps = sent.slice(1).map(({ atMs }, i) => Math.round((atMs - (sent[i]?.atMs ?? 0)) / SECOND))
    expect(gaps).toEqual([5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 28_800])
    expect((sent.at(-1)?.atMs ?? 0) - fromMs).toBeLessThan(24 * 60 * MINUTE)
    expect(one && (await stateOf(one))).toMatchObject({
      ...{ state: 'failed', attempts: 11, why: 'answered 500', firstAtMs: fromMs },
    })
    expect(notices.map(({ message }) => message)).toEqual([
      'shop: a message did not arrive; it is sent again later',
      'shop: a message was not taken for a day and is kept as failed',
    ])
  })

  it('that make the target throw, at once or later, are missed like any other: nothing else stops', async () => {
    const { shop, sent } = target((_, nth) => {
      if (nth === 1) throw new Error('a bug')
      return nth === 2 ? Promise.reject(new Error('a bug')) : OK
    })
    const [one] = await write()
    deliverer(shop).start()
    await clock.advance(SECOND)
    expect(one && (await stateOf(one))).toMatchObject({ state: 'pending', why: 'the target failed: a bug' })
    await clock.advance(MINUTE)
    expect(sent).toHaveLength(3)
    expect(one && (await stateOf(one))).toMatchObject({ state: 'sent', attempts: 3 })
  })

  it('that hang keep only their own places: those of other orders go on', async () => {
    const { shop, sent } = target((_, nth) => (nth <= 3 ? forever() : OK))
    await write(20)
    deliverer(shop).start()
    await clock.advance(SECOND)
    expect(sent).toHaveLength(20)
    expect(await store.countDeliveries()).toEqual({ pending: 3, sent: 17 })
    opened = []
  })
})

describe('an idle deliverer', () => {
  it('arms no timer, once nothing of an earlier process can be claimed any more', async () => {
    const { shop } = target()
    const calls: string[] = []
    const one = deliverer(shop, (what, call) => {
      calls.push(what)
      return call()
    })
    one.start()
    await clock.advance(20 * MINUTE)
    calls.length = 0
    expect(clock.timers).toBe(0)
    await clock.advance(24 * 60 * MINUTE)
    expect(calls).toEqual([])
  })

  it('with one message that waits has the one timer of its due time', async () => {
    const { shop } = target(() => MISSED)
    await write()
    const calls: string[] = []
    deliverer(shop, (what, call) => {
      calls.push(what)
      return call()
    }).start()
    await clock.advance(4 * 60 * MINUTE)
    calls.length = 0
    await clock.advance(2 * 60 * MINUTE)
    expect([clock.timers, calls]).toEqual([1, []])
  })

  it('is not turned in a circle by messages that somebody else holds', async () => {
    const { shop } = target()
    await write(3)
    await store.claimDeliveries({
      ...{ target: 'shop', worker: 'other', nowMs: clock.nowMs(), limit: 3 },
      untilMs: clock.nowMs() + 60 * MINUTE,
    })
    const calls: string[] = []
    deliverer(shop, (what, call) => {
      calls.push(what)
      return call()
    }).start()
    await clock.advance(10 * MINUTE)
    expect(calls.length).toBeLessThan(10)
  })
})

describe('when the store fails', () => {
  it('once to claim: a second later it is tried again', async () => {
    const { shop, sent } = target()
    await write()
    deliverer(shop, failing('claimDeliveries', 1)).start()
    await clock.advance(2 * SECOND)
    expect(sent).toHaveLength(1)
    expect(notices).toEqual([{ level: 'warn', message: 'the store failed: no space left' }])
  })

  it('once after it claimed: what it gave to nobody is sent when the claim is over', async () => {
    const { shop, sent } = target()
    let isBroken = false
    const one = deliverer(shop, async (what, call) => {
      const result = await call()
      if (!isBroken || what !== 'claimDeliveries') return result
      isBroken = false
      throw new Error('the connection broke')
    })
    one.start()
    await clock.advance(60 * MINUTE)
    await write()
    isBroken = true
    one.wake()
    await clock.advance(14 * MINUTE)
    expect(sent).toHaveLength(0)
    await clock.advance(2 * MINUTE)
    expect(sent).toHaveLength(1)
    expect(await store.countDeliveries()).toEqual({ sent: 1 })
  })

  it('once to tell the next due time: what is due later is sent in time', async () => {
    const { shop, sent } = target((_, nth) => (nth === 1 ? MISSED : OK))
    await write()
    let calls = 0
    const one = deliverer(shop, async (what, call) => {
      if (what === 'nextDeliveryAtMs' && ++calls === 2) throw new Error('no space left')
      return call()
    })
    one.start()
    await clock.advance(10 * SECOND)
    expect(sent).toHaveLength(2)
  })

  it('to write what came of an attempt: it is written a little later, and nothing is sent twice', async () => {
    const { shop, sent } = target()
    const [one] = await write()
    deliverer(shop, failing('finishDeliveries', 3)).start()
    await clock.advance(30 * SECOND)
    expect(sent).toHaveLength(1)
    expect(one && (await stateOf(one))).toMatchObject({ state: 'sent', attempts: 1 })
  })

  it('to write it for longer than the claim lasts: it is sent again then', async () => {
    const { shop, sent } = target()
    const [one] = await write()
    let isDown = true
    deliverer(shop, async (what, call) => {
      if (isDown && what === 'finishDeliveries') throw new Error('no space left')
      return call()
    }).start()
    await clock.advance(15 * MINUTE + 10 * SECOND)
    isDown = false
    await clock.advance(MINUTE)
    expect(sent.length).toBeGreaterThanOrEqual(2)
    expect(sent.length).toBeLessThanOrEqual(3)
    expect(one && (await stateOf(one))).toMatchObject({ state: 'sent' })
  })

  it('after it wrote it: nothing is sent twice', async () => {
    const { shop, sent } = target()
    const [one] = await write()
    deliverer(shop, failing('finishDeliveries', 1, true)).start()
    await clock.advance(30 * MINUTE)
    expect(sent).toHaveLength(1)
    expect(one && (await stateOf(one))).toMatchObject({ state: 'sent' })
  })

  it('messages that an earlier process held are sent when its claims are over', async () => {
    const { shop, sent } = target()
    await write()
    const nowMs = clock.nowMs()
    const claim = { target: 'shop', worker: 'dead', nowMs, limit: 16, untilMs: nowMs + 15 * MINUTE }
    await store.claimDeliveries(claim)
    deliverer(shop).start()
    await clock.advance(15 * MINUTE + SECOND)
    expect(sent).toHaveLength(1)
  })
})

describe('stopping', () => {
  it('waits for what is under way, writes it, starts nothing new and leaves no timer', async () => {
    const { shop, sent } = target(() => later(5 * SECOND))
    const written = await write(20)
    const one = deliverer(shop)
    one.start()
    await clock.advance(SECOND)
    let isStopped = false
    const stopping = one.stop().then(() => {
      isStopped = true
    })
    await clock.advance(3 * SECOND)
    expect(isStopped).toBe(false)
    await clock.advance(2 * SECOND)
    await stopping
    expect([sent.length, clock.timers]).toEqual([16, 0])
    expect(await store.countDeliveries()).toEqual({ sent: 16, pending: 4 })
    await clock.advance(60 * MINUTE)
    expect(sent).toHaveLength(16)
    expect(written).toHaveLength(20)
  })

  it('while the store gives messages out: they are sent or free, and nothing happens after it', async () => {
    const { shop, sent } = target()
    await write(2)
    let isStopped = false
    const after: string[] = []
    const one = deliverer(shop, async (what, call) => {
      if (isStopped) after.push(what)
      const result = await call()
      if (what === 'claimDeliveries') await later(100)
      return result
    })
    one.start()
    await clock.advance(10)
    const stopping = one.stop().then(() => {
      isStopped = true
    })
    await clock.advance(SECOND)
    await stopping
    await clock.advance(MINUTE)
    expect([after, clock.timers]).toEqual([[], 0])
    const { sent: delivered = 0 } = await store.countDeliveries()
    expect(delivered).toBe(sent.length)
    const next = target()
    deliverer(next.shop).start()
    await clock.advance(SECOND)
    expect(sent.length + next.sent.length).toBe(2)
  })

  it('does not wait for a store that is down', async () => {
    const { shop } = target()
    await write()
    const one = deliverer(shop, failing('finishDeliveries', 1_000))
    one.start()
    await clock.advance(SECOND)
    let isStopped = false
    void one.stop().then(() => {
      isStopped = true
    })
    await clock.advance(SECOND)
    expect([isStopped, clock.timers]).toEqual([true, 0])
  })

  it('before it was started, and twice, does nothing', async () => {
    const { shop, sent } = target()
    await write()
    const one = deliverer(shop)
    one.wake()
    await one.stop()
    await one.stop()
    await clock.advance(MINUTE)
    expect([sent, clock.timers]).toEqual([[], 0])
  })
})

describe('a process among others', () => {
  it('claims and sends nothing while it may not, and goes on when it is woken', async () => {
    const { shop, sent } = target()
    const pulse = { sendUntilMs: clock.nowMs() - 1 }
    await write()
    const one = deliverer(shop, undefined, pulse)
    one.start()
    await clock.advance(10 * SECOND)
    expect(sent).toEqual([])
    pulse.sendUntilMs = clock.nowMs() + 10 * SECOND
    one.wake()
    await clock.advance(SECOND)
    expect(sent).toHaveLength(1)
  })

  it('that was stopped after a claim sends nothing, and gives the message back', async () => {
    const { shop, sent } = target()
    const pulse = { sendUntilMs: clock.nowMs() + 3 * SECOND }
    const [message] = await write()
    const stopped: Around = async (name, call) => {
      const result = await call()
      if (name === 'claimDeliveries' && sent.length === 0) pulse.sendUntilMs = clock.nowMs() - 1
      return result
    }
    deliverer(shop, stopped, pulse).start()
    await clock.advance(SECOND)
    expect(sent).toEqual([])
    expect(await store.deliveriesOf(message?.orderId ?? 0)).toMatchObject([{ state: 'pending', attempts: 1 }])
    const later = { target: 'shop', worker: 'other', limit: 1, untilMs: clock.nowMs() + MINUTE }
    const free = await store.claimDeliveries({ ...later, nowMs: clock.nowMs() + MINUTE })
    expect(free).toMatchObject([{ id: message?.id }])
  })
})
