import type { Order } from '../../core/order.ts'
import type { Store } from '../../store/store.ts'

const PAGE = 500

export async function* everyOrder(store: Store): AsyncGenerator<Order> {
  let after = 0
  for (;;) {
    const page = await store.page(after, PAGE)
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = last.id
  }
}
