import { useEffect } from 'preact/hooks'
import { now } from '../../api/clock.ts'
import { listen } from '../../api/live.ts'
import { mayOperate } from '../../api/session.ts'
import { fullMoment, moment, money } from '../../format.ts'
import { calmly } from '../../parts/calmly.ts'
import { Failure } from '../../parts/failure.tsx'
import { useLoaded } from '../../parts/load.ts'
import { AttentionMark, StateMark } from '../../parts/state.tsx'
import { partsWords } from '../../parts/words.ts'
import { linkTo, place } from '../../router.ts'
import { orderWords } from '../../words/order.ts'
import { Actions } from './actions.tsx'
import { Attention } from './attention.tsx'
import { Deliveries } from './deliveries.tsx'
import { EvidenceCard } from './evidence.tsx'
import { Journal } from './journal.tsx'
import './order.css'
import { readStory } from './read-story.ts'
import { Refunds } from './refunds.tsx'
import { StandingLine } from './standing.tsx'
import type { Story } from './story.ts'
import { TimelineChart } from './timeline.tsx'
import { pageWords } from './words.ts'

/** What a change leaves out of its event (evidence, deliveries) is read so soon after it, and not more often. */
const CALM_MS = 600
/** Attempts to deliver change no order, so nobody tells of them. */
const DELIVERIES_MS = 3_000

export function OrderPage() {
  const id = place.value.path[1] ?? ''
  const { value, failure, reload } = useLoaded(id, (signal) => readStory(id, signal))
  const isDelivering =
    value.value?.deliveries.some(({ state }) => state === 'pending' || state === 'queued') ?? false

  useEffect(() => {
    const anew = calmly(CALM_MS, reload)
    const stop = listen({
      reset: anew.soon,
      changed({ order, journal }) {
        const story = value.value
        if (order.id !== id || story === undefined) return
        value.value = { ...story, order, journal: withNew(story.journal, journal) }
        anew.soon()
      },
    })
    return () => {
      stop()
      anew.stop()
    }
  }, [id, reload, value])

  useEffect(() => {
    if (!isDelivering) return
    const timer = setInterval(reload, DELIVERIES_MS)
    return () => clearInterval(timer)
  }, [isDelivering, reload])

  const story = value.value
  if (failure.value !== null && story === undefined) return <Failure of={failure.value} retry={reload} />
  if (story === undefined || story.order.id !== id) return <p class="muted">{partsWords.value.loading}</p>
  return <Whole story={story} reload={reload} />
}

/** An event may be overtaken by what is read anew: then its lines are there already. */
function withNew(known: Story['journal'], told: Story['journal']): Story['journal'] {
  const lines = new Set(known.map((line) => JSON.stringify(line)))
  return [...known, ...told.filter((line) => !lines.has(JSON.stringify(line)))]
}

function Whole({ story, reload }: { readonly story: Story; readonly reload: () => void }) {
  const { order } = story
  return (
    <>
      <header class="order-head">
        <p class="small">
          <a href={linkTo(['orders'])}>← {pageWords.value.back}</a>
        </p>
        <h1>
          <span class="code number-shown">{order.out_trade_no}</span> <StateMark state={order.state} />{' '}
          <AttentionMark code={order.attention} />
        </h1>
      </header>
      <StandingLine story={story} />
      {mayOperate.value && <Actions story={story} reload={reload} />}
      {order.attention !== null && <Attention story={story} reload={reload} />}
      <TimelineChart story={story} />
      <div class="columns">
        <div class="column">
          <Facts order={order} />
          <Refunds story={story} />
          <Deliveries story={story} reload={reload} />
        </div>
        <EvidenceCard story={story} />
      </div>
      <Journal story={story} />
    </>
  )
}

function Facts({ order }: Pick<Story, 'order'>) {
  const words = pageWords.value
  const { amount, verdict } = order
  return (
    <section class="card">
      <h2>{words.facts}</h2>
      <dl class="facts">
        <dt>{words.amount}</dt>
        <dd class="number">
          {money(amount.total, amount.currency)} <span class="muted small code">{amount.currency}</span>
        </dd>
        <dt>{words.kind}</dt>
        <dd>
          {orderWords.value.kinds[order.kind]}, {words.origin[order.origin]}
        </dd>
        <dt>{words.account}</dt>
        <dd class="code">
          {order.account}
          {order.sub_mchid !== null && ` / ${order.sub_mchid}`}
        </dd>
        {order.purchase !== null && (
          <>
            <dt>{words.purchase}</dt>
            <dd class="code">{order.purchase}</dd>
          </>
        )}
        {verdict?.transaction_id != null && (
          <>
            <dt>transaction_id</dt>
            <dd class="code">{verdict.transaction_id}</dd>
          </>
        )}
        <dt>{words.created}</dt>
        <dd>{fullMoment(order.createdAt)}</dd>
        <dt>{words.windowEnds}</dt>
        <dd>{moment(order.windowEndsAt, now.peek())}</dd>
        <dt>{words.queries}</dt>
        <dd class="number">{order.queries}</dd>
      </dl>
    </section>
  )
}
