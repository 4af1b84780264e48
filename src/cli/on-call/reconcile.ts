import { systemClock } from '../../clock.ts'
import type { DifferenceSeen, ReconciliationSeen } from '../../http/views.ts'
import { totalOf } from '../../reconcile/findings.ts'
import { beijingDate, DAY_MS } from '../../wechatpay/beijing.ts'
import type { Io } from '../io.ts'
import { type ActFlags, atDesk } from './acts.ts'
import { kindsOf, whoseBill } from './bills.ts'

export interface ReconcileFlags extends ActFlags {
  readonly date?: string
  readonly account?: string
  readonly sub_mchid?: string
}

/** Neither bad input, which is 2, nor a failure, which is 1: whoever looks at the code alone must not take one for the other. */
const EXIT_DIFFERS = 3

/**
 * `verdict reconcile`: one day against WeChat Pay's bill.
 *
 * @returns the exit code: 0 if both say the same, 3 if they differ; whatever else goes wrong throws
 */
export async function runReconcile(
  { date = beijingDate(systemClock.nowMs() - DAY_MS), account, sub_mchid, ...flags }: ReconcileFlags,
  io: Pick<Io, 'say' | 'print'>,
): Promise<number> {
  let differing = 0
  await atDesk(flags, io, async (desk) => {
    const found = await desk.reconcile({ date, account, sub_mchid })
    differing = totalOf(found.differing)
    io.print(flags.json ? JSON.stringify(found) : inWords(found))
  })
  return differing === 0 ? 0 : EXIT_DIFFERS
}

function inWords(found: ReconciliationSeen): string {
  const { date, bill, lines, agreed, differing, differences, asked } = found
  const { payment, refund, reversal } = lines
  const said =
    bill === null
      ? 'WeChat Pay has no bill of this day'
      : `${payment} payments, ${refund} refunds, ${reversal} reversals; ${agreed} of ${payment + refund + reversal} lines agree`
  const untold = totalOf(differing) - differences.length
  return [
    `${date}, ${whoseBill(found)}: ${said}`,
    totalOf(differing) === 0 ? 'nothing differs' : `differs: ${kindsOf(differing)}`,
    ...differences.map((difference) => `  ${differenceInWords(difference)}`),
    ...(untold === 0 ? [] : [`  … and ${untold} more`]),
    ...(asked === 0
      ? []
      : [
          `${asked === 1 ? 'one order is' : `${asked} orders are`} to be asked about now, by whoever works on them: what WeChat Pay signs decides; look again then`,
        ]),
  ].join('\n')
}

/** On one line, for people. */
export function differenceInWords(difference: DifferenceSeen): string {
  const { kind, line, sub_mchid, out_trade_no, out_refund_no, billed, here } = difference
  const where = line === null ? '' : `line ${line}: `
  const what = [sub_mchid, out_trade_no, out_refund_no].filter((part) => part !== null).join('/')
  const there = billed === null ? 'not in the bill' : `the bill: ${billed}`
  // A bill's own words: whatever they do to a terminal, they don't.
  return `${kind}  ${where}${what}  ${there}; here: ${here ?? 'nothing'}`.replaceAll(/\p{Cc}/gu, '\u{FFFD}')
}
