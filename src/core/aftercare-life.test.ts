import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VerdictError } from '../errors.ts'
import {
  type Aftercare,
  isEnded,
  NO_AFTERCARE,
  nextTaskAtMs,
  type Refund,
  refundedBy,
  reservedBy,
} from './aftercare.ts'
import { type AttentionCode, stopsEnding } from './attention.ts'
import type { Change } from './change.ts'
import { decide, type Learnt, UNKNOWN_MS, USABLE_MS } from './decide.ts'
import { FINAL_STATES, isDue, isFinal, type Order } from './order.ts'
import type { Evidence, Outcome, RefundStatement } from './outcome.ts'
import { LATE_MONEY_POLICIES, type LateMoneyPolicy } from './policy.ts'
import { KNOWN_REFUND_CODES, refundReactionTo, saysNoSuchRefund } from './refund-reaction.ts'
import { nextStep, type Step } from './step.ts'
import {
  final,
  learntFrom,
  NO_ANSWER_REASONS,
  nameOfRefund,
  paid,
  placing,
  REFUND_STATUSES,
  refundsOf,
  rulesFor,
  sayingTo,
  T0,
  tracked,
} from './testing.ts'
import { TRADE_STATES } from './trade-state.ts'

// What holds for whatever follows a verdict, whoever says what in whatever order. `life.test.ts` is about the time before.

/** One thing that happens: how long after the due time, what is said, how odd it is, how long it took, and the chance. */
interface Happening {
  readonly lateMs: number
  readonly what: 'call' | 'crash' | 'give up' | 'hint' | 'ask' | 'callback' | 'refund callback' | 'straggler'
  readonly query: string
  readonly refund: string
  /** What somebody else's refund, or one of ours, is said to be; all of them in a page. */
  readonly pages: readonly (readonly [whose: number, amount: number, status: string])[]
  readonly amount: number
  readonly odd: 'no' | 'old' | 'amount' | 'merchant' | 'number' | 'bare'
  readonly tookMs: number
  readonly chance: number
}

const SILENT: readonly string[] = NO_ANSWER_REASONS
const QUERIED = [...Object.keys(TRADE_STATES), 'ORDER_NOT_EXIST', 'SYSTEM_ERROR', ...SILENT]
const REFUNDED = [...REFUND_STATUSES, 'accepted', 'none', ...KNOWN_REFUND_CODES, 'NOBODY_KNOWS', ...SILENT]

const often = <T>(usual: readonly T[], any: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.constantFrom(...any) },
  )

const happening: fc.Arbitrary<Happening> = fc.record({
  lateMs: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 2_000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 400_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 700_000_000 }) },
  ),
  what: fc.oneof(
    { weight: 12, arbitrary: fc.constant('call' as const) },
    { weight: 2, arbitrary: fc.constantFrom('ask' as const, 'crash' as const) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        'callback' as const,
        'refund callback' as const,
        'hint' as const,
        'straggler' as const,
        'give up' as const,
      ),
    },
  ),
  query: often(['SUCCESS', 'timeout'], QUERIED),
  refund: often(
    ['accepted', 'PROCESSING', 'SUCCESS', 'none', 'timeout', 'NOT_ENOUGH', 'PARAM_ERROR'],
    REFUNDED,
  ),
  pages: fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 5 }), // a place in the order's refunds, or in ELSEWHERE
      fc.integer({ min: 1, max: 9_000 }),
      fc.constantFrom(...REFUND_STATUSES),
    ),
    { maxLength: 3 },
  ),
  amount: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 8_800 })),
  odd: fc.oneof(
    { weight: 8, arbitrary: fc.constant('no' as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'old' as const,
        'amount' as const,
        'merchant' as const,
        'number' as const,
        'bare' as const,
      ),
    },
  ),
  tookMs: fc.integer({ min: 0, max: 15_000 }),
  chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
})

interface Life {
  readonly order: Order
  readonly lateMoney: LateMoneyPolicy
  readonly happenings: readonly Happening[]
}

