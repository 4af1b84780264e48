import { effect, signal } from '@preact/signals'
import { remembered } from './remembered.ts'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const memory = remembered('theme', (word) => THEMES.some((theme) => theme === word))
const prefersDark = matchMedia('(prefers-color-scheme: dark)')
const systemIsDark = signal(prefersDark.matches)
prefersDark.addEventListener('change', ({ matches }) => {
  systemIsDark.value = matches
})

/** What the person chose. */
export const theme = signal<Theme>((memory.read() as Theme | null) ?? 'system')

/** What is shown: charts that draw on a canvas read it. */
export const shownTheme = signal<'light' | 'dark'>('light')

effect(() => {
  shownTheme.value = theme.value === 'system' ? (systemIsDark.value ? 'dark' : 'light') : theme.value
  document.documentElement.dataset.theme = shownTheme.value
})

export function chooseTheme(choice: Theme): void {
  memory.write(choice === 'system' ? null : choice)
  theme.value = choice
}
