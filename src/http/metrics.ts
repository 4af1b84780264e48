import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Clock } from '../clock.ts'
import { CALLS } from '../core/change.ts'
import type { Observer } from '../engine/observer.ts'
import type { Statistics } from '../engine/report.ts'
import type { BillsStanding } from '../reconcile/reconciler.ts'
import { DELIVERY_STATES, type OldestDue } from '../store/store.ts'
import type { Verdict } from '../verdict.ts'
import { kept } from './kept.ts'

/** What Prometheus reads. */
export interface Metrics {
  readonly contentType: string
  readonly observer: Observer
  text(): Promise<string>
  /** A callback was refused unread. */
  readonly limited: () => void
}

/** How an account stands. */
export type Standing = Pick<Verdict['accounts'][number], 'account' | 'answers' | 'isSilent' | 'budgets'>

export interface MetricsSource {
  readonly statistics: () => Statistics | null
  readonly accounts: () => readonly Standing[]
  /** Orders that need a person. */
  readonly attention: () => Promise<number>
  /** The earliest due time of each account. */
  readonly oldestDue: () => Promise<readonly OldestDue[]>
  /** How the days stand that are held against their bills by themselves. */
  readonly bills: () => Promise<readonly BillsStanding[]>
  readonly deliveries: () => Promise<Readonly<Partial<Record<string, number>>>>
  readonly clock: Pick<Clock, 'nowMs'>
}

/** Anybody may read the metrics, and the store counts all messages that it keeps: it does so no more often than this. */
export const COUNTED_MS = 60_000
/** And looks for what is cheap to find no more often than this. */
const LOOKED_MS = 2_000

const TO_VERDICT_S = [0.1, 0.5, 1, 2, 5, 10, 20, 45, 60, 120, 300, 600, 900, 1_200, 3_600, 86_400]
const CALL_S = [0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 8, 20]
const LAG_S = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 300]

/** What there is none of is told as 0: a panel or an alert that finds no series can't tell it from a store that fails. */
const NO_DELIVERIES = Object.fromEntries(DELIVERY_STATES.map((state) => [state, 0]))

