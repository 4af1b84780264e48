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
  /** Aborts when nobody needs the result any more. */
  readonly signal: AbortSignal
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
/** Orders that are written to be asked about at the same time. */
const ASKED_AT_ONCE = 20

/**
 * Holds one day's bill against what is known here, line by line and order by order. It writes nothing: what may heal by
 * itself, because the order is still open or a customer paid after its end, WeChat Pay is asked about, and its signed answer
 * decides as always.
 *
 * @throws OPTION_INVALID for a date that is none; BILL_NOT_READY; BILL_FAILS; the signal's reason; what the store throws
 */
export async function reconcile(wish: BillWish, edges: Reconciling): Promise<Reconciliation> {
  const { store, clock, signal } = edges
  const day = dayOf(wish.date)
  const date = beijingDate(day.fromMs)
  signal.throwIfAborted()
  const askedAtMs = clock.nowMs()
  const answer = await billOf(wish, day, edges)
  const comparison = new Comparison(wish, day)
  const pause = (): Promise<void> => sleep(clock, 0, signal)
  if (answer !== null) await comparison.readBill(answer.value.csv, store, pause)
  if (!comparison.hasLines && edges.billsAtOnce !== true) checkNotTooEarly(day, clock.nowMs())
  const paid = { fromMs: day.fromMs, toMs: Math.min(day.toMs, askedAtMs - UNDER_WAY_MS) }
  await comparison.readStore(paid, store, pause)
  const { toAsk, unit, ...found } = comparison.result()
  return {
    ...{ account: wish.account, sub_mchid: wish.sub_mchid, date, ...found },
    bill: answer === null ? null : factsOf(answer, unit),
    asked: await asked(toAsk, `bill of ${date}`, edges),
  }
}

/** How many were asked about: one that was moved out of the store meanwhile can't be. @throws what `ask` throws else */
async function asked(orders: readonly OrderKey[], by: string, { ask, signal }: Reconciling): Promise<number> {
  let count = 0
  for (let i = 0; i < orders.length; i += ASKED_AT_ONCE) {
    signal.throwIfAborted()
    const asking = orders.slice(i, i + ASKED_AT_ONCE).map((order) =>
      ask(order, by).then(
        () => 1,
        (error: unknown) => {
          if (error instanceof VerdictError && error.code === 'ORDER_UNKNOWN') return 0
          throw error
        },
      ),
    )
    for (const one of await Promise.all(asking)) count += one
  }
  return count
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

/** Null: WeChat Pay signed that there is none. @throws BILL_NOT_READY, BILL_FAILS, the signal's reason */
async function billOf(
  wish: BillWish,
  day: Span,
  { gateway, clock, signal }: Reconciling,
): Promise<Answer<Bill> | null> {
  const name = beijingDate(day.fromMs).replaceAll('-', '')
  const ask = (): Promise<Outcome<Bill>> => unlessAborted(gateway.bill(name, wish.sub_mchid), signal)
  let outcome = await ask()
  for (const pauseMs of PAUSES_MS) {
    if (outcome.kind !== 'no-answer') break
    await sleep(clock, pauseMs, signal)
    outcome = await ask()
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
      if (outcome.code === 'STATEMENT_CREATING') throw notReady(day, clock.nowMs())
      if (outcome.code === 'NO_STATEMENT_EXIST') return null
      throw new VerdictError(
        'BILL_FAILS',
        `WeChat Pay refuses the bill with ${outcome.code}: ${outcome.message}`,
      )
  }
}

/** What the work comes to; the signal's reason if it aborts first. */
function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.finally(() => signal.removeEventListener('abort', abort)).then(resolve, reject)
  })
}

/** A bill that is empty, or isn't there, usually was asked for too early (guide 8.8): nothing follows from it then. */
function checkNotTooEarly(day: Span, nowMs: number): void {
  if (nowMs < day.toMs + SURELY_READY_MS) throw notReady(day, nowMs)
}

function notReady({ fromMs, toMs }: Span, nowMs: number): VerdictError {
  const expected =
    nowMs < toMs + READY_MS
      ? `from ${beijingTime(toMs + READY_MS)} on, at the latest an hour later`
      : 'within the hour: ask again'
  const message = `the bill of ${beijingDate(fromMs)} is not there yet; expected ${expected}`
  return new VerdictError('BILL_NOT_READY', message)
}
