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
  {
    name: 'late-change-ends-the-claim-of-another',
    breaks: 'design 3.6',
    says: 'Whoever changes an order after his own claim is over gives back the claim of the one who has it now.',
    edits: [
      {
        file: 'src/engine/order-work.ts',
        find: 'commits.add({ change, keepClaim, claim }, withinMs)',
        replace: 'commits.add({ change, keepClaim }, withinMs)',
      },
    ],
  },
  {
    name: 'ended-refund-in-another-currency',
    breaks: 'design 3.9, guide 2.3',
    says: 'A callback about an ended refund is acknowledged whatever currency it names.',
    edits: [
      {
        file: 'src/core/refund-callback.ts',
        find: "if (refundFitOf(order, refund, statement).fit === 'contradicts') return false",
        replace: 'if (order.total < 0) return false',
      },
    ],
  },
  {
    name: 'old-answer-over-abnormal',
    breaks: 'design 3.7',
    says: 'An answer that is written late takes ABNORMAL back, and it is told once more.',
    edits: [
      {
        file: 'src/core/refund-status.ts',
        find: "return said === 'ABNORMAL' && status === 'PROCESSING' && dueAtMs !== null && moment.nowMs < dueAtMs",
        replace:
          "return said === 'never' && status === 'PROCESSING' && dueAtMs !== null && moment.nowMs < dueAtMs",
      },
    ],
  },
]
