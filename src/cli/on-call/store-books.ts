import type { Clock } from '../../clock.ts'
import { isFinal, type Order } from '../../core/order.ts'
import {
  deliveryView,
  journalView,
  keptReconciliationView,
  numberIn,
  orderView,
  refundView,
} from '../../http/views.ts'
import { amountToAccept } from '../../proof.ts'
import type { KeptReconciliation } from '../../store/reconciliations.ts'
import { type Delivery, type DeliveryState, OVERDUE_MS, type StoreReader } from '../../store/store.ts'
import { readStore } from '../read-store.ts'
import type { Books } from './desk.ts'
import { limited } from './pages.ts'
import { theOne } from './the-one.ts'

/** Beside whoever owns the store. @throws STORE_INVALID, and what the database throws */
export async function booksOfStore(name: string, clock: Clock): Promise<Books> {
  return booksOf(await readStore(name), clock)
}

export function booksOf(store: StoreReader, clock: Clock): Books {
  return {
    async orders({ account, states, isOpen, needsAttention, isOverdue, isStopped }, limit) {
      const filter = {
        ...(account !== undefined && { account }),
        ...(states !== undefined && { states }),
        ...(isOpen && { isOpen }),
        ...(needsAttention && { needsAttention }),
        ...(isStopped && { isStopped }),
        ...(isOverdue && { overdueSinceMs: clock.nowMs() - OVERDUE_MS }),
      }
      const { items, isMore } = await limited<Order>(limit, (last, count) =>
        store.list(filter, { before: last?.id ?? null, limit: count }),
      )
      return { items: items.map(orderView), isMore }
    },
    async deliveries(states, limit) {
      const { items, isMore } = await limited<Delivery>(limit, (last, count) =>
        pageIn(store, states, { last, count }),
      )
      return { items: items.map(deliveryView), isMore }
    },
    async bills(account, limit) {
      const filter = account === undefined ? {} : { account }
      const { items, isMore } = await limited<KeptReconciliation>(limit, (last, count) =>
        store.reconciliations(filter, { after: last?.id ?? null, limit: count }),
      )
      return { items: items.map(keptReconciliationView), isMore }
    },
    async byId(id) {
      const order = await store.byId(numberIn(id))
      return order === null ? null : orderView(order)
    },
    theOrder: async (question) => orderView(theOne(await store.named(question.out_trade_no), question)),
    async storyOf({ id }) {
      const number = numberIn(id)
      const [order, journal, deliveries] = await Promise.all([
        store.byId(number),
        store.journalOf(number),
        store.deliveriesOf(number),
      ])
      if (order === null) throw new Error(`order ${id} has left the store`)
      return {
        order: orderView(order),
        journal: journal.map(journalView),
        refunds: (isFinal(order) ? (order.aftercare?.refunds ?? []) : []).map(refundView),
        deliveries: deliveries.map(deliveryView),
      }
    },
    async amountToAccept({ id }) {
      const number = numberIn(id)
      const [order, evidence] = await Promise.all([store.byId(number), store.evidenceOf(number)])
      // What a callback says is encrypted, and its key is not in the store.
      const isReadable = evidence.at(-1)?.source === 'reply'
      return order !== null && isReadable ? amountToAccept(order, evidence) : null
    },
    close: () => store.close(),
  }
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
