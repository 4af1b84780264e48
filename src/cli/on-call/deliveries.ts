import { nameOf, type OrderKey } from '../../core/order.ts'
import type { DeliveryState } from '../../store/store.ts'
import { moment, TIME_ZONE } from '../text.ts'
import type { Books } from './desk.ts'
import { type ListIo, tell } from './orders.ts'
import { deliveryInWords } from './timeline.ts'

export interface DeliveriesFlags {
  readonly failed: boolean
  readonly limit: number
  readonly json: boolean
}

/** What your system has not got, the worst first. */
const NOT_DELIVERED = ['failed', 'pending', 'queued'] as const satisfies readonly DeliveryState[]

/** `verdict deliveries`: the oldest first in each state. @throws OPTION_INVALID, and what the books throw */
export async function listDeliveries(books: Books, flags: DeliveriesFlags, io: ListIo): Promise<void> {
  const states = flags.failed ? (['failed'] as const) : NOT_DELIVERED
  const { items, isMore } = await books.deliveries(states, flags.limit)
  const keys = await keysOf(
    books,
    items.map(({ orderId }) => orderId),
  )
  const letters = items.map((delivery) => ({ ...delivery, order: keys.get(delivery.orderId) ?? null }))
  tell({ items: letters, isMore }, flags, io, {
    head: ['id', `written, ${TIME_ZONE}`, 'order', 'message', 'target', 'what became of it'],
    row: ({ order, ...delivery }) => [
      ...[delivery.id, moment(Date.parse(delivery.createdAt)), order === null ? '' : nameOf(order)],
      ...[delivery.message.type, delivery.target, deliveryInWords(delivery)],
    ],
  })
}

/** How the orders of messages are named, by their ids; each is looked up once. */
async function keysOf(books: Books, ids: readonly string[]): Promise<ReadonlyMap<string, OrderKey>> {
  const keys = new Map<string, OrderKey>()
  for (const id of new Set(ids)) {
    const order = await books.byId(id)
    if (order === null) continue
    const { account, sub_mchid, out_trade_no } = order
    keys.set(id, { account, sub_mchid, out_trade_no })
  }
  return keys
}
