import { afterEach, describe, expect, it } from 'vitest'
import type { PlaceParameters, Verdict } from '../../src/verdict.ts'
import { Mortal } from '../support/mortal.ts'
import { hkd, orderOf, Shop, TOTAL } from '../support/shop.ts'
import { watchedStore, watchedWire } from '../support/watched.ts'

/**
 * A small shop is run once to count its steps. Then it is run again and again, and dies at the first, the second, the
 * third … step; another process goes on with its store, whose claims are still the dead one's.
 */
let shop: Shop
afterEach(() => shop.close())

const FAULTS = {
  noReplyAfter: 0.15,
  resetBefore: 0.1,
  resetAfter: 0.15,
  systemErrorAfter: 0.1,
  slowReply: 0.1,
  wrongSignature: 0.1,
}

interface Scenario {
  readonly seed: number
  /** Quick Pay's customer, by amount. */
  readonly total: number
  /** What becomes of the native order after half a minute. */
  readonly native: 'paid' | 'given up'
}

async function mortalVerdict(mortal: Mortal, loses = false): Promise<Verdict> {
  return shop.verdict({
    isMortal: true,
    clock: mortal.clock,
    store: watchedStore(shop.store, mortal.around),
    between: loses ? losingStore(mortal) : watchedWire(mortal.around),
  })
}

/** Twin: a process that forgets before sending that it has sent before. */
function losingStore(mortal: Mortal): ReturnType<typeof watchedWire> {
  return (wire) => {
    const watched = watchedWire(mortal.around)(wire)
    return async (request) => {
      const result = await watched(request)
      return request.path.includes('micropay') &&
        request.method === 'POST' &&
        !request.path.includes('reverse')
        ? watched(request)
        : result
    }
  }
}

/** The shop's day: two orders, the same calls again after a crash, and time until all has its verdict. */
async function live(scenario: Scenario, diesAtStep: number, twin = false) {
  shop = await Shop.open({ faults: FAULTS, seed: scenario.seed, latencyMs: 20 })
  const quick = orderOf('quick_pay', { ...hkd(scenario.total), out_trade_no: 'Q1' })
  const native = orderOf('native', { out_trade_no: 'N1', purchase: 'cart' })
  const orders = [quick, native]
  const first = new Mortal(shop.clock, diesAtStep)
  const opened = mortalVerdict(first, twin)
  await shop.clock.advance(0)
  if (!first.isDead) place(await opened, orders)
  for (let s = 0; s < 1_500 && !first.isDead; s += 10) {
    await shop.clock.advance(10_000)
    if (s === 20 && !first.isDead) await endNative(scenario, await opened)
  }
  if (first.isDead) {
    const second = await mortalVerdict(new Mortal(shop.clock))
    place(second, orders)
    await shop.clock.advance(30_000)
    await endNative(scenario, second)
    await shop.clock.advance(1_800_000)
  }
  const found = await Promise.all(orders.map(({ out_trade_no }) => shop.store.named(out_trade_no)))
  return {
    steps: first.steps,
    states: found.map(([order]) => order?.state ?? 'unknown'),
    wrong: await shop.wrong(),
    quickReceived: (await shop.truth('Q1'))?.received ?? 0,
  }
}

/** Again after a crash, as the merchant would. */
async function endNative({ native }: Scenario, verdict: Verdict): Promise<void> {
  if (native === 'paid') await shop.pay('N1').catch(() => {})
  else verdict.giveUp({ out_trade_no: 'N1' }).catch(() => {})
}

/** Callers who ask again after a crash, with the very same parameters, as a till does. */
function place(verdict: Verdict, orders: readonly PlaceParameters[]): void {
  for (const order of orders) verdict.place(order).catch(() => {})
}

const FINAL = ['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED']

/** Some 10 s on a slow machine with nothing else to do. */
const LONG_MS = 120_000

describe('a process that dies at any step', { timeout: LONG_MS }, () => {
  it.each([
    ['Quick Pay is paid after 5 s, native is paid', { seed: 11, total: TOTAL.after5s, native: 'paid' }],
    ['Quick Pay is revoked, native is closed', { seed: 5, total: TOTAL.never, native: 'given up' }],
  ] as const)('%s: no verdict is wrong, all end, and Quick Pay is sent at most once', async (_, scenario) => {
    const whole = await live(scenario, Number.POSITIVE_INFINITY)
    expect(whole).toMatchObject({ wrong: [], quickReceived: 1 })
    expect(whole.steps.length).toBeGreaterThan(40)
    await shop.close()
    for (let step = 1; step <= whole.steps.length; step++) {
      const { steps, states, wrong, quickReceived } = await live(scenario, step)
      const died = `died ${steps.at(-1)}, step ${step}`
      expect({ died, wrong }).toEqual({ died, wrong: [] })
      expect({ died, states: states.filter((state) => !FINAL.includes(state)) }).toEqual({ died, states: [] })
      expect({ died, isOnce: quickReceived <= 1 }).toEqual({ died, isOnce: true })
      await shop.close()
    }
    shop = await Shop.open()
  })

  it('twin: a process that sends Quick Pay twice is found out', async () => {
    const { wrong } = await live(
      { seed: 11, total: TOTAL.after5s, native: 'paid' },
      Number.POSITIVE_INFINITY,
      true,
    )
    expect(wrong).not.toEqual([])
  })
})
