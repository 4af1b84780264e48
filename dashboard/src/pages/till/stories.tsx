import type { Sale } from './facts.ts'
import { act } from './live.ts'
import { tillWords } from './words.ts'

const STORIES = ['lost-reply', 'last-second', 'line-dies', 'cancelled'] as const satisfies ReadonlyArray<
  Sale['story']
>

/** One button each: rings up a sale whose fate is told before. */
export function Stories({ playing }: { readonly playing: Sale['story'] }) {
  const words = tillWords.value
  return (
    <section class="stories" aria-labelledby="stories">
      <h2 id="stories">{words.stories}</h2>
      <ul>
        {STORIES.map((story) => (
          <li key={story}>
            <button
              type="button"
              class="story"
              data-story={story}
              aria-pressed={playing === story}
              onClick={() => void act('stories', { story })}
            >
              <strong>{words.story[story].title}</strong>
              <span class="story-what">{words.story[story].what}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
