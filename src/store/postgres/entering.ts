import assert from 'node:assert/strict'
import { nameOf, type Order, type OrderKey } from '../../core/order.ts'
import { integer, text, type Value } from '../rows/cells.ts'
import { factsCells, journalCells, keyCells, progressCells, subMchidCell } from '../rows/orders.ts'
import type { Claim, Inserted, NewOrder } from '../store.ts'
import { columnwise } from './columnwise.ts'
import type { Connection, Session } from './connection.ts'
import { orderBy, ordersIn } from './reader.ts'
import {
  INSERT_ORDERS,
  LOCK_PURCHASES,
  NEW_LINE_WIDTH,
  NEW_ORDER_WIDTH,
  SELECT_PURCHASE,
} from './statements/entering.ts'

/** Writes new orders, claimed already, and tells of each that could not be written what stands in its way. */
export async function insertOrders(
  connection: Connection,
  orders: readonly NewOrder[],
  claim: Claim,
): Promise<readonly Inserted[]> {
  const purchases = orders.filter(({ order }) => order.purchase !== null)
  if (purchases.length === 0) return insertIn(connection, orders, claim)
  // Who looks whether a purchase is taken must be alone with it until the order is there.
  return connection.together(async (session) => {
    await session.rows(
      LOCK_PURCHASES,
      purchases.map(({ order }) => purchaseName(order)),
    )
    return insertIn(session, orders, claim)
  })
}

async function insertIn(
  session: Session,
  orders: readonly NewOrder[],
  { worker, untilMs }: Claim,
): Promise<readonly Inserted[]> {
  const taken = await takenOf(session, orders)
  const seen = new Set<string>()
  const fresh = orders.filter((one) => {
    const key = keyName(one.order)
    const isAgain = seen.has(key)
    seen.add(key)
    return !isAgain && !taken.has(one)
  })
  const rows = fresh.map(({ order, fingerprint, body }, ord): Value[] => [
    ord,
    ...keyCells(order),
    ...progressCells({ ...order, id: 0 }),
    ...factsCells(order),
    fingerprint,
    body,
  ])
  const lines = fresh.flatMap(({ journal }, ord) =>
    journal.map((line, nth): Value[] => [ord, nth, ...journalCells(line)]),
  )
  const entered =
    fresh.length === 0
      ? []
      : await session.rows(
          INSERT_ORDERS,
          worker,
          untilMs,
          ...columnwise(rows, NEW_ORDER_WIDTH),
          ...columnwise(lines, NEW_LINE_WIDTH),
        )
  const ids = new Map(entered.map(([ord, id]) => [fresh[integer(ord)], integer(id)]))
  const results: Inserted[] = []
  for (const one of orders) {
    const id = ids.get(one)
    if (id !== undefined) results.push({ outcome: 'inserted', order: { ...one.order, id } })
    else results.push(await existingOf(session, one, taken.get(one)))
  }
  return results
}

/** Orders whose purchase another has taken: one that is there, or an earlier one of the list. */
async function takenOf(
  session: Session,
  orders: readonly NewOrder[],
): Promise<ReadonlyMap<NewOrder, Order | NewOrder>> {
  const taken = new Map<NewOrder, Order | NewOrder>()
  const first = new Map<string, NewOrder>()
  for (const one of orders) {
    const { purchase, account, sub_mchid } = one.order
    if (purchase === null) continue
    // A number that is there already is no new order, whatever it is for.
    if ((await orderBy(session, one.order)) !== null) continue
    const earlier = first.get(purchaseName(one.order))
    const [by] =
      earlier !== undefined
        ? [earlier]
        : await ordersIn(session, SELECT_PURCHASE, account, subMchidCell(sub_mchid), purchase)
    if (by !== undefined && !(earlier !== undefined && keyName(earlier.order) === keyName(one.order)))
      taken.set(one, by)
    else if (earlier === undefined) first.set(purchaseName(one.order), one)
  }
  return taken
}

async function existingOf(
  session: Session,
  { order }: NewOrder,
  by: Order | NewOrder | undefined,
): Promise<Inserted> {
  if (by !== undefined) {
    const other = 'order' in by ? await orderBy(session, by.order) : by
    assert(other !== null)
    return { outcome: 'purchase-taken', by: other }
  }
  const existing = await orderBy(session, order)
  assert(existing !== null, `${nameOf(order)} is neither written nor there`)
  const [row = []] = await session.rows(
    'SELECT fingerprint FROM verdict.placings WHERE order_id = $1',
    existing.id,
  )
  return { outcome: 'exists', order: existing, fingerprint: text(row[0]) }
}

function purchaseName({ account, sub_mchid, purchase }: NewOrder['order']): string {
  return JSON.stringify([account, subMchidCell(sub_mchid), purchase])
}

function keyName({ account, sub_mchid, out_trade_no }: OrderKey): string {
  return JSON.stringify([account, subMchidCell(sub_mchid), out_trade_no])
}
