import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stopsEnding } from './attention.ts'
import type { Change } from './change.ts'
import { decide, type Learnt } from './decide.ts'
import { isFinal, KINDS, type OpenOrder, type Order } from './order.ts'
import type { Evidence } from './outcome.ts'
import { KNOWN_CODES } from './reaction.ts'
import { nextStep, type Step } from './step.ts'
import {
  answer,
  type Habit,
  learntFrom,
  liveThrough,
  NO_ANSWER_REASONS,
  placing,
  rulesFor,
  statement,
  T0,
  tracked,
} from './testing.ts'
import { TRADE_STATES } from './trade-state.ts'

// What holds for every order, whatever WeChat Pay, the network and the merchant do, in whatever order.

/** One thing that happens: how long after the due time, what is said to the call, how long that took, and the chance. */
interface Happening {
  readonly lateMs: number
  readonly what: 'call' | 'crash' | 'give up' | 'stray'
  readonly stray: 'place' | 'query' | 'close' | 'reverse'
  readonly said: string
  /** How a statement differs from the order. */
  readonly odd: 'no' | 'amount' | 'mchid' | 'no amount' | 'no ids'
  readonly tookMs: number
  readonly chance: number
}

const SILENT = [...NO_ANSWER_REASONS, 'unsigned ORDER_NOT_EXIST']
const SIGNED = [
  ...Object.keys(TRADE_STATES),
  'DELIVERED',
  'done',
  'code_url',
  ...KNOWN_CODES,
  'ORDERNOTEXIST',
  'NOBODY_KNOWS',
]

const happening = (words: readonly string[]): fc.Arbitrary<Happening> =>
  fc.record({
    lateMs: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 2_000 }) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 400_000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 700_000_000 }) },
    ),
    what: fc.oneof(
      { weight: 20, arbitrary: fc.constant('call' as const) },
      { weight: 2, arbitrary: fc.constantFrom('crash' as const, 'give up' as const, 'stray' as const) },
    ),
    stray: fc.constantFrom('place', 'query', 'close', 'reverse'),
    said: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('NOTPAY', 'USERPAYING', 'done', 'timeout', 'ORDER_NOT_EXIST') },
      { weight: 2, arbitrary: fc.constantFrom(...words) },
    ),
    odd: fc.oneof(
      { weight: 8, arbitrary: fc.constant('no' as const) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          'amount' as const,
          'mchid' as const,
          'no amount' as const,
          'no ids' as const,
        ),
      },
    ),
    tookMs: fc.integer({ min: 0, max: 15_000 }),
    chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
  })

const anOrder: fc.Arbitrary<OpenOrder> = fc
  .record({
    kind: fc.constantFrom(...KINDS),
    isTracked: fc.boolean(),
    mayEnd: fc.boolean(),
    partner: fc.boolean(),
  })
  .map(({ kind, isTracked, mayEnd, partner }) => {
    const ids = partner ? { sub_mchid: '1900000009' } : {}
    return isTracked ? tracked(kind, { mayEnd, ...ids }) : placing(kind, ids)
  })

const aLife = (words: readonly string[] = [...SILENT, ...SIGNED]) =>
  fc.tuple(anOrder, fc.array(happening(words), { maxLength: 40 }))

/** What was known before, what was learnt (nothing for an intent), and what became of it. */
interface Moment {
  readonly before: OpenOrder
  readonly learnt: Learnt | null
  readonly change: Change
  readonly nowMs: number
}

function momentsOf(
  [order, happenings]: readonly [OpenOrder, readonly Happening[]],
  believes = false,
): Moment[] {
  const moments: Moment[] = []
  let now: Order = order
  let nowMs = T0
  const write = (learnt: Learnt | null, change: Change): void => {
    if (isFinal(now)) throw new Error('a verdict never falls')
    moments.push({ before: now, learnt, change, nowMs })
    now = change.order
  }
  for (const { lateMs, what, stray, said, odd, tookMs, chance } of happenings) {
    if (isFinal(now)) break
    nowMs = Math.max(nowMs, what === 'call' || what === 'crash' ? now.dueAtMs : nowMs) + lateMs
    const step = nextStep(now, nowMs)
    let call: string = stray
    if (what === 'call' || what === 'crash') {
      if ('intent' in step) write(null, step.intent)
      if (what === 'crash') continue
      call = step.do
      nowMs += tookMs
    }
    if (isFinal(now)) break
    if (what === 'stray' && now.state !== 'ending' && (stray === 'close' || stray === 'reverse')) continue
    const learnt = learntFrom(now, what === 'give up' ? 'give up' : `${call}: ${said}`, nowMs)
    const told = learnt.call === 'query' ? oddly(now, learnt, said, odd, tookMs) : withTime(learnt, tookMs)
    write(told, decide(now, told, rulesFor(now.kind, believes), { nowMs, chance }))
  }
  return moments
}

