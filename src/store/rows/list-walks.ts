import { KINDS, STOPPED_MS } from '../../core/order.ts'
import type { OrderFilter } from '../store.ts'
import type { Value } from './cells.ts'
import {
  conditions,
  created,
  type Dialect,
  quoted,
  type Span,
  statesIn,
  type Taking,
  without,
} from './list-conditions.ts'
import { STATES } from './orders.ts'

/** A statement that gives row numbers. */
export interface Asked {
  readonly sql: string
  readonly values: readonly Value[]
}

/** So many orders are looked up one by one, whatever else is asked of them. */
export const FEW = 1_000

/** The statements of which a list is made. Each `walk…` gives the page of a span, newest first. */
export class Walks {
  readonly #filter: OrderFilter
  readonly #dialect: Dialect

  /** Those that are walked along. */
  readonly states: readonly string[]

  constructor(filter: OrderFilter, dialect: Dialect) {
    this.#filter = filter
    this.#dialect = dialect
    const states = statesIn(filter) ?? STATES
    this.states = states.filter((state) => dialect.walksWaiting || state !== 'waiting')
  }

  newest(): Asked {
    return this.#asked(() => `SELECT coalesce(max(id), 0) FROM ${this.#orders}`)
  }

  /** By row numbers alone. */
  walk(span: Span): Asked {
    return this.#asked((at) => this.#page(span, at))
  }

  walkOfNumbers(ids: readonly number[], span: Span): Asked {
    const { listed, isListed } = this.#dialect
    return this.#asked((at) => this.#page(span, at, isListed('orders.id', at(listed(ids)))))
  }

  walkOfDue(belowMs: number, span: Span): Asked {
    const { isAmong, dueBelow } = this.#dialect
    return this.#asked((at) => this.#page(span, at, isAmong('orders.id', dueBelow(at(belowMs), null))))
  }

  /**
   * Account by account, along the index over due times: all that are stopped have the same, and are in the order of row
   * numbers there. Nobody stands at the till for them. `BETWEEN` and the due time in the sequence keep PostgreSQL to that
   * index: of equal ones it would know that row numbers alone are enough, and might walk along all of these.
   */
  walkOfStopped(span: Span): Asked {
    const { dueAccounts, eachOf } = this.#dialect
    const { account } = this.#filter
    const rest = without(this.#filter, 'account', 'isStopped')
    return this.#asked((at) => {
      const accounts =
        account === undefined ? dueAccounts : `WITH accounts AS (SELECT ${at(account)} AS account)`
      const where = [
        'orders.account = accounts.account AND orders.till = 0',
        `orders.due_at BETWEEN ${STOPPED_MS} AND ${STOPPED_MS}`,
        ...conditions(rest, span, this.#dialect, at),
      ]
      const page = this.#selected(where, 'orders.due_at DESC, orders.id', at(span.limit))
      return `${accounts} SELECT id FROM (${eachOf('accounts', page)}) AS pages ORDER BY id DESC LIMIT ${at(span.limit)}`
    })
  }

  walkOfSub(span: Span): Asked {
    const sub = this.#filter.sub_mchid ?? ''
    const rest = without(this.#filter, 'sub_mchid')
    return this.#asked((at) => this.#walk(rest, span, at, `orders.sub_mchid = ${at(sub)}`))
  }

  walkOfTotal(total: number, span: Span): Asked {
    const { schema, walked } = this.#dialect
    return this.#asked((at) => {
      const where = [
        `facts.total = ${at(total)}`,
        `${walked('facts.order_id')} < ${at(span.below)}`,
        'orders.id = facts.order_id',
        ...conditions(without(this.#filter, 'total'), span, this.#dialect, at),
      ]
      return `SELECT orders.id FROM ${schema}facts CROSS JOIN ${this.#orders} WHERE ${where.join(' AND ')}
  ORDER BY ${walked('facts.order_id')} DESC LIMIT ${at(span.limit)}`
    })
  }

  /**
   * A sort is what a state, a kind and an account have in common: there are few, the index holds each in the order of row
   * numbers, and a page of all is among the pages of each.
   */
  walkOfSorts(span: Span): Asked {
    const { eachOf } = this.#dialect
    const rest = without(this.#filter, 'account', 'kinds', 'states', 'isOpen')
    return this.#asked((at) => {
      const sorts = this.#sorts(at)
      const isOfSort =
        'orders.state = sorts.state AND orders.kind = sorts.kind AND orders.account = sorts.account'
      const page = this.#walk(rest, span, at, isOfSort)
      return `${sorts} SELECT id FROM (${eachOf('sorts', page)}) AS pages ORDER BY id DESC LIMIT ${at(span.limit)}`
    })
  }

