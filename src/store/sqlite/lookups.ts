import type { DatabaseSync } from 'node:sqlite'
import type { Aftercare } from '../../core/aftercare.ts'
import type { Order } from '../../core/order.ts'
import { type AftercareRow, aftercareOf, refundOf } from '../rows/aftercare.ts'
import type { Cells } from '../rows/cells.ts'
import { orderOf } from '../rows/orders.ts'
import { Query } from './query.ts'
import { SELECT_AFTERCARE, SELECT_ORDERS, SELECT_REFUNDS } from './statements.ts'

/** Whole orders, with what follows their verdicts. */
export class Lookups {
  readonly orderById: Query<Order>
  readonly orderByKey: Query<Order>
  readonly ordersNamed: Query<Order>
  readonly ordersAfter: Query<Order>
  readonly #aftercare: Query<AftercareRow>
  readonly #refunds: Query<Aftercare['refunds'][number]>

  constructor(db: DatabaseSync) {
    const orders = (which: string): Query<Order> => new Query(db, `${SELECT_ORDERS} ${which}`, this.toOrder)
    this.orderById = orders('WHERE orders.id = ?')
    this.orderByKey = orders('WHERE out_trade_no = ? AND account = ? AND sub_mchid = ?')
    this.ordersNamed = orders('WHERE out_trade_no = ? ORDER BY orders.id')
    this.ordersAfter = orders('WHERE orders.id > ? ORDER BY orders.id LIMIT ?')
    this.#aftercare = new Query(db, SELECT_AFTERCARE, aftercareOf)
    this.#refunds = new Query(db, SELECT_REFUNDS, refundOf)
  }

  /** The order in a row of SELECT_ORDERS. */
  readonly toOrder = (cells: Cells): Order => orderOf(cells, (id) => this.#aftercareOf(id))

  /** What follows an order's verdict; null if nothing ever did. */
  #aftercareOf(orderId: number): Aftercare | null {
    const row = this.#aftercare.first(orderId)
    return row === null ? null : { ...row, refunds: this.#refunds.all(orderId) }
  }
}
