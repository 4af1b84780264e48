import { type Clock, sleep } from '../clock.ts'
import type { OrderKey } from '../core/order.ts'
import type { Answer, Outcome } from '../core/outcome.ts'
import { shown, VerdictError } from '../errors.ts'
import type { Bill, BillGateway } from '../gateway/gateway.ts'
import { beijingDate, beijingDayMs, beijingTime, DAY_MS } from '../wechatpay/beijing.ts'
import type { Unit } from './amount.ts'
import type { Span } from './compare.ts'
import { type BillWish, type Books, Comparison } from './comparison.ts'
import type { BillFacts, Reconciliation } from './report.ts'

export interface Reconciling {
  readonly gateway: BillGateway
  readonly store: Books
  readonly clock: Clock
  /** Asks WeChat Pay about an order, by the road on which everything about an order is learnt. */
  readonly ask: (order: OrderKey, by: string) => Promise<unknown>
  /** Whether an empty bill is believed at any time: of a simulator that has its bills at once. Default false (guide 8.8). */
  readonly billsAtOnce?: boolean
}

/** Guide 8.8: from 09:00 on the next day; WeChat Pay's own clients say 10:00. */
const READY_MS = 9 * 3_600_000
const SURELY_READY_MS = 10 * 3_600_000
/** What was paid so lately may stand in no bill yet: it matters only of a day that is not over. */
const UNDER_WAY_MS = 60_000
/** A bill without an answer is asked for again after these pauses. */
const PAUSES_MS = [2_000, 10_000, 30_000]

/**
 * Holds one day's bill against what is known here, line by line and order by order. It writes nothing: what may heal by
 * itself, because the order is still open or a customer paid after its end, WeChat Pay is asked about, and its signed answer
 * decides as always.
 *
 * @throws OPTION_INVALID for a date that is none; BILL_NOT_READY; BILL_FAILS; what the store and `ask` throw
 */
export async function reconcile(wish: BillWish, edges: Reconciling): Promise<Reconciliation> {
  const day = dayOf(wish.date)
  const date = beijingDate(day.fromMs)
  const askedAtMs = edges.clock.nowMs()
  const answer = await billOf(wish, day, edges)
  const comparison = new Comparison(wish, { ...day, toMs: Math.min(day.toMs, askedAtMs - UNDER_WAY_MS) })
  if (answer !== null) await comparison.readBill(answer.value.csv, edges.store, () => sleep(edges.clock, 0))
  if (!comparison.hasLines && edges.billsAtOnce !== true) checkNotTooEarly(day, edges.clock.nowMs())
  await comparison.readStore(edges.store)
  const { lines, agreed, differing, differences, toAsk, unit } = comparison.result()
  for (const order of toAsk) await edges.ask(order, `bill of ${date}`)
  return {
    account: wish.account,
    sub_mchid: wish.sub_mchid,
    date,
    bill: answer === null ? null : factsOf(answer, unit),
    ...{ lines, agreed, differing, differences, asked: toAsk.length },
  }
}

function factsOf({ value: { csv, sha1 }, evidence }: Answer<Bill>, unit: Unit | null): BillFacts {
  return { sha1, bytes: csv.length, unit, evidence }
}

/** @throws OPTION_INVALID */
function dayOf(date: string): Span {
  const fromMs = typeof date === 'string' ? beijingDayMs(date) : null
  if (fromMs !== null) return { fromMs, toMs: fromMs + DAY_MS }
  throw new VerdictError('OPTION_INVALID', `date is ${shown(date)}; expected a day such as 2026-06-08`)
}

/** Null: WeChat Pay signed that there is none. @throws BILL_NOT_READY, BILL_FAILS */
async function billOf(
  wish: BillWish,
  day: Span,
  { gateway, clock }: Reconciling,
): Promise<Answer<Bill> | null> {
  const name = beijingDate(day.fromMs).replaceAll('-', '')
  let outcome: Outcome<Bill> = await gateway.bill(name, wish.sub_mchid)
  for (const pauseMs of PAUSES_MS) {
    if (outcome.kind !== 'no-answer') break
    await sleep(clock, pauseMs)
    outcome = await gateway.bill(name, wish.sub_mchid)
  }
  switch (outcome.kind) {
    case 'answer':
      return outcome
    case 'no-answer':
      throw new VerdictError(
        'BILL_FAILS',
        `no bill that is signed came in ${PAUSES_MS.length + 1} attempts: ${outcome.detail}`,
      )
    case 'refusal':
      if (outcome.code === 'STATEMENT_CREATING') throw notReady(day)
      if (outcome.code === 'NO_STATEMENT_EXIST') return null
      throw new VerdictError(
        'BILL_FAILS',
        `WeChat Pay refuses the bill with ${outcome.code}: ${outcome.message}`,
      )
  }
}

/** A bill that is empty, or isn't there, usually was asked for too early (guide 8.8): nothing follows from it then. */
function checkNotTooEarly(day: Span, nowMs: number): void {
  if (nowMs < day.toMs + SURELY_READY_MS) throw notReady(day)
}

function notReady({ fromMs, toMs }: Span): VerdictError {
  const message = `the bill of ${beijingDate(fromMs)} is not there yet; expected from ${beijingTime(toMs + READY_MS)} on, at the latest an hour later`
  return new VerdictError('BILL_NOT_READY', message)
}
