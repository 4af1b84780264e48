import { z } from 'zod'
import { beijingDayMs } from '../../wechatpay/beijing.ts'
import { type ApiError, paramError } from './api-error.ts'
import type { Caller } from './authenticate.ts'
import { ownerOf, wrongCaller } from './owner.ts'

/** Whose bill of which day is asked for. */
export interface BillAsked {
  readonly account: string
  /** Of the institution's sub-merchants this one; null: all, and always in common mode. */
  readonly sub_mchid: string | null
  /** `20260608`. */
  readonly day: string
}

const DAY = z.string().regex(/^\d{8}$/)

/** The bill that a query asks for, or the first thing that is wrong with it. */
export function readBill(query: Readonly<Record<string, string>>, caller: Caller): BillAsked | ApiError {
  const { date } = query
  const account = caller.mchid
  // An institution's bill needs no sub-merchant: whoever names none means all.
  const isOfAll = query.sub_mchid === undefined
  const owner = isOfAll ? wrongCaller(query, caller, 'query') : ownerOf(query, caller, 'query')
  if (owner !== null && 'code' in owner) return owner
  if (date === undefined) return fault(date, 'is required')
  if (!DAY.safeParse(date).success || beijingDayMs(date) === null)
    return fault(date, 'is no day, as 20260608')
  const sub_mchid = owner?.mode === 'institutional' ? owner.sub_mchid : null
  return { account, sub_mchid, day: date }
}

function fault(value: string | undefined, issue: string): ApiError {
  return paramError({ field: 'date', value, issue, location: 'query' })
}
