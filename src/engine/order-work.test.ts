import { describe, expect, it } from 'vitest'
import type { Clock } from '../clock.ts'
import { NEW_ENDING } from '../core/ending.ts'
import type { DueOrder, Order } from '../core/order.ts'
import { answer, noAnswer, placing, rulesFor, statement, T0, tracked } from '../core/testing.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Commit } from '../store/store.ts'
import { Agenda } from './agenda.ts'
import { type Claimed, type Intake, OTHERS_IN_HAND_MAX } from './intake.ts'
import { OrderWork, type OrderWorkParts, patienceMs, type WorkEdges } from './order-work.ts'
import type { Requests } from './requests.ts'

const MINUTE = 60_000

interface Scene {
  readonly commits: Commit[]
  /** How long each of them waits at most; undefined: as everything does. */
  readonly waits: ReadonlyArray<number | undefined>
  readonly woken: number[]
  readonly givenBack: Claimed[]
  readonly agenda: Agenda
  readonly work: OrderWork
}

interface Course {
  readonly answered?: string
  /** Happens while an answer is on its way. */
  readonly meanwhile?: (work: OrderWork) => void
  /** Happens while it is written. */
  readonly atCommit?: (work: OrderWork) => void
  readonly isShared?: boolean
}

function scene(
  order: Order,
  { meanwhile = () => {}, atCommit = () => {}, isShared = false, answered = 'USERPAYING' }: Course = {},
): Scene {
  const commits: Commit[] = []
  const waits: Array<number | undefined> = []
  const woken: number[] = []
  const givenBack: Claimed[] = []
  const clock: Clock = { nowMs: () => T0, after: () => () => {} }
  const edges = {
    ...{ clock, random: { next: () => 0.5 }, worker: 'w' },
    commits: {
      add: async (commit: Commit, withinMs?: number) => {
        commits.push(commit)
        waits.push(withinMs)
        atCommit(work)
        return 'applied'
      },
    },
  } as unknown as WorkEdges
  const agenda = new Agenda()
  const work: OrderWork = new OrderWork({
    ...{ edges, agenda, gateway: { callMsMax: 10_000 } as Gateway, rules: rulesFor, patienceMs: 50 },
    requests: {
      ask: async () => {
        meanwhile(work)
        return { call: 'query', outcome: answer(statement(order, answered)), askedAtMs: T0, tookMs: 30 }
      },
      place: async () => ({ call: 'place', outcome: noAnswer('timeout'), tookMs: 30 }),
    } as unknown as Requests,
    intake: {
      wake: (ms: number) => void woken.push(ms),
      giveBack: async (claimed: readonly Claimed[]) => void givenBack.push(...claimed),
    } as unknown as Intake,
    isShared: () => isShared,
    onChange: () => {},
  } satisfies OrderWorkParts)
  return { commits, waits, woken, givenBack, agenda, work }
}

/** An order at the till is asked about; `meanwhile` happens while its answer is on its way. Tells what is written. */
async function asked(meanwhile: (work: OrderWork) => void, atCommit?: (work: OrderWork) => void) {
  const order = tracked('quick_pay')
  const course = atCommit === undefined ? { meanwhile } : { meanwhile, atCommit }
  const { commits, woken, givenBack, agenda, work } = scene(order, course)
  await work.take({ order, atMs: T0, claimedUntilMs: T0 + MINUTE }, { do: 'query' }, T0)
  return { commits, inHand: agenda.till, woken, givenBack }
}

it('an order at the till stays in hand', async () => {
  const { commits, inHand, woken } = await asked(() => {})
  expect(commits).toMatchObject([{ keepClaim: true, claim: { worker: 'w', untilMs: T0 + MINUTE } }])
  expect({ inHand, woken }).toEqual({ inHand: 1, woken: [] })
})

it('unless others may have taken it while it was asked about: then whoever is next claims it', async () => {
  const { commits, inHand, woken } = await asked((work) => work.doubt())
  expect(commits).toMatchObject([{ keepClaim: false, claim: { worker: 'w', untilMs: T0 + MINUTE } }])
  expect(inHand).toBe(0)
  expect(woken).toHaveLength(1)
})

