import type { Clock } from '../clock.ts'
import { type FinalOrder, isFinal, type Order } from '../core/order.ts'
import type { Store } from '../store/store.ts'
import { Waiters } from './waiters.ts'

export interface AwaitedEdges {
  readonly store: Pick<Store, 'byId'>
  readonly clock: Clock
  /** Aborts when nobody may begin to wait any more. */
  readonly closing: AbortSignal
}

/** For how long, and what the wait ends with then. */
export interface Patience {
  /** Default: no limit. */
  readonly waitMs?: number | undefined
  readonly late: () => unknown
}

const TIME_IS_UP = Symbol('time is up')

/** The orders for which somebody in this process waits. */
export class Awaited {
  readonly #edges: AwaitedEdges
  readonly #settling = new Waiters<FinalOrder>()
  readonly #placing = new Waiters<Order>()

  constructor(edges: AwaitedEdges) {
    this.#edges = edges
  }

  get ids(): readonly number[] {
    return [...this.#settling.ids, ...this.#placing.ids]
  }

  /** Whoever waits for the order hears what it is now. */
  wake(order: Order): void {
    if (isFinal(order)) this.#settling.wake(order.id, order)
    if (isPlaced(order)) this.#placing.wake(order.id, order)
  }

  /** Resolves with the order as soon as its verdict is committed. Rejects with what `late` gives, or with an end's reason. */
  settled(id: number, patience: Patience): Promise<FinalOrder> {
    return this.#until(this.#settling, id, isFinal, patience)
  }

  /** Resolves when a commit moves the order on from `placing`, or when the time is over. Rejects with an end's reason. */
  async placed(id: number, waitMs: number): Promise<void> {
    try {
      await this.#until(this.#placing, id, isPlaced, { waitMs, late: () => TIME_IS_UP })
    } catch (error) {
      if (error !== TIME_IS_UP) throw error
    }
  }

  endSettling(reason: unknown): void {
    this.#settling.endAll(reason)
  }

  endPlacing(reason: unknown): void {
    this.#placing.endAll(reason)
  }

  async #until<Found extends Order>(
    waiters: Waiters<Found>,
    id: number,
    isFound: (order: Order) => order is Found,
    { waitMs, late }: Patience,
  ): Promise<Found> {
    const { store, clock, closing } = this.#edges
    const ended = new AbortController()
    const woken = waiters.wait(id, ended.signal)
    woken.catch(() => {})
    const cancel = waitMs === undefined ? () => {} : clock.after(waitMs, () => ended.abort(late()))
    try {
      closing.throwIfAborted()
      // Read after the waiter stands: a change that came in between is seen by one of the two.
      const order = await store.byId(id)
      return order !== null && isFound(order) ? order : await woken
    } finally {
      cancel()
      ended.abort()
    }
  }
}

function isPlaced(order: Order): order is Order {
  return order.state !== 'placing'
}
