import type { Clock } from '../clock.ts'
import type { Change } from '../core/change.ts'
import { decide, type Learnt } from '../core/decide.ts'
import { nameOf, type Order } from '../core/order.ts'
import { VerdictError } from '../errors.ts'
import type { Random } from '../random.ts'
import type { Commit, Store } from '../store/store.ts'
import type { Batcher } from './batcher.ts'
import type { Lane } from './lane.ts'
import { SOON_MS } from './order-work.ts'

export interface RoadEdges {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly commits: Batcher<Commit, 'applied' | 'moved'>
}

/** What became of something that was learnt: the order as it is now, and the change, if anything was new. */
export interface Travelled {
  readonly order: Order
  readonly change: Change | null
}

/** The road for what is learnt beside the lanes: the merchant's word, and callbacks. Decided, written, then told. */
export class Road {
  readonly #edges: RoadEdges

  constructor(edges: RoadEdges) {
    this.#edges = edges
  }

  /**
   * Decides on the order as it is, and writes it; if it moved on meanwhile, decides again. Resolves when it is on disk.
   *
   * @param more what is written in the same transaction
   * @throws what `decide` throws, and whatever the store throws
   */
  async learn(
    order: Order,
    learnt: Learnt,
    lane: Lane,
    more: Pick<Commit, 'strayId'> = {},
  ): Promise<Travelled> {
    const { store, clock, random } = this.#edges
    let current = order
    for (;;) {
      const moment = { nowMs: clock.nowMs(), chance: random.next() }
      const change = decide(current, learnt, lane.rules(current.kind), moment)
      if (change === null) return { order: current, change }
      if ((await this.write(change, lane, more)) === 'applied') return { order: change.order, change }
      const moved = await store.byId(order.id)
      if (moved === null)
        throw new VerdictError('ORDER_UNKNOWN', `${nameOf(order)} was moved out of the store meanwhile`)
      current = moved
    }
  }

  /** Writes a change that was decided beside the lanes. @throws whatever the store throws */
  async write(change: Change, lane: Lane, more: Pick<Commit, 'strayId'> = {}): Promise<'applied' | 'moved'> {
    const { clock, commits } = this.#edges
    try {
      const result = await commits.add({ change, keepClaim: true, tell: true, ...more }, SOON_MS)
      if (result === 'applied') lane.changed(change.order)
      return result
    } catch (error) {
      // It may be written all the same, and due.
      lane.wake(clock.nowMs())
      throw error
    }
  }
}