const anOrder: fc.Arbitrary<Order> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(paid()) },
  { weight: 2, arbitrary: fc.constantFrom(...FINAL_STATES).map((state) => final(state)) },
  { weight: 1, arbitrary: fc.constant(paid({ sub_mchid: '1900000009' })) },
  // Given up, so that a payment is late money from the start.
  { weight: 2, arbitrary: fc.constantFrom('native', 'quick_pay').map(givenUp) },
  { weight: 1, arbitrary: fc.constantFrom(placing('native'), placing('quick_pay'), tracked('jsapi')) },
)

function givenUp(kind: 'native' | 'quick_pay'): Order {
  return decide(placing(kind), { call: 'give-up' }, rulesFor(kind), { nowMs: T0, chance: 0 }).order
}

const aLife: fc.Arbitrary<Life> = fc.record({
  order: anOrder,
  lateMoney: fc.oneof(
    { weight: 3, arbitrary: fc.constant('refund' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...LATE_MONEY_POLICIES) },
  ),
  happenings: fc.array(happening, { maxLength: 60, size: 'max' }),
})

// ---------------------------------------------------------------- living

/** What was known before, what was learnt (nothing for an intent), and what became of it. */
interface Moment {
  readonly before: Order
  readonly step: Step | null
  readonly learnt: Learnt | null
  readonly change: Change
  readonly nowMs: number
}

function momentsOf({ order, lateMoney, happenings }: Life): Moment[] {
  const moments: Moment[] = []
  const rules = rulesFor(order.kind, false, lateMoney)
  let now = order
  let nowMs = T0
  let asked = 0
  const write = (step: Step | null, learnt: Learnt | null, change: Change | null): void => {
    if (change === null) return
    moments.push({ before: now, step, learnt, change, nowMs })
    now = change.order
  }
  for (const one of happenings) {
    const { lateMs, what, tookMs, chance } = one
    const isCall = what === 'call' || what === 'crash'
    if (isCall && !isDue(now)) continue
    nowMs = Math.max(nowMs, isCall && isDue(now) ? now.dueAtMs : nowMs) + lateMs
    let step: Step | null = null
    if (isCall && isDue(now)) {
      step = nextStep(now, nowMs)
      if ('intent' in step) write(step, null, step.intent)
      if (what === 'crash') continue
      nowMs += tookMs
    }
    if (what === 'ask') asked += 1
    const words = wordsFor(now, one, step, asked)
    if (words === null) continue
    const learnt = oddly(now, learntFrom(now, words, nowMs - (one.odd === 'old' ? 200_000 : 0)), one)
    const change = decidedOrRefused(() => decide(now, learnt, rules, { nowMs, chance }))
    write(step, learnt, change)
  }
  return moments
}

function wordsFor(order: Order, one: Happening, step: Step | null, asked: number): string | null {
  const [refund] = refundsOf(order)
  switch (one.what) {
    case 'call':
      return step === null ? null : sayingTo(step, saidTo(order, one, step.do))
    case 'ask':
      return `ask refund ${one.amount || 'all'} as r${asked}`
    case 'callback':
      return `callback: ${one.query in TRADE_STATES ? one.query : 'SUCCESS'}`
    case 'refund callback': {
      const [page] = one.pages
      return page === undefined ? null : `refund callback: ${inPage(order, page)}`
    }
    case 'straggler':
      return refund === undefined
        ? `query: ${one.query}`
        : `queryRefund ${nameOfRefund(refund)}: ${one.refund}`
    case 'hint':
    case 'give up':
      return one.what
    case 'crash':
      return null
  }
}

function saidTo(order: Order, { query, refund, pages }: Happening, call: Step['do']): string {
  switch (call) {
    case 'queryRefunds': {
      if (SILENT.includes(refund) || refund === 'NO_AUTH') return refund
      // A page names each refund once.
      const items = pages.map((page) => inPage(order, page))
      const whose = new Map(items.map((item) => [item.split(' ')[0], item]))
      return [...whose.values()].join(', ') || 'none'
    }
    case 'refund':
    case 'queryRefund':
      return refund
    case 'place':
      return 'code_url'
    case 'close':
    case 'reverse':
      return query === 'SUCCESS' ? 'done' : query === 'CLOSED' ? 'ORDER_PAID' : query
    case 'query':
      return query
  }
}

