import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type From, Front, Fronts } from './fronts.ts'

const T0 = 1_750_000_000_000
const SECOND = 1_000

/** A front on a clock of its own, at rest since a full look that found nothing free. */
function looked() {
  const time = { ms: 0 }
  const front = new Front(() => time.ms)
  look(front, T0, [null, null])
  return { time, front }
}

async function statement(time: { ms: number }, tookMs: number): Promise<void> {
  await Promise.resolve()
  time.ms += tookMs
}

/** One look to its end; returns where it began. */
function look(front: Front, nowMs: number, [till, elsewhere]: readonly [number | null, number | null]): From {
  const from = front.from(nowMs)
  front.seen(from, till, elsewhere)
  return from
}

const isEverywhere = ({ till, elsewhere }: From): boolean => Math.max(till, elsewhere) < 0

describe('a look', () => {
  it('is a full one at first, then begins where all before is claimed, and never in the last 2 s', () => {
    const front = new Front(() => 0)
    expect(isEverywhere(look(front, T0, [null, T0 - 60 * SECOND]))).toBe(true)
    expect(front.from(T0 + 1)).toEqual({ till: T0 - 2 * SECOND, elsewhere: T0 - 60 * SECOND - 1 })
  })

  it('is a full one again every 5 s, whatever the caller’s clock says', () => {
    const { time, front } = looked()
    time.ms = 4_999
    expect(isEverywhere(look(front, T0 + 1_000 * SECOND, [null, null]))).toBe(false)
    time.ms = 5_000
    expect(isEverywhere(look(front, T0 + 1_000 * SECOND, [null, null]))).toBe(true)
    time.ms = 9_999
    expect(isEverywhere(look(front, T0, [null, null]))).toBe(false)
  })

  it('that is a full one and takes long is made so seldom that it takes a twentieth of the time', async () => {
    const { time, front } = looked()
    front.lookAgain()
    const from = front.from(T0)
    await front.during(statement(time, 600))
    await front.during(statement(time, 400))
    front.seen(from, null, null)
    time.ms = 20_999
    expect(isEverywhere(front.from(T0))).toBe(false)
    time.ms = 21_000
    expect(isEverywhere(front.from(T0))).toBe(true)
  })

  it('takes what its statements take, not what a budget lets pass between them', async () => {
    const { time, front } = looked()
    front.lookAgain()
    const from = front.from(T0)
    await front.during(statement(time, 10))
    time.ms = 60_000
    front.from(T0 + 60 * SECOND)
    await front.during(statement(time, 10))
    front.seen(from, null, null)
    time.ms += 5_000
    expect(isEverywhere(front.from(T0 + 65 * SECOND))).toBe(true)
  })

  it('that fails was none: a full one is tried again', () => {
    const { front } = looked()
    front.lookAgain()
    expect(isEverywhere(front.from(T0))).toBe(true)
    expect(isEverywhere(front.from(T0))).toBe(true)
  })

  it('is a full one once somebody asked for it, also while another is under way', () => {
    const { front } = looked()
    const from = front.from(T0)
    front.lookAgain()
    front.seen(from, null, null)
    expect(isEverywhere(look(front, T0, [null, null]))).toBe(true)
    expect(isEverywhere(front.from(T0))).toBe(false)
  })

  it('also while a full one is under way, which may have passed what is free now', () => {
    const { front } = looked()
    front.lookAgain()
    const from = front.from(T0)
    front.lookAgain()
    front.seen(from, null, null)
    expect(isEverywhere(front.from(T0))).toBe(true)
  })

  it('begins before what was given back, also if that came while it was under way', () => {
    const { front } = looked()
    front.freed(T0 - 30 * SECOND)
    expect(front.from(T0)).toEqual({ till: T0 - 30 * SECOND - 1, elsewhere: T0 - 30 * SECOND - 1 })
    front.seen(front.looking, null, null)
    const from = front.from(T0)
    expect(from.till).toBe(T0 - 2 * SECOND)
    front.freed(T0 - 40 * SECOND)
    front.seen(from, null, null)
    expect(front.from(T0).elsewhere).toBe(T0 - 40 * SECOND - 1)
  })

  it('of one account moves no other account’s', () => {
    const fronts = new Fronts(() => 0)
    for (const account of ['a', 'b']) look(fronts.of(account), T0, [null, null])
    fronts.of('a').freed(T0 - 60 * SECOND)
    expect(fronts.of('a').from(T0).till).toBe(T0 - 60 * SECOND - 1)
    expect(fronts.of('b').from(T0).till).toBe(T0 - 2 * SECOND)
    fronts.lookAgain()
    expect(['a', 'b'].map((account) => isEverywhere(fronts.of(account).from(T0)))).toEqual([true, true])
  })
})

