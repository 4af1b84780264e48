import { afterEach, describe, expect, it } from 'vitest'
import type { Refund } from '../../src/core/aftercare.ts'
import { isFinal } from '../../src/core/order.ts'
import type { PlaceParameters, Verdict } from '../../src/verdict.ts'
import { Mortal } from '../support/mortal.ts'
import { hkd, orderOf, Shop } from '../support/shop.ts'
import { type Around, watchedStore, watchedWire } from '../support/watched.ts'

/**
 * Money goes back: two refunds that the merchant asks for, or late money by itself. The process dies at the first, the
 * second, the third … step from there on, while WeChat Pay's replies get lost; another one goes on.
 */
let shop: Shop
afterEach(() => shop.close())

const SECOND = 1_000
const MINUTE = 60 * SECOND

const FAULTS = {
  noReplyAfter: 0.1,
  noReplyBefore: 0.1,
  resetAfter: 0.15,
  systemErrorAfter: 0.1,
  rateLimitedAfter: 0.1,
  wrongSignature: 0.1,
}

/** Requests that left though the store did not say that they might. */
let unwritten: string[] = []

/** At the moment at which a refund leaves, its intent is in the store. */
function guarded(around: Around): ReturnType<typeof watchedWire> {
  return watchedWire(async (what, call, args) => {
    if (!/POST .*refunds$/.test(what)) return around(what, call, args)
    return around(
      what,
      async () => {
        const { body } = args[0] as { readonly body: string }
        const { out_refund_no } = JSON.parse(body)
        const [order] = await shop.store.named('N1')
        const one = refundsIn(order).find((refund) => refund.out_refund_no === out_refund_no)
        if (one?.state !== 'requesting') unwritten.push(`${out_refund_no} is ${one?.state}`)
        return call()
      },
      args,
    )
  })
}

function refundsIn(order: Awaited<ReturnType<Shop['store']['byId']>> | undefined): readonly Refund[] {
  return order !== undefined && order !== null && isFinal(order) ? (order.aftercare?.refunds ?? []) : []
}

function mortalVerdict(mortal: Mortal): Promise<Verdict> {
  return shop.verdict({
    isMortal: true,
    clock: mortal.clock,
    store: watchedStore(shop.store, mortal.around),
    between: guarded(mortal.around),
  })
}

interface Scenario {
  readonly seed: number
  /** What a caller does, and does again after a crash. */
  readonly ask: (verdict: Verdict, order: PlaceParameters) => void
  /** What WeChat Pay must have made in the end, in any sequence; nothing if the wish was lost before it was written. */
  readonly amounts: readonly number[]
}

const ASKED: Scenario = {
  seed: 3,
  ask: (verdict, order) => {
    for (const [idempotencyKey, amount] of [
      ['r1', 700],
      ['r2', 300],
    ] as const)
      verdict.refund(order, { amount, idempotencyKey }).catch(() => {})
  },
  amounts: [300, 700],
}

const LATE: Scenario = {
  seed: 12,
  ask: (verdict, order) => void verdict.giveUp(order).catch(() => {}),
  amounts: [1_234],
}

/** The order is paid and known to be; or, for late money, paid and not yet known to be. */
async function prepared(isLate: boolean): Promise<PlaceParameters> {
  const verdict = await shop.verdict()
  const order = orderOf('native', { out_trade_no: 'N1', ...hkd(1_234) })
  await shop.clock.during(verdict.place(order))
  if (!isLate) await shop.pay('N1')
  await shop.clock.advance(isLate ? 0 : 20 * SECOND)
  await shop.clock.during(verdict.close())
  if (isLate) await shop.pay('N1')
  return order
}

/**
 * More than half of the replies are lost, so that now and then a dozen in a row are: a day is enough for all of them.
 * Ends early when the process dies.
 */
