import { STOPPED_MS } from '../../core/order.ts'
import type { OrderFilter } from '../store.ts'
import type { Value } from './cells.ts'
import { STATES, stateOf } from './orders.ts'

/*
 * Conditions that no walk should begin from are written so that no index serves them (`coalesce`; PostgreSQL has none for
 * `IS NOT DISTINCT FROM`): else the database would at times read all that fits one of them, and sort it.
 */

/** What the databases say differently. */
export interface Dialect {
  /** Stands before each table's name. */
  readonly schema: '' | 'verdict.'
  /** Of the nth parameter, from 1 on. */
  readonly placeholder: (nth: number) => string
  /** That `cell` is among the rows of `select`. */
  readonly isAmong: (cell: string, select: string) => string
  /** Many row numbers as one parameter, and that `cell` is one of them. */
  readonly listed: (ids: readonly number[]) => Value
  readonly isListed: (cell: string, parameter: string) => string
  /** The row numbers that `page` finds for each row of `from`, whose cells it may name. */
  readonly eachOf: (from: string, page: string) => string
  /** Selects what is due before a moment, whoever's it is and whatever its state. */
  readonly dueBelow: (moment: string, limit: string | null) => string
  /** A table `accounts` of those for whom something is due, to stand before a statement. */
  readonly dueAccounts: string
  /**
   * A row number as the indexes hold it that lists walk along. Where the database would rather walk along all row numbers,
   * because it takes for common what is rare or old, this is an expression that no other index holds.
   */
  readonly walked: (cell: string) => string
  /** Whether the indexes that lists walk along hold orders that wait. They are found by their due times else. */
  readonly walksWaiting: boolean
}

/** Takes a parameter, and gives what stands for it. Called in the order of the text. */
export type Taking = (value: Value) => string

export interface Span {
  /** Row numbers from this one on. */
  readonly from: number
  /** Row numbers below this one. */
  readonly below: number
  readonly limit: number
}

const STEPS: ReadonlySet<string> = new Set(['placing', 'waiting', 'ending'])

/** The states that a filter leaves, null for all; the words stand in the text, where indexes are found by them. */
export function statesIn({ states, isOpen, overdueSinceMs }: OrderFilter): readonly string[] | null {
  if (states === undefined && isOpen === undefined && overdueSinceMs === undefined) return null
  const wanted = new Set(states?.map(stateOf) ?? STATES)
  return STATES.filter((state) => {
    if (!wanted.has(state)) return false
    if (STEPS.has(state)) return isOpen !== false
    return isOpen !== true && overdueSinceMs === undefined
  })
}

export function isOneOf(states: readonly string[]): string {
  return `coalesce(orders.state, '') IN (${quoted(states)})`
}

export function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(', ')
}

/** All that must hold of an order of the list. */
export function conditions(
  filter: OrderFilter,
  { from, below }: Span,
  { schema, isAmong }: Dialect,
  at: Taking,
): readonly string[] {
  const { account, sub_mchid, out_trade_no, transaction_id, kinds, needsAttention, overdueSinceMs } = filter
  const states = statesIn(filter)
  const fact = (column: string): string =>
    `(SELECT ${column} FROM ${schema}facts WHERE facts.order_id = orders.id)`
  return [
    `orders.id < ${at(below)}`,
    ...(from > 0 ? [`orders.id >= ${at(from)}`] : []),
    ...when(out_trade_no, (number) => `orders.out_trade_no = ${at(number)}`),
    ...when(transaction_id, (number) =>
      isAmong(
        'orders.id',
        `SELECT order_id FROM ${schema}verdicts WHERE transaction_id = ${at(number)}
    UNION ALL SELECT order_id FROM ${schema}aftercare WHERE late_transaction_id = ${at(number)}`,
      ),
    ),
    ...when(needsAttention, (does) => `orders.attention IS ${does ? 'NOT ' : ''}NULL`),
    ...when(states ?? undefined, isOneOf),
    ...when(filter.isStopped, (is) => `coalesce(orders.due_at, 0) ${is ? '=' : '<>'} ${STOPPED_MS}`),
    ...when(account, (name) => `orders.account IS NOT DISTINCT FROM ${at(name)}`),
    ...when(sub_mchid, (name) => `orders.sub_mchid IS NOT DISTINCT FROM ${at(name ?? '')}`),
    ...when(kinds, (words) => `coalesce(orders.kind, '') IN (${words.map((word) => at(word))})`),
    ...when(overdueSinceMs, (ms) => `coalesce(orders.due_at, ${at(ms)}) < ${at(ms)}`),
    ...when(filter.total, (amount) => `${fact('total')} = ${at(amount)}`),
    ...(hasCreated(filter) ? [created(filter, fact('created_at'), at)] : []),
  ]
}

export function hasCreated({ createdFromMs, createdToMs }: OrderFilter): boolean {
  return createdFromMs !== undefined || createdToMs !== undefined
}

/** The filter without what is said in another way: said twice, a database expects fewer orders than there are. */
export function without(filter: OrderFilter, ...said: readonly (keyof OrderFilter)[]): OrderFilter {
  return Object.fromEntries(Object.entries(filter).filter(([field]) => !said.some((one) => one === field)))
}

/** That `cell` lies in the filter's range. */
export function created({ createdFromMs, createdToMs }: OrderFilter, cell: string, at: Taking): string {
  return [
    ...when(createdFromMs, (ms) => `${cell} >= ${at(ms)}`),
    ...when(createdToMs, (ms) => `${cell} < ${at(ms)}`),
  ].join(' AND ')
}

function when<Given>(value: Given | undefined, condition: (value: Given) => string): readonly string[] {
  return value === undefined ? [] : [condition(value)]
}
