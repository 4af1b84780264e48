import type { Order } from '../api/types.ts'
import { inBothLanguages } from './language.ts'

type AttentionCode = NonNullable<Order['attention']>

const ATTENTION_EN: Readonly<Record<AttentionCode, string>> = {
  amount_mismatch: 'Another amount',
  identity_mismatch: 'Another merchant or order',
  number_used: 'Number used before',
  paid_after_revoke: 'Paid after its revoke',
  vanished: 'Vanished',
  unknown_trade_state: 'Unknown trade_state',
  incomplete_statement: 'Incomplete statement',
  unsigned_unknown: 'Unsigned “no such order”',
  key_refused: 'Our signature refused',
  key_unknown: 'Unknown key of WeChat Pay',
  call_refused: 'Call refused',
  overdue: 'Overdue',
  unfinished: 'Unfinished',
  late_money: 'Late money',
  refund_mismatch: 'Refund differs',
  refund_abnormal: 'Refund ABNORMAL',
  refund_closed: 'Refund closed',
  refund_refused: 'Refund refused',
  refund_overdue: 'Refund overdue',
  unknown_refund_status: 'Unknown refund status',
}

const ATTENTION_ZH: Readonly<Record<AttentionCode, string>> = {
  amount_mismatch: '金额不符',
  identity_mismatch: '商户或订单不符',
  number_used: '单号已被使用',
  paid_after_revoke: '撤销后仍为已支付',
  vanished: '订单消失',
  unknown_trade_state: '未知 trade_state',
  incomplete_statement: '陈述不完整',
  unsigned_unknown: '未签名的“订单不存在”',
  key_refused: '我方签名被拒',
  key_unknown: 'WeChat Pay 公钥未知',
  call_refused: '请求被拒',
  overdue: '逾期未决',
  unfinished: '未了结',
  late_money: '迟到的款项',
  refund_mismatch: '退款不符',
  refund_abnormal: '退款 ABNORMAL',
  refund_closed: '退款已关闭',
  refund_refused: '退款被拒',
  refund_overdue: '退款逾期',
  unknown_refund_status: '未知退款状态',
}

/** What all pages call an order's states, kinds and marks. WeChat Pay's words stay as they are. */
export const orderWords = inBothLanguages({
  en: {
    states: {
      placing: 'placing',
      waiting: 'waiting',
      ending: 'ending',
      SUCCESS: 'SUCCESS',
      CLOSED: 'CLOSED',
      REVOKED: 'REVOKED',
      NOT_CREATED: 'NOT_CREATED',
    },
    kinds: {
      quick_pay: 'Quick Pay',
      native: 'Native',
      jsapi: 'JSAPI',
      mini_program: 'Mini Program',
      app: 'App',
      h5: 'H5',
    },
    attentionShort: ATTENTION_EN,
    learntBy: { place: 'reply to the placing', query: 'query', callback: 'callback' },
  },
  zh: {
    states: {
      placing: '下单中',
      waiting: '等待中',
      ending: '结束中',
      SUCCESS: 'SUCCESS',
      CLOSED: 'CLOSED',
      REVOKED: 'REVOKED',
      NOT_CREATED: 'NOT_CREATED',
    },
    kinds: {
      quick_pay: 'Quick Pay（付款码）',
      native: 'Native',
      jsapi: 'JSAPI',
      mini_program: 'Mini Program（小程序）',
      app: 'App',
      h5: 'H5',
    },
    attentionShort: ATTENTION_ZH,
    learntBy: { place: '下单回复', query: '查询', callback: '回调' },
  },
})
