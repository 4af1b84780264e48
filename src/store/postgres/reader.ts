import type { Aftercare } from '../../core/aftercare.ts'
import type { JournalLine } from '../../core/change.ts'
import type { Order, OrderKey } from '../../core/order.ts'
import type { Evidence } from '../../core/outcome.ts'
import type { Reconciliation } from '../../reconcile/report.ts'
import type {
  BilledDay,
  KeptReconciliation,
  ReconciliationFilter,
  ReconciliationPage,
} from '../reconciliations.ts'
import { aftercareOf, refundOf } from '../rows/aftercare.ts'
import { apiKeyOf } from '../rows/api-keys.ts'
import { type Cells, cellsOf, integer, text, textOrNull } from '../rows/cells.ts'
import { countsOf } from '../rows/counts.ts'
import { deliveryOf, deliveryStateOf } from '../rows/deliveries.ts'
import { oldestDueOf, type Search, search } from '../rows/lists.ts'
import {
  ALL_COLUMNS,
  credentialOf,
  evidenceOf,
  journalLineOf,
  orderOf,
  platformKeyOf,
  stateOf,
  subMchidCell,
} from '../rows/orders.ts'
import { dayCells, keptReconciliationOf, listOf, reconciliationOf } from '../rows/reconciliations.ts'
import { strayOf } from '../rows/strays.ts'
import type {
  ApiKey,
  Delivery,
  DeliveryState,
  OldestDue,
  OrderFilter,
  OrderPage,
  PlatformKey,
  StoredPlacing,
  StoreReader,
  Stray,
} from '../store.ts'
import { arrayLiteral } from './array-literal.ts'
import type { Connection, Parameter, Session } from './connection.ts'
import { SELECT_API_KEYS, SELECT_PLATFORM_KEYS } from './statements/beside.ts'
import {
  COUNT_BY_STATE,
  COUNT_DELIVERIES,
  COUNT_OVERDUE,
  COUNT_STOPPED,
  DIALECT,
  SELECT_CHOSEN_ORDERS,
  SELECT_DELIVERIES,
  SELECT_EVIDENCE,
  SELECT_JOURNAL,
  SELECT_NAMED_IDS,
  SELECT_OLDEST_DUE,
  SELECT_ORDERS,
  SELECT_STRAYS,
  selectDeliveriesIn,
} from './statements/reading.ts'
import { RECONCILIATION_DIALECT, SELECT_RECONCILIATION } from './statements/reconciliations.ts'

/** Everything that only reads. */
export class PostgresReader implements StoreReader {
  protected readonly connection: Connection

  constructor(connection: Connection) {
    this.connection = connection
  }

  async byId(id: number): Promise<Order | null> {
    return (await this.#orders('WHERE orders.id = $1', id))[0] ?? null
  }

  find(key: OrderKey): Promise<Order | null> {
    return orderBy(this.connection, key)
  }

  async findAll(keys: readonly OrderKey[]): Promise<ReadonlyArray<Order | null>> {
    if (keys.length === 0) return []
    const columns = [
      keys.map(({ out_trade_no }) => out_trade_no),
      keys.map(({ account }) => account),
      keys.map(({ sub_mchid }) => subMchidCell(sub_mchid)),
    ]
    const rows = await this.connection.rows(SELECT_NAMED_IDS, ...columns.map(arrayLiteral))
    const ids = rows.map(([id]) => integer(id))
    if (ids.length === 0) return keys.map(() => null)
    const orders = await ordersIn(this.connection, SELECT_CHOSEN_ORDERS, ids)
    const byKey = new Map(orders.map((order) => [keyText(order), order]))
    return keys.map((key) => byKey.get(keyText(key)) ?? null)
  }

  async named(out_trade_no: string): Promise<readonly Order[]> {
    return this.#orders('WHERE out_trade_no = $1 ORDER BY orders.id', out_trade_no)
  }

  async countByState(): Promise<Readonly<Partial<Record<Order['state'], number>>>> {
    const rows = await this.connection.rows(COUNT_BY_STATE)
    return countsOf(rows.map(([state, count]) => [stateOf(state), integer(count)]))
  }

  async page(afterId: number, limit: number): Promise<readonly Order[]> {
    return this.#orders('WHERE orders.id > $1 ORDER BY orders.id LIMIT $2', afterId, limit)
  }

  async list(filter: OrderFilter, page: OrderPage): Promise<readonly Order[]> {
    const ids = await this.#found(search(filter, page, DIALECT))
    return ids.length === 0 ? [] : ordersIn(this.connection, SELECT_CHOSEN_ORDERS, ids)
  }

  async #found(search: Search): Promise<readonly number[]> {
    for (let step = search.next(); ; ) {
      if (step.done === true) return step.value
      const { sql, values } = step.value
      const rows = await this.connection.rows(sql, ...values)
      step = search.next(rows.map(([cell]) => integer(cell)))
    }
  }

  async oldestDue(): Promise<readonly OldestDue[]> {
    return (await this.connection.rows(SELECT_OLDEST_DUE)).map(oldestDueOf)
  }

