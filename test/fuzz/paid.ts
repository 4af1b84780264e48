import type { Rules } from '../../src/core/decide.ts'
import type { OpenOrder } from '../../src/core/order.ts'
import { compilePlan } from '../../src/core/plan.ts'
import type { Chance } from './chance.ts'
import { jsonValue, number, text } from './hostile.ts'
import { bentJson, reshaped } from './mutate.ts'
import { COMMON, INSTITUTION, NOW_MS } from './wechat-pay.ts'

/** The order that every case is about, and what WeChat Pay could say about it. */
export const NUMBER = 'A42'
export const TOTAL = 8_800

export function order(mode: 'common' | 'institutional' = 'common'): OpenOrder {
  return {
    id: 1,
    account: mode === 'common' ? COMMON.mchid : INSTITUTION.sp_mchid,
    sub_mchid: mode === 'common' ? null : '1700000001',
    out_trade_no: NUMBER,
    kind: 'native',
    total: TOTAL,
    currency: 'HKD',
    origin: 'placed',
    mayEnd: true,
    purchase: null,
    createdAtMs: NOW_MS - 60_000,
    windowEndAtMs: NOW_MS + 840_000,
    version: 1,
    queries: 0,
    silence: 0,
    seen: null,
    placings: 1,
    latestPlacingAtMs: NOW_MS - 60_000,
    declined: false,
    unknownAtMs: null,
    givenUpAtMs: null,
    attention: null,
    state: 'waiting',
    dueAtMs: NOW_MS,
  }
}

export const RULES: Rules = {
  plan: compilePlan('native'),
  believesUnsignedUnknown: false,
  refundNumber: (_, key) => `R${key}`,
}

const IDS = {
  common: { mchid: COMMON.mchid, appid: COMMON.appid },
  institutional: { sp_mchid: INSTITUTION.sp_mchid, sub_mchid: '1700000001', sp_appid: INSTITUTION.sp_appid },
} as const

const AMOUNT = { total: TOTAL, currency: 'HKD', payer_total: TOTAL, payer_currency: 'HKD' }

export const STATES = [
  'SUCCESS',
  'REFUND',
  'NOTPAY',
  'USERPAYING',
  'PAYERROR',
  'CLOSED',
  'REVOKED',
  'ACCEPT',
] as const

export function trade(mode: keyof typeof IDS, trade_state: string = 'SUCCESS'): Record<string, unknown> {
  return {
    ...IDS[mode],
    out_trade_no: NUMBER,
    transaction_id: '4200000000000000000000000001',
    trade_type: 'NATIVE',
    trade_state,
    trade_state_desc: 'Payment successful',
    success_time: '2024-06-08T09:59:30+08:00',
    payer: { openid: 'oPayer' },
    amount: AMOUNT,
  }
}

export function refund(mode: keyof typeof IDS, status = 'SUCCESS'): Record<string, unknown> {
  return {
    ...IDS[mode],
    out_trade_no: NUMBER,
    transaction_id: '4200000000000000000000000001',
    out_refund_no: 'R1',
    refund_id: '50300000000000000000000001',
    status,
    refund_status: status,
    success_time: '2024-06-08T09:59:40+08:00',
    amount: { ...AMOUNT, refund: 100, payer_refund: 100 },
  }
}

/** Something said about an order, from right to nonsense, as text. Whoever signs it makes it valid nonsense. */
export function saying(chance: Chance, genuine: Record<string, unknown>): string {
  switch (chance.below(8)) {
    case 0:
      return stringified(genuine)
    case 1:
      return text(chance)
    case 2:
      return stringified(jsonValue(chance))
    case 3:
      return bentJson(chance, stringified(genuine))
    case 4:
      return stringified({ ...genuine, amount: { total: number(chance), currency: 'HKD' } })
    case 5:
      return stringified({ ...genuine, out_trade_no: chance.pick(['A43', 'A42 ', 'a42', '', NUMBER]) })
    default:
      return stringified(reshaped(chance, genuine))
  }
}

/** JSON.stringify itself gives up on what is nested too deep. */
export function stringified(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null'
  } catch {
    return '['.repeat(30_000) + ']'.repeat(30_000)
  }
}

export interface Owed {
  readonly out_trade_no: string
  readonly total: number
}

const OWED: Owed = { out_trade_no: NUMBER, total: TOTAL }

/** What a statement says about who, what and how much, read by itself: the judge of what is concluded from it. */
export function saysPaid(said: string, mode: keyof typeof IDS, owed: Owed = OWED): boolean {
  return saysState(said, mode, ['SUCCESS', 'REFUND'], owed) && saysAmount(said, owed)
}

export function saysState(
  said: string,
  mode: keyof typeof IDS,
  states: readonly string[],
  { out_trade_no }: Owed = OWED,
): boolean {
  const json = objectIn(said)
  if (json === null || json.out_trade_no !== out_trade_no) return false
  const isOurs =
    mode === 'common'
      ? json.mchid === COMMON.mchid
      : json.sp_mchid === INSTITUTION.sp_mchid && json.sub_mchid === '1700000001'
  return isOurs && states.includes(String(json.trade_state))
}

function saysAmount(said: string, { total }: Owed): boolean {
  const { amount } = objectIn(said) ?? {}
  if (typeof amount !== 'object' || amount === null) return false
  return Reflect.get(amount, 'total') === total && Reflect.get(amount, 'currency') === 'HKD'
}

export function objectIn(said: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(said.replace(/^\uFEFF/, ''))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}