/** Made elsewhere: some of them by us, before a backup was restored. */
const ELSEWHERE = ['e0', 'e1', 'e2', 'A42-r1', 'A42-r2', 'A42-late-money'] as const

/** The refund with this place in the order, or somebody else's. */
function inPage(order: Order, [whose, amount, status]: Happening['pages'][number]): string {
  const refund = refundsOf(order)[whose]
  return refund === undefined
    ? `${ELSEWHERE[whose]} ${amount} ${status}`
    : `${nameOfRefund(refund)} ${status}`
}

function oddly(order: Order, learnt: Learnt, { odd, tookMs }: Happening): Learnt {
  const twisted = (refund: RefundStatement): RefundStatement => {
    const { out_refund_no, amount, mchid, sp_mchid, ...rest } = refund
    const ids = mchid === undefined ? { sp_mchid: '1' } : { mchid: '1' }
    switch (odd) {
      case 'amount':
        return { ...refund, amount: { ...amount, refund: (amount?.refund ?? 0) + 1 } }
      case 'merchant':
        return { ...refund, ...ids }
      case 'number':
        return {
          ...refund,
          out_refund_no: `another-${out_refund_no}`,
          refund_id: `50-another-${out_refund_no}`,
        }
      case 'bare':
        return { ...rest, ...(out_refund_no !== undefined && { out_refund_no }) }
      default:
        return refund
    }
  }
  switch (learnt.call) {
    case 'refund':
    case 'queryRefund':
      return { ...learnt, outcome: mapped(learnt.outcome, twisted), tookMs }
    case 'queryRefunds':
      return {
        ...learnt,
        outcome: mapped(learnt.outcome, (page) => ({ ...page, refunds: page.refunds.map(twisted) })),
        tookMs,
      }
    case 'refund-callback':
      return { ...learnt, refund: twisted(learnt.refund) }
    case 'callback': {
      const amount = { total: order.total + 1, currency: order.currency }
      return odd === 'amount' ? { ...learnt, trade: { ...learnt.trade, amount } } : learnt
    }
    default:
      return 'tookMs' in learnt ? { ...learnt, tookMs } : learnt
  }
}

function mapped<T>(outcome: Outcome<T>, by: (value: T) => T): Outcome<T> {
  return outcome.kind === 'answer' ? { ...outcome, value: by(outcome.value) } : outcome
}

/** A refund that can't be asked for changes nothing. */
function decidedOrRefused(by: () => Change | null): Change | null {
  try {
    return by()
  } catch (error) {
    if (error instanceof VerdictError) return null
    throw error
  }
}

// ---------------------------------------------------------------- looking

const aftercareOf = (order: Order): Aftercare => (isFinal(order) ? order.aftercare : null) ?? NO_AFTERCARE
const refundOf = (order: Order, number: string): Refund | undefined =>
  refundsOf(order).find(({ out_refund_no }) => out_refund_no === number)
const isOurs = ({ origin }: Refund): boolean => origin !== 'elsewhere'
/** WeChat Pay contradicted itself, or us: a person was told, and arithmetic is over. */
const isContradicted = ({ attention }: Order): boolean => attention === 'refund_mismatch'

function intentIn({ step, learnt }: Moment): Refund | null {
  return learnt === null && step?.do === 'refund' ? step.refund : null
}

function outcomeOf(learnt: Learnt | null): Outcome<unknown> | null {
  return learnt !== null && 'outcome' in learnt ? learnt.outcome : null
}

function evidenceOf(learnt: Learnt | null): Evidence | null {
  if (learnt !== null && 'evidence' in learnt) return learnt.evidence
  const outcome = outcomeOf(learnt)
  return outcome === null || outcome.kind === 'no-answer' ? null : outcome.evidence
}

function always(name: string, holds: (moments: readonly Moment[], life: Life) => void, numRuns = 300): void {
  it(name, () => {
    fc.assert(
      fc.property(aLife, (life) => holds(momentsOf(life), life)),
      { numRuns },
    )
  })
}

function eachMoment(name: string, holds: (moment: Moment) => void): void {
  always(name, (moments) => moments.forEach(holds))
}

