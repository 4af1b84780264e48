import { afterEach, describe, expect, it } from 'vitest'
import type { Message } from '../../src/delivery/target.ts'
import type { Commit, Store } from '../../src/store/store.ts'
import type { PlaceParameters, Verdict } from '../../src/verdict.ts'
import { Mortal } from '../support/mortal.ts'
import { orderOf, Shop } from '../support/shop.ts'
import { watchedStore, watchedWire } from '../support/watched.ts'

/**
 * A shop is told of a payment and of a refund. The process dies at the first, the second, the third … step, those of the
 * handlers among them; another one goes on with its store, in which the claims of the dead one still stand.
 */
let shop: Shop
afterEach(() => shop.close())

const SECOND = 1_000
const MINUTE = 60 * SECOND

interface Heard {
  readonly id: string
  readonly type: string
  /** What the store says of the order when the message is heard. */
  readonly state: string | undefined
  readonly isWritten: boolean
}

async function hear(heard: Heard[], id: string, type: string): Promise<void> {
  const [order] = await shop.store.named('N1')
  const deliveries = await shop.store.deliveriesOf(order?.id ?? 0)
  heard.push({
    id,
    type,
    state: order?.state,
    isWritten: deliveries.some(({ message }) => message.id === id),
  })
}

function verdictOf(mortal: Mortal, heard: Heard[], store: Store): Promise<Verdict> {
  const handler = (_: unknown, { id, type }: Message): Promise<void> =>
    mortal.around(`handler ${type}`, () => hear(heard, id, type), [])
  return shop.verdict({
    isMortal: true,
    clock: mortal.clock,
    store: watchedStore(store, mortal.around),
    between: watchedWire(mortal.around),
    options: { onVerdict: handler, onRefund: handler },
  })
}

/** What the merchant does, and does again after a crash. */
function ask(verdict: Verdict, order: PlaceParameters): void {
  verdict.place(order).catch(() => {})
}

function refund(verdict: Verdict, order: PlaceParameters): void {
  verdict.refund(order, { amount: 700, idempotencyKey: 'r1' }).catch(() => {})
}

async function live(diesAtStep: number, storeOf: (store: Store) => Store = (store) => store) {
  shop = await Shop.open({ latencyMs: 20 })
  const heard: Heard[] = []
  const order = orderOf('native', { out_trade_no: 'N1' })
  const mortal = new Mortal(shop.clock, diesAtStep)
  const opened = verdictOf(mortal, heard, storeOf(shop.store))
  await shop.clock.advance(0)
  if (!mortal.isDead) ask(await opened, order)
  await shop.clock.advance(SECOND)
  if (!mortal.isDead) await shop.pay('N1')
  await shop.clock.advance(20 * SECOND)
  if (!mortal.isDead) refund(await opened, order)
  await shop.clock.advance(2 * MINUTE)
  if (mortal.isDead) {
    const next = await verdictOf(new Mortal(shop.clock), heard, storeOf(shop.store))
    ask(next, order)
    await shop.clock.advance(2 * MINUTE)
    await shop.pay('N1').catch(() => {})
    await shop.clock.advance(3 * MINUTE)
    refund(next, order)
    // The claims of the dead one end, those of messages last.
    await shop.clock.advance(40 * MINUTE)
  }
  return { steps: mortal.steps, heard, deliveries: await shop.store.countDeliveries() }
}

const firsts = (heard: readonly Heard[]): readonly string[] => [...new Set(heard.map(({ type }) => type))]

describe('a process that dies at any step between a verdict and its message', () => {
  it('every message is heard at least once, never before its commit, in order, under one name', async () => {
    const whole = await live(Number.POSITIVE_INFINITY)
    expect(whole).toMatchObject({
      heard: [{ type: 'order.verdict' }, { type: 'order.refund' }],
      deliveries: { sent: 2 },
    })
    expect(whole.steps.length).toBeGreaterThan(60)
    await shop.close()
    for (let step = 1; step <= whole.steps.length; step++) {
      const { steps, heard, deliveries } = await live(step)
      const died = `died ${steps.at(-1)}, step ${step}`
      expect({ died, deliveries }).toEqual({ died, deliveries: { sent: 2 } })
      expect({ died, told: firsts(heard) }).toEqual({ died, told: ['order.verdict', 'order.refund'] })
      const early = heard.filter(({ state, isWritten }) => state !== 'SUCCESS' || !isWritten)
      expect({ died, early }).toEqual({ died, early: [] })
      expect({ died, names: new Set(heard.map(({ id }) => id)).size }).toEqual({ died, names: 2 })
      // One crash costs at most one repeat of one message.
      expect({ died, isRepeatedOnce: heard.length <= 3 }).toEqual({ died, isRepeatedOnce: true })
      await shop.close()
    }
    shop = await Shop.open()
  })

  it('twin: a store that loses what is to be told is found out', async () => {
    const forgetful = (store: Store): Store =>
      watchedStore(store, (what, call, args) => {
        if (what !== 'commit') return call()
        const commits = (args[0] as readonly Commit[]).map(({ deliveries: _, ...rest }) => rest)
        return store.commit(commits) as ReturnType<typeof call>
      })
    const { heard } = await live(Number.POSITIVE_INFINITY, forgetful)
    expect(heard).toEqual([])
  })
})