it('or while its answer was written: then it goes back by its very claim', async () => {
  const { inHand, givenBack } = await asked(
    () => {},
    (work) => work.doubt(),
  )
  expect(inHand).toBe(0)
  expect(givenBack).toMatchObject([{ order: { version: 2 }, claimedUntilMs: T0 + MINUTE }])
})

describe('of the others', () => {
  /** The longest call takes 10 s, and a claim must outlast it by 1 s. */
  const LAST_MS = T0 + MINUTE - 11_000
  const { agenda, work } = scene(tracked('native'))
  const stays = (dueAtMs: number, nowMs: number): boolean =>
    work.staysOurs({ ...tracked('native'), dueAtMs }, T0 + MINUTE, nowMs)

  it('whoever is asked again within 6 s stays in hand, while his claim lasts', () => {
    expect([stays(T0 + 6_000, T0), stays(T0 + 6_001, T0)]).toEqual([true, false])
    expect([stays(LAST_MS - 1, LAST_MS - 100), stays(LAST_MS, LAST_MS - 100)]).toEqual([true, false])
  })

  it('beside another process only who is due within a second does', () => {
    const beside = scene(tracked('native'), { isShared: true }).work
    const staysBeside = (dueAtMs: number): boolean =>
      beside.staysOurs({ ...tracked('native'), dueAtMs }, T0 + MINUTE, T0)
    expect([staysBeside(T0 + 1_000), staysBeside(T0 + 1_001)]).toEqual([true, false])
  })

  it('so many and no more stay in hand, but for who is due within a second', () => {
    for (let id = 1; id <= OTHERS_IN_HAND_MAX; id++) {
      expect(stays(T0 + 1_001, T0)).toBe(true)
      agenda.keep({ order: { ...tracked('native'), id }, atMs: T0, claimedUntilMs: T0 + MINUTE }, T0)
    }
    expect([stays(T0 + 1_001, T0), stays(T0 + 1_000, T0)]).toEqual([false, true])
  })
})

describe('an answer waits for others that are written with it', () => {
  const waitOf = async (order: DueOrder, answered: string): Promise<number | undefined> => {
    const { waits, work } = scene(order, { answered })
    await work.take({ order, atMs: T0, claimedUntilMs: T0 + MINUTE }, { do: 'query' }, T0)
    return waits[0]
  }
  const ending: DueOrder = {
    ...tracked('quick_pay'),
    ...{ mayEnd: true, createdAtMs: T0 - MINUTE, latestPlacingAtMs: T0 - MINUTE, windowEndAtMs: T0 - 1 },
    ...{ state: 'ending', ending: NEW_ENDING },
  }

  it('for long if the order stays in its state', async () => {
    expect(await waitOf(tracked('quick_pay'), 'USERPAYING')).toBe(50)
  })

  it.each(['SUCCESS', 'REVOKED'])('as everything does if it makes the verdict %s', async (answered) => {
    expect(await waitOf(tracked('quick_pay'), answered)).toBeUndefined()
  })

  it('and if the order is in another state then', async () => {
    const over = { ...tracked('quick_pay'), mayEnd: true, createdAtMs: T0 - MINUTE, windowEndAtMs: T0 - 1 }
    expect(await waitOf(over, 'NOTPAY')).toBeUndefined()
  })

  it('and if something follows at once, though the order stays in its state', async () => {
    expect(await waitOf(ending, 'NOTPAY')).toBeUndefined()
  })

  it('and if it is the reply to a placing', async () => {
    const order = placing('native')
    const { waits, work } = scene(order)
    await work.place(order, '{}', T0 + MINUTE)
    expect(waits).toEqual([undefined])
  })

  it('the shorter, the fewer calls may be under way', () => {
    expect([1, 80, 200, 400, 500].map(patienceMs)).toEqual([10, 10, 25, 50, 50])
  })
})
