import type { JournalLine } from '../../api/types.ts'
import { duration } from '../../format.ts'
import { inBothLanguages } from '../../words/language.ts'
import { orderWords } from '../../words/order.ts'

const CALLS_EN: Readonly<Record<string, string>> = {
  place: 'placing',
  query: 'query',
  close: 'close',
  reverse: 'revoke',
  refund: 'refund',
  queryRefund: 'query of the refund',
  queryRefunds: 'query of all refunds',
}

const CALLS_ZH: Readonly<Record<string, string>> = {
  place: '下单',
  query: '查询',
  close: '关闭',
  reverse: '撤销',
  refund: '退款',
  queryRefund: '退款查询',
  queryRefunds: '全部退款查询',
}

function attention(said: string): string {
  const words: Readonly<Record<string, string>> = orderWords.value.attentionShort
  return words[said] ?? said
}

function tellEn({ event, call = '', said = '', tookMs }: JournalLine): string {
  const what = CALLS_EN[call] ?? call
  const took = tookMs === undefined ? '' : ` after ${duration(tookMs)}`
  switch (event) {
    case 'entered':
      return said === 'tracked' ? 'came to be followed: somebody else placed it' : 'came from the merchant'
    case 'intent':
      return `${what} written down, then sent`
    case 'answer':
      return `${what} answered ${said}${took}`
    case 'refusal':
      return `${what} refused with ${said}${took}`
    case 'no-answer':
      return `${what} got no answer (${said})${took}`
    case 'callback':
      return `callback, verified: ${said}`
    case 'hint':
      return 'callback that nobody could verify: worth a question'
    case 'ask-now':
      return 'a person asked for a query'
    case 'give-up':
      return 'given up by the merchant'
    case 'ending':
      return `to be ended (${said})`
    case 'attention':
      return `needs attention: ${attention(said)}`
    case 'resolved':
      return `a person answered the mark: ${said}`
    case 'verdict':
      return `verdict ${said}`
    case 'late-money':
      return `late money: ${said}`
    case 'refund':
      return `refund ${said}`
    default:
      return `${event} ${said}`.trim()
  }
}

function tellZh({ event, call = '', said = '', tookMs }: JournalLine): string {
  const what = CALLS_ZH[call] ?? call
  const took = tookMs === undefined ? '' : `，用时 ${duration(tookMs)}`
  switch (event) {
    case 'entered':
      return said === 'tracked' ? '开始跟踪：由他方下单' : '来自商户'
    case 'intent':
      return `${what}已记录，随后发出`
    case 'answer':
      return `${what}得到回答 ${said}${took}`
    case 'refusal':
      return `${what}被拒绝：${said}${took}`
    case 'no-answer':
      return `${what}没有回答（${said}）${took}`
    case 'callback':
      return `回调，已验签：${said}`
    case 'hint':
      return '收到无法验签的回调：值得查询一次'
    case 'ask-now':
      return '人工要求查询'
    case 'give-up':
      return '商户放弃'
    case 'ending':
      return `准备结束（${said}）`
    case 'attention':
      return `需要处理：${attention(said)}`
    case 'resolved':
      return `人工答复标记：${said}`
    case 'verdict':
      return `结论 ${said}`
    case 'late-money':
      return `迟到的款项：${said}`
    case 'refund':
      return `退款 ${said}`
    default:
      return `${event} ${said}`.trim()
  }
}

export const journalWords = inBothLanguages({
  en: { title: 'Journal', at: 'When', since: 'After', what: 'What happened', tell: tellEn },
  zh: { title: '日志', at: '时间', since: '经过', what: '发生了什么', tell: tellZh },
})
