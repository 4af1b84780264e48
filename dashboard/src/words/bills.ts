import type { Difference } from '../api/types.ts'
import { count } from '../format.ts'
import { inBothLanguages } from './language.ts'

interface Kind {
  readonly name: string
  /** What it is, and what whoever reads it does about it. */
  readonly explained: string
}

type Kinds = Readonly<Record<Difference['kind'], Kind>>

const KINDS_EN: Kinds = {
  unknown_order: {
    name: 'Unknown order',
    explained:
      'The bill has an order that is not here. It was archived, another program uses the account, or a restore lost it. Look which, before you track it under its number or refund it.',
  },
  order_open: {
    name: 'No verdict here',
    explained:
      'Paid, refunded or reversed in the bill; here without a verdict. It is asked about at once: nothing is to be done.',
  },
  order_unpaid: {
    name: 'Ended unpaid here',
    explained:
      'Paid in the bill, and not reversed; here CLOSED, REVOKED or NOT_CREATED. It is asked about at once: what WeChat Pay signs is late money, and goes by its policy.',
  },
  order_reversed: {
    name: 'Reversed in the bill',
    explained:
      'In the bill the customer has the money back; here it is SUCCESS. Somebody reversed it elsewhere: deliver nothing, or ask for the money again.',
  },
  amount: {
    name: 'Another amount',
    explained:
      'The bill has another amount or currency. Look at the order’s evidence: which of the two did WeChat Pay sign?',
  },
  transaction_id: {
    name: 'Another transaction_id',
    explained:
      'The bill has another number of WeChat Pay’s. Look at the order’s evidence: which of the two did WeChat Pay sign?',
  },
  unknown_refund: {
    name: 'Unknown refund',
    explained:
      'The bill has a refund, and none of its numbers is known here. It was made on the merchant platform or by other code. All refunds of its order are asked for at once, and it is entered among them: nothing is to be done.',
  },
  refund_open: {
    name: 'Refund unfinished here',
    explained:
      'Refunded in the bill; here not known to be finished. All refunds of the order are asked for at once: nothing is to be done.',
  },
  refund_state: {
    name: 'Refunded on one side',
    explained:
      'Refunded in the bill, and failed here; or the other way round. Look at the refund on the merchant platform.',
  },
  refund_amount: {
    name: 'Another refund amount',
    explained:
      'The bill has another amount or currency of the refund. Look at the refund on the merchant platform.',
  },
  refund_id: {
    name: 'Another refund_id',
    explained:
      'The bill has another number of WeChat Pay’s for the refund. Look at the refund on the merchant platform.',
  },
  not_in_bill: {
    name: 'Not in the bill',
    explained:
      'Paid here on that day, late money too; the bill has nothing of it. Ask WeChat Pay’s support, with the evidence of the verdict.',
  },
  refund_not_in_bill: {
    name: 'Refund not in the bill',
    explained:
      'Asked for and made here on that day; the bill has nothing of it. Ask WeChat Pay’s support, with the evidence of the verdict.',
  },
  twice: {
    name: 'Twice in the bill',
    explained:
      'Another line of a payment, refund or reversal that the bill had before. Ask WeChat Pay’s support; with another number of WeChat Pay’s the customer may have paid twice.',
  },
  other_day: {
    name: 'Of another day',
    explained: 'A payment of another day than the bill’s. Ask WeChat Pay’s support.',
  },
  unreadable: {
    name: 'Unreadable line',
    explained:
      'A line that names no order, another merchant, or a state that nobody knows; or the bill’s summary counts other lines than there are. The line says why.',
  },
}

const KINDS_ZH: Kinds = {
  unknown_order: {
    name: '未知订单',
    explained:
      '账单中有此订单，此处没有。可能已归档、有其他程序使用该账户，或恢复数据时丢失。请先查明原因，再按其单号跟踪或退款。',
  },
  order_open: {
    name: '此处尚无结论',
    explained: '账单中已支付、已退款或已撤销；此处尚无结论。会立即查询，无需处理。',
  },
  order_unpaid: {
    name: '此处以未支付结束',
    explained:
      '账单中已支付且未撤销；此处为 CLOSED、REVOKED 或 NOT_CREATED。会立即查询：WeChat Pay 签名的内容即为迟到的款项，按其策略处理。',
  },
  order_reversed: {
    name: '账单中已撤销',
    explained: '账单中款项已退回顾客；此处为 SUCCESS。有人在别处撤销了订单：请勿交付商品，或请顾客重新付款。',
  },
  amount: {
    name: '金额不符',
    explained: '账单中的金额或币种不同。请查看订单的证据：WeChat Pay 签名的是哪一个？',
  },
  transaction_id: {
    name: 'transaction_id 不符',
    explained: '账单中的 WeChat Pay 单号不同。请查看订单的证据：WeChat Pay 签名的是哪一个？',
  },
  unknown_refund: {
    name: '未知退款',
    explained:
      '账单中有一笔退款，此处不认识它的任何单号。它由商户平台或其他程序发起。系统会立即查询该订单的全部退款并将其登记，无需处理。',
  },
  refund_open: {
    name: '此处退款未完成',
    explained: '账单中已退款；此处尚不知其已完成。系统会立即查询该订单的全部退款，无需处理。',
  },
  refund_state: {
    name: '仅一方已退款',
    explained: '账单中已退款而此处失败，或相反。请在商户平台查看该退款。',
  },
  refund_amount: {
    name: '退款金额不符',
    explained: '账单中的退款金额或币种不同。请在商户平台查看该退款。',
  },
  refund_id: {
    name: 'refund_id 不符',
    explained: '账单中该退款的 WeChat Pay 单号不同。请在商户平台查看该退款。',
  },
  not_in_bill: {
    name: '账单中没有',
    explained: '此处于当日支付（包括迟到的款项），账单中没有。请附上结论的证据，咨询 WeChat Pay。',
  },
  refund_not_in_bill: {
    name: '账单中没有此退款',
    explained: '此处于当日发起并完成的退款，账单中没有。请附上结论的证据，咨询 WeChat Pay。',
  },
  twice: {
    name: '账单中重复',
    explained:
      '账单中已有的付款、退款或撤销又出现一行。请咨询 WeChat Pay；若 WeChat Pay 单号不同，顾客可能支付了两次。',
  },
  other_day: {
    name: '属于另一天',
    explained: '不属于该账单日期的付款。请咨询 WeChat Pay。',
  },
  unreadable: {
    name: '无法读取的行',
    explained: '该行未指明订单、属于另一商户，或状态无人认识；或账单汇总的行数与实际不符。该行会说明原因。',
  },
}

/** What all pages call what a day's bill came to. */
export const billWords = inBothLanguages({
  en: {
    agrees: 'agrees',
    differ: (n: number) => `${count(n)} ${n === 1 ? 'differs' : 'differ'}`,
    failed: 'failed',
    latestFailed: 'latest try failed',
    notYet: 'not yet',
    kinds: KINDS_EN,
  },
  zh: {
    agrees: '一致',
    differ: (n: number) => `${count(n)} 处不符`,
    failed: '失败',
    latestFailed: '最近一次失败',
    notYet: '尚未核对',
    kinds: KINDS_ZH,
  },
})