  someDue(belowMs: number): Asked {
    return this.#asked((at) => this.#dialect.dueBelow(at(belowMs), at(FEW + 1)))
  }

  someCreated(): Asked {
    return this.#asked((at) => `SELECT order_id ${this.#fromCreated(at)} LIMIT ${at(FEW + 1)}`)
  }

  /** The least or the greatest row number of the created range; 0 where it is empty. */
  edgeOfCreated(which: 'min' | 'max'): Asked {
    // `+ 0`: else the database would look for the least row number first, and read every order up to the range.
    return this.#asked((at) => `SELECT coalesce(${which}(order_id + 0), 0) ${this.#fromCreated(at)}`)
  }

  #asked(sqlOf: (at: Taking) => string): Asked {
    const values: Value[] = []
    return { sql: sqlOf((value) => this.#dialect.placeholder(values.push(value))), values }
  }

  #page(span: Span, at: Taking, ...first: readonly string[]): string {
    return this.#selected(
      [...first, ...conditions(this.#filter, span, this.#dialect, at)],
      'orders.id',
      at(span.limit),
    )
  }

  /**
   * A page along an index that holds `first` and then row numbers.
   *
   * @param rest what `first` has not said yet
   */
  #walk(rest: OrderFilter, span: Span, at: Taking, first: string): string {
    const row = this.#dialect.walked('orders.id')
    const where = [
      first,
      `${row} < ${at(span.below)}`,
      ...this.#walked,
      ...conditions(rest, span, this.#dialect, at),
    ]
    return this.#selected(where, row, at(span.limit))
  }

  #selected(where: readonly string[], row: string, limit: string): string {
    return `SELECT orders.id FROM ${this.#orders} WHERE ${where.join(' AND ')}
  ORDER BY ${row} DESC LIMIT ${limit}`
  }

  #sorts(at: Taking): string {
    const { account, kinds = KINDS } = this.#filter
    const pairs = `${rowsOf('state', this.states)} CROSS JOIN ${rowsOf(
      'kind',
      KINDS.filter((kind) => kinds.includes(kind)),
    )}`
    if (account !== undefined)
      return `WITH sorts AS (SELECT state, kind, ${at(account)} AS account FROM ${pairs})`
    // The accounts of each state and kind, one after the other.
    const nextAfter = (state: string, kind: string, after: readonly string[]): string =>
      `SELECT ${state}, ${kind}, (SELECT min(orders.account) FROM ${this.#orders}
    WHERE orders.state = ${state} AND orders.kind = ${kind}${[...this.#walked, ...after].map((one) => ` AND ${one}`).join('')})`
    return `WITH RECURSIVE found (state, kind, account) AS (
  ${nextAfter('states.state', 'kinds.kind', [])} FROM ${pairs}
  UNION ALL
  ${nextAfter('found.state', 'found.kind', ['orders.account > found.account'])} FROM found WHERE found.account IS NOT NULL
), sorts AS (SELECT state, kind, account FROM found WHERE account IS NOT NULL)`
  }

  #fromCreated(at: Taking): string {
    return `FROM ${this.#dialect.schema}facts WHERE ${created(this.#filter, 'created_at', at)}`
  }

  get #orders(): string {
    return `${this.#dialect.schema}orders`
  }

  /** Of the orders that the indexes hold which lists walk along. */
  get #walked(): readonly string[] {
    return this.#dialect.walksWaiting ? [] : ["orders.state <> 'waiting'"]
  }
}

/** A table of one column, named for many of it. */
function rowsOf(column: string, words: readonly string[]): string {
  const rows = words.map((word) => `SELECT ${quoted([word])} AS ${column}`)
  return `(${rows.join(' UNION ALL ')}) AS ${column}s`
}
