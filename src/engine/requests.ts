import { type Clock, sleep } from '../clock.ts'
import type { Refund } from '../core/aftercare.ts'
import type { Learnt } from '../core/decide.ts'
import { type DueOrder, isFinal } from '../core/order.ts'
import type { Evidence, RefundStatement } from '../core/outcome.ts'
import type { Step } from '../core/step.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Calls } from './calls.ts'

export interface RequestsOptions {
  readonly gateway: Gateway
  readonly calls: Calls
  readonly clock: Clock
  /** Where WeChat Pay announces what became of a refund. */
  readonly notify_url: string | undefined
}

/** A step that has no effect at WeChat Pay. */
export type Question = Exclude<Step, { intent: unknown }>

export interface QuestionTimes {
  /** When a query leaves at the earliest. */
  readonly notBeforeMs: number
  /** Nothing more is asked from then on: somebody else may be at work on the order. */
  readonly endMs: number
}

/** WeChat Pay's limit on the refunds of one order: one page should hold them all. */
const REFUNDS_A_PAGE = 50

/** What the steps of an order say to WeChat Pay, and what is learnt by it. Nothing is decided or written here. */
export class Requests {
  readonly #options: RequestsOptions

  constructor(options: RequestsOptions) {
    this.#options = options
  }

  ask(order: DueOrder, question: Question, { notBeforeMs, endMs }: QuestionTimes): Promise<Learnt> {
    switch (question.do) {
      case 'query':
        return this.#query(order, notBeforeMs)
      case 'queryRefund':
        return this.#queryRefund(order, question.refund.out_refund_no)
      case 'queryRefunds':
        return this.#queryRefunds(order, endMs)
    }
  }

  async place(order: DueOrder, body: string): Promise<Learnt> {
    const { gateway, calls } = this.#options
    const { account, sub_mchid, out_trade_no, kind, latestPlacingAtMs: signedAtMs } = order
    await calls.leave('place', signedAtMs)
    const { outcome, tookMs } = await calls.make('place', () =>
      gateway.place({ account, sub_mchid, out_trade_no, kind, body, signedAtMs }),
    )
    return { call: 'place', outcome, tookMs }
  }

  async end(call: 'close' | 'reverse', order: DueOrder, signedAtMs: number): Promise<Learnt> {
    const { gateway, calls } = this.#options
    await calls.leave(call, signedAtMs)
    const { outcome, tookMs } = await calls.make(call, () => gateway[call](order, signedAtMs))
    return { call, outcome, tookMs }
  }

  /** The same refund gives the same bytes, at every attempt: they are drawn from what is stored about it. */
  async refund(
    order: DueOrder,
    { out_refund_no, amount, reason }: Refund,
    signedAtMs: number,
  ): Promise<Learnt> {
    const { gateway, calls, notify_url } = this.#options
    const { account, sub_mchid, out_trade_no, total, currency } = order
    const body = gateway.draftRefund({
      ...{ account, sub_mchid, out_trade_no, out_refund_no },
      transaction_id: transactionIdOf(order),
      amount: { refund: amount, total, currency },
      reason: reason ?? undefined,
      notify_url,
    })
    await calls.leave('refund', signedAtMs)
    const send = () => gateway.refund({ account, sub_mchid, out_trade_no, body, signedAtMs })
    return { call: 'refund', out_refund_no, ...(await calls.makeRefund(send, signedAtMs)) }
  }

  async #query(order: DueOrder, notBeforeMs: number): Promise<Learnt> {
    const { gateway, calls } = this.#options
    const send = () => gateway.query(order, notBeforeMs)
    const { outcome, tookMs } = await calls.make('query', send, notBeforeMs)
    return { call: 'query', outcome, tookMs }
  }

  async #queryRefund(order: DueOrder, out_refund_no: string): Promise<Learnt> {
    const { gateway, calls } = this.#options
    const send = () => gateway.queryRefund(order, out_refund_no)
    return { call: 'queryRefund', out_refund_no, ...(await calls.make('queryRefund', send)) }
  }

  /** All pages, or none: what is left to refund is worked out from them. */
  async #queryRefunds(order: DueOrder, endMs: number): Promise<Learnt> {
    const { gateway, calls, clock } = this.#options
    const refunds: RefundStatement[] = []
    const earlier: Evidence[] = []
    for (;;) {
      const range = { offset: refunds.length, count: REFUNDS_A_PAGE }
      const send = () => gateway.queryRefunds(order, transactionIdOf(order), range)
      const made = await calls.make('queryRefunds', send)
      const { outcome } = made
      if (outcome.kind !== 'answer') return { call: 'queryRefunds', earlier, ...made }
      const { value, evidence } = outcome
      refunds.push(...value.refunds)
      if (refunds.length >= value.total) {
        return {
          ...made,
          call: 'queryRefunds',
          earlier,
          outcome: { ...outcome, value: { ...value, refunds } },
        }
      }
      earlier.push(evidence)
      if (value.refunds.length === 0 || clock.nowMs() >= endMs) {
        const detail = `${refunds.length} of ${value.total} refunds came`
        return {
          call: 'queryRefunds',
          earlier: [],
          outcome: { kind: 'no-answer', reason: 'unreadable', sent: true, detail },
          tookMs: made.tookMs,
        }
      }
      await calls.allowed('queryRefunds', (ms) => sleep(clock, ms))
    }
  }
}

/** WeChat Pay's own number of a paid order, which it prefers. */
function transactionIdOf(order: DueOrder): string | null {
  if (!isFinal(order)) return null
  return order.verdict.transaction_id ?? order.aftercare?.late?.transaction_id ?? null
}
