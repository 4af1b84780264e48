import type { Overview } from '../../api/types.ts'
import { count } from '../../format.ts'
import { linkTo } from '../../router.ts'
import { overviewWords } from './words.ts'

/** The few numbers that say whether all is well; what is not, leads to the orders that it is about. */
export function Tiles({ overview }: { readonly overview: Overview }) {
  const words = overviewWords.value
  const { byState, attention, overdue, stopped } = overview.orders
  const open = byState.placing + byState.waiting + byState.ending
  const queries = overview.queriesPerOrder
  return (
    <ul class="tiles">
      <Tile number={count(open)} text={words.open} show="open" />
      <Tile number={count(attention)} text={words.attention} show="attention" isBad={attention > 0} />
      <Tile number={count(overdue)} text={words.overdue} show="overdue" isBad={overdue > 0} />
      {stopped > 0 && <Tile number={count(stopped)} text={words.stopped} show="stopped" />}
      <Tile
        number={count(overview.deliveries.failed)}
        text={words.failedDeliveries}
        isBad={overview.deliveries.failed > 0}
      />
      <Tile number={queries === null ? '–' : queries.toFixed(1)} text={words.queriesPerOrder} />
    </ul>
  )
}

interface TileProps {
  readonly number: string
  readonly text: string
  readonly show?: string
  readonly isBad?: boolean
}

function Tile({ number, text, show, isBad = false }: TileProps) {
  const content = (
    <>
      <strong class="number">{number}</strong> <span>{text}</span>
    </>
  )
  const kind = `card tile${isBad ? ' tile-bad' : ''}`
  return (
    <li>
      {show === undefined ? (
        <div class={kind}>{content}</div>
      ) : (
        <a class={kind} href={linkTo(['orders'], { show })}>
          {content}
        </a>
      )}
    </li>
  )
}
