import type { Order } from '../api/types.ts'
import { inBothLanguages } from './language.ts'

type Words = Readonly<Record<NonNullable<Order['attention']>, string>>

const EN: Words = {
  amount_mismatch:
    'WeChat Pay signed another amount or currency than the order has. Nothing is ended or refunded: find out who placed it, and correct it by hand.',
  identity_mismatch:
    'WeChat Pay answered our question about another merchant or order. Nothing is ended or refunded: check the account and the sub-merchant.',
  number_used:
    'The number was used with other parameters. Somebody else may have placed it: find out who, and use another number.',
  paid_after_revoke:
    'WeChat Pay accepted a revoke and still says paid. Look on the merchant platform whether the customer has the money back.',
  vanished:
    'WeChat Pay does not know an order that it knew, or that was tracked. It is asked further: if it stays, check number and sub-merchant.',
  unknown_trade_state:
    'WeChat Pay names a trade_state that Verdict does not know. A newer Verdict may know it.',
  incomplete_statement:
    'WeChat Pay states an end and does not name the order fully. It is asked further; if it stays, ask WeChat Pay.',
  unsigned_unknown:
    '“No such order” came without a signature and is not believed. Something between us and WeChat Pay may answer in its place.',
  key_refused: 'WeChat Pay refuses our signature. Check key, serial number and clock: verdict doctor.',
  key_unknown:
    'Answers are signed with a key that the account does not have. Check WeChat Pay’s public key: verdict doctor.',
  call_refused:
    'WeChat Pay refuses a call, and repeating it will not help. The journal below has its reason.',
  overdue:
    'Nothing final half an hour after the window. It is asked further: see whether WeChat Pay answers, and why not.',
  unfinished: 'A tracked order stays unpaid, and Verdict may not end it. Whoever placed it closes it.',
  late_money:
    'An order that was given up is paid, and a person decides: deliver what was bought, or refund it.',
  refund_mismatch:
    'WeChat Pay signed another amount, currency or end of a refund than was asked for. Nothing is refunded by itself: compare with the merchant platform.',
  refund_abnormal:
    'A refund can’t reach the customer’s account. Give it another way on the merchant platform.',
  refund_closed: 'WeChat Pay closed a refund: the money did not go back. If it should, refund it anew.',
  refund_refused:
    'WeChat Pay refused a refund for good: the money did not go back. If it should, mend the reason and refund it anew.',
  refund_overdue:
    'A refund was asked for four days ago and has not ended. See the account’s balance, and ask WeChat Pay.',
  unknown_refund_status:
    'WeChat Pay names a refund’s status that Verdict does not know. A newer Verdict may know it.',
}

const ZH: Words = {
  amount_mismatch: 'WeChat Pay 签名的金额或币种与订单不同。不会自动结束或退款：请查明由谁下单，并手工更正。',
  identity_mismatch: 'WeChat Pay 的回答涉及另一商户或订单。不会自动结束或退款：请检查账户和子商户。',
  number_used: '该单号曾以其他参数使用。可能由他方下单：请查明，并换用其他单号。',
  paid_after_revoke: 'WeChat Pay 接受了撤销却仍表示已支付。请在商户平台查看顾客是否已收到退款。',
  vanished: 'WeChat Pay 不认识一笔它曾认识（或被跟踪）的订单。仍会继续查询：若持续，请检查单号和子商户。',
  unknown_trade_state: 'WeChat Pay 给出 Verdict 不认识的 trade_state。新版 Verdict 可能认识。',
  incomplete_statement: 'WeChat Pay 表示已结束，但未完整指明订单。仍会继续查询；若持续，请咨询 WeChat Pay。',
  unsigned_unknown: '“订单不存在”没有签名，不予采信。我们与 WeChat Pay 之间可能有其他系统代答。',
  key_refused: 'WeChat Pay 拒绝我方签名。请检查密钥、序列号和时钟：verdict doctor。',
  key_unknown: '回答使用了账户没有的密钥签名。请检查 WeChat Pay 公钥：verdict doctor。',
  call_refused: 'WeChat Pay 拒绝请求，重试无用。原因见下方日志。',
  overdue: '窗口结束半小时后仍无最终结果。仍会继续查询：请查看 WeChat Pay 是否回答，以及原因。',
  unfinished: '被跟踪的订单一直未支付，而 Verdict 无权结束它。请由下单方关闭。',
  late_money: '已放弃的订单又被支付，需要人工决定：交付所购商品，或退款。',
  refund_mismatch: 'WeChat Pay 签名的退款金额、币种或结果与请求不同。不会自动退款：请与商户平台核对。',
  refund_abnormal: '退款无法到达顾客账户。请在商户平台以其他方式退款。',
  refund_closed: 'WeChat Pay 关闭了退款：款项未退回。如仍需退款，请重新发起。',
  refund_refused: 'WeChat Pay 最终拒绝了退款：款项未退回。如仍需退款，请排除原因后重新发起。',
  refund_overdue: '退款已请求四天仍未结束。请查看账户余额，并咨询 WeChat Pay。',
  unknown_refund_status: 'WeChat Pay 给出 Verdict 不认识的退款状态。新版 Verdict 可能认识。',
}

/** What each mark means, and what whoever is on call does about it. */
export const attentionWords = inBothLanguages({ en: EN, zh: ZH })
