import { get } from '../../api/client.ts'
import type { Schedule } from '../../api/types.ts'
import { duration } from '../../format.ts'
import { useLoaded } from '../../parts/load.ts'
import { linkTo } from '../../router.ts'
import { TimelineChart } from '../order/timeline.tsx'
import { type Sale, type Standing, type Told, toldOnce } from './facts.ts'
import { tillWords } from './words.ts'

/** The order's life as it grows: to scale, and line by line. */
export function Life({ standing }: { readonly standing: Standing }) {
  const { sale } = standing
  return sale === null ? null : <LifeOf key={sale.order.id} sale={sale} standing={standing} />
}

function LifeOf({ sale, standing: { journal } }: { readonly sale: Sale; readonly standing: Standing }) {
  const words = tillWords.value
  const { id } = sale.order
  const schedule = useLoaded(id, (signal) => readSchedule(id, signal))
  const beganMs = Date.parse(sale.order.createdAt)
  return (
    <>
      <TimelineChart story={{ order: sale.order, journal, schedule: schedule.value.value ?? null }} />
      <section class="card life" aria-labelledby="life">
        <div class="life-head">
          <h2 id="life">{words.life}</h2>
          <a href={linkTo(['orders', sale.order.id])}>
            {words.openOrder} <span class="code small">{sale.order.out_trade_no}</span>
          </a>
        </div>
        <ol>
          {toldOnce(journal).map((line) => (
            <li key={`${line.at} ${line.event} ${line.call}`} class={`line line-${lookOf(line)}`}>
              <span class="line-at number">+{duration(Date.parse(line.lastAt) - beganMs)}</span>
              <span>
                {inWords(line)}
                {line.times > 1 && <span class="line-times"> · {words.times(line.times)}</span>}
                {line.tookMs !== undefined && <span class="muted small"> · {words.took(line.tookMs)}</span>}
                {line.event === 'no-answer' && <span class="muted small"> · {words.proves}</span>}
              </span>
            </li>
          ))}
        </ol>
      </section>
    </>
  )
}

/** What the policy had planned for the order: asked for once, as it hardly changes. */
async function readSchedule(id: string, signal: AbortSignal): Promise<Schedule | null> {
  return (await get<{ schedule: Schedule | null }>(`/v1/orders/${id}/schedule`, { signal })).schedule
}

function lookOf({ event, said }: Told): 'good' | 'bad' | 'over' | 'busy' | 'plain' {
  if (event === 'no-answer' || event === 'refusal' || event === 'attention') return 'bad'
  if (said === 'SUCCESS') return 'good'
  if (event === 'verdict') return 'over'
  return event === 'answer' || event === 'callback' ? 'busy' : 'plain'
}

function inWords({ event, call, said = '' }: Told): string {
  const words = tillWords.value
  const { events } = words
  const asks: Readonly<Record<string, string>> = words.asks
  const what = asks[call ?? ''] ?? words.asks.other
  const heard = words.said[said] ?? said
  switch (event) {
    case 'entered':
      return events.entered
    case 'intent':
      return events.intent(what)
    case 'answer':
      return events.answer(what, heard)
    case 'refusal':
      return events.refusal(what, heard)
    case 'no-answer':
      return events.noAnswer(what, heard)
    case 'callback':
      return events.callback(heard)
    case 'hint':
      return events.hint
    case 'ask-now':
      return events.askNow
    case 'give-up':
      return events.giveUp
    case 'ending':
      return events.ending
    case 'attention':
      return events.attention(said)
    case 'resolved':
      return events.resolved(said)
    case 'verdict':
      return events.verdict(said)
    case 'late-money':
      return events.lateMoney
    case 'refund':
      return events.refund(said)
    default:
      return `${event} ${said}`
  }
}
