import { ATTENTION_WORDS } from '../../../src/core/attention-words.ts'
import type { Order } from '../api/types.ts'
import { inBothLanguages } from './language.ts'

type Words = Readonly<Record<NonNullable<Order['attention']>, string>>

const ZH: Words = {
  amount_mismatch:
    'WeChat Pay 签名的金额或币种与订单不同。不会自动结束或退款：请查明由谁下单；若 WeChat Pay 无误，请接受 WeChat Pay 签名的内容。若订单已有结论，则 WeChat Pay 也签名过正确的金额：请与商户平台核对。',
  identity_mismatch: 'WeChat Pay 的回答涉及另一商户或订单。不会自动结束或退款：请检查账户和子商户。',
  number_used: '该单号曾以其他参数使用。可能由他方下单：请查明，并换用其他单号。',
  paid_after_revoke:
    'WeChat Pay 接受了撤销却仍表示已支付。请在商户平台查看顾客是否已收到退款；若未收到，请接受 WeChat Pay 签名的内容。',
  vanished:
    'WeChat Pay 不认识一笔它曾认识（或被跟踪）的订单。仍会继续查询：若持续，请检查单号和子商户，或停止跟踪。',
  unknown_trade_state: 'WeChat Pay 给出 Verdict 不认识的 trade_state。新版 Verdict 可能认识。',
  incomplete_statement: 'WeChat Pay 表示已结束，但未完整指明订单。仍会继续查询；若持续，请咨询 WeChat Pay。',
  unsigned_unknown: '“订单不存在”没有签名，不予采信。我们与 WeChat Pay 之间可能有其他系统代答。',
  key_refused: 'WeChat Pay 拒绝我方签名。请检查密钥、序列号和时钟：verdict doctor。',
  key_unknown: '回答使用了账户没有的密钥签名。请检查 WeChat Pay 公钥：verdict doctor。',
  call_refused: 'WeChat Pay 拒绝请求，重试无用。原因见下方日志。',
  overdue: '窗口结束半小时后仍无最终结果。仍会继续查询：请查看 WeChat Pay 是否回答，以及原因。',
  unfinished:
    '被跟踪的订单一直未支付，而 Verdict 无权结束它。请由下单方关闭；或让 Verdict 结束它，或停止跟踪。',
  late_money: '已放弃的订单又被支付，需要人工决定：交付所购商品并接受签名的内容，或退款。',
  refund_mismatch: 'WeChat Pay 签名的退款金额、币种或结果与请求不同。不会自动退款：请与商户平台核对。',
  refund_abnormal: '退款无法到达顾客账户。请在商户平台以其他方式退款。',
  refund_closed: 'WeChat Pay 关闭了退款：款项未退回。如仍需退款，请重新发起。',
  refund_refused: 'WeChat Pay 最终拒绝了退款：款项未退回。如仍需退款，请排除原因后重新发起。',
  refund_overdue: '退款已请求四天仍未结束。请查看账户余额，并咨询 WeChat Pay。',
  unknown_refund_status: 'WeChat Pay 给出 Verdict 不认识的退款状态。新版 Verdict 可能认识。',
}

/** What each mark means, and what whoever is on call does about it. */
export const attentionWords = inBothLanguages({ en: ATTENTION_WORDS, zh: ZH })
