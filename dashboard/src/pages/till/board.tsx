import { wholeSeconds } from '../../format.ts'
import type { Till } from './facts.ts'
import { guessOf, isFinal, isPaid, isRight, type Standing } from './facts.ts'
import { tillWords } from './words.ts'

/** Who says what about the money, side by side. */
export function Board({ view, standing }: { readonly view: Till; readonly standing: Standing }) {
  const words = tillWords.value
  const { sale, phone } = view
  const guess = guessOf(standing)
  const verdict =
    sale === null || !isFinal(sale) ? 'pending' : sale.order.state === 'SUCCESS' ? 'paid' : 'unpaid'
  return (
    <section class="card" aria-labelledby="board">
      <h2 id="board">{words.board}</h2>
      {sale === null ? (
        <p class="muted">{words.lifeHint}</p>
      ) : (
        <dl class="board">
          <Row who={words.phoneSays} name="phone" says={words.customerSays[phone.screen]} />
          <Row who={words.truth} name="truth" says={truthSays(standing)} />
          <Row
            who={words.naive}
            name="naive"
            says={words.guesses[guess]}
            isRight={isRight(guess, standing)}
          />
          <Row
            who={words.verdict}
            name="verdict"
            says={verdictSays(standing)}
            isRight={isRight(verdict, standing)}
          />
        </dl>
      )}
    </section>
  )
}

interface RowProps {
  readonly who: string
  readonly name: string
  readonly says: string
  /** Null or absent: neither. */
  readonly isRight?: boolean | null
}

function Row({ who, name, says, isRight = null }: RowProps) {
  const words = tillWords.value
  return (
    <div data-who={name} data-right={isRight ?? undefined}>
      <dt>{who}</dt>
      <dd>
        {says}
        {isRight !== null && (
          <span class={isRight ? 'mark mark-right' : 'mark mark-wrong'}>
            {isRight ? words.right : words.wrong}
          </span>
        )}
      </dd>
    </div>
  )
}

function truthSays({ truth }: Standing): string {
  const { truths } = tillWords.value
  if (truth === null) return truths.unreached
  if (truth.trade_state === null) return truths.unknown
  return truths.state(truth.trade_state, isPaid({ truth }), truth.paid && !isPaid({ truth }))
}

function verdictSays({ sale, nowMs }: Standing): string {
  const says = tillWords.value.verdictSays
  if (sale === null) return ''
  const { state, nextDueAt } = sale.order
  if (state !== 'waiting') return says[state]
  const leftMs = nextDueAt === null ? 0 : Date.parse(nextDueAt) - nowMs
  return leftMs <= 0 ? says.asking : says.waiting(wholeSeconds(leftMs))
}
