import type { OldestDue, OrderFilter, OrderPage } from '../store.ts'
import { type Cells, integer, text } from './cells.ts'
import { type Dialect, hasCreated, type Span, statesIn } from './list-conditions.ts'
import { type Asked, FEW, Walks } from './list-walks.ts'

/*
 * Lists for people. What most people look for is among the newest orders, so these are looked at first, whatever the
 * filter. What is not there is rare, or old, and is looked for along an index in the order of row numbers, which ends when
 * the page is full. So a list costs what its page costs, however many orders there are.
 */

/** Asks one statement after the other, gets the numbers in the first column of each, and returns a page's row numbers. */
export type Search = Generator<Asked, readonly number[], readonly number[]>

/** The newest so many row numbers are looked at first. */
export const NEAR = 1_000

/** A row of `SELECT_OLDEST_DUE`. */
export function oldestDueOf([account, due_at]: Cells): OldestDue {
  return { account: text(account), dueAtMs: integer(due_at) }
}

/** The row numbers of a page, newest first. */
export function* search(filter: OrderFilter, { before, limit }: OrderPage, dialect: Dialect): Search {
  if ([statesIn(filter), filter.states, filter.kinds].some((words) => words?.length === 0)) return []
  const walks = new Walks(filter, dialect)
  const whole = { from: 0, below: before ?? Number.MAX_SAFE_INTEGER, limit }
  if (hasNumber(filter)) return yield walks.walk(whole)
  if (filter.isStopped === true) return yield walks.walkOfStopped(whole)
  if (filter.needsAttention === true) return yield walks.walk(whole)
  const [newest = 0] = before === null ? yield walks.newest() : [before - 1]
  const floor = Math.max(newest + 1 - NEAR, 0)
  const near = yield walks.walk({ from: floor, below: newest + 1, limit })
  if (near.length === limit || floor <= 1) return near
  return [
    ...near,
    ...(yield* beyond(walks, filter, { from: 0, below: floor, limit: limit - near.length }, dialect)),
  ]
}

/** Whether it leaves so few orders that it needs no plan. */
function hasNumber({ out_trade_no, transaction_id }: OrderFilter): boolean {
  return out_trade_no !== undefined || transaction_id !== undefined
}

/** Below the newest orders: by what probably leaves the fewest. */
function* beyond(walks: Walks, filter: OrderFilter, span: Span, dialect: Dialect): Search {
  if (filter.total !== undefined) return yield walks.walkOfTotal(filter.total, span)
  if (hasCreated(filter)) {
    const some = yield walks.someCreated()
    if (some.length <= FEW) return yield walks.walkOfNumbers(some, span)
  }
  if (filter.overdueSinceMs !== undefined) return yield* amongDue(walks, filter.overdueSinceMs, span)
  const inside = yield* insideCreated(walks, filter, span)
  const way = wayOf(filter)
  if (way === 'all') return yield walks.walk(inside)
  const others = walks.states.length === 0 ? [] : yield walks[way](inside)
  if (dialect.walksWaiting || statesIn(filter)?.includes('waiting') === false) return others
  const waits = new Walks({ ...filter, states: ['waiting'] }, dialect)
  const waiting = yield* amongDue(waits, Number.MAX_SAFE_INTEGER, inside)
  return [...waiting, ...others].sort((a, b) => b - a).slice(0, span.limit)
}

function wayOf(filter: OrderFilter): 'walkOfSub' | 'walkOfSorts' | 'all' {
  const { account, kinds, sub_mchid } = filter
  const hasSorts = account !== undefined || kinds !== undefined || statesIn(filter) !== null
  // In common mode all of an account's orders are without a sub-merchant.
  if (sub_mchid === undefined || (sub_mchid === null && hasSorts)) return hasSorts ? 'walkOfSorts' : 'all'
  return 'walkOfSub'
}

function* amongDue(walks: Walks, belowMs: number, span: Span): Search {
  const some = yield walks.someDue(belowMs)
  return yield some.length <= FEW ? walks.walkOfNumbers(some, span) : walks.walkOfDue(belowMs, span)
}

/** Row numbers bound the walk to where the created range is; the moment of each order still decides. */
function* insideCreated(
  walks: Walks,
  { createdFromMs, createdToMs }: OrderFilter,
  span: Span,
): Generator<Asked, Span, readonly number[]> {
  const [from = 0] = createdFromMs === undefined ? [] : yield walks.edgeOfCreated('min')
  const [to = span.below] = createdToMs === undefined ? [] : yield walks.edgeOfCreated('max')
  return { ...span, from, below: Math.min(span.below, to + 1) }
}
