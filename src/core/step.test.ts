import { describe, expect, it } from 'vitest'
import { decide, PLACINGS_MAX } from './decide.ts'
import type { Ending, OpenOrder, RevokeTrail } from './order.ts'
import { nextStep } from './step.ts'
import { at, learntFrom, placing, rulesFor, T0, tracked } from './testing.ts'

const NO_REVOKE: RevokeTrail = { inFlightAtMs: null, unansweredAtMs: null, accepted: false }

/** An order whose phase is due at `dueAtS`. */
function ending(kind: OpenOrder['kind'], dueAtS: number, more: Partial<Ending> = {}): OpenOrder {
  const phase = { phase: 'act', calls: 0, confirmations: 0, revoke: NO_REVOKE, ...more } as const
  return { ...placing(kind, { seen: 'NOTPAY' }), state: 'ending', dueAtMs: at(dueAtS), ending: phase }
}

describe('what an order that is due needs', () => {
  it('a placing without a reply: the same request again, but for Quick Pay, which is asked about', () => {
    expect(nextStep(placing('native'), T0).do).toBe('place')
    expect(nextStep(placing('quick_pay'), T0).do).toBe('query')
  })

  it(`places at most ${PLACINGS_MAX} times, and not after the window`, () => {
    expect(nextStep(placing('app', { placings: PLACINGS_MAX - 1 }), T0).do).toBe('place')
    expect(nextStep(placing('app', { placings: PLACINGS_MAX }), T0).do).toBe('query')
    expect(nextStep(placing('app'), at(899)).do).toBe('place')
    expect(nextStep(placing('app'), at(900)).do).toBe('query')
  })

  it('writes a repeated placing down before it leaves, with the moment it is signed for', () => {
    const step = nextStep(placing('h5'), at(7))
    expect(step).toMatchObject({
      do: 'place',
      intent: {
        from: 1,
        order: { state: 'placing', version: 2, placings: 2, latestPlacingAtMs: at(7) },
        journal: [{ atMs: at(7), event: 'intent', call: 'place' }],
      },
    })
  })

  it('a waiting order is asked about, tracked or placed', () => {
    expect(nextStep(tracked('native'), T0)).toEqual({ do: 'query' })
  })

  it('revokes Quick Pay from 15 s on, closes the others from 5 min on', () => {
    expect(nextStep(ending('quick_pay', 14.999), at(14.999)).do).toBe('query')
    expect(nextStep(ending('quick_pay', 15), at(15)).do).toBe('reverse')
    for (const kind of ['native', 'jsapi', 'mini_program', 'app', 'h5'] as const) {
      expect(nextStep(ending(kind, 299.999), at(299.999)).do).toBe('query')
      expect(nextStep(ending(kind, 300), at(300)).do).toBe('close')
    }
  })

  it('counts both from the latest placing', () => {
    const order = { ...ending('native', 300), latestPlacingAtMs: at(19) }
    expect(nextStep(order, at(300)).do).toBe('query')
    expect(nextStep({ ...order, dueAtMs: at(319) }, at(319)).do).toBe('close')
  })

  it('acts only right after the query that found the order unpaid', () => {
    expect(nextStep(ending('native', 400), at(410)).do).toBe('close')
    expect(nextStep(ending('native', 400), at(410.001)).do).toBe('query')
    expect(nextStep(ending('native', 400, { phase: 'ask' }), at(400)).do).toBe('query')
    expect(nextStep(ending('native', 400, { phase: 'confirm' }), at(400)).do).toBe('query')
  })

  it('repeats a revoke that may still take effect without a query, for 310 s', () => {
    const revoke = { ...NO_REVOKE, unansweredAtMs: at(50) }
    expect(nextStep(ending('quick_pay', 60, { revoke }), at(360)).do).toBe('reverse')
    expect(nextStep(ending('quick_pay', 60, { revoke }), at(360.001)).do).toBe('query')
  })

  it('an order under a mark about money is asked about, never ended; twin: any other mark does not stop it', () => {
    const order = ending('native', 400)
    expect(nextStep({ ...order, attention: 'amount_mismatch' }, at(400)).do).toBe('query')
    expect(nextStep({ ...order, attention: 'call_refused' }, at(400)).do).toBe('close')
    const unanswered = ending('quick_pay', 60, { revoke: { ...NO_REVOKE, inFlightAtMs: at(59) } })
    expect(nextStep({ ...unanswered, attention: 'vanished' }, at(60)).do).toBe('query')
    expect(nextStep(unanswered, at(60)).do).toBe('reverse')
  })

  it('writes a revoke down before it leaves, and one that a dead worker left as unanswered', () => {
    const first = nextStep(ending('quick_pay', 50), at(51))
    expect(first).toMatchObject({
      do: 'reverse',
      intent: {
        order: { version: 2, ending: { calls: 1, revoke: { inFlightAtMs: at(51), unansweredAtMs: null } } },
        journal: [{ event: 'intent', call: 'reverse' }],
      },
    })
    const dead = ending('quick_pay', 51, { revoke: { ...NO_REVOKE, inFlightAtMs: at(51) } })
    expect(nextStep(dead, at(90))).toMatchObject({
      intent: { order: { ending: { revoke: { inFlightAtMs: at(90), unansweredAtMs: at(51) } } } },
    })
  })

  it('a close leaves no trail of revokes', () => {
    expect(nextStep(ending('native', 400), at(400))).toMatchObject({
      do: 'close',
      intent: { order: { ending: { calls: 1, revoke: NO_REVOKE } } },
    })
  })
})

describe('what a revoke leaves open', () => {
  const revokes: ReadonlyArray<
    readonly [outcome: string, inFlightAtMs: null, unansweredAtMs: number | null, accepted: boolean]
  > = [
    ['done', null, null, true],
    ['ORDER_PAID', null, null, false],
    ['USERPAYING', null, null, false],
    ['unreachable', null, null, false],
    ['not-sent', null, null, false],
    ['timeout', null, at(51), false],
    ['reset', null, at(51), false],
    ['forged', null, at(51), false],
    ['unsigned', null, at(51), false],
    ['key-refused', null, at(51), false],
  ]
  it.each(revokes)('%s', (outcome, inFlightAtMs, unansweredAtMs, accepted) => {
    const order = ending('quick_pay', 50, { calls: 1, revoke: { ...NO_REVOKE, inFlightAtMs: at(51) } })
    const learnt = learntFrom(order, `reverse: ${outcome}`)
    const { order: after } = decide(order, learnt, rulesFor('quick_pay'), { nowMs: at(52), chance: 0 })
    expect(after).toMatchObject({ ending: { revoke: { inFlightAtMs, unansweredAtMs, accepted } } })
  })
})