describe('for every verdict and everything that is learnt after it', () => {
  eachMoment('a verdict never changes', ({ before, change }) => {
    if (!isFinal(before)) return
    expect(change.order.state).toBe(before.state)
    expect(isFinal(change.order) && change.order.verdict).toBe(before.verdict)
  })

  eachMoment('every change is the next version, with a journal line', ({ before, change }) => {
    expect(change.from).toBe(before.version)
    expect(change.order.version).toBe(before.version + 1)
    expect(change.journal.length).toBeGreaterThan(0)
  })

  eachMoment('a change holds the refunds that changed, and only those', ({ before, change }) => {
    const changed = refundsOf(change.order).filter((refund) => !refundsOf(before).includes(refund))
    expect(change.aftercare?.refunds ?? []).toEqual(changed)
  })

  it('twin: refunds get into every state, and late money into every phase', () => {
    const found = new Set<string>()
    fc.assert(
      fc.property(aLife, (life) => {
        for (const { change } of momentsOf(life)) {
          const { late, refunds } = aftercareOf(change.order)
          for (const { state, origin } of refunds) found.add(`${origin} ${state}`)
          if (late !== null) found.add(late.phase)
        }
      }),
      { numRuns: 2_000, seed: 7 },
    )
    const ours = ['queued', 'requesting', 'processing', 'SUCCESS', 'CLOSED', 'REFUSED']
    const phases = ['suspected', 'confirm', 'compare', 'refunding', 'returned', 'accepted', 'asked']
    const expected = [
      ...ours.flatMap((state) => [`asked ${state}`, `late_money ${state}`]),
      ...['processing', 'SUCCESS', 'CLOSED'].map((state) => `elsewhere ${state}`),
      ...phases,
    ]
    expect([...found].sort()).toEqual(expected.sort())
  })
})

describe('money', () => {
  eachMoment('what is asked for is left: with all that is known, never more than was paid', (moment) => {
    const { before, change } = moment
    const entered = refundsOf(change.order).filter(
      (refund) => isOurs(refund) && refundOf(before, refund.out_refund_no) === undefined,
    )
    if (entered.length === 0) return
    expect(entered).toHaveLength(1)
    expect(reservedBy(refundsOf(change.order))).toBeLessThanOrEqual(change.order.total)
  })

  always('all that we sent and that WeChat Pay did not refuse is never more than was paid', (moments) => {
    for (const moment of moments) {
      const refund = intentIn(moment)
      if (refund === null || moments.some(({ before }) => isContradicted(before))) continue
      const sent = refundsOf(moment.change.order).filter((one) => isOurs(one) && one.attempts > 0)
      expect(reservedBy(sent)).toBeLessThanOrEqual(moment.before.total)
    }
  })

  always('a refund keeps its number, amount and reason for all its attempts', (moments) => {
    for (const { before, change } of moments) {
      for (const refund of refundsOf(before)) {
        const { out_refund_no, amount } = refund
        expect(refundOf(change.order, out_refund_no)).toMatchObject({ out_refund_no, amount })
        if (isOurs(refund)) {
          const { key, origin, reason } = refund
          expect(refundOf(change.order, out_refund_no)).toMatchObject({ key, origin, reason })
        }
      }
    }
  })

  always('two refunds of an order are never sent within a minute of each other', (moments) => {
    const intents = moments.flatMap((moment) => {
      const refund = intentIn(moment)
      return refund === null ? [] : [{ atMs: moment.nowMs, number: refund.out_refund_no }]
    })
    for (const [i, { atMs, number }] of intents.entries()) {
      const others = intents.slice(0, i).filter((one) => one.number !== number)
      for (const other of others) expect(atMs - other.atMs).toBeGreaterThanOrEqual(60_000)
    }
  })

  eachMoment('what was accepted is never sent again', (moment) => {
    for (const { out_refund_no, state } of refundsOf(moment.before)) {
      if (state !== 'processing') continue
      expect(intentIn(moment)?.out_refund_no).not.toBe(out_refund_no)
      expect(refundOf(moment.change.order, out_refund_no)?.state).not.toMatch(/queued|requesting/)
    }
  })
})

