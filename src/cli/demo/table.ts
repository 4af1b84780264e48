import { isFinal, type Order } from '../../core/order.ts'
import type { Statistics } from '../../engine/report.ts'
import { inColumns, moment, money, seconds } from '../text.ts'
import type { Run } from './run.ts'
import type { Summary } from './summary.ts'

export type CountByState = Readonly<Partial<Record<Order['state'], number>>>

const OPEN = ['placing', 'waiting', 'ending'] as const
const FINAL = ['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'] as const

export function sum(counts: CountByState, states: readonly Order['state'][] = [...OPEN, ...FINAL]): number {
  return states.reduce((total, state) => total + (counts[state] ?? 0), 0)
}

export function countOpen(counts: CountByState): number {
  return sum(counts, OPEN)
}

export function progressLine(counts: CountByState, { calls, noAnswers, callbacks }: Statistics): string {
  const verdicts = FINAL.map((state) => `${state} ${counts[state] ?? 0}`).join(', ')
  return `${sum(counts)} orders: ${countOpen(counts)} open, ${verdicts}; ${callbacks.received} callbacks, ${calls.query} queries, ${calls.refund} refunds asked for, ${noAnswers} calls without an answer`
}

/** What the live table shows. */
export interface Standing {
  readonly nowMs: number
  readonly speed: number
  readonly run: Run
  readonly counts: CountByState
  readonly statistics: Statistics
  /** Orders that met a fault, as the simulator counts; null while it can't be asked. */
  readonly ordersHit: number | null
  readonly latest: readonly Order[]
}

const BAR_WIDTH = 30

/** The live table. */
export function liveTable({ nowMs, speed, run, counts, statistics, ordersHit, latest }: Standing): string[] {
  const { calls, noAnswers, callbacks, deliveries } = statistics
  const all = sum(counts)
  const hit = ordersHit === null ? 'asking' : `${ordersHit} of ${all} orders`
  return [
    '',
    `  ${moment(nowMs).slice(0, 19)}, ${speed} times as fast; seed ${run.seed}, faults ${run.faults}; Ctrl-C ends it`,
    '',
    ...inColumns([...OPEN, ...FINAL].map((state) => [state, ...bar(counts[state] ?? 0, all)])),
    '',
    ...inColumns([
      ['met a fault', hit],
      ['calls', `place ${calls.place}, query ${calls.query}, close ${calls.close}, revoke ${calls.reverse}`],
      [
        'callbacks',
        `${callbacks.applied} applied, ${callbacks.repeated} repeated, ${callbacks.refused} refused`,
      ],
      ['refunds', `${calls.refund} requests, ${calls.queryRefund + calls.queryRefunds} queries`],
      ['messages', `${deliveries.sent} to the shop's system`],
      ['no answer', `${noAnswers} of them`],
    ]),
    '',
    ...inColumns(latest.map((order) => orderRow(order, nowMs))),
  ]
}

function bar(count: number, all: number): [count: string, bar: string] {
  const width = count === 0 ? 0 : Math.max(1, Math.round((count / all) * BAR_WIDTH))
  return [String(count).padStart(7), '█'.repeat(width)]
}

function orderRow(order: Order, nowMs: number): string[] {
  const { out_trade_no, kind, total, currency, queries, createdAtMs } = order
  const endMs = isFinal(order) ? order.verdict.atMs : nowMs
  const asked = queries === 1 ? '1 query answered' : `${queries} queries answered`
  const afterMs = Math.max(0, endMs - createdAtMs)
  return [
    out_trade_no,
    kind,
    money(total, currency).padStart(11),
    order.state,
    `${asked}, ${seconds(afterMs)}`,
  ]
}

/** The result of a run, for people. */
export function resultTable(summary: Summary): string {
  const { orders, verdicts, open, wrong, queries, noAnswers, timeToVerdictMs, ordersWithFault, attention } =
    summary
  const { callbacks, refunds, lateMoney, deliveries, money, bills } = summary
  const { quickPaySentTwice, deliveriesMissing, team } = summary
  const { p50, p95, p99 } = timeToVerdictMs
  const rows = [
    ['orders', String(orders)],
    ...FINAL.map((state) => [state, String(verdicts[state])]),
    ['open', String(open)],
    ['wrong', String(wrong)],
    ['need attention', String(attention)],
    ['Quick Pay sent twice', String(quickPaySentTwice)],
    ['deliveries missing', String(deliveriesMissing)],
    ...teamRows(team),
    ['callbacks', counted(callbacks)],
    ['refunds', counted(refunds)],
    ['late money', `${lateMoney} orders`],
    ['messages', counted(deliveries)],
    [
      'money kept',
      money.expected === money.actual
        ? `${money.actual}, as WeChat Pay has it`
        : `${money.expected}; WeChat Pay has ${money.actual}`,
    ],
    ["WeChat Pay's bills", billsInWords(bills)],
    ['met a fault', String(ordersWithFault)],
    ['queries', String(queries)],
    ['calls without an answer', String(noAnswers)],
    ['time to verdict (simulated)', `p50 ${seconds(p50)}, p95 ${seconds(p95)}, p99 ${seconds(p99)}`],
  ]
  return inColumns(rows).join('\n')
}

function billsInWords({ payments, refunds, reversals, agreed, differing }: Summary['bills']): string {
  const lines = payments + refunds + reversals
  const agree =
    agreed === lines && differing === 0 ? 'all of them agree' : `${agreed} agree, ${differing} differences`
  return `${lines} lines: ${payments} payments, ${refunds} refunds, ${reversals} reversals; ${agree}`
}

function teamRows(team: Summary['team']): string[][] {
  if (team === null) return []
  const { workers, workersKilled, workersStopped, databaseRestarts, budgets, budgetsExceeded } = team
  const rates = Object.values(budgets).flatMap(({ arrived, signed }) => [arrived, signed])
  const fullest = rates.map(({ most, allowed }) => most / allowed)
  const used = `${Math.round(100 * Math.max(0, ...fullest))} % of one at most`
  return [
    ['workers', `${workers} at a time; ${workersKilled} killed, ${workersStopped} stopped for a while`],
    ['database', `${databaseRestarts} times restarted`],
    ['budgets', `${budgetsExceeded} exceeded; ${used}`],
  ]
}

function counted(counts: object): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}
