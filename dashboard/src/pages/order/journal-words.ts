import type { JournalLine } from '../../api/types.ts'
import { duration } from '../../format.ts'
import { inBothLanguages } from '../../words/language.ts'
import { orderWords } from '../../words/order.ts'
import { actionsWords } from './actions-words.ts'
import { silenceZh } from './silence-words.ts'
import { pageWords } from './words.ts'

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

/** What a person answered to a mark, as the button said it. */
function answer(said: string): string {
  const { resolutions, corrected } = actionsWords.value
  const words: Readonly<Record<string, string>> = { ...resolutions, amount: corrected }
  return words[said] ?? said
}

/** What became of a refund, as the list of them says it. */
function refund(said: string): string {
  const { refundStates, origins } = pageWords.value
  const words: Readonly<Record<string, string>> = { ...refundStates, elsewhere: origins.elsewhere }
  return words[said] ?? said
}

const LATE_EN: Readonly<Record<string, string>> = {
  suspected: 'somebody says so, unverified',
  confirm: 'a fresh answer has to say so, too',
  compare: 'all refunds are asked for first',
  refunding: 'on its way back',
  returned: 'back with the customer',
  accepted: 'kept',
  asked: 'a person has to decide',
}

const LATE_ZH: Readonly<Record<string, string>> = {
  suspected: '来源未经验证',
  confirm: '还需一次新的查询确认',
  compare: '先核对全部退款',
  refunding: '正在退回',
  returned: '顾客已收到退款',
  accepted: '予以保留',
  asked: '需要人工决定',
}

const ENDS_ZH: Readonly<Record<string, string>> = {
  'given up': '商户放弃',
  'payment failed': '支付失败',
  'placing refused': '下单被拒绝',
  'window over': '窗口结束',
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
      return `a person answered the mark: ${answer(said)}`
    case 'verdict':
      return `verdict ${said}`
    case 'late-money':
      return `late money: ${LATE_EN[said] ?? said}`
    case 'refund':
      return `refund: ${refund(said)}`
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
      return `${what}得到回答 ${said === 'accepted' ? '已受理' : said}${took}`
    case 'refusal':
      return `${what}被拒绝：${said}${took}`
    case 'no-answer':
      return `${what}没有回答（${silenceZh(said)}）${took}`
    case 'callback':
      return `回调，已验签：${said.replace(/^refund /, '退款 ')}`
    case 'hint':
      return '收到无法验签的回调：值得查询一次'
    case 'ask-now':
      return '人工要求查询'
    case 'give-up':
      return '商户放弃'
    case 'ending':
      return `准备结束（${ENDS_ZH[said] ?? said}）`
    case 'attention':
      return `需要处理：${attention(said)}`
    case 'resolved':
      return `人工答复标记：${answer(said)}`
    case 'verdict':
      return `结论 ${said}`
    case 'late-money':
      return `迟到的款项：${LATE_ZH[said] ?? said}`
    case 'refund':
      return `退款：${refund(said)}`
    default:
      return `${event} ${said}`.trim()
  }
}

export const journalWords = inBothLanguages({
  en: { title: 'Journal', at: 'When', since: 'After', what: 'What happened', tell: tellEn },
  zh: { title: '日志', at: '时间', since: '经过', what: '发生了什么', tell: tellZh },
})
