import type { OldestDue, OrderFilter, OrderPage } from '../store.ts'
import { type Cells, integer, text, type Value } from './cells.ts'
import { STATES, stateOf } from './orders.ts'

/*
 * Lists for people, as SQL for every database. Each is a walk along an index in the order of row numbers that ends when the
 * page is full, so it costs what the page costs, however many orders there are. Conditions that no walk should begin from
 * are written so that no index serves them (`coalesce`; PostgreSQL has none for `IS NOT DISTINCT FROM`): else the database
 * would at times read all that fits one of them, and sort it.
 */

/** What the databases say differently. */
export interface Dialect {
  /** Stands before each table's name. */
  readonly schema: '' | 'verdict.'
  /** Takes a parameter, and gives what stands for it. Called in the order of the text. */
  readonly parameter: (value: Value) => string
  /** That `cell` is among the few rows of `select`. */
  readonly isAmong: (cell: string, select: string) => string
}

/** A row of `SELECT_OLDEST_DUE`. */
export function oldestDueOf([account, due_at]: Cells): OldestDue {
  return { account: text(account), dueAtMs: integer(due_at) }
}

const STEPS: ReadonlySet<string> = new Set(['placing', 'waiting', 'ending'])
/** So many due orders are looked up one by one; where there are more, a walk finds them soon. */
export const FEW = 1_000

/** The states that a filter leaves, null for all; the words stand in the text, where indexes are found by them. */
function statesIn({ states, isOpen, overdueSinceMs }: OrderFilter): readonly string[] | null {
  if (states === undefined && isOpen === undefined && overdueSinceMs === undefined) return null
  const wanted = new Set(states?.map(stateOf) ?? STATES)
  return STATES.filter((state) => {
    if (!wanted.has(state)) return false
    if (STEPS.has(state)) return isOpen !== false
    return isOpen !== true && overdueSinceMs === undefined
  })
}

/** Whether it leaves so few orders, or those of a small index, that their states need no walk. */
function isNarrow({ out_trade_no, transaction_id, needsAttention }: OrderFilter): boolean {
  return out_trade_no !== undefined || transaction_id !== undefined || needsAttention === true
}

/**
 * Up to when orders may be due that a list is about, if it helps to know all that are; null if not.
 *
 * @param hasWaiting whether the database finds orders that wait by their state
 */
export function dueBelowMs(filter: OrderFilter, hasWaiting: boolean): number | null {
  if (isNarrow(filter)) return null
  if (filter.overdueSinceMs !== undefined) return filter.overdueSinceMs
  return !hasWaiting && statesIn(filter)?.includes('waiting') === true ? Number.MAX_SAFE_INTEGER : null
}

/**
 * The row numbers of a page, newest first.
 *
 * @param dueIds all orders that are due below `dueBelowMs`, at most FEW; null if they are more, or nobody asked
 * @returns null if nothing can be in it
 */
export function selectPage(
  filter: OrderFilter,
  page: OrderPage,
  dialect: Dialect,
  dueIds: readonly number[] | null,
): string | null {
  const { states: some, kinds } = filter
  const states = statesIn(filter)
  if (states?.length === 0 || some?.length === 0 || kinds?.length === 0) return null
  const walk = (...first: readonly string[]): string => {
    const all = [...first, ...conditions(filter, page, dialect)]
    const where = all.length === 0 ? '' : `WHERE ${all.join(' AND ')}`
    return `SELECT orders.id FROM ${dialect.schema}orders ${where}
  ORDER BY orders.id DESC LIMIT ${dialect.parameter(page.limit)}`
  }
  if (states === null) return walk()
  if (isNarrow(filter)) return walk(isOneOf(states))
  const open = states.filter((state) => STEPS.has(state))
  const walked = dueIds === null ? states : states.filter((state) => !STEPS.has(state))
  const walks = walked.map((state) => walk(`orders.state = '${state}'`))
  if (dueIds !== null && dueIds.length > 0 && open.length > 0)
    walks.push(walk(`orders.id IN (${dueIds})`, isOneOf(open)))
  if (walks.length <= 1) return walks[0] ?? null
  const merged = walks.map((one, nth) => `SELECT id FROM (${one}) AS walk_${nth}`).join(' UNION ALL ')
  return `SELECT id FROM (${merged}) AS walks ORDER BY id DESC LIMIT ${dialect.parameter(page.limit)}`
}

function isOneOf(states: readonly string[]): string {
  return `coalesce(orders.state, '') IN (${states.map((state) => `'${state}'`)})`
}

function conditions(filter: OrderFilter, { before }: OrderPage, dialect: Dialect): readonly string[] {
  const { parameter: at, schema, isAmong } = dialect
  const { account, sub_mchid, out_trade_no, transaction_id, kinds, needsAttention, overdueSinceMs } = filter
  const { total } = filter
  const fact = (column: string): string =>
    `(SELECT ${column} FROM ${schema}facts WHERE facts.order_id = orders.id)`
  return [
    ...when(before ?? undefined, (id) => `orders.id < ${at(id)}`),
    ...when(out_trade_no, (number) => `orders.out_trade_no = ${at(number)}`),
    ...when(transaction_id, (number) =>
      isAmong(
        'orders.id',
        `SELECT order_id FROM ${schema}verdicts WHERE transaction_id = ${at(number)}
    UNION ALL SELECT order_id FROM ${schema}aftercare WHERE late_transaction_id = ${at(number)}`,
      ),
    ),
    ...when(needsAttention, (does) => `orders.attention IS ${does ? 'NOT ' : ''}NULL`),
    ...when(account, (name) => `orders.account IS NOT DISTINCT FROM ${at(name)}`),
    ...when(sub_mchid, (name) => `orders.sub_mchid IS NOT DISTINCT FROM ${at(name ?? '')}`),
    ...when(kinds, (words) => `orders.kind IN (${words.map((word) => at(word))})`),
    ...when(overdueSinceMs, (ms) => `coalesce(orders.due_at, ${at(ms)}) < ${at(ms)}`),
    ...when(total, (amount) => `${fact('total')} = ${at(amount)}`),
    ...created(filter, dialect, fact),
  ]
}

/** Row numbers bound the walk to where the range is; the moment of each order still decides. */
function created(
  filter: OrderFilter,
  { parameter: at, schema }: Dialect,
  fact: (column: string) => string,
): readonly string[] {
  const { createdFromMs, createdToMs } = filter
  if (createdFromMs === undefined && createdToMs === undefined) return []
  const range = (cell: string): string =>
    [
      ...when(createdFromMs, (ms) => `${cell} >= ${at(ms)}`),
      ...when(createdToMs, (ms) => `${cell} < ${at(ms)}`),
    ].join(' AND ')
  // `+ 0`: else the database would look for the least row number first, and read every order up to the range.
  const edge = (which: 'min' | 'max'): string =>
    `(SELECT ${which}(order_id + 0) FROM ${schema}facts WHERE ${range('created_at')})`
  const inside = range(fact('created_at'))
  if (isNarrow(filter)) return [inside]
  return [inside, `orders.id >= ${edge('min')}`, `orders.id <= ${edge('max')}`]
}

function when<Given>(value: Given | undefined, condition: (value: Given) => string): readonly string[] {
  return value === undefined ? [] : [condition(value)]
}
