import type { Difference, Reconciliation } from '../../reconcile/report.ts'
import type { BilledDay, Found, KeptReconciliation, TriedReconciliation } from '../reconciliations.ts'
import { type Cells, integer, integerOrNull, text, textOrNull, type Value } from './cells.ts'
import { listIn, objectIn } from './json.ts'
import { subMchidCell, subMchidOf } from './orders.ts'

/* What was held against WeChat Pay's bills, as rows. */

const DAY_COLUMNS = ['account', 'sub_mchid', 'day'] as const
const FOUND_COLUMNS = ['found', 'found_at'] as const

/** For `keptReconciliationOf`. */
export const KEPT_COLUMNS = ['id', ...DAY_COLUMNS, 'tries', 'tried_at', 'failure', ...FOUND_COLUMNS] as const

/** For `triedCells`. */
export const TRIED_COLUMNS = [
  ...[...DAY_COLUMNS, 'tries', 'tried_at', 'failure'],
  ...[...FOUND_COLUMNS, 'differences'],
] as const

export function dayCells({ account, sub_mchid, date }: BilledDay): [string, string, string] {
  return [account, subMchidCell(sub_mchid), date]
}

/** `tries` is one more, if it counts, and null if it doesn't. */
export function triedCells(tried: TriedReconciliation): Value[] {
  const { atMs, byItself, outcome } = tried
  const head = [...dayCells(tried), byItself ? 1 : null, atMs]
  if ('failure' in outcome) return [...head, outcome.failure, null, null, null]
  const { account: _, sub_mchid: __, date: ___, differences, ...found } = outcome.found
  return [...head, null, JSON.stringify(found), atMs, JSON.stringify(differences)]
}

export function keptReconciliationOf([
  id,
  account,
  sub_mchid,
  day,
  tries,
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
