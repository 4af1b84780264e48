import { describe, expect, it } from 'vitest'
import type { Clock } from '../clock.ts'
import type { Order } from '../core/order.ts'
import { answer, rulesFor, statement, T0, tracked } from '../core/testing.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Commit } from '../store/store.ts'
import { Agenda } from './agenda.ts'
import { type Intake, OTHERS_IN_HAND_MAX } from './intake.ts'
import { OrderWork, type OrderWorkParts, type WorkEdges } from './order-work.ts'
import type { Requests } from './requests.ts'

const MINUTE = 60_000

interface Scene {
  readonly commits: Commit[]
  readonly woken: number[]
  readonly agenda: Agenda
  readonly work: OrderWork
}

/** @param meanwhile happens while an answer is on its way */
function scene(order: Order, meanwhile: (work: OrderWork) => void = () => {}): Scene {
  const commits: Commit[] = []
  const woken: number[] = []
  const clock: Clock = { nowMs: () => T0, after: () => () => {} }
  const edges = {
    ...{ clock, random: { next: () => 0.5 }, worker: 'w' },
    commits: {
      add: async (commit: Commit) => {
        commits.push(commit)
        return 'applied'
      },
    },
  } as unknown as WorkEdges
  const agenda = new Agenda()
  const work: OrderWork = new OrderWork({
    ...{ edges, agenda, gateway: { callMsMax: 10_000 } as Gateway, rules: rulesFor },
    requests: {
      ask: async () => {
        meanwhile(work)
        return { call: 'query', outcome: answer(statement(order, 'USERPAYING')), askedAtMs: T0, tookMs: 30 }
      },
    } as unknown as Requests,
    intake: { wake: (ms: number) => void woken.push(ms) } as unknown as Intake,
    onChange: () => {},
  } satisfies OrderWorkParts)
  return { commits, woken, agenda, work }
}

/** An order at the till is asked about; `meanwhile` happens while its answer is on its way. Tells what is written. */
async function asked(meanwhile: (work: OrderWork) => void) {
  const order = tracked('quick_pay')
  const { commits, woken, agenda, work } = scene(order, meanwhile)
  await work.take({ order, atMs: T0, claimedUntilMs: T0 + MINUTE }, { do: 'query' }, T0)
  return { commits, inHand: agenda.till, woken }
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

  it('so many and no more stay in hand', () => {
    for (let id = 1; id <= OTHERS_IN_HAND_MAX; id++) {
      expect(stays(T0 + 1, T0)).toBe(true)
      agenda.keep({ order: { ...tracked('native'), id }, atMs: T0, claimedUntilMs: T0 + MINUTE }, T0)
    }
    expect(stays(T0 + 1, T0)).toBe(false)
  })
})
