import { afterEach, describe, expect, it } from 'vitest'
import type { PlaceParameters, Verdict } from '../../src/verdict.ts'
import { Listening } from '../support/listening.ts'
import { Mortal } from '../support/mortal.ts'
import { orderOf, Shop } from '../support/shop.ts'
import { forever, watchedStore, watchedWire } from '../support/watched.ts'

/**
 * A callback overtakes its order, or meets it; the process dies at the first, the second, the third … step. WeChat Pay
 * comes again, as it does for what was not answered with success. No query ever leaves: whatever becomes known, callbacks
 * have told.
 */
let shop: Shop
let listening: Listening
afterEach(() => shop.close())

const SECOND = 1_000
const MINUTE = 60 * SECOND

function mortalVerdict(mortal: Mortal): Promise<Verdict> {
  return shop.verdict({
    isMortal: true,
    clock: mortal.clock,
    store: watchedStore(shop.store, mortal.around),
    between: watchedWire((what, call, args) =>
      /GET/.test(what) ? forever() : mortal.around(what, call, args),
    ),
  })
}

/** Paid at WeChat Pay, by the code of another system; its callback was lost until now. */
async function paidElsewhere(): Promise<PlaceParameters> {
  const other = await Shop.open()
  const elsewhere = await shop.verdict({ store: other.store })
  const order = orderOf('native', { out_trade_no: 'N1' })
  await shop.clock.during(elsewhere.place(order))
  await shop.clock.during(elsewhere.close())
  await other.close()
  await shop.pay('N1')
  await shop.clock.advance(10)
  return order
}

async function comes(): Promise<void> {
  const sent = shop.callback('N1', null)
  sent.catch(() => {})
  await shop.clock.advance(6 * SECOND)
}

async function live(sequence: 'callback first' | 'order first', diesAtStep: number) {
  listening = new Listening()
  shop = await Shop.open({ send: listening.send, callbackTargets: 'any' })
  const { out_trade_no, amount } = await paidElsewhere()
  const track = (verdict: Verdict): void => {
    verdict.track({ out_trade_no, kind: 'native', amount }).catch(() => {})
  }
  const mortal = new Mortal(shop.clock, diesAtStep)
  const opened = mortalVerdict(mortal)
  await shop.clock.advance(0)
  const steps = [
    async (verdict: Verdict) => {
      listening.to = verdict.callbacks
      await comes()
    },
    async (verdict: Verdict) => {
      track(verdict)
      await shop.clock.advance(SECOND)
    },
  ]
  if (sequence === 'order first') steps.reverse()
  for (const step of steps) if (!mortal.isDead) await step(await opened)
  // Long enough for a sweep.
  if (!mortal.isDead) await shop.clock.advance(2 * MINUTE)
  const wasTold = listening.answers.some(({ status }) => status === 204)
  if (mortal.isDead) {
    const next = await mortalVerdict(new Mortal(shop.clock))
    listening.to = next.callbacks
    await shop.clock.advance(SECOND)
    track(next)
    await shop.clock.advance(SECOND)
    // What was answered with success doesn't come again.
    if (!wasTold) await comes()
    await shop.clock.advance(2 * MINUTE)
  }
  const [order] = await shop.store.named('N1')
  const journal = await shop.store.journalOf(order?.id ?? 0)
  return {
    steps: mortal.steps,
    state: order?.state,
    verdicts: journal.filter(({ event }) => event === 'verdict').length,
    strays: await shop.store.strays(10),
    wrong: await shop.wrong(),
  }
}

describe('a process that dies at any step of a callback', () => {
  it.each(['callback first', 'order first'] as const)(
    '%s: one verdict, nothing acknowledged is lost, and no callback is left over',
    async (sequence) => {
      const whole = await live(sequence, Number.POSITIVE_INFINITY)
      expect(whole).toMatchObject({ state: 'SUCCESS', verdicts: 1, strays: [], wrong: [] })
      expect(whole.steps.length).toBeGreaterThan(15)
      await shop.close()
      for (let step = 1; step <= whole.steps.length; step++) {
        const { steps, ...ended } = await live(sequence, step)
        const died = `died ${steps.at(-1)}, step ${step}`
        const expected = { state: 'SUCCESS', verdicts: 1, strays: [], wrong: [] }
        expect({ died, ...ended }).toEqual({ died, ...expected })
        await shop.close()
      }
      shop = await Shop.open()
    },
  )
})
