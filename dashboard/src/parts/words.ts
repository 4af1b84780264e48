import { inBothLanguages } from '../words/language.ts'

export const partsWords = inBothLanguages({
  en: {
    failed: 'That did not work.',
    unreachable: 'Verdict does not answer. Is the service running, and the network there?',
    again: 'Try again',
    loading: 'Loading …',
    copy: 'Copy',
    copied: 'Copied',
    signedBytes: 'Signed bytes',
  },
  zh: {
    failed: '操作未成功。',
    unreachable: 'Verdict 没有响应。服务是否在运行，网络是否正常？',
    again: '重试',
    loading: '加载中…',
    copy: '复制',
    copied: '已复制',
    signedBytes: '签名原文',
  },
})
