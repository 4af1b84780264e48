import { useRef } from 'preact/hooks'
import type { Standing } from './facts.ts'
import { sentencesIn, sentencesTrue } from './told.ts'
import { tillWords } from './words.ts'

/** The story of the sale, sentence by sentence as each becomes true. A sentence that was told stays. */
export function Tale({ standing }: { readonly standing: Standing }) {
  const words = tillWords.value
  const told = useRef({ id: '', sentences: 0 })
  const { sale } = standing
  if (sale === null || sale.story === null) return null
  if (told.current.id !== sale.order.id) told.current = { id: sale.order.id, sentences: 0 }
  told.current.sentences = Math.max(told.current.sentences, sentencesTrue(sale.story, standing))
  const { sentences } = told.current
  const isAtEnd = sentences === sentencesIn(sale.story)
  return (
    <section class="card tale" aria-labelledby="tale" data-ended={isAtEnd}>
      <h2 id="tale">{words.story[sale.story].title}</h2>
      <ol aria-live="polite">
        {words.tales[sale.story].slice(0, sentences).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ol>
    </section>
  )
}
