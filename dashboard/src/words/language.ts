import { computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import { remembered } from '../remembered.ts'

export const LANGUAGES = { en: 'English', zh: '中文' } as const
export type Language = keyof typeof LANGUAGES

const memory = remembered('language', (word) => word === 'en' || word === 'zh')

/** What the person chose, else what the browser asks for. */
export const language = signal<Language>(
  (memory.read() as Language | null) ?? (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en'),
)

effect(() => {
  document.documentElement.lang = language.value === 'zh' ? 'zh-Hans' : 'en'
})

export function chooseLanguage(choice: Language): void {
  memory.write(choice)
  language.value = choice
}

/**
 * The words of one page, in both languages: each page has its own beside it. WeChat Pay's own terms (`NOTPAY`,
 * `out_trade_no`) keep their spelling in both.
 */
export function inBothLanguages<Words>(both: {
  readonly en: Words
  readonly zh: NoInfer<Words>
}): ReadonlySignal<Words> {
  return computed(() => both[language.value])
}
