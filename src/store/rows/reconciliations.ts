import type { Difference, Reconciliation } from '../../reconcile/report.ts'
import type {
  BilledDay,
  Found,
  KeptReconciliation,
  ReconciliationFilter,
  ReconciliationPage,
  TriedReconciliation,
} from '../reconciliations.ts'
import { type Cells, integer, integerOrNull, text, textOrNull, type Value } from './cells.ts'
import { listIn, objectIn } from './json.ts'
import { subMchidCell, subMchidOf } from './orders.ts'

/* What was held against WeChat Pay's bills, as rows. */

const DAY_COLUMNS = ['account', 'sub_mchid', 'day'] as const
const FOUND_COLUMNS = ['found', 'found_at'] as const

/** For `keptReconciliationOf`. */
export const KEPT_COLUMNS = [
  ...['id', ...DAY_COLUMNS, 'tries', 'finds', 'tried_at', 'failure'],
  ...FOUND_COLUMNS,
]

/** For `triedCells`. */
const CAME_TO_COLUMNS = ['tried_at', 'failure', ...FOUND_COLUMNS, 'differences']
export const TRIED_COLUMNS = [...DAY_COLUMNS, ...CAME_TO_COLUMNS]

export function dayCells({ account, sub_mchid, date }: BilledDay): [string, string, string] {
  return [account, subMchidCell(sub_mchid), date]
}

/** For TRIED_COLUMNS. */
export function triedCells(tried: TriedReconciliation): Value[] {
  const { atMs, outcome } = tried
  const head = [...dayCells(tried), atMs]
  if ('failure' in outcome) return [...head, withoutNul(outcome.failure), null, null, null]
  const { account: _, sub_mchid: __, date: ___, differences, ...found } = outcome.found
  return [...head, null, JSON.stringify(found), atMs, JSON.stringify(differences)]
}

export function keptReconciliationOf([
  id,
  account,
  sub_mchid,
  day,
  tries,
  finds,
  tried_at,
  failure,
  found,
  found_at,
]: Cells): KeptReconciliation {
  return {
    id: integer(id),
    account: text(account),
    sub_mchid: subMchidOf(sub_mchid),
    date: text(day),
    tries: integerOrNull(tries),
    finds: integer(finds),
    triedAtMs: integerOrNull(tried_at),
    failure: textOrNull(failure),
    found: found === null ? null : foundOf(text(found)),
    foundAtMs: integerOrNull(found_at),
  }
}

/** Of the two columns `found` and `differences`; null before anything was found. */
export function reconciliationOf(day: BilledDay, [found, differences]: Cells): Reconciliation | null {
  if (found === null) return null
  const { account, sub_mchid, date } = day
  return {
    ...{ account, sub_mchid, date },
    ...foundOf(text(found)),
    differences: listIn(text(differences), 'differences') as readonly Difference[],
  }
}

/** Written by `triedCells` alone. */
function foundOf(json: string): Found {
  return objectIn(json, 'findings') as Found
}

/** PostgreSQL takes no U+0000 in a text. In JSON it is no such character. */
function withoutNul(words: string): string {
  return words.replaceAll('\0', '\u{FFFD}')
}

// ------------------------------------------------------------------ statements

/** What one database writes otherwise than another. */
export interface ReconciliationDialect {
  readonly table: string
  /** @param nth from 1 on */
  readonly placeholder: (nth: number) => string
}

/** The list that a filter and a page want. */
export function listOf(
  { account, sub_mchid, until }: ReconciliationFilter,
  { after, limit }: ReconciliationPage,
  { table, placeholder }: ReconciliationDialect,
): { readonly sql: string; readonly values: readonly Value[] } {
  const values: Value[] = []
  const taken = (value: Value): string => placeholder(values.push(value))
  const where = [
    ...(account === undefined ? [] : [`account = ${taken(account)}`]),
    ...(sub_mchid === undefined ? [] : [`sub_mchid = ${taken(subMchidCell(sub_mchid))}`]),
    ...(until === undefined ? [] : [`day <= ${taken(until)}`]),
    ...(after === null ? [] : [`(day, id) < (SELECT day, id FROM ${table} WHERE id = ${taken(after)})`]),
  ]
  const which = where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`
  const sql = `SELECT ${KEPT_COLUMNS} FROM ${table} ${which} ORDER BY day DESC, id DESC LIMIT ${taken(limit)}`
  return { sql, values }
}

/** A try that came to nothing leaves what was found. */
export function keptOver(table: string): string {
  return `tried_at = excluded.tried_at, failure = excluded.failure,
  found = coalesce(excluded.found, ${table}.found), found_at = coalesce(excluded.found_at, ${table}.found_at),
  differences = coalesce(excluded.differences, ${table}.differences)`
}

/** Besides: it is counted, and ends the claim. */
export function countedOver(table: string): string {
  return `${keptOver(table)},
  tries = CASE WHEN excluded.found IS NULL THEN coalesce(${table}.tries, 0) + 1 ELSE 0 END,
  finds = ${table}.finds + CASE WHEN excluded.found IS NULL THEN 0 ELSE 1 END,
  worker = NULL, claimed_until = NULL`
}
