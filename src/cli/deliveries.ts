import { nameOf, type Order, type OrderKey } from '../core/order.ts'
import { deliveryView } from '../http/views.ts'
import type { Delivery, DeliveryState, StoreReader } from '../store/store.ts'
import { type ListIo, tell } from './orders.ts'
import { limited } from './pages.ts'
import { reading } from './read-store.ts'
import { moment } from './text.ts'
import { deliveryInWords } from './timeline.ts'

export interface DeliveriesFlags {
  readonly store: string
  readonly failed: boolean
  readonly limit: number
  readonly json: boolean
}

/** A message, and the order that it is about. */
interface Letter {
  readonly delivery: Delivery
  readonly order: Order | null
}

/** What your system has not got, the worst first. */
const NOT_DELIVERED = ['failed', 'pending', 'queued'] as const satisfies readonly DeliveryState[]

/** `verdict deliveries`: the oldest first in each state. @throws OPTION_INVALID, STORE_INVALID */
export async function listDeliveries(flags: DeliveriesFlags, io: ListIo): Promise<void> {
  await reading(flags.store, async (store) => {
    const states = flags.failed ? (['failed'] as const) : NOT_DELIVERED
    const { items, isMore } = await limited<Delivery>(flags.limit, (last, count) =>
      pageIn(store, states, { last, count }),
    )
    const letters = await Promise.all(
      items.map(
        async (delivery): Promise<Letter> => ({ delivery, order: await store.byId(delivery.orderId) }),
      ),
    )
    tell<Letter>({ items: letters, isMore }, flags, io, {
      head: ['id', 'written', 'order', 'message', 'target', 'what became of it'],
      row: ({ delivery, order }) => [
        ...[String(delivery.id), moment(delivery.createdAtMs), order === null ? '' : nameOf(order)],
        ...[delivery.message.type, delivery.target, deliveryInWords(delivery)],
      ],
      view: ({ delivery, order }) => ({
        ...deliveryView(delivery),
        order: order === null ? null : keyOf(order),
      }),
    })
  })
}

/** One list out of several: state by state, and in each from after the last one that was read. */
async function pageIn(
  store: StoreReader,
  states: readonly DeliveryState[],
  { last, count }: { readonly last: Delivery | null; readonly count: number },
): Promise<readonly Delivery[]> {
  const page: Delivery[] = []
  for (const state of states.slice(last === null ? 0 : states.indexOf(last.state))) {
    const afterId = state === last?.state ? last.id : 0
    page.push(...(await store.deliveriesIn(state, afterId, count - page.length)))
    if (page.length === count) break
  }
  return page
}

function keyOf({ account, sub_mchid, out_trade_no }: OrderKey): OrderKey {
  return { account, sub_mchid, out_trade_no }
}
