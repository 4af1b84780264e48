import { describe, expect, it } from 'vitest'
import { amountOf, isOutdated } from '../../dashboard/src/pages/order/mark-answer.ts'
import type { Story } from '../../dashboard/src/pages/order/story.ts'
import { storyOf } from './stories.ts'

const SEEN = { total: 9_000, currency: 'HKD' }

function marked(amountToAccept: Story['evidence']['amountToAccept']): Story {
  const story = storyOf({ order: { attention: 'amount_mismatch' } })
  return { ...story, evidence: { ...story.evidence, amountToAccept } }
}

describe('whoever accepts the evidence', () => {
  it('accepts the amount that WeChat Pay signed, where it is another one, and none while that is not known', () => {
    expect(amountOf('accept_evidence', marked(SEEN))).toEqual(SEEN)
    expect(amountOf('accept_evidence', marked(null))).toBeNull()
  })

  it('accepts the amount of the order, where the mark is about something else', () => {
    const story = storyOf({ order: { attention: 'paid_after_revoke' } })
    expect(amountOf('accept_evidence', story)).toEqual(story.order.amount)
  })

  it.each([
    ['the same', SEEN, false],
    ['another sum', { ...SEEN, total: 9_001 }, true],
    ['another currency', { ...SEEN, currency: 'CNY' }, true],
    ['none any more', null, true],
  ])('looks again if the amount is by now %s', (_, now, isOld) => {
    expect(isOutdated({ action: 'accept_evidence', amount: SEEN }, marked(now))).toBe(isOld)
  })
})

it('an answer that accepts nothing is never outdated', () => {
  expect(amountOf('stop_tracking', marked(SEEN))).toBeNull()
  expect(isOutdated({ action: 'stop_tracking', amount: null }, marked(SEEN))).toBe(false)
})