async function untilAtRest(mortal: Mortal): Promise<void> {
  for (let minute = 0; minute < 24 * 60 && !mortal.isDead; minute++) {
    const [stored] = await shop.store.named('N1')
    if (stored === undefined || stored.dueAtMs === null) return
    await shop.clock.advance(MINUTE)
  }
}

async function live({ seed, ask, amounts }: Scenario, diesAtStep: number) {
  shop = await Shop.open({ seed, latencyMs: 20 })
  unwritten = []
  const order = await prepared(amounts.length === 1)
  await shop.faults(FAULTS)
  const mortal = new Mortal(shop.clock, diesAtStep)
  const opened = mortalVerdict(mortal)
  await shop.clock.advance(0)
  if (!mortal.isDead) ask(await opened, order)
  for (let s = 0; s < 10 && !mortal.isDead; s++) await shop.clock.advance(SECOND)
  await untilAtRest(mortal)
  if (mortal.isDead) {
    const immortal = new Mortal(shop.clock)
    const next = await mortalVerdict(immortal)
    await shop.clock.advance(SECOND)
    ask(next, order)
    await shop.clock.advance(10 * MINUTE)
    // An order that was still open then is asked for again, as the merchant would.
    ask(next, order)
    await untilAtRest(immortal)
  }
  const truth = await shop.truth('N1')
  const [stored] = await shop.store.named('N1')
  return {
    steps: mortal.steps,
    made: (truth?.refunds ?? []).map(({ out_refund_no, refund }) => ({ out_refund_no, amount: refund })),
    wasWritten: refundsIn(stored).length > 0 || (stored?.givenUpAtMs ?? null) !== null,
    known: refundsIn(stored).map(({ out_refund_no, amount, state }) => ({ out_refund_no, amount, state })),
    dueAtMs: stored?.dueAtMs,
    wrong: await shop.wrong(),
  }
}

const byAmount = (a: { readonly amount: number }, b: { readonly amount: number }) => a.amount - b.amount

describe('a process that dies at any step between refund() and its end', () => {
  it.each([
    ['two that the merchant asks for', ASKED],
    ['late money, by policy', LATE],
  ] as const)('%s: each is made once, under its number, and none is forgotten', async (_, scenario) => {
    const whole = await live(scenario, Number.POSITIVE_INFINITY)
    expect(whole.made.toSorted(byAmount).map(({ amount }) => amount)).toEqual(scenario.amounts)
    expect(whole.steps.length).toBeGreaterThan(20)
    await shop.close()
    let unheard = 0
    for (let step = 1; step <= whole.steps.length; step++) {
      const { steps, made, known, dueAtMs, wrong, wasWritten } = await live(scenario, step)
      const died = `died ${steps.at(-1)}, step ${step}`
      const amounts = made.toSorted(byAmount).map(({ amount }) => amount)
      expect({ died, amounts }).toEqual({ died, amounts: wasWritten ? scenario.amounts : [] })
      if (!wasWritten) unheard += 1
      const expected = made.toSorted(byAmount).map((one) => ({ ...one, state: 'SUCCESS' }))
      expect({ died, known: known.toSorted(byAmount) }).toEqual({ died, known: expected })
      expect({ died, unwritten, dueAtMs, wrong }).toEqual({ died, unwritten: [], dueAtMs: null, wrong: [] })
      await shop.close()
    }
    // Only before the wish is on disk.
    expect(unheard).toBeLessThan(whole.steps.length / 3)
    shop = await Shop.open()
  })

  it('twin: a caller who asks with another key after a crash has another refund, and that is seen', async () => {
    let times = 0
    const careless: Scenario = {
      ...ASKED,
      ask: (verdict, order) => {
        times += 1
        verdict.refund(order, { amount: 300, idempotencyKey: `r${times}` }).catch(() => {})
      },
    }
    const { steps, made } = await live(careless, 20)
    expect(steps).toHaveLength(20)
    expect(made.length).toBeGreaterThan(1)
  })
})
