import type { Kind } from '../../core/order.ts'
import { nameOf, type OrderKey } from '../../core/order.ts'
import { type Placement, TRADE_TYPES } from '../../core/placement.ts'
import { VerdictError } from '../../errors.ts'
import type { RefundDraft, RefundRange } from '../gateway.ts'
import type { AccountIds } from './open-account.ts'

/** Paths and bodies of Global APIv3, exactly as they are signed and sent. Source: the order and refund pages. */
const BASE = '/v3/global'

export const CERTIFICATES_PATH = `${BASE}/certificates`

export const PLACING_PATHS = {
  quick_pay: `${BASE}/micropay/transactions/pay`,
  native: `${BASE}/transactions/native`,
  jsapi: `${BASE}/transactions/jsapi`,
  mini_program: `${BASE}/transactions/jsapi`,
  app: `${BASE}/transactions/app`,
  h5: `${BASE}/transactions/mweb`,
} as const satisfies Record<Kind, string>

/** @param sub_mchid null: in institutional mode the bill of all sub-merchants */
export function billPath(ids: AccountIds, day: string, sub_mchid: string | null): string {
  const who = ids.mode === 'common' ? { mchid: ids.mchid } : { sp_mchid: ids.sp_mchid }
  const whose = sub_mchid === null ? {} : { sub_mchid }
  return `${BASE}/statements?${new URLSearchParams({ date: day, ...who, ...whose })}`
}

export function queryPath(ids: AccountIds, order: OrderKey): string {
  return `${BASE}/transactions/out-trade-no/${encodeURIComponent(order.out_trade_no)}?${askedBy(ids, order)}`
}

export function queryByIdPath(ids: AccountIds, order: OrderKey, transaction_id: string): string {
  return `${BASE}/transactions/id/${encodeURIComponent(transaction_id)}?${askedBy(ids, order)}`
}

export function closePath({ out_trade_no }: OrderKey): string {
  return `${BASE}/transactions/out-trade-no/${encodeURIComponent(out_trade_no)}/close`
}

export function reversePath({ out_trade_no }: OrderKey): string {
  return `${BASE}/micropay/transactions/out-trade-no/${encodeURIComponent(out_trade_no)}/reverse`
}

/** The body of a close or a reverse: who asks. */
export function endingBody(ids: AccountIds, order: OrderKey): string {
  if (ids.mode === 'common') return JSON.stringify({ mchid: ids.mchid })
  return JSON.stringify({ sp_mchid: ids.sp_mchid, sub_mchid: subMchid(ids, order) })
}

export const REFUNDS_PATH = `${BASE}/refunds`

export function refundPath(ids: AccountIds, order: OrderKey, out_refund_no: string): string {
  return `${REFUNDS_PATH}/out-refund-no/${encodeURIComponent(out_refund_no)}?${askedBy(ids, order)}`
}

export function refundsPath(
  ids: AccountIds,
  order: OrderKey,
  transaction_id: string | null,
  { offset, count }: RefundRange,
): string {
  const which =
    transaction_id === null
      ? `out_trade_no=${encodeURIComponent(order.out_trade_no)}`
      : `transaction_id=${encodeURIComponent(transaction_id)}`
  return `${REFUNDS_PATH}?${which}&offset=${offset}&count=${count}&${askedBy(ids, order)}`
}

/** The body of a refund request. The same draft gives the same bytes, and every attempt sends these. */
export function refundBody(ids: AccountIds, draft: RefundDraft): string {
  const { transaction_id, out_trade_no, amount } = draft
  return JSON.stringify({
    ...paidTo(ids, draft),
    // One of the two, says WeChat Pay.
    ...(transaction_id === null ? { out_trade_no } : { transaction_id }),
    out_refund_no: draft.out_refund_no,
    reason: draft.reason,
    source: draft.source,
    notify_url: draft.notify_url,
    amount: { refund: amount.refund, total: amount.total, currency: amount.currency },
  })
}

/** The body of a placing request. The same placement gives the same bytes: the order of the keys is written down here. */
export function placingBody(
  ids: AccountIds,
  placement: Placement,
  accountCategory: string | undefined,
): string {
  const { kind, amount, payer, merchant_category_code = accountCategory } = placement
  return JSON.stringify({
    ...placedBy(ids, placement),
    description: placement.description,
    out_trade_no: placement.out_trade_no,
    time_expire: placement.time_expire,
    attach: placement.attach,
    notify_url: placement.notify_url,
    goods_tag: placement.goods_tag,
    limit_pay: placement.limit_pay,
    trade_type: TRADE_TYPES[kind],
    merchant_category_code,
    amount: { total: amount.total, currency: amount.currency },
    payer:
      payer === undefined
        ? undefined
        : {
            auth_code: payer.auth_code,
            openid: payer.openid,
            sp_openid: payer.sp_openid,
            sub_openid: payer.sub_openid,
          },
    scene_info: placement.scene_info,
    detail: placement.detail,
  })
}

function placedBy(ids: AccountIds, placement: Placement): object {
  const { sub_mchid, out_trade_no, appid, sub_appid } = placement
  return paidTo(ids, { account: accountOf(ids), sub_mchid, out_trade_no, appid, sub_appid })
}

interface Payee extends OrderKey {
  readonly appid?: string | undefined
  readonly sub_appid?: string | undefined
}

/** Who is paid, and who pays back: with the same ids. */
function paidTo(ids: AccountIds, payee: Payee): object {
  if (ids.mode === 'common') return { mchid: ids.mchid, appid: payee.appid ?? ids.appid }
  return {
    sp_mchid: ids.sp_mchid,
    sp_appid: ids.sp_appid,
    sub_mchid: subMchid(ids, payee),
    sub_appid: payee.sub_appid ?? ids.sub_appid,
  }
}

function accountOf(ids: AccountIds): string {
  return ids.mode === 'common' ? ids.mchid : ids.sp_mchid
}

function askedBy(ids: AccountIds, order: OrderKey): string {
  if (ids.mode === 'common') return `mchid=${ids.mchid}`
  return `sp_mchid=${ids.sp_mchid}&sub_mchid=${encodeURIComponent(subMchid(ids, order))}`
}

/** WeChat Pay refuses an institution's request without it, and asks for the very one that placed the order. */
function subMchid(ids: Extract<AccountIds, { mode: 'institutional' }>, order: OrderKey): string {
  const sub_mchid = order.sub_mchid ?? ids.sub_mchid
  if (sub_mchid !== undefined) return sub_mchid
  throw new VerdictError(
    'ORDER_INVALID',
    `${nameOf(order)} has no sub_mchid; expected one, with the order or with the account (institutional mode)`,
  )
}
