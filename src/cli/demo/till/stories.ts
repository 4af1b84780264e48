import type { Script } from '../../../simulator/index.ts'
import type { StoryName } from './view.ts'

/** What somebody does, so long after the sale was rung up. */
export interface Scene {
  readonly afterMs: number
  readonly does: 'scan' | 'type' | 'cancel'
}

/** A sale whose fate is told before: the same each time that somebody watches. The page tells it in words. */
export interface Story {
  readonly kind: 'quick_pay' | 'native'
  readonly total: number
  readonly script: Script
  readonly scenes: readonly Scene[]
}

/** Nothing else strikes it, whatever the switches say; but that WeChat Pay is down. */
const CALM = { place: [], query: [], reverse: [], close: [] } as const

export const STORY: Readonly<Record<StoryName, Story>> = {
  /** Paid at once, and the till never hears the answer: 8 s of silence. */
  'lost-reply': {
    kind: 'quick_pay',
    total: 6_800,
    script: { customer: { does: 'pay', afterMs: 0 }, faults: { ...CALM, place: ['noReplyAfter'] } },
    scenes: [],
  },
  /** Two seconds before WeChat Pay itself would end the order. */
  'last-second': {
    kind: 'quick_pay',
    total: 12_800,
    script: { customer: { does: 'pay', afterMs: 43_000 }, faults: CALM },
    scenes: [{ afterMs: 2_000, does: 'type' }],
  },
  /** Paid while the shop's line is dead: no callback, and three questions without an answer. */
  'line-dies': {
    kind: 'native',
    total: 25_600,
    script: {
      customer: { does: 'pay', afterMs: 8_000 },
      faults: { ...CALM, query: ['resetBefore', 'noReplyBefore', 'resetBefore'] },
      callbacks: ['callbackLost'],
    },
    scenes: [
      { afterMs: 3_000, does: 'scan' },
      { afterMs: 4_500, does: 'type' },
    ],
  },
  /** The cashier cancels, and the customer pays in the very moment of the revoke. */
  cancelled: {
    kind: 'quick_pay',
    total: 8_800,
    script: { customer: { does: 'pay-before-ending' }, faults: CALM },
    scenes: [
      { afterMs: 2_000, does: 'type' },
      { afterMs: 12_000, does: 'cancel' },
    ],
  },
}
