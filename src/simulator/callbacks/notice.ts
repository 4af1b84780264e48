import { createHash, type KeyObject } from 'node:crypto'
import { beijingTime } from '../../wechatpay/beijing.ts'
import { encryptResource } from '../../wechatpay/resource.ts'
import type { Age } from '../age.ts'
import type { OrderEvent } from '../truth/events.ts'
import type { Order } from '../truth/order.ts'
import type { RefundStatus } from '../truth/refund.ts'
import { refundNoticeOf } from '../wire/refund-statement.ts'
import { statementOf } from '../wire/statement.ts'

export type EventType = 'TRANSACTION.SUCCESS' | 'REFUND.SUCCESS' | 'REFUND.ABNORMAL' | 'REFUND.CLOSED'

/** What a callback says, before it is encrypted. */
export interface Notice {
  readonly id: string
  readonly create_time: string
  readonly event_type: EventType
  readonly original_type: 'transaction' | 'refund'
  /** At most 16 characters, so it is Chinese. */
  readonly summary: string
  readonly content: Readonly<Record<string, unknown>>
}

const REFUND_EVENTS: Readonly<Record<RefundStatus, { event_type: EventType; summary: string }>> = {
  PROCESSING: { event_type: 'REFUND.SUCCESS', summary: '退款处理中' },
  SUCCESS: { event_type: 'REFUND.SUCCESS', summary: '退款成功' },
  ABNORMAL: { event_type: 'REFUND.ABNORMAL', summary: '退款异常' },
  REFUNDCLOSE: { event_type: 'REFUND.CLOSED', summary: '退款关闭' },
}

export function eventTypeOf(event: OrderEvent): EventType {
  return event.of === 'payment' ? 'TRANSACTION.SUCCESS' : REFUND_EVENTS[event.life.status].event_type
}

/** @param name of the callback: one name, one id, however often it is sent */
export function noticeOf(name: string, order: Order, event: OrderEvent, age: Age): Notice {
  const common = { id: idOf(name), create_time: beijingTime(age.onWireMs(event.atMs)) }
  if (event.of === 'payment') {
    const event_type = 'TRANSACTION.SUCCESS'
    return {
      ...common,
      event_type,
      original_type: 'transaction',
      summary: '支付成功',
      content: paymentOf(order, age),
    }
  }
  const content = refundNoticeOf(order, event.refund, event.life, age)
  return { ...common, ...REFUND_EVENTS[event.life.status], original_type: 'refund', content }
}

/**
 * The payment, whatever was refunded since. The pages call WeChat Pay's number `id`, the institutions' example
 * `transaction_id`: receivers must know both.
 */
function paymentOf(order: Order, age: Age): Readonly<Record<string, unknown>> {
  const { id, ...members } = statementOf({ ...order, refunds: [] }, age)
  return order.owner.mode === 'common' ? { ...members, id } : { ...members, transaction_id: id }
}

const NONCE_LENGTH = 12

/** The body that is sent. Every one is encrypted anew. */
export function envelopeOf({ content, ...notice }: Notice, apiV3Key: KeyObject, nonce: string): string {
  const { algorithm, ...sealed } = encryptResource(apiV3Key, JSON.stringify(content), {
    nonce: nonce.slice(0, NONCE_LENGTH),
    associated_data: notice.original_type,
  })
  const { id, create_time, event_type, original_type, summary } = notice
  const resource = { original_type, algorithm, ...sealed }
  return JSON.stringify({
    id,
    create_time,
    resource_type: 'encrypt-resource',
    event_type,
    summary,
    resource,
  })
}

/** In the form of a UUID, derived, so that a restart doesn't change it. */
export function idOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )
}
