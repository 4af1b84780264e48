import { createHash } from 'node:crypto'
import type { Refund } from '../core/aftercare.ts'
import type { Change, OrderEvent } from '../core/change.ts'
import type { Message } from '../core/message.ts'
import { type FinalOrder, type FinalState, isFinal, type Kind, nameOf, type Order } from '../core/order.ts'

/** What every event tells of its order. WeChat Pay's words keep their spelling; amounts are in the currency's smallest unit. */
export interface EventOrder {
  /** `mchid` or `sp_mchid`. */
  readonly account: string
  readonly sub_mchid: string | null
  readonly out_trade_no: string
  readonly kind: Kind
  /** The caller's id of what was bought. */
  readonly purchase: string | null
  readonly amount: { readonly total: number; readonly currency: string }
  readonly state: FinalState
  /** Why a person should look at it; see docs/order-states.md. */
  readonly attention: string | null
}

/** An order has its final status. */
export interface VerdictEvent extends EventOrder {
  readonly learntBy: 'place' | 'query' | 'callback'
  readonly transaction_id: string | null
  /** RFC 3339, as WeChat Pay wrote it. */
  readonly success_time: string | null
}

/** A refund has ended, or can't reach the customer (`status` ABNORMAL). */
export interface RefundEvent extends EventOrder {
  readonly refund: {
    readonly out_refund_no: string
    /** The caller's own; null for a refund that was made elsewhere. */
    readonly idempotencyKey: string | null
    readonly origin: Refund['origin']
    readonly amount: number
    readonly reason: string | null
    readonly state: Refund['state']
    /** The last word of WeChat Pay: a `status`, or the code of a refusal. */
    readonly status: string | null
    readonly refund_id: string | null
    readonly success_time: string | null
  }
}

/** An order that was given up is paid. */
export interface LateMoneyEvent extends EventOrder {
  readonly lateMoney: {
    /** What happens to the money: it goes back, is kept, or waits for a person. */
    readonly action: 'refund' | 'accept' | 'ask'
    readonly transaction_id: string | null
    readonly success_time: string | null
  }
}

/** The messages of a change, one for each of its events. */
export function messagesOf({ order, events }: Change, nowMs: number): readonly Message[] {
  if (events.length === 0 || !isFinal(order)) return []
  return events.flatMap((event) => {
    const data = dataOf(order, event)
    if (data === null) return []
    const timestamp = new Date(nowMs).toISOString()
    const { type } = event
    return [{ id: idOf(order, event), type, payload: JSON.stringify({ type, timestamp, data }) }]
  })
}

function dataOf(order: FinalOrder, event: OrderEvent): VerdictEvent | RefundEvent | LateMoneyEvent | null {
  switch (event.type) {
    case 'order.verdict': {
      const { learntBy, transaction_id, success_time } = order.verdict
      return { ...orderOf(order), learntBy, transaction_id, success_time }
    }
    case 'order.refund': {
      const refund = refundIn(order, event.out_refund_no)
      return refund === undefined ? null : { ...orderOf(order), refund: refundOf(refund) }
    }
    case 'order.late_money': {
      const late = order.aftercare?.late ?? null
      if (late === null) return null
      const { transaction_id, success_time } = late
      const action =
        ({ accepted: 'accept', asked: 'ask' } as const)[late.phase as 'accepted' | 'asked'] ?? 'refund'
      return { ...orderOf(order), lateMoney: { action, transaction_id, success_time } }
    }
  }
}

function orderOf(order: FinalOrder): EventOrder {
  const { account, sub_mchid, out_trade_no, kind, purchase, total, currency, state, attention } = order
  return { account, sub_mchid, out_trade_no, kind, purchase, amount: { total, currency }, state, attention }
}

function refundOf(refund: Refund): RefundEvent['refund'] {
  const { out_refund_no, key, origin, amount, reason, state, said, refund_id, success_time } = refund
  return {
    out_refund_no,
    idempotencyKey: key,
    origin,
    amount,
    reason,
    state,
    status: said,
    refund_id,
    success_time,
  }
}

function refundIn({ aftercare }: FinalOrder, out_refund_no: string): Refund | undefined {
  return aftercare?.refunds.find((refund) => refund.out_refund_no === out_refund_no)
}

/** Derived from what is told, not from when: a database that is restored tells the same again under the same id. */
function idOf(order: Order & FinalOrder, event: OrderEvent): string {
  const told = JSON.stringify([nameOf(order), event.type, order.state, ...aboutOf(order, event)])
  return `msg_${createHash('sha256').update(told).digest('hex').slice(0, 32)}`
}

function aboutOf(order: FinalOrder, event: OrderEvent): readonly unknown[] {
  switch (event.type) {
    case 'order.verdict':
      return []
    case 'order.refund':
      return [event.out_refund_no, stateOf(refundIn(order, event.out_refund_no))]
    case 'order.late_money':
      // A person's word comes after the first telling, and may not be taken for a repeat of it.
      return event.decided === true ? ['decided', order.aftercare?.late?.phase] : []
  }
}

function stateOf(refund: Refund | undefined): string | undefined {
  return refund?.state === 'processing' ? (refund.said ?? undefined) : refund?.state
}
