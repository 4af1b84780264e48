import { z } from 'zod'
import type { TradeType } from '../truth/order.ts'

/** The fields of a placing request, as the tables of the API pages list them. Fields beyond them are let through. */
const BASIC_PLANE = /^[^\u{10000}-\u{10FFFF}]*$/u

export function text(lengthMax: number) {
  return z
    .string()
    .min(1, 'is empty')
    .refine((value) => [...value].length <= lengthMax, `is longer than ${lengthMax} characters`)
    .regex(BASIC_PLANE, 'has a character of more than 3 UTF-8 bytes')
}

export const OUT_TRADE_NO = text(32).regex(
  /^[\w\-|*@]+$/,
  'may consist of letters, digits and _ - | * @ only',
)

const storeInfo = z.looseObject({ id: text(32).optional(), name: text(256), address: text(512) })
const sceneInfo = z.looseObject({
  device_id: text(32).optional(),
  device_ip: text(45).optional(),
  payer_client_ip: text(45).optional(),
  operator_id: text(32).optional(),
  store_info: storeInfo.optional(),
})
const goods = z.looseObject({
  goods_id: text(32),
  quantity: z.int('is no whole number').min(1, 'is below 1'),
  price: z.int('is no whole number').min(0, 'is below 0'),
})

const anyKind = {
  description: text(127),
  attach: text(127).optional(),
  out_trade_no: OUT_TRADE_NO,
  goods_tag: text(32).optional(),
  limit_pay: z.literal('no_credit').optional(),
  merchant_category_code: text(16),
  amount: z.looseObject({
    total: z.int('is no whole number').min(1, 'is below 1').max(100_000_000_000, 'is above 100000000000'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'is no ISO 4217 code')
      .optional(),
  }),
  scene_info: sceneInfo.optional(),
  detail: z.array(z.looseObject({ goods_detail: z.array(goods).optional() })).optional(),
}

export const NOTIFY_URL = text(255).refine(
  isNotifyUrl,
  'is no absolute http:// or https:// address without query and fragment',
)

/** Private and loopback addresses pass: this simulator runs there itself. */
function isNotifyUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:\/\//i.test(value) && !/[?#]/.test(value)
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
const MOMENT = z
  .string()
  .refine(
    (value) => RFC3339.test(value) && z.iso.datetime({ offset: true }).safeParse(value).success,
    'is no RFC 3339 time such as 2026-06-08T10:34:56+08:00',
  )

const withCashier = {
  ...anyKind,
  notify_url: NOTIFY_URL,
  time_start: MOMENT.optional(),
  time_expire: MOMENT.optional(),
}

const AUTH_CODE = z
  .string()
  .regex(/^1[0-5]\d{16}$/, 'is no payment code: expected 18 digits that begin with 10 to 15')
const openids = {
  openid: text(128).optional(),
  sp_openid: text(128).optional(),
  sub_openid: text(128).optional(),
}

export const PLACING_FIELDS = {
  MICROPAY: z.looseObject({
    ...anyKind,
    trade_type: z.literal('MICROPAY'),
    payer: z.looseObject({ auth_code: AUTH_CODE }),
  }),
  JSAPI: z.looseObject({ ...withCashier, trade_type: z.literal('JSAPI'), payer: z.looseObject(openids) }),
  NATIVE: z.looseObject({ ...withCashier, trade_type: z.literal('NATIVE') }),
  APP: z.looseObject({ ...withCashier, trade_type: z.literal('APP') }),
  MWEB: z.looseObject({
    ...withCashier,
    trade_type: z.literal('MWEB'),
    scene_info: sceneInfo.extend({ payer_client_ip: text(45), store_info: storeInfo }),
  }),
} as const satisfies Record<TradeType, z.ZodType>
