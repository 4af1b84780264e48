import { chooseTheme, THEMES, type Theme, theme } from '../theme.ts'
import { chooseLanguage, LANGUAGES, type Language, language } from '../words/language.ts'
import { shellWords } from './words.ts'

/** Language and colours, remembered by this browser. */
export function Preferences() {
  const words = shellWords.value
  return (
    <div class="preferences">
      <select
        aria-label={words.language}
        value={language.value}
        onChange={({ currentTarget }) => chooseLanguage(currentTarget.value as Language)}
      >
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label={words.theme}
        value={theme.value}
        onChange={({ currentTarget }) => chooseTheme(currentTarget.value as Theme)}
      >
        {THEMES.map((name) => (
          <option key={name} value={name}>
            {words.themes[name]}
          </option>
        ))}
      </select>
    </div>
  )
}
