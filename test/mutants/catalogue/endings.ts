import type { Mutant } from '../mutant.ts'

const ENDING = 'src/core/ending.ts'
const PLAN = 'src/core/plan.ts'

/** Revokes and closes: too early, without a question, or believed too soon. */
export const ENDINGS: readonly Mutant[] = [
  {
    name: 'revoke-before-15-s',
    breaks: 'design 2',
    says: 'Quick Pay is revoked from 1.5 s after its placing.',
    edits: [
      {
        file: PLAN,
        find: 'export const REVOKE_AGE_MS_MIN = 15_000',
        replace: 'export const REVOKE_AGE_MS_MIN = 1_500',
      },
    ],
  },
  {
    name: 'close-before-5-min',
    breaks: 'design 2',
    says: 'The other kinds are closed from 30 s after their placing.',
    edits: [
      {
        file: PLAN,
        find: 'export const CLOSE_AGE_MS_MIN = 300_000',
        replace: 'export const CLOSE_AGE_MS_MIN = 30_000',
      },
    ],
  },
  {
    name: 'age-from-first-placing',
    breaks: 'design 2',
    says: 'The 5 min before a close count from the first placing request, not from the last.',
    edits: [
      {
        file: PLAN,
        find: `  latestPlacingAtMs,
}: Pick<OpenOrder, 'kind' | 'latestPlacingAtMs'>): number {
  return latestPlacingAtMs + (`,
        replace: `  createdAtMs,
}: Pick<OpenOrder, 'kind' | 'createdAtMs'>): number {
  return createdAtMs + (`,
      },
    ],
  },
  {
    name: 'given-up-is-ended-unasked',
    breaks: 'design 2, guide 3.7',
    says: 'An order that is given up is revoked or closed without the query before.',
    edits: [{ file: ENDING, find: "phase: 'ask',\n  calls: 0,", replace: "phase: 'act',\n  calls: 0," }],
  },
  {
    // Whoever died or stood still between the answer and the act leaves the order ready to be ended.
    name: 'stale-answer-allows-the-end',
    breaks: 'design 2, guide 3.7',
    says: 'A revoke or close leaves however long ago the order was found unpaid.',
    edits: [
      {
        file: 'src/core/step.ts',
        find: 'return revokeIsOpen(ending.revoke, nowMs) || nowMs - dueAtMs <= FRESH_MS',
        replace: 'return true',
      },
    ],
  },
  {
    name: 'accepted-close-is-the-verdict',
    breaks: 'design 3.1, guide 3.7',
    says: 'An accepted revoke or close makes the verdict, and no query confirms it.',
    edits: [
      {
        file: ENDING,
        find: "return draft.ending({ ...ending, phase: 'confirm', confirmations: 0 }, moment.nowMs)",
        replace: `return draft.settled(
        call === 'close' ? 'CLOSED' : 'REVOKED',
        'query',
        { trade_state: call === 'close' ? 'CLOSED' : 'REVOKED' },
        outcome.evidence,
      )`,
      },
    ],
  },
  {
    name: 'tracked-order-is-ended',
    breaks: 'design 2',
    says: 'A tracked order is closed though nobody allowed it.',
    edits: [
      {
        file: 'src/core/scene.ts',
        find: 'return (order.mayEnd || order.givenUpAtMs !== null) && !stopsEnding(order.attention)',
        replace: 'return !stopsEnding(order.attention)',
      },
    ],
  },
]
