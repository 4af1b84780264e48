import type { Mutant } from '../mutant.ts'

const QUERYING = 'src/core/querying.ts'
const SCENE = 'src/core/scene.ts'
const STATEMENT = 'src/core/statement.ts'

/** What makes a verdict that should make none. */
export const VERDICTS: readonly Mutant[] = [
  {
    name: 'timeout-ends-order',
    breaks: 'design 3.1, 3.2',
    says: 'A query without an answer after the window ends the order as NOT_CREATED.',
    edits: [
      {
        file: QUERYING,
        find: 'return onQuerySilent(scene, outcome, tookMs)',
        replace: `return scene.rules.plan.isOver(scene.order, scene.moment.nowMs)
        ? scene.draft.notCreated(null)
        : onQuerySilent(scene, outcome, tookMs)`,
      },
    ],
  },
  {
    name: 'silence-counts-as-unpaid',
    breaks: 'design 3.2',
    says: 'A query without an answer is taken for NOTPAY, so that a revoke or close may follow it.',
    edits: [
      {
        file: QUERYING,
        find: 'return draft.asBefore(Math.max(next(scene), moment.nowMs + restMs(outcome)))',
        replace: "return onOpen(scene, 'open', 'query', tookMs)",
      },
    ],
  },
  {
    name: 'window-end-is-closed',
    breaks: 'design 2, guide 3.6',
    says: 'The end of the window makes CLOSED out of an answer that says NOTPAY, and nothing is closed.',
    edits: [
      {
        file: QUERYING,
        find: "if (meaning === 'open' || meaning === 'failed') return onOpen(scene, meaning, by, tookMs)",
        replace: `if (meaning === 'open' && order.kind !== 'quick_pay' && scene.rules.plan.isOver(order, moment.nowMs))
    return draft.settled('CLOSED', by, trade, evidence)
  if (meaning === 'open' || meaning === 'failed') return onOpen(scene, meaning, by, tookMs)`,
      },
    ],
  },
  {
    name: 'payerror-is-closed',
    breaks: 'guide 3.9',
    says: 'PAYERROR is taken for a final state.',
    edits: [{ file: 'src/core/trade-state.ts', find: "PAYERROR: 'failed'", replace: "PAYERROR: 'closed'" }],
  },
  {
    name: 'declined-placing-is-the-verdict',
    breaks: 'design 3.1, guide 1.3',
    says: 'A payment that is refused at the till makes NOT_CREATED without a query.',
    edits: [
      {
        file: 'src/core/placing.ts',
        find: 'function onPlacingRefused(scene: Scene, { code, message }: Refusal, tookMs: number): Change {',
        replace:
          'function onPlacingRefused(scene: Scene, { code, message, evidence }: Refusal, tookMs: number): Change {',
      },
      {
        file: 'src/core/placing.ts',
        find: "case 'declined':\n      draft.patch({ declined: true })\n      break",
        replace: "case 'declined':\n      return draft.notCreated(evidence)",
      },
    ],
  },
  {
    name: 'amount-not-compared',
    breaks: 'design 3.1, guide 2.4',
    says: 'A statement of a larger amount than the order has still fits.',
    edits: [
      {
        file: STATEMENT,
        find: 'total !== undefined && total !== order.total',
        replace: 'total !== undefined && total < order.total',
      },
    ],
  },
  {
    name: 'currency-not-compared',
    breaks: 'design 3.1, guide 2.4',
    says: 'A statement in another currency than the order has still fits.',
    edits: [
      {
        file: STATEMENT,
        find: 'currency !== undefined && currency !== order.currency',
        replace: 'currency !== undefined && currency.length !== order.currency.length',
      },
    ],
  },
  {
    name: 'number-not-compared',
    breaks: 'design 3.1, guide 2.3',
    says: "A statement about another order's number still fits.",
    edits: [
      {
        file: STATEMENT,
        find: "['out_trade_no', order.out_trade_no, statement.out_trade_no],",
        replace: '',
      },
    ],
  },
  {
    name: 'unsigned-denial-believed',
    breaks: 'design 3.2',
    says: 'An unsigned "no such order" counts like a signed one, though the account does not allow it.',
    edits: [
      {
        file: QUERYING,
        find: 'if (unknown && rules.believesUnsignedUnknown) {',
        replace: 'if (unknown) {',
      },
    ],
  },
  {
    name: 'one-denial-is-enough',
    breaks: 'design 2',
    says: 'The first "no such order" that counts makes NOT_CREATED.',
    edits: [
      {
        file: QUERYING,
        find: `draft.patch({ unknownAtMs })
    return draft.asBefore(sooner(scene, unknownAtMs + UNKNOWN_MS))`,
        replace: 'return draft.notCreated(evidence)',
      },
    ],
  },
  {
    name: 'denials-not-apart',
    breaks: 'design 2',
    says: 'Two "no such order" answers 3 s apart make NOT_CREATED.',
    edits: [
      {
        file: SCENE,
        find: 'export const UNKNOWN_MS = 60_000',
        replace: 'export const UNKNOWN_MS = 3_000',
      },
    ],
  },
  {
    // The placing may still be on its way, and create the order afterwards.
    name: 'denial-counts-at-once',
    breaks: 'design 2',
    says: '"No such order" counts from the placing on, not 310 s later.',
    edits: [
      {
        file: QUERYING,
        find: 'const countsFromMs = order.latestPlacingAtMs + USABLE_MS + 1',
        replace: 'const countsFromMs = order.latestPlacingAtMs + 1',
      },
    ],
  },
  {
    name: 'vanished-is-not-created',
    breaks: 'design 2',
    says: 'An order that was seen in a state and is denied afterwards ends NOT_CREATED.',
    edits: [
      {
        file: QUERYING,
        find: "if (order.seen !== null || order.origin === 'tracked' || stopsEnding(order.attention)) {",
        replace: `if (order.seen !== null && evidence !== null) return draft.notCreated(evidence)
  if (order.seen !== null || order.origin === 'tracked' || stopsEnding(order.attention)) {`,
      },
    ],
  },
  {
    name: 'tracked-is-not-created',
    breaks: 'design 2',
    says: 'A tracked order ends NOT_CREATED, though somebody else may still place it.',
    edits: [
      {
        file: QUERYING,
        find: "order.seen !== null || order.origin === 'tracked' || stopsEnding(order.attention)",
        replace: 'order.seen !== null || stopsEnding(order.attention)',
      },
    ],
  },
]
