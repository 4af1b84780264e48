import { duration, moment, money, wholeSeconds } from '../../format.ts'
import { inBothLanguages } from '../../words/language.ts'
import { silenceZh } from './silence-words.ts'
import type { Headline, Sentence } from './standing.ts'

/** `nowMs` tells whether a moment is today. */
type Saying = (sentence: Sentence, nowMs: number) => string

const HEADLINES_EN: Readonly<Record<Headline, string>> = {
  placing: 'Being placed.',
  unheard: 'Not known yet.',
  unknown: 'WeChat Pay does not know it so far.',
  unpaid: 'Not paid yet.',
  paying: 'The customer is paying.',
  failed: 'The payment failed; it may be tried again.',
  strange: 'WeChat Pay says something that Verdict does not know.',
  ending: 'Not paid so far, and being ended.',
  paid: 'Paid.',
  returned: 'Paid, and all of it given back.',
  'partly-returned': 'Paid, and partly given back.',
  over: 'Not paid, and it can no longer be.',
  late: 'Given up, and paid afterwards.',
  never: 'Never created: nothing can have been paid.',
}

const HEADLINES_ZH: Readonly<Record<Headline, string>> = {
  placing: '正在下单。',
  unheard: '尚不清楚。',
  unknown: 'WeChat Pay 目前不认识此订单。',
  unpaid: '尚未支付。',
  paying: '顾客正在支付。',
  failed: '支付失败，可能会重试。',
  strange: 'WeChat Pay 给出了 Verdict 不认识的状态。',
  ending: '目前未支付，正在结束。',
  paid: '已支付。',
  returned: '已支付，并已全额退回。',
  'partly-returned': '已支付，并已部分退回。',
  over: '未支付，且已无法再支付。',
  late: '放弃之后又被支付。',
  never: '从未创建：不可能有付款。',
}

const LATE_EN: Readonly<Record<string, string>> = {
  suspected: 'Somebody says so whom nobody could verify; a question will tell.',
  confirm: 'A fresh answer has to say so, too, before anything is refunded.',
  compare: 'Before it is refunded, all refunds of the order are asked for.',
  refunding: 'It is on its way back to the customer.',
  returned: 'The customer has it back.',
  accepted: 'The money is kept.',
  asked: 'A person has to decide: refund it, or keep it and deliver.',
}

const LATE_ZH: Readonly<Record<string, string>> = {
  suspected: '消息来源未经验证，将查询确认。',
  confirm: '退款之前还需要一次新的查询确认。',
  compare: '退款之前先核对该订单的所有退款。',
  refunding: '款项正在退回顾客。',
  returned: '顾客已收到退款。',
  accepted: '款项予以保留。',
  asked: '需要人工决定：退款，或保留并交付。',
}

const sayEn: Saying = (sentence, nowMs) => {
  switch (sentence.say) {
    case 'said':
      return `WeChat Pay says ${sentence.state} (signed), ${wholeSeconds(sentence.agoMs)} ago.`
    case 'said-nothing':
      return 'WeChat Pay has said nothing about it so far.'
    case 'created':
      return `WeChat Pay created it ${wholeSeconds(sentence.agoMs)} ago, and has said nothing since.`
    case 'refused':
      return `WeChat Pay refused with ${sentence.code}, ${wholeSeconds(sentence.agoMs)} ago.`
    case 'no-such-order':
      return `It answered ${sentence.code} (signed) ${wholeSeconds(sentence.agoMs)} ago, which counts only once its placing can no longer take effect.`
    case 'silence':
      return sentence.times === 1
        ? `The latest question, ${wholeSeconds(sentence.agoMs)} ago, got no answer (${sentence.why}), which proves nothing.`
        : `The latest ${sentence.times} questions got no answer (${sentence.why}), which proves nothing.`
    case 'asked-now':
      return 'It is being asked now.'
    case 'next': {
      const next = `Next question in ${wholeSeconds(sentence.inMs)}`
      const end = sentence.end === 'revoke' ? 'revoked' : 'closed'
      return sentence.end === null
        ? `${next}.`
        : `${next}; ${end} at ${moment(sentence.endAtMs, nowMs)} unless paid.`
    }
    case 'late-question':
      return `The next question was due ${wholeSeconds(sentence.byMs)} ago: something holds it back.`
    case 'next-step':
      return `Next step in ${wholeSeconds(sentence.inMs)}: ${sentence.end === 'revoke' ? 'the revoke' : 'the close'}, or the question what came of it; only an answer makes the verdict.`
    case 'given-up':
      return `The merchant gave it up ${duration(sentence.agoMs)} ago.`
    case 'stopped':
      return 'A person has stopped the tracking: nothing is asked until WeChat Pay tells, or somebody asks.'
    case 'window-over':
      return 'Its window is over.'
    case 'held':
      return 'It is not ended by itself: a person has to look first.'
    case 'paid-at':
      return `${money(sentence.amount, sentence.currency)}${sentence.atMs === null ? '' : ` at ${moment(sentence.atMs, nowMs)}`}, signed by WeChat Pay.`
    case 'learnt':
      return `Learnt by ${{ place: 'the reply to the placing', query: 'a query', callback: 'a callback' }[sentence.by]}, ${duration(sentence.afterMs)} after the order came.`
    case 'signed-end':
      return `WeChat Pay signed ${sentence.state} ${duration(sentence.agoMs)} ago.`
    case 'never-known':
      return `WeChat Pay signed twice that it has no such order, the last time ${duration(sentence.agoMs)} ago.`
    case 'late-money':
      return LATE_EN[sentence.phase] ?? sentence.phase
    case 'returning':
      return `${money(sentence.amount, sentence.currency)} is on its way back to the customer.`
    case 'returned':
      return `${money(sentence.amount, sentence.currency)} went back to the customer.`
    case 'nothing-more':
      return 'This is final; nothing more happens.'
  }
}