  async countAttention(): Promise<number> {
    const sql = 'SELECT count(*) FROM verdict.orders WHERE attention IS NOT NULL'
    const [row = []] = await this.connection.rows(sql)
    return integer(row[0])
  }

  async countOverdue(sinceMs: number): Promise<number> {
    const [row = []] = await this.connection.rows(COUNT_OVERDUE, sinceMs)
    return integer(row[0])
  }

  async countStopped(): Promise<number> {
    const [row = []] = await this.connection.rows(COUNT_STOPPED)
    return integer(row[0])
  }

  async placingOf(id: number): Promise<StoredPlacing | null> {
    const [row] = await this.connection.rows(
      `SELECT fingerprint, body, name, value FROM verdict.placings LEFT JOIN verdict.credentials USING (order_id)
       WHERE order_id = $1`,
      id,
    )
    if (row === undefined) return null
    const [fingerprint, body, ...credential] = row
    return { fingerprint: text(fingerprint), body: textOrNull(body), credential: credentialOf(credential) }
  }

  async journalOf(id: number): Promise<readonly JournalLine[]> {
    return (await this.connection.rows(SELECT_JOURNAL, id)).map(journalLineOf)
  }

  async evidenceOf(id: number): Promise<readonly Evidence[]> {
    return (await this.connection.rows(SELECT_EVIDENCE, id)).map(evidenceOf)
  }

  async deliveriesOf(id: number): Promise<readonly Delivery[]> {
    const rows = await this.connection.rows(`${SELECT_DELIVERIES} WHERE order_id = $1 ORDER BY id`, id)
    return rows.map(deliveryOf)
  }

  async deliveriesIn(state: DeliveryState, afterId: number, limit: number): Promise<readonly Delivery[]> {
    return (await this.connection.rows(selectDeliveriesIn(state), afterId, limit)).map(deliveryOf)
  }

  async countDeliveries(): Promise<Readonly<Partial<Record<DeliveryState, number>>>> {
    const rows = await this.connection.rows(COUNT_DELIVERIES)
    return countsOf(rows.map(([state, count]) => [deliveryStateOf(state), integer(count)]))
  }

  async strays(limit: number): Promise<readonly Stray[]> {
    return (await this.connection.rows(`${SELECT_STRAYS} ORDER BY id LIMIT $1`, limit)).map(strayOf)
  }

  async platformKeys(): Promise<readonly PlatformKey[]> {
    return (await this.connection.rows(SELECT_PLATFORM_KEYS)).map(platformKeyOf)
  }

  async apiKeys(): Promise<readonly ApiKey[]> {
    return (await this.connection.rows(SELECT_API_KEYS)).map(apiKeyOf)
  }

  async reconciliations(
    filter: ReconciliationFilter,
    page: ReconciliationPage,
  ): Promise<readonly KeptReconciliation[]> {
    const { sql, values } = listOf(filter, page, RECONCILIATION_DIALECT)
    return (await this.connection.rows(sql, ...values)).map(keptReconciliationOf)
  }

  async reconciliation(day: BilledDay): Promise<Reconciliation | null> {
    const [row] = await this.connection.rows(SELECT_RECONCILIATION, ...dayCells(day))
    return row === undefined ? null : reconciliationOf(day, row)
  }

  async close(): Promise<void> {
    await this.connection.end()
  }

  #orders(where: string, ...parameters: readonly Parameter[]): Promise<readonly Order[]> {
    return ordersIn(this.connection, `${SELECT_ORDERS} ${where}`, ...parameters)
  }
}

/** Another text for every key, whatever stands in it. */
function keyText({ account, sub_mchid, out_trade_no }: OrderKey): string {
  return JSON.stringify([account, sub_mchid, out_trade_no])
}

export async function orderBy(
  session: Session,
  { out_trade_no, account, sub_mchid }: OrderKey,
): Promise<Order | null> {
  const where = 'WHERE out_trade_no = $1 AND account = $2 AND sub_mchid = $3'
  const key = [out_trade_no, account, subMchidCell(sub_mchid)]
  return (await ordersIn(session, `${SELECT_ORDERS} ${where}`, ...key))[0] ?? null
}

/** The orders that a statement of SELECT_ORDERS gives. */
export async function ordersIn(
  session: Session,
  sql: string,
  ...parameters: readonly Parameter[]
): Promise<readonly Order[]> {
  return (await session.rows(sql, ...parameters)).map(wholeOrderOf)
}

function wholeOrderOf(cells: Cells): Order {
  const [aftercare, refunds] = cells.slice(ALL_COLUMNS.length)
  return orderOf(cells.slice(0, ALL_COLUMNS.length), () => wholeAftercareOf(aftercare, refunds))
}

function wholeAftercareOf(aftercare: unknown, refunds: unknown): Aftercare | null {
  if (aftercare === null) return null
  const rows = refunds === null ? [] : cellsOf(refunds)
  return { ...aftercareOf(cellsOf(aftercare)), refunds: rows.map((row) => refundOf(cellsOf(row))) }
}
