import { inBothLanguages } from '../../words/language.ts'

export const loginWords = inBothLanguages({
  en: {
    title: 'Sign in',
    what: 'The true final status of every WeChat Pay order.',
    key: 'API key',
    hint: 'It begins with vk_ and was made with “verdict key add”. The browser gets a session, and the key is not kept.',
    signIn: 'Sign in',
  },
  zh: {
    title: '登录',
    what: '每一笔 WeChat Pay 订单的真实最终状态。',
    key: 'API 密钥',
    hint: '以 vk_ 开头，由 “verdict key add” 生成。浏览器只保存会话，不保存密钥。',
    signIn: '登录',
  },
})
