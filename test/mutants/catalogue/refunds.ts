import type { Mutant } from '../mutant.ts'

const AFTERCARE = 'src/core/aftercare.ts'
const ALL_REFUNDS = 'src/core/all-refunds.ts'
const REQUESTS = 'src/engine/requests.ts'
const LATE_MONEY = 'src/core/late-money.ts'
const REFUND_STATUS = 'src/core/refund-status.ts'

/** Money that goes back twice, too early, too late or not at all. */
export const REFUNDS: readonly Mutant[] = [
  {
    name: 'late-money-kept',
    breaks: 'design 3.3, guide 3.8',
    says: 'An order that was given up and turns out paid is settled, and its money kept.',
    edits: [
      {
        file: LATE_MONEY,
        find: 'return scene.order.givenUpAtMs === null ? null : newLate(scene, trade, confirmedAtMs)',
        replace: 'return null',
      },
    ],
  },
  {
    name: 'late-money-policy-ignored',
    breaks: 'design 3.3',
    says: 'Late money is given back, whatever the policy says.',
    edits: [
      {
        file: LATE_MONEY,
        find: "const { lateMoney = 'refund' } = rules.plan.policy",
        replace: "const lateMoney = 'refund'",
      },
    ],
  },
  {
    name: 'late-money-unasked',
    breaks: 'design 3.3',
    says: 'Late money that a callback told of is refunded without a fresh answer.',
    edits: [
      {
        file: LATE_MONEY,
        find: "isHeld ? 'asked' : confirmedAtMs === null ? 'confirm' : 'compare'",
        replace: "isHeld ? 'asked' : 'compare'",
      },
      {
        file: ALL_REFUNDS,
        find: 'if (moment.nowMs - (late?.confirmedAtMs ?? Number.NEGATIVE_INFINITY) > CONFIRMED_MS_MAX) {',
        replace: 'if (late === null) {',
      },
    ],
  },
  {
    name: 'late-money-on-an-old-answer',
    breaks: 'design 3.3',
    says: 'Late money is refunded however long ago it was asked whether it is paid.',
    edits: [
      {
        file: ALL_REFUNDS,
        find: 'if (moment.nowMs - (late?.confirmedAtMs ?? Number.NEGATIVE_INFINITY) > CONFIRMED_MS_MAX) {',
        replace: 'if (late?.confirmedAtMs == null) {',
      },
    ],
  },
  {
    name: 'lost-refund-list-is-empty',
    breaks: 'design 3.2, 3.3',
    says: '"Query all refunds" without an answer counts as an order without refunds.',
    edits: [
      {
        file: ALL_REFUNDS,
        find: "noteSilence(scene, 'queryRefunds', outcome, tookMs)\n      return again()",
        replace: `noteSilence(scene, 'queryRefunds', outcome, tookMs)
      return onEveryRefund(scene, { total: 0, refunds: [] }, earlier[0])`,
      },
    ],
  },
  {
    name: 'refund-exceeds',
    breaks: 'design 2, guide 4.2',
    says: 'A refund may be as large as the order, whatever went back before.',
    edits: [
      {
        file: 'src/core/refund-check.ts',
        find: 'if (amount >= 1 && amount <= left) return amount',
        replace: 'if (amount >= 1 && amount <= order.total) return amount',
      },
    ],
  },
  {
    name: 'open-refund-unreserved',
    breaks: 'design 2',
    says: 'A refund whose outcome is open gives its reserved part free.',
    edits: [
      {
        file: AFTERCARE,
        find: 'sum + (gaveNothing(state) ? 0 : amount)',
        replace: "sum + (gaveNothing(state) || state === 'requesting' ? 0 : amount)",
      },
    ],
  },
  {
    name: 'refunds-elsewhere-not-counted',
    breaks: 'design 3.3',
    says: 'Refunds that others made do not count against what is left.',
    edits: [
      {
        file: AFTERCARE,
        find: 'refunds.reduce((sum, { state, amount }) => sum + (gaveNothing(state) ? 0 : amount), 0)',
        replace: `refunds.reduce(
    (sum, { state, amount, origin }) => sum + (gaveNothing(state) || origin === 'elsewhere' ? 0 : amount),
    0,
  )`,
      },
    ],
  },
  {
    name: 'refund-repeated-with-new-number',
    breaks: 'design 2',
    says: 'A refund is repeated under another out_refund_no.',
    edits: [
      {
        file: REQUESTS,
        find: '{ out_refund_no, amount, reason }: Refund,',
        replace: '{ out_refund_no, amount, reason, attempts }: Refund,',
      },
      {
        file: REQUESTS,
        find: '...{ account, sub_mchid, out_trade_no, out_refund_no },',
        replace: `...{ account, sub_mchid, out_trade_no },
      out_refund_no: attempts === 1 ? out_refund_no : \`\${out_refund_no}_\${attempts}\`,`,
      },
    ],
  },
  {
    name: 'refunds-too-soon',
    breaks: 'design 2, guide 4.2',
    says: 'The next refund of an order leaves 6 s after the one before, not a minute.',
    edits: [
      {
        file: AFTERCARE,
        find: 'export const REFUNDS_APART_MS = 61_000',
        replace: 'export const REFUNDS_APART_MS = 6_100',
      },
    ],
  },
  {
    name: 'accepted-refund-is-done',
    breaks: 'design 2, 3.1',
    says: 'A refund that WeChat Pay accepted counts as refunded.',
    edits: [
      {
        file: REFUND_STATUS,
        find: "const status = accepted ? 'PROCESSING' : statement.status",
        replace: "const status = accepted ? 'SUCCESS' : statement.status",
      },
    ],
  },
  {
    name: 'abnormal-refund-is-final',
    breaks: 'design 2',
    says: 'ABNORMAL ends a refund, and its amount is free again.',
    edits: [
      {
        file: REFUND_STATUS,
        find: "followSlowly(scene, { ...refund, state: 'processing' }, ABNORMAL_MS)",
        replace: "end(scene, refund, 'CLOSED')",
      },
    ],
  },
  {
    name: 'ended-refund-moves-again',
    breaks: 'design 2, guide 2.6',
    says: 'A callback moves a refund that has ended, to an older state or to the same one once more.',
    edits: [
      {
        file: 'src/core/refund-callback.ts',
        find: 'if (isEnded(refund)) return !isAgainstItsEnd(refund, statement)',
        replace: '',
      },
    ],
  },
  {
    name: 'repeated-callback-is-late-money',
    breaks: 'guide 2.6',
    says: 'The callback of a paid order that comes again counts as late money.',
    edits: [{ file: LATE_MONEY, find: 'if (isKnownAsPaid(order)) return null', replace: '' }],
  },
  {
    name: 'refund-without-due-time',
    breaks: 'design 3.5',
    says: 'A refund that is asked for does not make an order at rest due.',
    edits: [
      {
        file: 'src/core/draft.ts',
        find: 'dueAtMs: nextTaskAtMs(now, this.order), aftercare } as FinalLife',
        replace:
          'dueAtMs: this.from.dueAtMs === null ? null : nextTaskAtMs(now, this.order), aftercare } as FinalLife',
      },
    ],
  },
]
