import { createHash } from 'node:crypto'
import { beijingDayMs, beijingTime, DAY_MS } from '../../wechatpay/beijing.ts'
import { inMajorUnits } from '../../wechatpay/currency.ts'
import type { Age } from '../age.ts'
import { moneyReturned, type Order, paidAtMs } from '../truth/order.ts'
import { type Refund, refundLife } from '../truth/refund.ts'
import type { World } from '../world.ts'
import type { BillAsked } from './read-bill.ts'
import type { Unsigned } from './sign-reply.ts'

/* The bill of a day. Source: WeChat Pay Global APIv3, "Download Statement"; guide 8.7, 8.8, 8.11. */

/** When a day's bill is there. */
export type BillSetting = 'next-morning' | 'at-once'

/** Guide 8.8. */
const READY_MS = 9 * 3_600_000

/** In WeChat Pay's own order. */
const HEAD = [
  ...[
    '交易时间',
    '公众账号ID',
    '商户号',
    '子商户号',
    '设备号',
    '微信订单号',
    '商户订单号',
    '用户标识',
    '交易类型',
  ],
  ...[
    '交易状态',
    '付款银行',
    '充值券币种',
    '充值券金额',
    '优惠券币种',
    '优惠券金额',
    '微信退款单号',
    '商户退款单号',
  ],
  ...['退款类型', '退款状态', '商品名称', '商户数据包', '手续费', '费率', '标价币种', '订单金额(标价币种)'],
  ...['用户支付币种', '用户支付金额', '结算币种', '应结订单金额', '支付汇率', '退款汇率', '申请退款金额'],
  ...['用户退款币种', '用户退款金额', '退款结算币种', '退款应结订单金额', '充值券退款金额', '优惠券退款金额'],
] as const
type Column = (typeof HEAD)[number]
type Row = Readonly<Partial<Record<Column, string>>> & { readonly atMs: number }

interface Books {
  readonly world: World
  readonly bills: BillSetting
}

/** The bill as CSV; null if there is none, or none yet: a day without trades has none. */
export function billOf({ account, sub_mchid, day }: BillAsked, { world, bills }: Books): string | null {
  const fromMs = beijingDayMs(day) ?? Number.NaN
  const nowMs = world.age.onWireMs(world.age.nowMs())
  if (bills === 'next-morning' && !(nowMs >= fromMs + DAY_MS + READY_MS)) return null
  const isOfTheDay = (atMs: number): boolean => atMs >= fromMs && atMs < fromMs + DAY_MS
  const rows = world
    .orders()
    .filter(({ owner }) => isOwn(owner, account, sub_mchid))
    .flatMap((order) => rowsOf(order, world.age))
    .filter(({ atMs }) => isOfTheDay(atMs))
    .toSorted((a, b) => a.atMs - b.atMs)
  return rows.length === 0 ? null : csvOf(rows)
}

function isOwn(owner: Order['owner'], account: string, sub_mchid: string | null): boolean {
  if (owner.mode === 'common') return owner.mchid === account
  return owner.sp_mchid === account && (sub_mchid === null || owner.sub_mchid === sub_mchid)
}

/** All that ever happened to the money of an order, each at its moment on the wire's clock. */
function rowsOf(order: Order, age: Age): readonly Row[] {
  const paid = paidAtMs(order)
  if (paid === null) return []
  const { life } = order
  const common = commonOf(order)
  const payment = { ...common, ...at(paid, age), 交易状态: 'SUCCESS' }
  const reversal =
    life.trade_state === 'REVOKED' && moneyReturned(order)
      ? [{ ...common, ...at(life.endedAtMs, age), 交易状态: 'REVOKED' }]
      : []
  const refunds = (order.refunds ?? []).flatMap((refund) => {
    const { status } = refundLife(refund, age.nowMs())
    // Closed again, it moved no money.
    return status === 'REFUNDCLOSE' ? [] : [{ ...common, ...refundRow(order, refund, status, age) }]
  })
  return [payment, ...reversal, ...refunds]
}

function at(orderMs: number, age: Age): { readonly atMs: number; readonly 交易时间: string } {
  const atMs = age.onWireMs(orderMs)
  return { atMs, 交易时间: beijingTime(atMs).slice(0, 'yyyy-mm-ddThh:mm:ss'.length).replace('T', ' ') }
}

function commonOf(order: Order): Omit<Row, 'atMs'> {
  const { owner, currency, total } = order
  // As the mainland's bills have yuan.
  const amount = inMajorUnits(total, currency)
  return {
    商户号: owner.mode === 'common' ? owner.mchid : owner.sp_mchid,
    子商户号: owner.mode === 'common' ? '' : owner.sub_mchid,
    微信订单号: order.id,
    商户订单号: order.out_trade_no,
    交易类型: order.trade_type,
    付款银行: 'OTHERS',
    微信退款单号: '0',
    商户退款单号: '0',
    商户数据包: order.echo.attach ?? '',
    标价币种: currency,
    '订单金额(标价币种)': amount,
    用户支付币种: currency,
    用户支付金额: amount,
    结算币种: currency,
    应结订单金额: amount,
  }
}

function refundRow({ currency }: Order, one: Refund, status: string, age: Age): Row {
  const amount = inMajorUnits(one.refund, currency)
  return {
    ...at(one.createdAtMs, age),
    交易状态: 'REFUND',
    微信退款单号: one.refund_id,
    商户退款单号: one.out_refund_no,
    退款类型: 'ORIGINAL',
    退款状态: status,
    申请退款金额: amount,
    用户退款币种: currency,
    用户退款金额: amount,
    退款结算币种: currency,
    退款应结订单金额: amount,
  }
}

function csvOf(rows: readonly Row[]): string {
  const lines = rows.map((row) => HEAD.map((column) => `\`${oneLine(row[column] ?? '')}`).join(','))
  return [HEAD.join(','), ...lines, ''].join('\r\n')
}

function oneLine(value: string): string {
  return value.replaceAll(/[\r\n]+/g, ' ')
}

/** What is signed of a bill is its hash. */
export function billReply(csv: string): Unsigned {
  const sha1 = createHash('sha1').update(csv).digest('hex')
  const file = {
    contentType: 'text/plain; charset=utf-8',
    headers: { 'Wechatpay-Statement-Sha1': sha1 },
    covered: JSON.stringify({ sha1 }),
  }
  return { status: 200, body: csv, number: 0, file }
}
