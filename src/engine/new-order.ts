import { createHmac, type KeyObject } from 'node:crypto'
import { isLine } from '../core/line.ts'
import { nameOf, type OrderKey } from '../core/order.ts'
import {
  checkAmount,
  checkKey,
  checkKind,
  checkSubMchid,
  expiryMs,
  type Placement,
  type PlacingAccount,
} from '../core/placement.ts'
import type { Plan } from '../core/plan.ts'
import { shown, VerdictError } from '../errors.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { NewOrder } from '../store/store.ts'
import type { TrackOrder } from './entrance.ts'

type NewFields = NewOrder['order']
type Given = Pick<
  NewFields,
  | 'kind'
  | 'total'
  | 'currency'
  | 'origin'
  | 'mayEnd'
  | 'purchase'
  | 'windowEndAtMs'
  | 'placings'
  | 'latestPlacingAtMs'
  | 'state'
  | 'dueAtMs'
>

/** Where an order enters: the account's gateway, the policy of its kind, and the moment. */
export interface Entering {
  readonly gateway: Gateway
  readonly plan: Plan
  readonly nowMs: number
}

/** The order as it is written before its request leaves, and the request's bytes. */
export function newPlacing(
  placement: Placement,
  purchase: string | null,
  { gateway, plan, nowMs }: Entering,
): { readonly order: NewFields; readonly body: string } {
  const { kind, amount } = placement
  const given = placement.time_expire === undefined ? null : expiryMs(placement.time_expire)
  const windowEndAtMs = given ?? nowMs + plan.windowMs
  const time_expire = placement.time_expire ?? beijingTime(windowEndAtMs)
  const body = gateway.draft(kind === 'quick_pay' ? placement : { ...placement, time_expire })
  const order = newOrder({ account: gateway.identity.account, ...placement }, nowMs, {
    kind,
    total: amount.total,
    currency: amount.currency,
    origin: 'placed',
    mayEnd: true,
    purchase,
    windowEndAtMs,
    placings: 1,
    latestPlacingAtMs: nowMs,
    state: 'placing',
    // Should this process die now, the next one finds the order due.
    dueAtMs: nowMs,
  })
  return { order, body }
}

/** An order that somebody else's code placed, as it enters: it is asked about at once. */
export function newTracked(
  { kind, amount, purchase, createdAtMs, end = false, ...key }: TrackOrder,
  { plan, nowMs }: Entering,
): NewFields {
  return newOrder(key, nowMs, {
    kind,
    total: amount.total,
    currency: amount.currency,
    origin: 'tracked',
    mayEnd: end,
    purchase: purchase ?? null,
    windowEndAtMs: nowMs + plan.windowMs,
    placings: 0,
    latestPlacingAtMs: Math.min(createdAtMs ?? nowMs, nowMs),
    state: 'waiting',
    dueAtMs: nowMs,
  })
}

function newOrder({ account, sub_mchid, out_trade_no }: OrderKey, nowMs: number, given: Given): NewFields {
  return {
    account,
    sub_mchid,
    out_trade_no,
    createdAtMs: nowMs,
    version: 1,
    queries: 0,
    silence: 0,
    seen: null,
    declined: false,
    unknownAtMs: null,
    givenUpAtMs: null,
    attention: null,
    ...given,
  }
}

const BEIJING_OFFSET_MS = 8 * 3_600_000

/** `2026-06-08T10:34:56+08:00`, rounded up to the second. */
export function beijingTime(atMs: number): string {
  return `${new Date(Math.ceil(atMs / 1000) * 1000 + BEIJING_OFFSET_MS).toISOString().slice(0, 19)}+08:00`
}

// ---------------------------------------------------------------- checks

/** Whose clock is ahead of ours by less has just placed the order. */
const CLOCKS_APART_MS = 60_000

/** @throws ORDER_INVALID with one sentence that names the field, its value and what is expected */
export function checkTracked(order: TrackOrder, mode: PlacingAccount['mode'], nowMs: number): void {
  const { kind, amount, purchase, createdAtMs } = order
  checkKind(kind)
  checkKey(order)
  checkSubMchid(order.sub_mchid, mode)
  checkAmount(amount)
  checkPurchase(purchase)
  if (createdAtMs === undefined) return
  if (!(Number.isSafeInteger(createdAtMs) && createdAtMs > 0 && createdAtMs <= nowMs + CLOCKS_APART_MS)) {
    throw new VerdictError(
      'ORDER_INVALID',
      `createdAtMs is ${shown(createdAtMs)}; expected epoch ms, not after now`,
    )
  }
}

const PURCHASE_LENGTH_MAX = 128

export function checkPurchase(purchase: string | undefined): void {
  if (purchase === undefined) return
  // It stands in journals and on terminals.
  if (isLine(purchase, PURCHASE_LENGTH_MAX)) return
  throw new VerdictError(
    'ORDER_INVALID',
    `purchase is ${shown(purchase)}; expected 1 to ${PURCHASE_LENGTH_MAX} characters without control characters`,
  )
}

/** Recognises the same parameters again without keeping them: `auth_code` is among them. */
export function fingerprintOf(parameters: object, key: KeyObject): string {
  return createHmac('sha256', key).update(canonical(parameters)).digest('base64url')
}

/** The same text for the same values, whatever the order of the keys; absent and undefined are the same. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

export function conflict(order: OrderKey): VerdictError {
  return new VerdictError(
    'ORDER_CONFLICT',
    `${nameOf(order)} exists with other parameters; expected a new out_trade_no, or exactly the same parameters`,
  )
}
