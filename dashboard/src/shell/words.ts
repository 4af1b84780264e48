import { inBothLanguages } from '../words/language.ts'

export const shellWords = inBothLanguages({
  en: {
    skip: 'Skip to the content',
    menu: 'Pages',
    language: 'Language',
    theme: 'Colours',
    themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
    signOut: 'Sign out',
    signedInAs: (name: string) => `Signed in as ${name}`,
    connection: { connecting: 'Connecting …', live: 'Live', lost: 'Connection lost, trying again' },
  },
  zh: {
    skip: '跳到正文',
    menu: '页面',
    language: '语言',
    theme: '配色',
    themes: { system: '跟随系统', light: '浅色', dark: '深色' },
    signOut: '退出登录',
    signedInAs: (name: string) => `已登录：${name}`,
    connection: { connecting: '正在连接…', live: '实时', lost: '连接中断，正在重试' },
  },
})
