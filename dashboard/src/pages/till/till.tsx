import { now } from '../../api/clock.ts'
import { Failure } from '../../parts/failure.tsx'
import { Board } from './board.tsx'
import type { Standing } from './facts.ts'
import { Life } from './life.tsx'
import { isOffered, refusal, silence, till, useTill } from './live.ts'
import { PhoneCard } from './phone.tsx'
import { Stories } from './stories.tsx'
import { Switches } from './switches.tsx'
import { Tale } from './tale.tsx'
import { TillCard } from './till-card.tsx'
import { tillWords } from './words.ts'
import './phone.css'
import './till.css'

/** A till, the customer's phone beside it, and between them what Verdict makes of it. */
export function TillAndPhone() {
  const words = tillWords.value
  if (!isOffered.value)
    return (
      <>
        <h1>{words.title}</h1>
        <p class="card">{words.onlyDemo}</p>
      </>
    )
  return <Offered />
}

function Offered() {
  const words = tillWords.value
  useTill()
  const view = till.value
  if (view === null) return silence.value === null ? <p aria-busy="true" /> : <Failure of={silence.value} />
  const standing: Standing = { ...view, nowMs: now.value }
  return (
    <>
      <div class="till-head">
        <h1>{words.title}</h1>
        <p class="muted">
          {words.intro} {words.speed(view.speed)}
        </p>
      </div>
      {silence.value !== null && <Failure of={silence.value} />}
      <Stories playing={view.sale?.story ?? null} />
      {refusal.value !== null && <Failure of={refusal.value} />}
      <div class={view.sale?.story == null ? 'stage' : 'stage stage-story'}>
        <TillCard view={view} />
        <PhoneCard view={view} />
        <div class="stage-between">
          <Board view={view} standing={standing} />
          <Tale standing={standing} />
          <Life standing={standing} />
        </div>
        <Switches switches={view.switches} />
      </div>
    </>
  )
}