describe('late money goes back', () => {
  always(
    'only after a fresh signed "paid" and all refunds of the order, asked within a minute, under no mark',
    (moments) => {
      for (const [i, { before, learnt, change, nowMs }] of moments.entries()) {
        const entered = refundsOf(change.order).find(
          (refund) => refund.origin === 'late_money' && refundOf(before, refund.out_refund_no) === undefined,
        )
        if (entered === undefined) continue
        expect(stopsEnding(before.attention) || stopsEnding(change.order.attention)).toBe(false)
        expect(learnt?.call).toBe('queryRefunds')
        const outcome = outcomeOf(learnt)
        const isAnswered =
          outcome?.kind === 'answer' || (outcome?.kind === 'refusal' && saysNoSuchRefund(outcome.code))
        expect(isAnswered).toBe(true)
        const said = moments.slice(0, i).findLast((one) => isFreshPaid(one))
        expect(nowMs - (said?.nowMs ?? 0)).toBeLessThanOrEqual(60_000)
      }
    },
    600,
  )

  eachMoment('never while a mark about identity or money stands', (moment) => {
    if (intentIn(moment)?.origin === 'late_money') expect(stopsEnding(moment.before.attention)).toBe(false)
  })

  eachMoment(
    '"returned" only if it is back: by refunds, or by WeChat Pay’s own word that it is revoked',
    (moment) => {
      const { before, change, learnt } = moment
      if (aftercareOf(before).late?.phase === 'returned') return
      if (aftercareOf(change.order).late?.phase !== 'returned') return
      const { total } = change.order
      const isRevoked = learnt?.call === 'query' && outcomeOf(learnt)?.kind === 'answer'
      if (!isRevoked) expect(refundedBy(refundsOf(change.order))).toBeGreaterThanOrEqual(total)
    },
  )

  eachMoment('"refunding" only while something is on its way, or to be asked about', ({ change }) => {
    const { late, refunds, compareAtMs } = aftercareOf(change.order)
    if (late?.phase !== 'refunding') return
    expect(compareAtMs !== null || refunds.some((refund) => !isEnded(refund))).toBe(true)
  })

  it('twin: late money does go back', () => {
    let returned = 0
    fc.assert(
      fc.property(aLife, (life) => {
        const last = momentsOf(life).at(-1)?.change.order
        if (last !== undefined && aftercareOf(last).late?.phase === 'returned') returned += 1
      }),
      { numRuns: 1_000, seed: 7 },
    )
    expect(returned).toBeGreaterThan(20)
  })
})

/** A signed answer of now that says so. */
function isFreshPaid({ learnt, nowMs }: Moment): boolean {
  if (learnt === null || (learnt.call !== 'query' && learnt.call !== 'place')) return false
  const evidence = evidenceOf(learnt)
  if (evidence === null || nowMs - Number(evidence.timestamp) * 1_000 > 150_000) return false
  return (
    learnt.outcome.kind === 'answer' &&
    JSON.stringify(learnt.outcome.value).match(/"(SUCCESS|REFUND)"/) !== null
  )
}

