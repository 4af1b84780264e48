import { describe, expect, it } from 'vitest'
import { axisOf, timelineOf } from '../../dashboard/src/pages/order/timeline.ts'
import { at, storyOf, T0, verdictOf } from './stories.ts'

const journal = [
  { at: at(0), event: 'entered', said: 'placed' },
  { at: at(0), event: 'intent', call: 'place' },
  { at: at(1), event: 'no-answer', call: 'place', said: 'timeout', tookMs: 1_000 },
  { at: at(4), event: 'no-answer', call: 'query', said: 'reset', tookMs: 500 },
  { at: at(8), event: 'answer', call: 'query', said: 'SUCCESS', tookMs: 200 },
  { at: at(8), event: 'verdict', said: 'SUCCESS' },
  { at: at(3_600), event: 'refund', said: 'SUCCESS' },
]
const settled = storyOf({ order: verdictOf('SUCCESS', { at: at(8) }), journal })

describe('the timeline of an order', () => {
  it('has a bar as long as each call took', () => {
    const { marks } = timelineOf(settled, 'verdict', T0 + 60_000)
    expect(marks.map(({ lane, sort, fromMs, toMs }) => [lane, sort, fromMs - T0, toMs - T0])).toEqual([
      ['place', 'silence', 0, 1_000],
      ['query', 'silence', 3_500, 4_000],
      ['query', 'answer', 7_800, 8_000],
    ])
  })

  it('shows how long nobody answered', () => {
    const { gaps } = timelineOf(settled, 'verdict', T0 + 60_000)
    expect(gaps.map(({ fromMs, toMs }) => [fromMs - T0, toMs - T0])).toEqual([[0, 8_000]])
  })

  it('ends at the verdict, and tells that more followed', () => {
    const toVerdict = timelineOf(settled, 'verdict', T0 + 60_000)
    expect(toVerdict.toMs - T0).toBeLessThan(9_000)
    expect(toVerdict.later).toBe(1)
    const all = timelineOf(settled, 'all', T0 + 60_000)
    expect(all.toMs - T0).toBeGreaterThanOrEqual(3_600_000)
    expect(all.later).toBe(0)
  })

  it('shows a call that is under way as one that grows', () => {
    const open = storyOf({ journal: journal.slice(0, 2) })
    const { marks } = timelineOf(open, 'verdict', T0 + 2_500)
    expect(marks).toMatchObject([{ lane: 'place', sort: 'under-way', fromMs: T0, toMs: T0 + 2_500 }])
  })

  it('shows the whole window of the till from the beginning, and keeps its scale while time passes', () => {
    const open = storyOf({ journal: journal.slice(0, 3) })
    const ends = [2, 4, 9].map((seconds) => timelineOf(open, 'verdict', T0 + seconds * 1_000).toMs)
    expect(new Set(ends).size).toBe(1)
    expect(ends[0]).toBeGreaterThanOrEqual(T0 + 45_000)
  })

  it.each([
    [1, 6],
    [45_000, 9],
    [45_000, 2],
    [86_400_000 * 400, 5],
  ])('has an axis of round numbers: %d ms in at most %d parts', (lengthMs, most) => {
    const axis = axisOf(lengthMs, most)
    expect(axis[0]).toBe(0)
    expect(axis.length).toBeLessThanOrEqual(most + 1)
    expect(axis.at(-1)).toBeLessThanOrEqual(lengthMs)
  })
})
