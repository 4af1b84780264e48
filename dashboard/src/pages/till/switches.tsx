import type { Till } from './facts.ts'
import { act } from './live.ts'
import { tillWords } from './words.ts'

const NAMES = ['repliesLost', 'slowAnswers', 'callbacksLost', 'down'] as const
const LEVELS = ['none', 'mild', 'harsh'] as const

/** What the simulated WeChat Pay does wrong, from now on. */
export function Switches({ switches }: { readonly switches: Till['switches'] }) {
  const words = tillWords.value
  return (
    <section class="card switches" aria-labelledby="switches">
      <h2 id="switches">{words.switches}</h2>
      {NAMES.map((name) => (
        <label key={name} class="choice">
          <input
            type="checkbox"
            name={name}
            checked={switches[name]}
            onChange={({ currentTarget }) => void act('faults', { [name]: currentTarget.checked })}
          />
          <span>
            {words[name]} <span class="muted small">{words[`${name}Hint`]}</span>
          </span>
        </label>
      ))}
      <div class="field">
        <label for="fault-level">{words.level}</label>
        <select
          id="fault-level"
          value={switches.level}
          onChange={({ currentTarget }) => void act('faults', { level: currentTarget.value })}
        >
          {LEVELS.map((level) => (
            <option key={level} value={level}>
              {words.levels[level]}
            </option>
          ))}
        </select>
      </div>
    </section>
  )
}
