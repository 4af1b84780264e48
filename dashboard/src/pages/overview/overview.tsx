import { get } from '../../api/client.ts'
import { now } from '../../api/clock.ts'
import type { Order, Overview as OverviewData, Page } from '../../api/types.ts'
import { duration, moment } from '../../format.ts'
import { useAnew } from '../../parts/anew.ts'
import { Failure } from '../../parts/failure.tsx'
import { useLoaded } from '../../parts/load.ts'
import { partsWords } from '../../parts/words.ts'
import { Accounts } from './accounts.tsx'
import { AttentionList } from './attention-list.tsx'
import { ByState, Learnt, Messages } from './bars.tsx'
import { MinutesChart } from './minutes-chart.tsx'
import './overview.css'
import { Tiles } from './tiles.tsx'
import { overviewWords } from './words.ts'

/** Time passes also while nothing happens: an hour ago is another one then. */
const EVERY_MS = 15_000
const ATTENTION_SHOWN = 6

interface Known {
  readonly overview: OverviewData
  readonly attention: Page<Order>
}

export function Overview() {
  const words = overviewWords.value
  const { value, failure, reload } = useLoaded('overview', read)
  useAnew(reload, { everyMs: EVERY_MS, changes: true })
  const known = value.value
  return (
    <>
      <h1>{words.title}</h1>
      {failure.value !== null && <Failure of={failure.value} retry={reload} />}
      {known === undefined && failure.value === null && <p class="muted">{partsWords.value.loading}</p>}
      {known !== undefined && <Whole {...known} />}
    </>
  )
}

function Whole({ overview, attention }: Known) {
  const words = overviewWords.value
  return (
    <>
      <Tiles overview={overview} />
      <div class="overview-grid">
        <div class="overview-side">
          <section class="card">
            <div class="heading">
              <h2>{words.perMinute}</h2>
              <TimeToVerdict time={overview.timeToVerdict} />
            </div>
            <MinutesChart minutes={overview.minutes} />
          </section>
          <div class="overview-side overview-pair">
            <ByState byState={overview.orders.byState} />
            <Learnt learntBy={overview.learntBy} />
          </div>
        </div>
        <div class="overview-side">
          <AttentionList attention={attention} />
          <Messages deliveries={overview.deliveries} />
        </div>
        <Accounts accounts={overview.accounts} />
      </div>
      <p class="muted small">{words.since(moment(overview.since, now.peek()))}</p>
    </>
  )
}

function TimeToVerdict({ time }: { readonly time: OverviewData['timeToVerdict'] }) {
  const words = overviewWords.value
  return (
    <dl class="percentiles" title={words.lastHour}>
      <dt>{words.timeToVerdict}</dt>
      {time === null ? (
        <dd class="muted">{words.noneYet}</dd>
      ) : (
        (['p50', 'p95', 'p99'] as const).map((name) => (
          <dd key={name}>
            <span class="muted small">{name}</span>{' '}
            <strong class="number">{duration(time[name] * 1_000)}</strong>
          </dd>
        ))
      )}
    </dl>
  )
}

async function read(signal: AbortSignal): Promise<Known> {
  const [overview, attention] = await Promise.all([
    get<OverviewData>('/v1/overview', { signal }),
    get<Page<Order>>('/v1/orders', { query: { attention: 'true', limit: ATTENTION_SHOWN }, signal }),
  ])
  return { overview, attention }
}
