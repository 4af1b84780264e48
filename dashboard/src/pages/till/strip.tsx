import { wholeSeconds } from '../../format.ts'
import { ageMs, isFinal, type Standing } from './facts.ts'

/** At least so much of the order's time is seen; it grows with the order. */
const SHOWN_MS_MIN = 50_000
const ROOM = 1.08
const TICKS_MS = [5_000, 10_000, 30_000, 60_000, 120_000, 300_000]
const TICKS_MAX = 7
/** Behind it there is no room for its number. */
const LAST_TICK = 0.9

/** The order's life drawn to scale: every call as long as it took, every answer where it came. The list says the same. */
export function Strip({ standing }: { readonly standing: Standing }) {
  const { sale, journal } = standing
  if (sale === null) return null
  const beganMs = Date.parse(sale.order.createdAt)
  const endedMs = sale.order.verdict === null ? null : Date.parse(sale.order.verdict.at) - beganMs
  const shownMs = Math.max(SHOWN_MS_MIN, (endedMs ?? ageMs(standing)) * ROOM)
  const windowMs = Date.parse(sale.order.windowEndsAt) - beganMs
  const at = (ms: number): string => `${(Math.min(1, Math.max(0, ms / shownMs)) * 100).toFixed(2)}%`
  const stepMs = TICKS_MS.find((ms) => shownMs / ms <= TICKS_MAX) ?? shownMs
  const ticks = Array.from({ length: Math.floor((shownMs * LAST_TICK) / stepMs) + 1 }, (_, i) => i * stepMs)
  return (
    <div class="strip" aria-hidden="true">
      <div class="strip-line">
        {windowMs < shownMs && <span class="strip-mark strip-after" style={{ left: at(windowMs) }} />}
        {journal.flatMap(({ event, said, at: moment, tookMs, call }) => {
          const endMs = Date.parse(moment) - beganMs
          const kind = markOf(event, said)
          if (kind === null) return []
          return [
            <span
              key={`${moment} ${event} ${call}`}
              class={`strip-mark strip-call strip-${kind}`}
              style={{ left: at(endMs - (tookMs ?? 0)), width: `calc(${at(tookMs ?? 0)} + 10px)` }}
            />,
          ]
        })}
        {!isFinal(sale) && <span class="strip-mark strip-now" style={{ left: at(ageMs(standing)) }} />}
      </div>
      <div class="strip-ticks small muted number">
        {ticks.map((ms) => (
          <span key={ms} class="strip-tick" style={{ left: at(ms) }}>
            {wholeSeconds(ms)}
          </span>
        ))}
      </div>
    </div>
  )
}

function markOf(event: string, said: string | undefined): 'good' | 'busy' | 'bad' | 'verdict' | null {
  if (event === 'verdict') return 'verdict'
  if (event === 'no-answer' || event === 'refusal') return 'bad'
  if (event !== 'answer' && event !== 'callback') return null
  return said === 'SUCCESS' ? 'good' : 'busy'
}
