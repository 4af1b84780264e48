import { createHash } from 'node:crypto'
import type { z } from 'zod'
import type { Age } from '../age.ts'
import type { Identity } from '../keys.ts'
import type { Echo, Owner, Placing, TradeType } from '../truth/order.ts'
import { type ApiError, paramError } from './api-error.ts'
import type { Caller } from './authenticate.ts'
import { ownerOf } from './owner.ts'
import { PLACING_FIELDS } from './placing-fields.ts'

export type Body = Readonly<Record<string, unknown>>

export interface PlacingContext {
  readonly caller: Caller
  readonly identity: Identity
  readonly age: Age
}

/** The placing that a body asks for, or the first thing that is wrong with it. */
export function readPlacing(trade_type: TradeType, body: Body, context: PlacingContext): Placing | ApiError {
  const owner = ownerOf(body, context.caller, 'body')
  if ('code' in owner) return owner
  const parsed = PLACING_FIELDS[trade_type].safeParse(body)
  if (!parsed.success) return fieldError(parsed.error, body)
  const fields: Fields = parsed.data
  const wrong = wrongAppid(body, context) ?? missingOpenid(trade_type, fields, owner)
  if (wrong) return wrong
  return {
    owner,
    trade_type,
    out_trade_no: fields.out_trade_no,
    total: fields.amount.total,
    currency: fields.amount.currency ?? DEFAULT_CURRENCY,
    fingerprint: fingerprint(body),
    ...(trade_type === 'MICROPAY' ? atTheTill(fields) : withCashier(fields, context.age)),
    echo: echo(body, fields),
  }
}

type OfItsKind = Pick<Placing, 'expiresAtMs' | 'auth_code' | 'notify_url'>

/** A field that its kind doesn't have is one of those beyond the tables: nobody has looked at it, and it says nothing. */
function atTheTill({ payer }: Fields): OfItsKind {
  return { auth_code: payer?.auth_code ?? null, notify_url: null, expiresAtMs: null }
}

function withCashier({ time_expire, notify_url }: Fields, age: Age): OfItsKind {
  return { auth_code: null, notify_url: notify_url ?? null, expiresAtMs: expiry(time_expire, age) }
}

/** The simulated merchants settle in Hong Kong dollars. */
const DEFAULT_CURRENCY = 'HKD'

interface Fields {
  readonly out_trade_no: string
  readonly attach?: string | undefined
  readonly amount: { readonly total: number; readonly currency?: string | undefined }
  readonly time_expire?: string | undefined
  readonly notify_url?: string | undefined
  readonly payer?: Payer | undefined
}
interface Payer {
  readonly auth_code?: string | undefined
  readonly openid?: string | undefined
  readonly sp_openid?: string | undefined
  readonly sub_openid?: string | undefined
}

export function fieldError(error: z.ZodError, body: Body): ApiError {
  const issue = error.issues[0]
  const path = issue?.path ?? []
  const value = path.reduce<unknown>((inner, step) => (isBody(inner) ? inner[String(step)] : undefined), body)
  const text = value === undefined ? 'is required' : (issue?.message ?? 'is invalid')
  return paramError({ field: `/${path.map(String).join('/')}`, value, issue: text, location: 'body' })
}

export function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null
}

/** A merchant may have several appids, so any that looks real is taken as bound; only the other merchant's is not. */
export function wrongAppid(body: Body, { caller, identity }: PlacingContext): ApiError | null {
  const common = caller.mode === 'common'
  const name = common ? 'appid' : 'sp_appid'
  const appid = body[name]
  if (typeof appid !== 'string') {
    const issue = appid === undefined ? 'is required' : 'is no text'
    return paramError({ field: `/${name}`, value: appid, issue, location: 'body' })
  }
  const foreign = common ? identity.sp_appid : identity.appid
  if (APPID.test(appid) && appid !== foreign) return null
  const own = common ? identity.appid : identity.sp_appid
  const message = `${name} ${appid} doesn't belong to ${caller.mchid}; expected ${own}`
  return { status: 400, code: 'APPID_MCHID_NOT_MATCH', message: message.slice(0, 256), number: 268445527 }
}

const APPID = /^wx[0-9a-f]{16}$/

function missingOpenid(trade_type: TradeType, { payer }: Fields, owner: Owner): ApiError | null {
  if (trade_type !== 'JSAPI') return null
  const common = owner.mode === 'common'
  if (common ? payer?.openid : (payer?.sp_openid ?? payer?.sub_openid)) return null
  const issue = common ? 'is required' : 'or sub_openid is required'
  return paramError(
    { field: common ? '/payer/openid' : '/payer/sp_openid', value: undefined, issue, location: 'body' },
    268501013,
  )
}

const TIME_EXPIRE_MS_MIN = 60_000

/** WeChat Pay raises a time_expire of less than a minute to a minute. In the orders' own time. */
function expiry(time_expire: string | undefined, age: Age): number | null {
  if (time_expire === undefined) return null
  return Math.max(age.ofWireMs(Date.parse(time_expire)), age.nowMs() + TIME_EXPIRE_MS_MIN)
}

function echo(body: Body, { attach, payer }: Fields): Echo {
  const appids = ['appid', 'sp_appid', 'sub_appid'].filter((name) => typeof body[name] === 'string')
  const { openid, sp_openid, sub_openid } = payer ?? {}
  return {
    appids: Object.fromEntries(appids.map((name) => [name, String(body[name])])),
    payer: texts({ openid, sp_openid, sub_openid }),
    attach: attach ?? null,
  }
}

function texts(given: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

/** The order of the keys is no parameter. */
function fingerprint(body: Body): string {
  return createHash('sha256').update(canonical(body)).digest('hex')
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (!isBody(value)) return JSON.stringify(value) ?? 'null'
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`
}
