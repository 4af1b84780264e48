import {
  type DueOrder,
  isAtTheTill,
  isDue,
  type Order,
  OTHERS_ONE_IN,
  TILL_PATIENCE_MS,
} from '../../core/order.ts'
import { type Cells, integer, text } from '../rows/cells.ts'
import { openOrderOf } from '../rows/orders.ts'
import type { ClaimRequest } from '../store.ts'
import type { Connection, Parameter } from './connection.ts'
import { Fronts } from './fronts.ts'
import { ordersIn } from './reader.ts'
import { CLAIM_DUE, RELEASE, SELECT_NEXT_DUE } from './statements/claims.ts'
import { SELECT_ORDERS } from './statements/reading.ts'

/** Who works on which order: it lies in the order's row, and what this process knows of the queues in its fronts. */
export class Claims {
  readonly #connection: Connection
  readonly #deadCells: () => readonly Parameter[]
  readonly #fronts = new Fronts()

  /** @param deadCells the workers whose claims are over, as statements take them */
  constructor(connection: Connection, deadCells: () => readonly Parameter[]) {
    this.#connection = connection
    this.#deadCells = deadCells
  }

  async claim(request: ClaimRequest): Promise<readonly DueOrder[]> {
    const { account, worker, nowMs, dueUntilMs, untilMs, limit, tillOnly = false } = request
    const front = this.#fronts.of(account)
    const { till, elsewhere } = tillOnly ? front.looking : front.from(nowMs)
    const stillHereMs = Math.min(nowMs - TILL_PATIENCE_MS, dueUntilMs)
    const claiming = this.#connection.rows(
      CLAIM_DUE,
      ...[account, nowMs, dueUntilMs, stillHereMs, limit, worker, untilMs],
      ...this.#deadCells(),
      ...[till, elsewhere, OTHERS_ONE_IN, String(tillOnly)],
    )
    const orders = await front
      .during(claiming)
      .then((rows) => this.#dueOf(rows))
      .catch((error: unknown) => {
        // What it claimed all the same is free, and due in the past, when those claims are over.
        front.lookAgain()
        throw error
      })
    const isHere = (order: DueOrder): boolean => isAtTheTill(order) && order.dueAtMs > stillHereMs
    return orders.toSorted(
      (a, b) => Number(isHere(b)) - Number(isHere(a)) || a.dueAtMs - b.dueAtMs || a.id - b.id,
    )
  }

  /**
   * An order with its verdict is read whole: its verdict and what follows it lie in other tables. So is one that was committed
   * while it was claimed: else it would come with facts from before.
   */
  async #dueOf(rows: readonly Cells[]): Promise<readonly DueOrder[]> {
    const open = rows.map((cells) => (cells.at(-1) === true ? openOrderOf(cells) : null))
    const others = rows.filter((_, i) => open[i] === null).map(([id]) => integer(id))
    const whole =
      others.length === 0
        ? []
        : await ordersIn(this.#connection, `${SELECT_ORDERS} WHERE orders.id = ANY ($1::bigint[])`, others)
    return [...open, ...whole].filter((order): order is DueOrder => order !== null && isDue(order))
  }

  async nextAtMs(account: string, beforeMs = Number.POSITIVE_INFINITY): Promise<number | null> {
    const front = this.#fronts.of(account)
    const from = front.looking
    const looking = this.#connection.rows(
      SELECT_NEXT_DUE,
      ...[account, front.nowMs],
      ...this.#deadCells(),
      ...[from.till, from.elsewhere, Math.min(beforeMs, Number.MAX_SAFE_INTEGER)],
    )
    const [row = []] = await front.during(looking)
    const [tillMs, elsewhereMs] = row.map((cell) => (cell === null ? null : integer(cell)))
    front.seen(from, tillMs ?? null, elsewhereMs ?? null, beforeMs)
    const firsts = [tillMs, elsewhereMs].filter((ms) => ms !== null && ms !== undefined)
    return firsts.length === 0 ? null : Math.min(...firsts)
  }

  async release(ids: readonly number[], worker: string, untilMs?: readonly number[]): Promise<void> {
    try {
      const rows = await this.#connection.rows(RELEASE, ids, worker, untilMs ?? ids.map(() => null))
      for (const [account, due_at] of rows)
        if (due_at !== null) this.#fronts.of(text(account)).freed(integer(due_at))
    } catch (error) {
      // They may be free all the same.
      this.#fronts.lookAgain()
      throw error
    }
  }

  /** An order was written: it may be due in the past, and free. */
  mayBeFree(order: Order): void {
    if (order.dueAtMs !== null) this.#fronts.of(order.account).freed(order.dueAtMs)
  }

  /** Anything may be free that was claimed before. */
  lookAgain(): void {
    this.#fronts.lookAgain()
  }
}
