import { z } from 'zod'
import type { Owner } from '../truth/order.ts'
import { type ApiError, type FieldLocation, noAuth, paramError } from './api-error.ts'
import type { Caller } from './authenticate.ts'

type Given = Readonly<Record<string, unknown>>

const COMMON = ['mchid', 'appid']
const INSTITUTIONAL = ['sp_mchid', 'sp_appid', 'sub_mchid', 'sub_appid']
const ID = z.string().regex(/^[^\s/]{1,32}$/)
const SUB_MCHID_MISSING = 268443704
const SUB_MCHID_IS_OWN = 268443705

/** Whose order a request is about: its `mchid`, or its `sp_mchid` and `sub_mchid`, checked against who signed it. */
export function ownerOf(given: Given, caller: Caller, location: FieldLocation): Owner | ApiError {
  const wrong = wrongCaller(given, caller, location)
  if (wrong) return wrong
  if (caller.mode === 'common') return { mode: 'common', mchid: caller.mchid }

  const fault = faultIn(given, location)
  const { sub_mchid } = given
  if (sub_mchid === undefined) return fault('sub_mchid', 'is required', SUB_MCHID_MISSING)
  const sub = ID.safeParse(sub_mchid)
  if (!sub.success) return fault('sub_mchid', 'is no text of 1 to 32 characters')
  if (sub.data === caller.mchid) return fault('sub_mchid', 'equals sp_mchid', SUB_MCHID_IS_OWN)
  return { mode: 'institutional', sp_mchid: caller.mchid, sub_mchid: sub.data }
}

/** What is wrong with how a request names who signed it. */
export function wrongCaller(given: Given, caller: Caller, location: FieldLocation): ApiError | null {
  const fault = faultIn(given, location)
  const stranger = (caller.mode === 'common' ? INSTITUTIONAL : COMMON).find(
    (name) => given[name] !== undefined,
  )
  const required = caller.mode === 'common' ? 'mchid' : 'sp_mchid'
  const id = given[required]
  if (stranger && id !== undefined) return fault(stranger, `doesn't go together with ${required}`)
  if (stranger)
    return fault(
      stranger,
      `is not of the signing merchant's mode: ${caller.mchid} names itself by ${required}`,
    )
  if (!ID.safeParse(id).success)
    return fault(required, id === undefined ? 'is required' : 'is no text of 1 to 32 characters')
  if (id !== caller.mchid) return noAuth(`The request is signed by ${caller.mchid}, but ${required} is ${id}`)
  return null
}

function faultIn(given: Given, location: FieldLocation) {
  return (name: string, issue: string, number?: number): ApiError =>
    paramError(
      { field: location === 'body' ? `/${name}` : name, value: given[name], issue, location },
      number,
    )
}
