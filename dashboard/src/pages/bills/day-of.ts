import { get, post } from '../../api/client.ts'
import type { Reconciliation } from '../../api/types.ts'
import { linkTo, type Place } from '../../router.ts'

/** Whose bill of which day; `sub_mchid` null: of all orders of the account. */
export type Day = Pick<Reconciliation, 'account' | 'sub_mchid' | 'date'>

export function dayAt({ path: [, account = '', date = ''], query }: Place): Day {
  return { account, date, sub_mchid: query.get('sub_mchid') }
}

export function linkToDay({ account, date, sub_mchid }: Day): string {
  return linkTo(['bills', account, date], { sub_mchid: sub_mchid ?? undefined })
}

/** @throws ApiError (RECONCILIATION_UNKNOWN for a day of which nothing was found), Unreachable */
export function readDay({ account, date, sub_mchid }: Day, signal: AbortSignal): Promise<Reconciliation> {
  const path = `/v1/reconciliations/${encodeURIComponent(account)}/${encodeURIComponent(date)}`
  return get(path, { query: { sub_mchid: sub_mchid ?? undefined }, signal })
}

export interface Wish {
  readonly date: string
  /** May be left out while there is one. */
  readonly account?: string
  readonly sub_mchid?: string
}

/** Holds a day against its bill, as long as that takes. @throws ApiError, Unreachable */
export function hold(wish: Wish): Promise<Reconciliation> {
  return post('/v1/reconciliations', { body: wish })
}
