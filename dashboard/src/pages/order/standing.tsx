import { now } from '../../api/clock.ts'
import { type Standing as Standing_, standingOf } from './standing.ts'
import { standingWords } from './standing-words.ts'
import type { Story } from './story.ts'

/** The first thing on the page: what is true now and what happens next, in plain words. */
export function StandingLine({ story }: { readonly story: Story }) {
  const words = standingWords.value
  const nowMs = now.value
  const standing: Standing_ = standingOf(story, nowMs)
  const headline = words.headlines[standing.headline]
  return (
    <section class={`standing standing-${standing.tone}`} data-headline={standing.headline}>
      <p>
        <strong>{headline}</strong>
        {words.between}
        {standing.sentences.map((sentence) => words.say(sentence, nowMs)).join(words.between)}
      </p>
      {/* The seconds would be read aloud four times a second; whoever listens is told when it changes. */}
      <p class="hidden" role="status">
        {headline}
      </p>
    </section>
  )
}
