import { describe, expect, it } from 'vitest'
import {
  ageMs,
  guessOf,
  isRight,
  PATIENCE_MS,
  type Sale,
  type Standing,
  toldOnce,
} from '../../dashboard/src/pages/till/facts.ts'
import { sentencesIn, sentencesTrue } from '../../dashboard/src/pages/till/told.ts'
import { STORIES } from '../../src/cli/demo/till/view.ts'

const T0 = Date.UTC(2026, 5, 8, 2, 0, 0)
const at = (ms: number): string => new Date(T0 + ms).toISOString()

type Line = Standing['journal'][number]

const line = (atMs: number, event: string, call?: string, said?: string): Line => ({
  at: at(atMs),
  event,
  ...(call !== undefined && { call }),
  ...(said !== undefined && { said }),
})

const UNPAID = { trade_state: 'USERPAYING', paid: false, charged: 0, refunded: 0 }
const PAID = { trade_state: 'SUCCESS', paid: true, charged: 8_800, refunded: 0 }
const NONE = { trade_state: null, paid: false, charged: 0, refunded: 0 }
const RETURNED = { trade_state: 'REVOKED', paid: true, charged: 8_800, refunded: 8_800 }

interface Sketch {
  readonly kind?: 'quick_pay' | 'native'
  readonly journal?: readonly Line[]
  readonly truth?: Standing['truth']
  readonly ageMs?: number
  readonly isFinal?: boolean
}

function standing({
  kind = 'quick_pay',
  journal = [],
  truth = UNPAID,
  ageMs = 1_000,
  isFinal = false,
}: Sketch): Standing {
  const order = { kind, createdAt: at(0), verdict: isFinal ? { state: 'SUCCESS' } : null }
  return {
    sale: { story: null, code_url: null, order } as unknown as Sale,
    journal: [line(0, 'entered'), line(0, 'intent', 'place'), ...journal],
    truth,
    nowMs: T0 + ageMs,
  }
}

describe('a till without Verdict', () => {
  it.each([
    ['waits for the reply', {}, 'pending'],
    ['believes a reply', { journal: [line(20, 'answer', 'place', 'SUCCESS')] }, 'paid'],
    ['takes silence for a failure', { journal: [line(8_000, 'no-answer', 'place', 'timeout')] }, 'failed'],
    ['takes a refusal for one', { journal: [line(20, 'refusal', 'place', 'NOT_ENOUGH')] }, 'failed'],
    [
      'waits while the password is entered',
      { journal: [line(20, 'answer', 'place', 'USERPAYING')] },
      'pending',
    ],
    [
      'hears nothing of a query',
      { journal: [line(20, 'answer', 'place', 'USERPAYING'), line(4_000, 'answer', 'query', 'SUCCESS')] },
      'pending',
    ],
    [
      'loses its patience',
      { journal: [line(20, 'answer', 'place', 'USERPAYING')], ageMs: PATIENCE_MS },
      'unpaid',
    ],
    [
      'waits for the callback of a QR code',
      { kind: 'native', journal: [line(20, 'answer', 'place', 'code_url')] },
      'pending',
    ],
    [
      'believes a callback',
      { kind: 'native', journal: [line(9_000, 'callback', undefined, 'SUCCESS')], ageMs: 2 * PATIENCE_MS },
      'paid',
    ],
    [
      'cancels',
      { journal: [line(20, 'answer', 'place', 'USERPAYING'), line(9_000, 'give-up')] },
      'cancelled',
    ],
  ] as const)('%s', (_, sketch, guess) => {
    expect(guessOf(standing(sketch))).toBe(guess)
  })

  it('says nothing before the first sale', () => {
    expect(guessOf({ sale: null, journal: [], truth: null, nowMs: T0 })).toBe('nothing')
  })
})

describe('who is right', () => {
  it.each([
    ['paid', PAID, true],
    ['paid', UNPAID, false],
    ['paid', RETURNED, false],
    ['failed', PAID, false],
    ['failed', UNPAID, false],
    ['failed', NONE, true],
    ['unpaid', PAID, false],
    ['unpaid', RETURNED, true],
    ['cancelled', PAID, false],
    ['cancelled', UNPAID, false],
    ['cancelled', RETURNED, true],
    ['pending', PAID, null],
    ['nothing', UNPAID, null],
    ['paid', null, null],
  ] as const)('%s, while WeChat Pay has %j: %s', (says, truth, right) => {
    expect(isRight(says, { truth })).toBe(right)
  })
})

describe('the journal', () => {
  it('has the same answer to the same question in one line, with the latest moment', () => {
    const asked = [4_000, 8_000, 12_000].map((ms) => line(ms, 'answer', 'query', 'USERPAYING'))
    const told = toldOnce([
      ...asked,
      line(16_000, 'no-answer', 'query', 'reset'),
      line(20_000, 'answer', 'query', 'SUCCESS'),
    ])
    expect(told.map(({ event, said, times, lastAt }) => [event, said, times, lastAt])).toEqual([
      ['answer', 'USERPAYING', 3, at(12_000)],
      ['no-answer', 'reset', 1, at(16_000)],
      ['answer', 'SUCCESS', 1, at(20_000)],
    ])
  })

  it('keeps apart what only looks alike', () => {
    expect(toldOnce([line(0, 'intent', 'reverse'), line(1, 'intent', 'reverse')])).toHaveLength(2)
  })
})

describe('a story', () => {
  it('begins with its first sentence, and has all of them at its end', () => {
    for (const story of STORIES) {
      expect(sentencesTrue(story, standing({}))).toBe(1)
      expect(sentencesTrue(story, standing({ isFinal: true, truth: PAID }))).toBe(sentencesIn(story))
    }
  })

  it('is told as it happens', () => {
    const silent = [line(8_000, 'no-answer', 'place', 'timeout')]
    expect(sentencesTrue('lost-reply', standing({ truth: PAID }))).toBe(2)
    expect(sentencesTrue('lost-reply', standing({ truth: PAID, journal: silent }))).toBe(4)
  })
})

it('an age is none before there is a sale', () => {
  expect(ageMs({ sale: null, journal: [], truth: null, nowMs: T0 })).toBe(0)
})