function withTime(learnt: Learnt, tookMs: number): Learnt {
  return 'tookMs' in learnt ? { ...learnt, tookMs } : learnt
}

function oddly(
  order: OpenOrder,
  learnt: Learnt & { call: 'query' },
  said: string,
  odd: Happening['odd'],
  tookMs: number,
): Learnt {
  if (learnt.outcome.kind !== 'answer' && said !== 'DELIVERED') return { ...learnt, tookMs }
  const more = {
    no: {},
    amount: { amount: { total: order.total + 1, currency: order.currency } },
    mchid: order.sub_mchid === null ? { mchid: '1' } : { sp_mchid: '1' },
    'no amount': { amount: {} },
    'no ids': {},
  }[odd]
  const trade = odd === 'no ids' ? { trade_state: said } : statement(order, said, more)
  return { call: 'query', outcome: answer(trade), tookMs }
}

function evidenceOf(learnt: Learnt | null): Evidence | null {
  if (learnt === null || !('outcome' in learnt) || learnt.outcome.kind === 'no-answer') return null
  return learnt.outcome.evidence
}

const lastOf = (moments: readonly Moment[]) => moments.at(-1)?.change.order

describe('for every order and every sequence of outcomes', () => {
  it('silence alone never leads to a verdict', () => {
    fc.assert(
      fc.property(aLife(SILENT), ([order, happenings]) => {
        const silent = happenings.map((h) => (SILENT.includes(h.said) ? h : { ...h, said: 'timeout' }))
        const last = lastOf(momentsOf([order, silent]))
        return last === undefined || !isFinal(last)
      }),
    )
  })

  it('twin: signed words do lead to every verdict', () => {
    const found = new Set<string>()
    fc.assert(
      fc.property(aLife(), (life) => {
        const last = lastOf(momentsOf(life))
        if (last !== undefined && isFinal(last)) found.add(last.state)
      }),
      { numRuns: 2_000, seed: 7 },
    )
    expect([...found].sort()).toEqual(['CLOSED', 'NOT_CREATED', 'REVOKED', 'SUCCESS'])
  })

  it('a verdict rests on evidence that came in with the last answer, kept in the same change', () => {
    fc.assert(
      fc.property(aLife(), (life) => {
        const last = momentsOf(life).at(-1)
        if (last === undefined || !isFinal(last.change.order)) return
        const { evidence } = last.change.order.verdict
        expect(evidence).not.toBeNull()
        expect(evidence).toBe(evidenceOf(last.learnt))
        expect(last.change.evidence).toContain(evidence)
      }),
      { numRuns: 1_000 },
    )
  })

  it('where the account believes unsigned ones, only NOT_CREATED goes without evidence', () => {
    fc.assert(
      fc.property(aLife([...SIGNED, 'unsigned ORDER_NOT_EXIST']), (life) => {
        const last = lastOf(momentsOf(life, true))
        if (last === undefined || !isFinal(last) || last.verdict.evidence !== null) return
        expect(last.state).toBe('NOT_CREATED')
      }),
    )
  })

  it('NOT_CREATED only for orders that we placed, that were never seen, after 340 s', () => {
    fc.assert(
      fc.property(aLife(['ORDER_NOT_EXIST']), (life) => {
        const last = momentsOf(life).at(-1)
        if (last?.change.order.state !== 'NOT_CREATED') return
        const { before, nowMs } = last
        expect(before).toMatchObject({ origin: 'placed', seen: null })
        expect(nowMs - before.latestPlacingAtMs).toBeGreaterThan(340_000)
      }),
      { numRuns: 1_000 },
    )
  })

  it('SUCCESS never after an accepted revoke, nor within 310 s of an unanswered one', () => {
    fc.assert(
      fc.property(aLife(['SUCCESS', 'REFUND', 'timeout', 'done', 'NOTPAY']), (life) => {
        const moments = momentsOf(life)
        if (lastOf(moments)?.state !== 'SUCCESS') return
        const settledAtMs = moments.at(-1)?.nowMs ?? 0
        // Told from the outside: what was sent and what came back, not what the order remembers.
        const answers = moments.flatMap(({ learnt, nowMs }) =>
          learnt?.call === 'reverse' ? [{ kind: learnt.outcome.kind, atMs: nowMs }] : [],
        )
        expect(answers.map(({ kind }) => kind)).not.toContain('answer')
        const intents = moments.filter(
          ({ learnt, change }) => learnt === null && change.journal[0]?.call === 'reverse',
        )
        for (const [i, { nowMs }] of intents.entries()) {
          const outcome = moments[moments.indexOf(intents[i] as Moment) + 1]?.learnt
          const isAnswered = outcome?.call === 'reverse' && outcome.outcome.kind === 'refusal'
          const neverLeft =
            outcome?.call === 'reverse' && outcome.outcome.kind === 'no-answer' && !outcome.outcome.sent
          if (!isAnswered && !neverLeft) expect(settledAtMs - nowMs).toBeGreaterThan(310_000)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('every change is the next version of what it was decided on, with a journal line', () => {
    fc.assert(
      fc.property(aLife(), (life) => {
        for (const { before, change } of momentsOf(life)) {
          expect(change.from).toBe(before.version)
          expect(change.order.version).toBe(before.version + 1)
          expect(change.journal.length).toBeGreaterThan(0)
        }
      }),
    )
  })

  it('an open order always has a due time, now or later, or the one it had', () => {
    fc.assert(
      fc.property(aLife(), (life) => {
        for (const { before, change, nowMs } of momentsOf(life)) {
          if (isFinal(change.order)) continue
          expect(Number.isSafeInteger(change.order.dueAtMs)).toBe(true)
          expect(change.order.dueAtMs).toBeGreaterThanOrEqual(Math.min(nowMs, before.dueAtMs))
        }
      }),
    )
  })

  it('Quick Pay is never placed by a step', () => {
    fc.assert(
      fc.property(aLife(), (life) => {
        for (const { change } of momentsOf(life)) {
          const { kind, placings } = change.order
          expect(placings).toBeLessThanOrEqual(kind === 'quick_pay' ? 1 : 4)
        }
      }),
    )
  })

  it('no revoke and no close leaves under a mark about identity or money, too early, or on an order we may not end', () => {
    fc.assert(
      fc.property(aLife(), (life) => {
        for (const { before, learnt, change, nowMs } of momentsOf(life)) {
          const call = change.journal[0]?.call
          if (learnt !== null || call === 'place') continue
          expect(stopsEnding(before.attention)).toBe(false)
          expect(before.mayEnd || before.givenUpAtMs !== null).toBe(true)
          expect(call).toBe(before.kind === 'quick_pay' ? 'reverse' : 'close')
          const ageMs = nowMs - before.latestPlacingAtMs
          expect(ageMs).toBeGreaterThanOrEqual(call === 'reverse' ? 15_000 : 300_000)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('a revoke or close leaves only right after an answered, unpaid query, or while an earlier revoke is open', () => {
    fc.assert(
      fc.property(aLife(), (life) => {
        const moments = momentsOf(life)
        for (const [i, { before, learnt, change, nowMs }] of moments.entries()) {
          if (learnt !== null || change.journal[0]?.call === 'place' || before.state !== 'ending') continue
          const { inFlightAtMs, unansweredAtMs } = before.ending.revoke
          const openAtMs = Math.max(inFlightAtMs ?? 0, unansweredAtMs ?? 0)
          if (nowMs - openAtMs <= 310_000) continue
          const asked = moments
            .slice(0, i)
            .findLast(({ learnt }) => learnt !== null && learnt.call !== 'give-up')
          const query = asked?.learnt
          expect(query?.call).toBe('query')
          expect(query?.call === 'query' && query.outcome.kind).toBe('answer')
          expect(nowMs - (asked?.nowMs ?? 0)).toBeLessThanOrEqual(10_000)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

// ---------------------------------------------------------------- nothing is hammered, nothing is stuck

const atCall = (words: Partial<Record<Step['do'], string>>): Habit => {
  return (_, call) => words[call] ?? 'timeout'
}

/** What never changes at WeChat Pay, for a day: nothing of it may hammer, and none of it can be settled. */
const HABITS: ReadonlyArray<readonly [name: string, order: OpenOrder, habit: Habit]> = [
  ['no answer, Quick Pay', placing('quick_pay'), atCall({})],
  ['no answer, native', placing('native'), atCall({})],
  ['no answer, tracked', tracked('native'), atCall({})],
  ['429, Quick Pay', placing('quick_pay'), () => 'rate-limited'],
  ['429, native', placing('native'), () => 'rate-limited'],
  ['our key refused', placing('native'), () => 'key-refused'],
  ['unsigned "no such order"', placing('quick_pay'), () => 'unsigned ORDER_NOT_EXIST'],
  ['NOTPAY though revokes are accepted', placing('quick_pay'), atCall({ query: 'NOTPAY', reverse: 'done' })],
  [
    'NOTPAY though closes are accepted',
    placing('native'),
    atCall({ place: 'code_url', query: 'NOTPAY', close: 'done' }),
  ],
  [
    'NOTPAY though closes are refused as paid',
    placing('native'),
    atCall({ place: 'code_url', query: 'NOTPAY', close: 'ORDERPAID' }),
  ],
  [
    'NOTPAY though revokes are refused as paid',
    placing('quick_pay'),
    atCall({ query: 'NOTPAY', reverse: 'ORDER_PAID' }),
  ],
  ['NOTPAY, and revokes are never answered', placing('quick_pay'), atCall({ query: 'NOTPAY' })],
  [
    'NOTPAY, and revokes do not leave',
    placing('quick_pay'),
    atCall({ query: 'NOTPAY', reverse: 'not-sent' }),
  ],
  [
    'NOTPAY, and closes are never answered',
    placing('native'),
    atCall({ place: 'code_url', query: 'NOTPAY' }),
  ],
  [
    'NOTPAY, and closes are too many',
    placing('native'),
    atCall({ place: 'code_url', query: 'NOTPAY', close: 'rate-limited' }),
  ],
  [
    'USERPAYING, to revokes too',
    placing('quick_pay'),
    atCall({ query: 'USERPAYING', reverse: 'USERPAYING' }),
  ],
  [
    'PAYERROR, and revokes find no order',
    placing('quick_pay'),
    atCall({ query: 'PAYERROR', reverse: 'ORDER_NOT_EXIST' }),
  ],
  ['revokes refused for good', placing('quick_pay'), atCall({ query: 'NOTPAY', reverse: 'NO_AUTH' })],
  [
    'revokes refused by a system error',
    placing('quick_pay'),
    atCall({ query: 'NOTPAY', reverse: 'SYSTEM_ERROR' }),
  ],
  ['paid though a revoke was accepted', placing('quick_pay'), paidAfter('reverse', 'done')],
  [
    'no such order, for an order that was seen',
    placing('native'),
    atCall({ place: 'code_url', query: 'ORDER_NOT_EXIST' }),
  ],
  ['no such order, tracked', tracked('quick_pay'), atCall({ query: 'ORDER_NOT_EXIST' })],
  [
    'a word that nobody knows',
    placing('quick_pay'),
    atCall({ query: 'NOBODY_KNOWS', reverse: 'NOBODY_KNOWS' }),
  ],
  ['queries refused for good', placing('native'), atCall({ place: 'code_url', query: 'NO_AUTH' })],
  ['NOTPAY, tracked, not ours to end', tracked('native'), atCall({ query: 'NOTPAY' })],
  ['PAYERROR, tracked, not ours to end', tracked('quick_pay'), atCall({ query: 'PAYERROR' })],
]

/** NOTPAY until the first revoke, and paid from then on. */
function paidAfter(call: 'reverse', said: string): Habit {
  return (order, asked) => {
    if (asked !== 'query') return asked === call ? said : 'timeout'
    return order.state === 'ending' && order.ending.calls > 0 ? 'SUCCESS' : 'NOTPAY'
  }
}

function perHour(callsAtS: readonly number[], fromS: number): number {
  return callsAtS.filter((s) => s >= fromS && s < fromS + 3_600).length
}

describe('a day of always the same', () => {
  it.each(HABITS)(
    '%s: at most 90 calls in the first hour, 20 in the second, 8 in the last, and still open',
    (_, order, habit) => {
      const { callsAtS, order: after } = liveThrough(order, habit, 24)
      expect(perHour(callsAtS, 0)).toBeLessThanOrEqual(90)
      expect(perHour(callsAtS, 3_600)).toBeLessThanOrEqual(20)
      expect(perHour(callsAtS, 23 * 3_600)).toBeLessThanOrEqual(8)
      expect(perHour(callsAtS, 22 * 3_600) + perHour(callsAtS, 23 * 3_600)).toBeGreaterThan(0)
      expect(isFinal(after)).toBe(false)
      expect(after.attention).not.toBeNull()
    },
  )

  it('revokes that are never answered do not hide a payment for ever', () => {
    const { order } = liveThrough(placing('quick_pay'), paidAfter('reverse', 'timeout'), 24)
    expect(order).toMatchObject({ state: 'SUCCESS' })
  })

  it('an unknown order ends after six minutes and ten seconds', () => {
    const { callsAtS, order } = liveThrough(placing('quick_pay'), () => 'ORDER_NOT_EXIST', 24)
    expect(order.state).toBe('NOT_CREATED')
    expect(callsAtS.at(-1)).toBeCloseTo(370, 0)
  })
})