export function openMetrics(source: MetricsSource): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const { clock } = source
  const oldestDue = kept(source.oldestDue, { clock, freshMs: LOOKED_MS })
  const bills = kept(source.bills, { clock, freshMs: COUNTED_MS })
  const attention = kept(source.attention, { clock, freshMs: LOOKED_MS })
  collectDefaultMetrics({ register: registry })
  const timeToVerdict = new Histogram({
    name: 'verdict_time_to_verdict_seconds',
    help: 'From the placing of an order to its verdict',
    labelNames: ['kind', 'state', 'learnt_by'],
    buckets: TO_VERDICT_S,
    registers,
  })
  const calls = new Histogram({
    name: 'verdict_call_seconds',
    help: 'Calls to WeChat Pay, by what came of them',
    labelNames: ['account', 'call', 'outcome'],
    buckets: CALL_S,
    registers,
  })
  const hosts = new Counter({
    name: 'verdict_host_calls_total',
    help: 'Calls by host: it answered, whatever it said; it failed; or it could not be reached',
    labelNames: ['account', 'host', 'contact'],
    registers,
  })
  const lag = new Histogram({
    name: 'verdict_due_lag_seconds',
    help: 'How late work on an order begins',
    labelNames: ['account'],
    buckets: LAG_S,
    registers,
  })
  const limited = new Counter({
    name: 'verdict_callbacks_limited_total',
    help: 'Callbacks that were refused unread, because too many of their sender failed',
    registers,
  })
  counted(
    'verdict_callbacks_total',
    'Callbacks, by what became of them',
    'outcome',
    ({ callbacks }) => callbacks,
  )
  counted(
    'verdict_delivery_attempts_total',
    'Messages to your system',
    'outcome',
    ({ deliveries }) => deliveries,
  )
  gauge(
    'verdict_account_answers',
    'Whether WeChat Pay answers: 1, or 0 while only probes are sent',
    'account',
    async () =>
      Object.fromEntries(source.accounts().map(({ account, answers }) => [account, Number(answers)])),
  )
  gauge(
    'verdict_callbacks_silent',
    'Whether queries find payments that no callback has announced: 1, or 0',
    'account',
    async () =>
      Object.fromEntries(source.accounts().map(({ account, isSilent }) => [account, Number(isSilent)])),
  )
  gauge(
    'verdict_oldest_overdue_seconds',
    'For how long the oldest due work of an account has been waiting; 0 if none is due',
    'account',
    async () => {
      const nowMs = clock.nowMs()
      const oldest = await oldestDue()
      return Object.fromEntries(
        oldest.map(({ account, dueAtMs }) => [account, Math.max(0, nowMs - dueAtMs) / 1_000]),
      )
    },
  )
  byCall('verdict_budget_limit', 'Calls that an account may make in a second', 'limit')
  byCall('verdict_budget_share', 'The part of it that is for this process now, 0 to 1', 'share')
  new Counter({
    name: 'verdict_budget_waits_total',
    help: 'How often a call was held back by its budget',
    labelNames: ['account', 'call'],
    registers,
    collect() {
      this.reset()
      for (const { account, call, waits } of budgets()) this.inc({ account, call }, waits)
    },
  })
  gauge(
    'verdict_deliveries',
    'Messages, by state',
    'state',
    kept(async () => ({ ...NO_DELIVERIES, ...(await source.deliveries()) }), { clock, freshMs: COUNTED_MS }),
  )
  gauge(
    'verdict_reconciliation_differences',
    'What differs between the bills of the last week and the orders',
    'account',
    async () => Object.fromEntries((await bills()).map(({ account, differing }) => [account, differing])),
  )
  gauge(
    'verdict_reconciliation_missing_seconds',
    'For how long the bill of a day has been due that did not come; 0 if none is',
    'account',
    async () =>
      Object.fromEntries((await bills()).map(({ account, missingMs }) => [account, missingMs / 1_000])),
  )
  gauge('verdict_attention_orders', 'Orders that need a person', null, async () => ({
    '': await attention(),
  }))

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    limited: () => limited.inc(),
    observer: {
      settled({ order: { kind, createdAtMs, verdict }, way }) {
        const seconds = Math.max(0, verdict.atMs - createdAtMs) / 1_000
        timeToVerdict.observe({ kind, state: verdict.state, learnt_by: way }, seconds)
      },
      called: ({ account, call, outcome, tookMs }) =>
        calls.observe({ account, call, outcome }, tookMs / 1_000),
      contacted: ({ account, host, contact }) => hosts.inc({ account, host, contact }),
      started: ({ account, lateMs }) => lag.observe({ account }, Math.max(0, lateMs) / 1_000),
    },
  }

  /** Counted elsewhere: read when Prometheus asks. */
  function counted(
    name: string,
    help: string,
    label: string,
    counts: (statistics: Statistics) => object,
  ): void {
    new Counter({
      ...{ name, help, registers },
      labelNames: [label],
      collect() {
        this.reset()
        const statistics = source.statistics()
        if (statistics === null) return
        for (const [word, count] of Object.entries(counts(statistics))) this.inc({ [label]: word }, count)
      },
    })
  }

  function budgets() {
    return source
      .accounts()
      .flatMap(({ account, budgets }) => CALLS.map((call) => ({ account, call, ...budgets[call] })))
  }

  function byCall(name: string, help: string, what: 'limit' | 'share'): void {
    new Gauge({
      ...{ name, help, registers },
      labelNames: ['account', 'call'],
      collect() {
        this.reset()
        for (const { account, call, ...budget } of budgets()) this.set({ account, call }, budget[what])
      },
    })
  }

  function gauge(
    name: string,
    help: string,
    label: string | null,
    read: () => Promise<Readonly<Partial<Record<string, number>>>>,
  ): void {
    new Gauge({
      ...{ name, help, registers },
      labelNames: label === null ? [] : [label],
      async collect() {
        this.reset()
        // 0 would be a statement.
        if (label === null) this.remove()
        // A store that fails takes only its own figures from Prometheus, and not all of them.
        for (const [word, value] of Object.entries(await read().catch(() => ({}))))
          this.set(label === null ? {} : { [label]: word }, value ?? 0)
      },
    })
  }
}