describe('an end', () => {
  always('of a refund rests on a signed word: silence alone never leads to one', (moments) => {
    for (const { before, change, learnt } of moments) {
      for (const { out_refund_no, state } of refundsOf(change.order).filter(isEnded)) {
        if (refundOf(before, out_refund_no)?.state === state) continue
        const evidence = evidenceOf(learnt)
        expect(evidence).not.toBeNull()
        expect(change.evidence).toContain(evidence)
      }
    }
  })

  eachMoment('of anything never follows from silence', ({ before, learnt, change }) => {
    if (outcomeOf(learnt)?.kind !== 'no-answer') return
    for (const refund of refundsOf(change.order).filter(isEnded))
      expect(refundOf(before, refund.out_refund_no)?.state).toBe(refund.state)
    expect(aftercareOf(change.order).late?.phase).toBe(aftercareOf(before).late?.phase)
    expect(isFinal(change.order)).toBe(isFinal(before))
  })

  eachMoment(
    'is left only for what WeChat Pay says against it, and a person is told',
    ({ before, change }) => {
      for (const refund of refundsOf(before).filter(isEnded)) {
        const after = refundOf(change.order, refund.out_refund_no)
        if (after?.state === refund.state) continue
        expect(refund.state).not.toBe('SUCCESS')
        if (isOurs(refund)) expect(isContradicted(change.order)).toBe(true)
      }
    },
  )

  always(
    'REFUSED only if WeChat Pay does not know it a minute after no attempt without an answer can take effect any more',
    (moments) => {
      for (const [i, { before, learnt, change, nowMs }] of moments.entries()) {
        const refused = refundsOf(change.order).find(
          ({ state, out_refund_no }) =>
            state === 'REFUSED' && refundOf(before, out_refund_no)?.state !== 'REFUSED',
        )
        if (refused === undefined) continue
        const outcome = outcomeOf(learnt)
        expect(learnt?.call).toBe('queryRefund')
        expect(outcome?.kind === 'refusal' && saysNoSuchRefund(outcome.code)).toBe(true)
        expect(refundReactionTo(refused.said ?? '')).toMatch(/^(refused|unknown)$/)
        const askedAtMs = nowMs - (learnt !== null && 'tookMs' in learnt ? learnt.tookMs : 0)
        for (const [j, earlier] of moments.slice(0, i).entries()) {
          if (intentIn(earlier)?.out_refund_no !== refused.out_refund_no) continue
          if (!isAccountedFor(moments[j + 1]))
            expect(askedAtMs - earlier.nowMs).toBeGreaterThan(USABLE_MS + UNKNOWN_MS)
        }
      }
    },
    600,
  )

  eachMoment(
    'is told once: one `order.refund` for each, the verdict before all others',
    ({ before, change }) => {
      const ends = refundsOf(change.order).filter(
        (refund) => isEnded(refund) && refundOf(before, refund.out_refund_no)?.state !== refund.state,
      )
      const abnormal = refundsOf(change.order).filter(
        ({ state, said, out_refund_no }) =>
          state === 'processing' && said === 'ABNORMAL' && refundOf(before, out_refund_no)?.said !== said,
      )
      const told = change.events.flatMap((event) =>
        event.type === 'order.refund' ? [event.out_refund_no] : [],
      )
      expect(new Set(told).size).toBe(told.length)
      expect(told).toEqual(expect.arrayContaining(ends.map(({ out_refund_no }) => out_refund_no)))
      const numbers = [...ends, ...abnormal].map(({ out_refund_no }) => out_refund_no)
      expect(numbers).toEqual(expect.arrayContaining(told))
      const verdicts = change.events.filter(({ type }) => type === 'order.verdict')
      expect(verdicts).toHaveLength(!isFinal(before) && isFinal(change.order) ? 1 : 0)
      if (verdicts.length > 0) expect(change.events[0]?.type).toBe('order.verdict')
    },
  )

  always('of an order that is paid late is told once', (moments) => {
    const told = moments
      .flatMap(({ change }) => change.events)
      .filter(({ type }) => type === 'order.late_money')
    const last = moments.at(-1)?.change.order
    const late = last === undefined ? null : aftercareOf(last).late
    expect(told).toHaveLength(late === null || late.phase === 'suspected' ? 0 : 1)
  })
})

/** WeChat Pay refused this very attempt in an answer of then, or it never left. */
function isAccountedFor(moment: Moment | undefined): boolean {
  if (moment?.learnt?.call !== 'refund') return false
  const { outcome } = moment.learnt
  if (outcome.kind === 'no-answer') return !outcome.sent
  if (outcome.kind === 'answer') return false
  const isOld = moment.nowMs - Number(outcome.evidence.timestamp) * 1_000 > 150_000
  const reaction = refundReactionTo(outcome.code)
  return !isOld && ['refused', 'unknown', 'short'].includes(reaction)
}

/** Nothing but a person takes these away; all money's coming back answers the first. */
const ATTENDED: ReadonlySet<AttentionCode> = new Set([
  'late_money',
  'refund_closed',
  'refund_refused',
  'refund_mismatch',
  'amount_mismatch',
  'identity_mismatch',
  'paid_after_revoke',
])