describe('whatever happens', () => {
  interface Order {
    readonly dueAtMs: number
    isFree: boolean
  }

  const step = fc.oneof(
    fc.record({ do: fc.constant('look' as const), passesMs: fc.nat(4_000), isInterrupted: fc.boolean() }),
    fc.record({ do: fc.constant('give back' as const), nth: fc.nat(), isTold: fc.constant(true) }),
    fc.record({ do: fc.constant('give back' as const), nth: fc.nat(), isTold: fc.constant(false) }),
    fc.record({ do: fc.constant('enter' as const), lateMs: fc.integer({ min: -5_000, max: 1_900 }) }),
  )

  /** Plays one process's looks, and says for how long the most overlooked order was free. */
  function longestFreeMs(steps: ReadonlyArray<typeof step extends fc.Arbitrary<infer Step> ? Step : never>) {
    let ms = 0
    let longestMs = 0
    const front = new Front(() => ms)
    const orders: Array<Order & { freeSinceMs: number }> = []
    const free = (order: (typeof orders)[number]): void => {
      order.isFree = true
      order.freeSinceMs = ms
    }
    for (const one of steps) {
      if (one.do === 'enter') {
        orders.push({ dueAtMs: T0 + ms - one.lateMs, isFree: true, freeSinceMs: ms })
      } else if (one.do === 'give back') {
        const held = orders.filter(({ isFree }) => !isFree)
        const order = held[one.nth % Math.max(1, held.length)]
        if (order === undefined) continue
        free(order)
        if (one.isTold) front.freed(order.dueAtMs)
      } else {
        ms += one.passesMs
        const from = front.from(T0 + ms)
        if (one.isInterrupted) continue
        for (const order of orders) {
          const isDue = order.dueAtMs <= T0 + ms
          if (order.isFree && isDue && order.dueAtMs > from.elsewhere) order.isFree = false
          else if (order.isFree && isDue) longestMs = Math.max(longestMs, ms - order.freeSinceMs)
        }
        const next = orders.filter(({ isFree, dueAtMs }) => isFree && dueAtMs > front.looking.elsewhere)
        const first = next.length === 0 ? null : Math.min(...next.map(({ dueAtMs }) => dueAtMs))
        front.seen(front.looking, null, first)
      }
    }
    return longestMs
  }

  it('nothing that is free is overlooked for longer than until the next full look', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        expect(longestFreeMs(steps)).toBeLessThan(5_000 + 4_000)
      }),
      { numRuns: 500 },
    )
  })

  it('what was given back here, or is less than 2 s late, is seen by the very next look', () => {
    const told = step.filter((one) => one.do !== 'give back' || one.isTold)
    fc.assert(
      fc.property(fc.array(told, { maxLength: 80 }), (steps) => {
        expect(longestFreeMs(steps)).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  it('twin: what another process gave back waits for a full look', () => {
    expect(
      longestFreeMs([
        { do: 'enter', lateMs: 1_000 },
        { do: 'look', passesMs: 0, isInterrupted: false },
        { do: 'look', passesMs: 4_000, isInterrupted: false },
        { do: 'give back', nth: 0, isTold: false },
        { do: 'look', passesMs: 100, isInterrupted: false },
        { do: 'look', passesMs: 800, isInterrupted: false },
      ]),
    ).toBe(900)
  })
})
