import type { Order } from '../../core/order.ts'
import type { Statistics } from '../../engine/report.ts'
import { inColumns, moment, seconds } from '../text.ts'
import type { Summary } from './summary.ts'
import type { WeChatPayStatistics } from './wechat-pay.ts'

export type CountByState = Readonly<Partial<Record<Order['state'], number>>>

const OPEN = ['placing', 'waiting', 'ending'] as const
const FINAL = ['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'] as const

function sum(counts: CountByState, states: readonly Order['state'][]): number {
  return states.reduce((total, state) => total + (counts[state] ?? 0), 0)
}

export function progressLine(counts: CountByState, { calls, noAnswers }: Statistics): string {
  const verdicts = FINAL.map((state) => `${state} ${counts[state] ?? 0}`).join(', ')
  return `${sum(counts, [...OPEN, ...FINAL])} orders: ${sum(counts, OPEN)} open, ${verdicts}; ${calls.query} queries, ${noAnswers} calls without an answer`
}

/** The live table. */
export function standing(
  counts: CountByState,
  statistics: Statistics,
  weChatPay: WeChatPayStatistics,
  nowMs: number,
): string[] {
  const { calls, noAnswers } = statistics
  return [
    `${moment(nowMs)} (simulated)`,
    ...inColumns([
      ...[...OPEN, ...FINAL].map((state) => [state, String(counts[state] ?? 0).padStart(7)]),
      ['orders that met a fault', String(weChatPay.ordersHit).padStart(7)],
      ['calls', `place ${calls.place}, query ${calls.query}, close ${calls.close}, revoke ${calls.reverse}`],
      ['without an answer', String(noAnswers).padStart(7)],
    ]),
  ]
}

/** The result of a run, for people. */
export function resultTable(summary: Summary): string {
  const { orders, verdicts, open, wrong, queries, noAnswers, timeToVerdictMs, ordersWithFault, attention } =
    summary
  const { p50, p95, p99 } = timeToVerdictMs
  const rows = [
    ['orders', String(orders)],
    ...FINAL.map((state) => [state, String(verdicts[state])]),
    ['open', String(open)],
    ['wrong', String(wrong)],
    ['need attention', String(attention)],
    ['met a fault', String(ordersWithFault)],
    ['queries', String(queries)],
    ['calls without an answer', String(noAnswers)],
    ['time to verdict (simulated)', `p50 ${seconds(p50)}, p95 ${seconds(p95)}, p99 ${seconds(p99)}`],
  ]
  return inColumns(rows).join('\n')
}