const sayZh: Saying = (sentence, nowMs) => {
  switch (sentence.say) {
    case 'said':
      return `WeChat Pay 在 ${wholeSeconds(sentence.agoMs)}前表示 ${sentence.state}（已签名）。`
    case 'said-nothing':
      return 'WeChat Pay 尚未对此表态。'
    case 'created':
      return `WeChat Pay 在 ${wholeSeconds(sentence.agoMs)}前创建了它，此后没有表态。`
    case 'refused':
      return `WeChat Pay 在 ${wholeSeconds(sentence.agoMs)}前拒绝：${sentence.code}。`
    case 'no-such-order':
      return `它在 ${wholeSeconds(sentence.agoMs)}前回答 ${sentence.code}（已签名），只有在下单请求不可能再生效之后才算数。`
    case 'silence':
      return sentence.times === 1
        ? `最近一次查询（${wholeSeconds(sentence.agoMs)}前）没有得到回答（${silenceZh(sentence.why)}），这不能证明任何事。`
        : `最近 ${sentence.times} 次查询没有得到回答（${silenceZh(sentence.why)}），这不能证明任何事。`
    case 'asked-now':
      return '正在查询。'
    case 'next': {
      const next = `${wholeSeconds(sentence.inMs)}后再次查询`
      const end = sentence.end === 'revoke' ? '撤销' : '关闭'
      return sentence.end === null
        ? `${next}。`
        : `${next}；若未支付，将于 ${moment(sentence.endAtMs, nowMs)} ${end}。`
    }
    case 'late-question':
      return `下一次查询本应在 ${wholeSeconds(sentence.byMs)}前进行，有原因使其推迟。`
    case 'next-step':
      return `${wholeSeconds(sentence.inMs)}后下一步：${sentence.end === 'revoke' ? '撤销' : '关闭'}，或查询其结果；只有回答才能得出结论。`
    case 'given-up':
      return `商户在 ${duration(sentence.agoMs)}前放弃了该订单。`
    case 'stopped':
      return '已由人工停止跟踪：除非 WeChat Pay 主动告知或有人查询，否则不再询问。'
    case 'window-over':
      return '时间窗口已结束。'
    case 'held':
      return '不会自动结束：需要先由人工查看。'
    case 'paid-at':
      return `${money(sentence.amount, sentence.currency)}${sentence.atMs === null ? '' : `，${moment(sentence.atMs, nowMs)}`}，由 WeChat Pay 签名。`
    case 'learnt':
      return `由${{ place: '下单回复', query: '查询', callback: '回调' }[sentence.by]}得知，距订单进入 ${duration(sentence.afterMs)}。`
    case 'signed-end':
      return `WeChat Pay 在 ${duration(sentence.agoMs)}前签名 ${sentence.state}。`
    case 'never-known':
      return `WeChat Pay 两次签名表示没有此订单，最后一次在 ${duration(sentence.agoMs)}前。`
    case 'late-money':
      return LATE_ZH[sentence.phase] ?? sentence.phase
    case 'returning':
      return `${money(sentence.amount, sentence.currency)} 正在退回顾客。`
    case 'returned':
      return `${money(sentence.amount, sentence.currency)} 已退回顾客。`
    case 'nothing-more':
      return '这是最终结果，不会再有变化。'
  }
}

export const standingWords = inBothLanguages({
  en: { headlines: HEADLINES_EN, say: sayEn, between: ' ' },
  zh: { headlines: HEADLINES_ZH, say: sayZh, between: '' },
})