describe('nothing is forgotten', () => {
  eachMoment('every refund of ours that has not ended has a due time', ({ change }) => {
    for (const refund of refundsOf(change.order)) {
      if (isEnded(refund)) expect(refund.dueAtMs).toBeNull()
      else if (isOurs(refund)) expect(Number.isSafeInteger(refund.dueAtMs)).toBe(true)
    }
  })

  eachMoment('an order is due while something is open, unless a mark holds its late money', ({ change }) => {
    const { order } = change
    if (!isFinal(order)) return
    const aftercare = aftercareOf(order)
    expect(order.dueAtMs).toBe(nextTaskAtMs(aftercare, order))
    if (order.dueAtMs !== null) return
    const { late, refunds } = aftercare
    const open = refunds.filter((refund) => isOurs(refund) && !isEnded(refund))
    if (stopsEnding(order.attention)) {
      expect(open.every(({ origin }) => origin === 'late_money')).toBe(true)
      expect(late?.phase).not.toBe('suspected')
    } else {
      expect(open).toEqual([])
      expect(late?.phase ?? 'nothing').not.toMatch(/suspected|confirm|compare|refunding/)
    }
  })

  eachMoment('what others made is asked about until it has ended, or everything is back', ({ change }) => {
    const { late, refunds, compareAtMs } = aftercareOf(change.order)
    const isOpen = refunds.some((refund) => !isOurs(refund) && !isEnded(refund))
    if (isOpen && late?.phase !== 'returned') expect(compareAtMs).not.toBeNull()
  })

  eachMoment(
    'a mark that only a person takes away stays, or gives way to a graver one',
    ({ before, change }) => {
      const [was, is] = [before.attention, change.order.attention]
      if (was === is || was === null || !ATTENDED.has(was)) return
      if (was === 'late_money' && aftercareOf(change.order).late?.phase === 'returned') return
      expect(is !== null && ATTENDED.has(is) && (stopsEnding(is) || !stopsEnding(was))).toBe(true)
    },
  )

  eachMoment('late money that a person has to decide about is marked', ({ change, before }) => {
    const phase = aftercareOf(change.order).late?.phase
    if (phase === 'asked' && aftercareOf(before).late?.phase !== 'asked')
      expect(change.order.attention).not.toBeNull()
  })
})

describe('a callback', () => {
  always('makes no verdict while a revoke may give the money back', (moments) => {
    const verdict = moments.findIndex(({ before, change }) => !isFinal(before) && isFinal(change.order))
    if (moments[verdict]?.learnt?.call !== 'callback') return
    for (const [i, { step, learnt }] of moments.slice(0, verdict).entries()) {
      if (learnt !== null || step?.do !== 'reverse') continue
      const outcome = outcomeOf(moments[i + 1]?.learnt ?? null)
      const isUnsent = outcome?.kind === 'no-answer' && !outcome.sent
      expect(outcome?.kind === 'refusal' || isUnsent).toBe(true)
    }
  })

  eachMoment('that is answered as received is known already or kept', ({ learnt, change }) => {
    if (learnt?.call !== 'callback' && learnt?.call !== 'refund-callback') return
    if (change.refuses === undefined) expect(change.evidence).toContain(learnt.evidence)
  })

  it('that comes again changes nothing more', () => {
    fc.assert(
      fc.property(aLife, (life) => {
        const rules = rulesFor(life.order.kind, false, life.lateMoney)
        for (const { learnt, change, nowMs } of momentsOf(life)) {
          if (learnt?.call !== 'callback' && learnt?.call !== 'refund-callback') continue
          if (change.refuses !== undefined || isContradicted(change.order)) continue
          const again = decide(change.order, learnt, rules, { nowMs: nowMs + 1, chance: 0 })
          // While a revoke is accounted for, or a refund of others is open, the same word is only noted again.
          if (again === null) continue
          expect(again.events).toEqual([])
          expect(again.order.state).toBe(change.order.state)
          const states = (order: Order) => refundsOf(order).map(({ state }) => state)
          expect(states(again.order)).toEqual(states(change.order))
        }
      }),
      { numRuns: 300 },
    )
  })
})
