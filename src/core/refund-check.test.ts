import { describe, expect, it } from 'vitest'
import type { Refund } from './aftercare.ts'
import { checkRefund, checkRefundWish } from './refund-check.ts'
import type { RefundWish } from './scene.ts'
import { lived, paid, refundsOf } from './testing.ts'

const wish = (more: Partial<Record<keyof RefundWish, unknown>> = {}): RefundWish =>
  ({ key: 'r1', amount: 500, reason: null, ...more }) as RefundWish

describe('a wish for a refund', () => {
  it.each([
    [{}],
    [{ amount: null }],
    [{ amount: 1 }],
    [{ reason: '退款' }],
    [{ reason: 'r'.repeat(80) }],
    [{ key: 'k'.repeat(128) }],
  ])('%j is one', (more) => {
    expect(() => checkRefundWish(wish(more))).not.toThrow()
  })

  it.each([
    [{ key: '' }, 'idempotencyKey'],
    [{ key: 'k'.repeat(129) }, 'idempotencyKey'],
    [{ key: 7 }, 'idempotencyKey'],
    [{ amount: 0 }, 'amount'],
    [{ amount: -1 }, 'amount'],
    [{ amount: 1.5 }, 'amount'],
    [{ amount: '500' }, 'amount'],
    [{ amount: Number.MAX_VALUE }, 'amount'],
    [{ reason: '' }, 'reason'],
    [{ reason: 'r'.repeat(81) }, 'reason'],
    [{ reason: '💸' }, 'reason'],
    [{ reason: 'a\nb' }, 'reason'],
    [{ key: Symbol('a') }, 'idempotencyKey'],
    [{ amount: 500n }, 'amount'],
    [{ reason: () => 'a' }, 'reason'],
    [{ reason: JSON.parse('['.repeat(30_000) + ']'.repeat(30_000)) }, 'reason'],
  ])('%o is none, and the message names %s', (more, field) => {
    expect(() => checkRefundWish(wish(more))).toThrow(
      expect.objectContaining({ code: 'REFUND_INVALID', message: expect.stringMatching(`^${field} is `) }),
    )
  })
})

describe('what may be asked for', () => {
  const order = paid()
  const ended = (state: Refund['state'], amount: number): readonly Refund[] =>
    refundsOf(lived(order, [[0, `ask refund ${amount} as r0`]])).map((refund) => ({ ...refund, state }))

  it.each(['queued', 'requesting', 'processing', 'SUCCESS'] as const)('%s takes its part', (state) => {
    expect(checkRefund(order, ended(state, 8_000), wish({ amount: null }))).toBe(800)
    expect(() => checkRefund(order, ended(state, 8_000), wish({ amount: 801 }))).toThrow(
      expect.objectContaining({
        code: 'REFUND_EXCEEDS',
        message: expect.stringContaining('at most 800 HKD'),
      }),
    )
  })

  it.each(['CLOSED', 'REFUSED'] as const)('%s gave nothing, and takes nothing', (state) => {
    expect(checkRefund(order, ended(state, 8_000), wish({ amount: null }))).toBe(8_800)
  })

  it('when nothing is left, not even nothing is', () => {
    expect(() => checkRefund(order, ended('SUCCESS', 8_800), wish({ amount: null }))).toThrow(
      expect.objectContaining({ code: 'REFUND_EXCEEDS' }),
    )
  })
})
