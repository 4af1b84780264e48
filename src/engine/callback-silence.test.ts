import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import type { FinalOrder } from '../core/order.ts'
import { paid } from '../core/testing.ts'
import { CallbackSilence } from './callback-silence.ts'
import { Report } from './report.ts'

const MINUTE = 60_000
const ACCOUNT = paid().account

function scene({ stored = async (): Promise<readonly FinalOrder[]> => [], hasAddress = true } = {}) {
  const clock = new VirtualClock()
  const told: string[] = []
  const report = new Report(({ level, message }) => told.push(`${level} ${message}`))
  const reads: unknown[] = []
  const list = (...given: unknown[]) => {
    reads.push(given)
    return stored()
  }
  const silence = new CallbackSilence({ store: { list }, clock, report, hasAddress: () => hasAddress })
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
  return { clock, told, reads, silence, settle, found }
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

  it('are not missed when another process gets them, which the store tells', async () => {
    const { verdict, ...order } = paid()
    const scene_ = scene({
      stored: async () => {
        const announced = { ...verdict, learntBy: 'callback', atMs: scene_.clock.nowMs() } as const
        return [{ ...order, verdict: announced } as FinalOrder]
      },
    })
    await scene_.found(30)
    expect(scene_.told).toEqual([])
    expect(scene_.reads).toHaveLength(2)
    const old = scene({
      stored: async () => [
        { ...order, verdict: { ...verdict, learntBy: 'callback', atMs: 0 } } as FinalOrder,
      ],
    })
    await old.found(30)
    expect(old.told).toHaveLength(1)
  })

  it('are told of later when the store fails', async () => {
    let fails = true
    const { told, found } = scene({
      stored: async () => {
        if (fails) throw new Error('disk')
        return []
      },
    })
    await found(15)
    expect(told).toEqual([])
    fails = false
    await found(1)
    expect(told).toHaveLength(1)
  })
})
