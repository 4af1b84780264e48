import { inBothLanguages } from '../../words/language.ts'
import { silenceZh } from './silence-words.ts'
import type { Lane } from './timeline.ts'

type Acts = Readonly<Record<string, string>>

const LANES_EN: Readonly<Record<Lane, string>> = {
  place: 'Placing',
  query: 'Queries',
  callback: 'Callbacks',
  end: 'Revoke or close',
  refund: 'Refunds',
  person: 'People',
}

const LANES_ZH: Readonly<Record<Lane, string>> = {
  place: '下单',
  query: '查询',
  callback: '回调',
  end: '撤销或关闭',
  refund: '退款',
  person: '人工',
}

export const timelineWords = inBothLanguages({
  en: {
    title: 'Its life, drawn to scale',
    lanes: LANES_EN,
    policy: 'Policy',
    windowOver: 'window over',
    endable: { revoke: 'revoke possible', close: 'close possible' },
    verdict: 'verdict',
    now: 'now',
    next: 'next question',
    planned: 'question planned by the policy',
    silentFor: (length: string) => `no answer for ${length}`,
    scopes: { verdict: 'To the verdict', all: 'With what followed' },
    later: (n: number) => `${n} more behind the verdict`,
    /** What people did: beside its mark, in a word. */
    acts: { 'ask-now': 'asked', 'give-up': 'given up', resolved: 'mark answered' } as Acts,
    silence: (said: string) => said,
    described: (queries: number, silent: number) =>
      `Timeline: ${queries} questions and answers, ${silent} without an answer. The journal below lists the same.`,
    legend: {
      answer: 'answered',
      refusal: 'refused',
      silence: 'no answer',
      moment: 'came in',
      'under-way': 'under way',
    },
  },
  zh: {
    title: '订单历程（按比例）',
    lanes: LANES_ZH,
    policy: '策略',
    windowOver: '窗口结束',
    endable: { revoke: '可撤销', close: '可关闭' },
    verdict: '结论',
    now: '现在',
    next: '下次查询',
    planned: '策略计划的查询',
    silentFor: (length: string) => `${length}无回答`,
    scopes: { verdict: '到结论为止', all: '包括之后' },
    later: (n: number) => `结论之后还有 ${n} 项`,
    acts: { 'ask-now': '要求查询', 'give-up': '放弃', resolved: '答复标记' },
    silence: silenceZh,
    described: (queries: number, silent: number) =>
      `时间线：${queries} 次问答，${silent} 次无回答。下方日志列出相同内容。`,
    legend: { answer: '已回答', refusal: '被拒绝', silence: '无回答', moment: '到达', 'under-way': '进行中' },
  },
})
