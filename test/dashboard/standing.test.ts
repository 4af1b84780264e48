import { describe, expect, it } from 'vitest'
import { standingOf } from '../../dashboard/src/pages/order/standing.ts'
import { at, refundOf, storyOf, T0, verdictOf } from './stories.ts'

const answer = (seconds: number, said: string) =>
  ({ at: at(seconds), event: 'answer', call: 'query', said, tookMs: 40 }) as const
const silence = (seconds: number) =>
  ({ at: at(seconds), event: 'no-answer', call: 'query', said: 'timeout' }) as const

/** What is said at second 6. */
const saidOf = (parts: Parameters<typeof storyOf>[0], seconds = 6) =>
  standingOf(storyOf(parts), T0 + seconds * 1_000)

describe('an open order', () => {
  it('tells what WeChat Pay said last, when it is asked next, and when it ends', () => {
    const order = { trade_state: 'NOTPAY', nextDueAt: at(10) }
    expect(saidOf({ order, journal: [answer(3, 'NOTPAY')] })).toEqual({
      headline: 'unpaid',
      tone: 'busy',
      sentences: [
        { say: 'said', state: 'NOTPAY', agoMs: 3_000 },
        { say: 'next', inMs: 4_000, end: 'revoke', endAtMs: T0 + 45_000 },
      ],
    })
  })

  it('is closed, not revoked, and not before five minutes, where it is no Quick Pay', () => {
    const story = storyOf({ order: { kind: 'native', windowEndsAt: at(60) } })
    const schedule = { queriesAt: [], windowEndsAt: at(60), endableAt: at(300) }
    const { sentences } = standingOf({ ...story, schedule }, T0 + 6_000)
    expect(sentences).toContainEqual({ say: 'next', inMs: 1_000, end: 'close', endAtMs: T0 + 300_000 })
  })

  it('that was created and not asked about yet is not paid, and nothing was said since', () => {
    const journal = [{ at: at(1), event: 'answer', call: 'place', said: 'code_url', tookMs: 80 }]
    const { headline, sentences } = saidOf({ order: { kind: 'native', trade_state: 'NOTPAY' }, journal })
    expect(headline).toBe('unpaid')
    expect(sentences[0]).toEqual({ say: 'created', agoMs: 5_000 })
  })

  it('takes silence for nothing: what was said before stands', () => {
    const journal = [answer(1, 'USERPAYING'), silence(3), silence(5)]
    const { headline, sentences } = saidOf({ order: { trade_state: 'USERPAYING' }, journal })
    expect(headline).toBe('paying')
    expect(sentences.slice(0, 2)).toEqual([
      { say: 'said', state: 'USERPAYING', agoMs: 5_000 },
      { say: 'silence', times: 2, why: 'timeout', agoMs: 1_000 },
    ])
  })

  it('is not known so far when WeChat Pay answers that there is no such order', () => {
    const journal = [{ at: at(4), event: 'refusal', call: 'query', said: 'ORDER_NOT_EXIST' }]
    const { headline, sentences } = saidOf({ journal })
    expect(headline).toBe('unknown')
    expect(sentences[0]).toEqual({ say: 'no-such-order', code: 'ORDER_NOT_EXIST', agoMs: 2_000 })
  })

  it.each([
    ['under way', { nextDueAt: at(5) }, 'asked-now'],
    ['held back', { nextDueAt: at(-20) }, 'late-question'],
    ['in its ending', { state: 'ending' }, 'next-step'],
    ['stopped by a person', { stopped: true, nextDueAt: null }, 'stopped'],
    ['marked because of money', { attention: 'amount_mismatch' }, 'held'],
    ['past its window', { windowEndsAt: at(2), nextDueAt: at(9) }, 'window-over'],
  ] as const)('%s says so', (_, order, say) => {
    const early = { queriesAt: [], windowEndsAt: at(2), endableAt: at(1) }
    const { sentences } = standingOf({ ...storyOf({ order }), schedule: early }, T0 + 6_000)
    expect(sentences.map((one) => one.say)).toContain(say)
  })

  it('promises no end to one that others placed', () => {
    const { sentences } = saidOf({ order: { origin: 'tracked' } })
    expect(sentences).toContainEqual(expect.objectContaining({ say: 'next', end: null }))
  })
})

describe('a final order', () => {
  it.each([
    ['paid', {}, [], 'paid', ['paid-at', 'learnt', 'nothing-more']],
    [
      'partly given back',
      { refunded: 3_000 },
      [refundOf(3_000, 'SUCCESS')],
      'partly-returned',
      ['paid-at', 'learnt', 'returned', 'nothing-more'],
    ],
    [
      'given back',
      { refunded: 8_800 },
      [refundOf(8_800, 'SUCCESS')],
      'returned',
      ['paid-at', 'learnt', 'returned', 'nothing-more'],
    ],
    [
      'with money on its way back',
      {},
      [refundOf(500, 'processing')],
      'paid',
      ['paid-at', 'learnt', 'returning'],
    ],
    ['with a mark', { attention: 'refund_closed' }, [refundOf(500, 'CLOSED')], 'paid', ['paid-at', 'learnt']],
  ] as const)('that is %s', (_, more, refunds, headline, says) => {
    const standing = saidOf({ order: { ...verdictOf('SUCCESS'), ...more }, refunds: [...refunds] }, 60)
    expect(standing.headline).toBe(headline)
    expect(standing.sentences.map(({ say }) => say)).toEqual(says)
  })

  it.each([
    ['REVOKED', 'over', 'signed-end'],
    ['CLOSED', 'over', 'signed-end'],
    ['NOT_CREATED', 'never', 'never-known'],
  ] as const)('%s can no longer be paid', (state, headline, say) => {
    const standing = saidOf({ order: verdictOf(state) }, 60)
    expect(standing).toMatchObject({ headline, tone: 'over' })
    expect(standing.sentences[0]).toMatchObject({ say, agoMs: 51_000 })
  })

  it('that was paid after it was given up never looks settled', () => {
    const lateMoney = { phase: 'asked', transaction_id: '42', learntAt: at(30) }
    const standing = saidOf({ order: { ...verdictOf('CLOSED'), lateMoney } }, 60)
    expect(standing).toMatchObject({ headline: 'late', tone: 'warn' })
    expect(standing.sentences.map(({ say }) => say)).not.toContain('nothing-more')
  })
})
