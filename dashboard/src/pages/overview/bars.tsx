import type { ComponentChildren } from 'preact'
import type { Overview } from '../../api/types.ts'
import { count } from '../../format.ts'
import { linkTo } from '../../router.ts'
import { orderWords } from '../../words/order.ts'
import { overviewWords } from './words.ts'

interface Bar {
  readonly name: string
  readonly label: ComponentChildren
  readonly value: number
}

/** Numbers beside each other, as a list that is read aloud as well as it is seen. */
function Bars({ title, bars }: { readonly title: string; readonly bars: readonly Bar[] }) {
  const most = Math.max(1, ...bars.map(({ value }) => value))
  return (
    <section class="card">
      <h2>{title}</h2>
      <ul class="bars">
        {bars.map(({ name, label, value }) => (
          <li key={name}>
            <span class="bar-label">{label}</span>
            <span class="bar-track" aria-hidden="true">
              <span class={`bar bar-${name}`} style={{ width: `${(value / most) * 100}%` }} />
            </span>
            <span class="number">{count(value)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

const STATES = ['placing', 'waiting', 'ending', 'SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'] as const

export function ByState({ byState }: { readonly byState: Overview['orders']['byState'] }) {
  const bars = STATES.map((state) => ({
    name: state,
    label: <a href={linkTo(['orders'], { show: state })}>{orderWords.value.states[state]}</a>,
    value: byState[state],
  }))
  return <Bars title={overviewWords.value.byState} bars={bars} />
}

export function Learnt({ learntBy }: Pick<Overview, 'learntBy'>) {
  const words: Readonly<Record<string, string>> = overviewWords.value.learntBy
  const bars = Object.entries(learntBy).map(([name, value]) => ({ name, label: words[name] ?? name, value }))
  return <Bars title={overviewWords.value.learnt} bars={bars} />
}

const DELIVERIES = ['sent', 'pending', 'queued', 'failed'] as const

export function Messages({ deliveries }: Pick<Overview, 'deliveries'>) {
  const words = overviewWords.value
  const bars = DELIVERIES.map((name) => ({
    name,
    label: words.deliveryStates[name],
    value: deliveries[name],
  }))
  return <Bars title={words.deliveries} bars={bars} />
}
