import { type FinalState, isFinal } from '../../core/order.ts'
import type { CallbackCounts } from '../../engine/report.ts'
import type { Store } from '../../store/store.ts'
import type { Wrong } from './audit.ts'
import type { BillsReport } from './bills.ts'
import { booksOf } from './books.ts'
import type { Havoc } from './chaos.ts'
import { everyOrder } from './every-order.ts'
import { TEAM_LIMITS } from './team-worker.ts'
import type { WeChatPayStatistics } from './truth-teller.ts'

export interface Summary {
  readonly orders: number
  readonly verdicts: Readonly<Record<FinalState, number>>
  readonly open: number
  readonly wrong: number
  /** Queries and calls without an answer, as the journals tell: those before a crash are counted too. */
  readonly queries: number
  readonly noAnswers: number
  /** From placing to verdict, in simulated ms. */
  readonly timeToVerdictMs: { readonly p50: number; readonly p95: number; readonly p99: number }
  readonly attention: number
  /** Of this process: what came before a crash is not counted again. */
  readonly callbacks: CallbackCounts
  readonly refunds: {
    readonly requested: number
    readonly success: number
    readonly closed: number
    readonly refused: number
    readonly open: number
    readonly wrong: number
  }
  /** Orders that were given up and paid. */
  readonly lateMoney: number
  readonly deliveries: { readonly sent: number; readonly failed: number; readonly pending: number }
  /** What customers paid and have not got back: as Verdict says, and as WeChat Pay has it. */
  readonly money: { readonly expected: number; readonly actual: number }
  /** What the signed bills of the run's days say, and how many of their lines, or of the store's payments, differ. */
  readonly bills: Omit<BillsReport, 'differences'>
  readonly ordersWithFault: number
  readonly faults: Readonly<Record<string, number>>
  readonly quickPaySentTwice: number
  readonly deliveriesMissing: number
  /** Processes of Verdict on one store; null for one that owns it. */
  readonly team: TeamReport | null
  readonly seed: number
  readonly speed: number
}

export interface TeamReport extends Havoc {
  readonly workers: number
  /** By `mchid call`: as WeChat Pay counted. */
  readonly budgets: Readonly<Record<string, { readonly arrived: Rate; readonly signed: Rate }>>
  readonly budgetsExceeded: number
}

/** The most requests within any real second by arrival, within a simulated one by signature; and what the budget allows. */
export interface Rate {
  readonly most: number
  readonly allowed: number
}

/** What the simulator calls our calls. Other systems of the merchant place orders, too, and know no budget of ours. */
const CALL_NAMES = {
  query: 'query',
  close: 'close',
  reverse: 'reverse',
  refund: 'refund',
  queryRefund: 'refundQuery',
  queryRefunds: 'refundsQuery',
} as const

/** Each process may spend what its bucket holds at once: a tenth of its part of a second's budget, and at least one. */
const BURST_S = 0.1

export function teamReport(
  { arrived, signed }: WeChatPayStatistics['busiestSecond'],
  { workers, speed, havoc }: { workers: number; speed: number; havoc: Havoc },
): TeamReport {
  const budgets: Record<string, { arrived: Rate; signed: Rate }> = {}
  for (const name of Object.keys(arrived)) {
    const call = CALLS_WITH_BUDGET.find((ours) => CALL_NAMES[ours] === name.split(' ')[1])
    if (call === undefined) continue
    const within = (seconds: number): number => Math.ceil(TEAM_LIMITS[call] * (seconds + BURST_S)) + workers
    budgets[name] = {
      arrived: { most: arrived[name] ?? 0, allowed: within(speed) },
      signed: { most: signed[name] ?? 0, allowed: within(1) },
    }
  }
  const exceeded = Object.values(budgets).filter(({ arrived, signed }) =>
    [arrived, signed].some(({ most, allowed }) => most > allowed),
  )
  return { workers, ...havoc, budgets, budgetsExceeded: exceeded.length }
}

const CALLS_WITH_BUDGET = Object.keys(CALL_NAMES) as ReadonlyArray<keyof typeof CALL_NAMES>

/** What the store tells of a run. */
export async function summarize(
  store: Store,
  wrong: readonly Wrong[],
): Promise<
  Omit<
    Summary,
    'callbacks' | 'bills' | 'ordersWithFault' | 'faults' | 'seed' | 'speed' | 'money' | 'team'
  > & {
    kept: number
  }
> {
  const verdicts = { SUCCESS: 0, CLOSED: 0, REVOKED: 0, NOT_CREATED: 0 }
  const times: number[] = []
  let [orders, queries, noAnswers, attention] = [0, 0, 0, 0]
  for await (const order of everyOrder(store)) {
    orders += 1
    if (order.attention !== null) attention += 1
    for (const { event, call } of await store.journalOf(order.id)) {
      const isAnswer = event === 'answer' || event === 'refusal' || event === 'no-answer'
      if (isAnswer && call === 'query') queries += 1
      if (event === 'no-answer') noAnswers += 1
    }
    if (!isFinal(order)) continue
    verdicts[order.state] += 1
    times.push(order.verdict.atMs - order.createdAtMs)
  }
  const open = orders - times.length
  const timeToVerdictMs = {
    p50: quantile(times, 0.5),
    p95: quantile(times, 0.95),
    p99: quantile(times, 0.99),
  }
  const { lateMoney, kept, ...refunds } = await booksOf(store)
  const { sent = 0, failed = 0, pending = 0, queued = 0 } = await store.countDeliveries()
  const counts = {
    orders,
    verdicts,
    open,
    wrong: wrong.length,
    quickPaySentTwice: wrong.filter(({ isTwice }) => isTwice).length,
    deliveriesMissing: wrong.filter(({ isUntold }) => isUntold).length,
    queries,
    noAnswers,
    timeToVerdictMs,
    attention,
  }
  return {
    ...counts,
    refunds: { ...refunds, wrong: wrong.filter(({ isMoney }) => isMoney).length },
    lateMoney,
    deliveries: { sent, failed, pending: pending + queued },
    kept,
  }
}

/** The smallest value that at least this share of all values doesn't exceed; 0 without any. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}
