import type { Mutant } from '../mutant.ts'

/** What Verdict once did, and the simulation found: each mend taken back. */
export const MENDED: readonly Mutant[] = [
  {
    name: 'denial-asked-again-at-once',
    breaks: 'guide 1.6',
    says: 'A "no such order" just before the first that counts is followed by a query some ms later.',
    edits: [
      {
        file: 'src/core/querying.ts',
        find: 'return Math.max(Math.min(nextMs, atMs), moment.nowMs + QUERIES_APART_MS)',
        replace: 'return Math.max(Math.min(nextMs, atMs), moment.nowMs + 1)',
      },
    ],
  },
  {
    name: 'late-query-and-the-next',
    breaks: 'guide 1.6',
    says: 'A query that comes late is followed by the next place in the schedule, however near that is.',
    edits: [
      {
        file: 'src/core/plan.ts',
        find: "const leastMs = policy.policy === 'twoPeriod' ? EVERY_MS_MIN : 1",
        replace: "const leastMs = policy.policy === 'twoPeriod' && EVERY_MS_MIN > 1 ? 1 : 1",
      },
    ],
  },
  {
    name: 'caller-clock-ahead-refused',
    breaks: 'design 3.9',
    says: 'An order to be tracked is refused because the clock of its caller is a little ahead of ours.',
    edits: [
      {
        file: 'src/engine/new-order.ts',
        find: 'createdAtMs <= nowMs + CLOCKS_APART_MS',
        replace: 'createdAtMs <= nowMs + 0 * CLOCKS_APART_MS',
      },
    ],
  },
  {
    name: 'answer-that-waited-for-us',
    breaks: 'design 2',
    says: 'A process that was stopped revokes or closes on an answer that had waited for it.',
    edits: [
      {
        file: 'src/core/querying.ts',
        find: "const isQuery = by === 'query' && tookMs <= CALL_MS_MAX",
        replace: "const isQuery = by === 'query' && tookMs <= 1_000 * CALL_MS_MAX",
      },
    ],
  },
]
