import { z } from 'zod'
import { systemClock } from '../../clock.ts'
import { WAYS } from '../../core/change.ts'
import { FINAL_STATES } from '../../core/order.ts'
import { CALLBACK_RESULTS } from '../../engine/report.ts'
import { DELIVERY_STATES, OVERDUE_MS } from '../../store/store.ts'
import type { Desk } from '../desk.ts'
import { kept } from '../kept.ts'
import type { Hour, LastHour } from '../live/last-hour.ts'
import { type Route, route } from '../route.ts'
import { ORDER_STATES } from '../views.ts'

/** However often a page is read: what the store counts is no older than this, or takes a fiftieth of its time. */
const COUNTED = { clock: systemClock, freshMs: 2_000, timesItTook: 50 }

const moment = z.string().meta({ format: 'date-time' })
const seconds = z.number().nonnegative()
const counts = <Word extends string>(words: readonly Word[]) =>
  z.object(Object.fromEntries(words.map((word) => [word, z.int()])) as Record<Word, z.ZodInt>)

const OverviewView = z
  .object({
    at: moment,
    /** Since when this process looks on: `minutes` and what follows tell of it alone, and of an hour at most. */
    since: moment,
    orders: z.object({
      byState: counts(ORDER_STATES),
      attention: z.int(),
      overdue: z.int(),
      /** Those whose tracking a person has stopped. */
      stopped: z.int(),
    }),
    deliveries: counts(DELIVERY_STATES),
    minutes: z.array(z.object({ at: moment, verdicts: counts(FINAL_STATES) })),
    /** In seconds. */
    timeToVerdict: z.object({ p50: seconds, p95: seconds, p99: seconds }).nullable(),
    learntBy: counts(WAYS),
    queriesPerOrder: z.number().nullable(),
    accounts: z.array(
      z.object({
        account: z.string(),
        mode: z.enum(['common', 'institutional']),
        answers: z.boolean(),
        hosts: z.array(
          z.object({
            host: z.string(),
            /** Whether the latest call was answered. */
            answers: z.boolean(),
            calls: z.int(),
            noAnswer: z.int(),
            p50: seconds.nullable(),
            p95: seconds.nullable(),
          }),
        ),
        callbacks: counts(CALLBACK_RESULTS),
        /** Whether queries find payments that no callback has announced. */
        silent: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'Overview' })

export type OverviewSeen = z.output<typeof OverviewView>

export function overviewRoutes(desk: Desk, lastHour: LastHour): readonly Route[] {
  const { store, clock } = desk
  const stored = kept(async () => {
    const [byState, attention, deliveries, overdue, stopped] = await Promise.all([
      store.countByState(),
      store.countAttention(),
      store.countDeliveries(),
      store.countOverdue(clock.nowMs() - OVERDUE_MS),
      store.countStopped(),
    ])
    return { byState, attention, deliveries, overdue, stopped }
  }, COUNTED)
  return [
    route({
      method: 'GET',
      path: '/v1/overview',
      role: 'read',
      tag: 'overview',
      summary: 'How everything stands',
      description: 'Orders and messages as the store has them; the last hour as this process has seen it.',
      reply: OverviewView,
      async handle() {
        const { byState, attention, deliveries, overdue, stopped } = await stored()
        const hour = lastHour.hour
        return {
          at: at(clock.nowMs()),
          since: at(hour.sinceMs),
          orders: { byState: all(ORDER_STATES, byState), attention, overdue, stopped },
          deliveries: all(DELIVERY_STATES, deliveries),
          minutes: hour.minutes.map(({ atMs, verdicts }) => ({ at: at(atMs), verdicts: { ...verdicts } })),
          timeToVerdict: percentiles(hour),
          learntBy: { ...hour.learntBy },
          queriesPerOrder: hour.queriesPerOrder,
          accounts: desk.verdict.accounts.map(({ account, mode, answers, isSilent }) => ({
            ...{ account, mode, answers },
            hosts: hostsOf(hour, account),
            callbacks: { ...hour.callbacksOf(account) },
            silent: isSilent,
          })),
        }
      },
    }),
  ]
}

function percentiles({ toVerdict }: Hour) {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((part) => inSeconds(toVerdict.quantileMs(part)))
  return p50 == null || p95 == null || p99 == null ? null : { p50, p95, p99 }
}

function hostsOf({ hosts }: Hour, account: string) {
  return hosts
    .filter((one) => one.account === account)
    .map(({ host, answers, calls, noAnswer, p50Ms, p95Ms }) => ({
      ...{ host, answers, calls, noAnswer },
      ...{ p50: inSeconds(p50Ms), p95: inSeconds(p95Ms) },
    }))
}

function inSeconds(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms) / 1_000
}

function all<Word extends string>(
  words: readonly Word[],
  some: Readonly<Partial<Record<Word, number>>>,
): Record<Word, number> {
  return Object.fromEntries(words.map((word) => [word, some[word] ?? 0])) as Record<Word, number>
}

function at(ms: number): string {
  return new Date(ms).toISOString()
}
