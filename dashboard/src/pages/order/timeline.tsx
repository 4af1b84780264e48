import { useSignal } from '@preact/signals'
import { now } from '../../api/clock.ts'
import { duration, moment } from '../../format.ts'
import { useWidth } from '../../parts/width.ts'
import { journalWords } from './journal-words.ts'
import { axisOf, type Gap, type Lane, type Mark, type Shown, type Timeline, timelineOf } from './timeline.ts'
import './timeline.css'
import { timelineWords } from './timeline-words.ts'

const LANE_HEIGHT = 42
const BAR = 14
const TOP = 26
/** The policy's own lane, below the others. */
const POLICY_HEIGHT = 40
const BOTTOM = 24
const SIDE = 10
/** A call of some milliseconds would not be seen. */
const BAR_WIDTH_MIN = 4
const TICK_WIDTH = 90
/** Of a letter, so that labels that would lie over each other are left out. */
const LETTER = 7.3

export function TimelineChart({ story }: { readonly story: Shown }) {
  const words = timelineWords.value
  const scope = useSignal<'verdict' | 'all'>('verdict')
  const [box, width] = useWidth<HTMLDivElement>()
  // What is final stands still.
  const nowMs = story.order.verdict === null ? now.value : now.peek()
  const timeline = timelineOf(story, scope.value, nowMs)
  const hasMore = timeline.later > 0 || scope.value === 'all'
  return (
    <section class="card timeline">
      <div class="heading">
        <h2>{words.title}</h2>
        {hasMore && (
          <fieldset class="segments">
            {(['verdict', 'all'] as const).map((name) => (
              <button
                key={name}
                type="button"
                aria-pressed={scope.value === name}
                onClick={() => {
                  scope.value = name
                }}
              >
                {words.scopes[name]}
              </button>
            ))}
          </fieldset>
        )}
      </div>
      <div ref={box}>{width > 0 && <Drawing timeline={timeline} story={story} width={width} />}</div>
      <Legend />
      {timeline.later > 0 && <p class="muted small">{words.later(timeline.later)}</p>}
    </section>
  )
}

interface Scale {
  readonly x: (ms: number) => number
  readonly y: (lane: Lane) => number
  readonly width: number
  /** Where the policy's lane begins. */
  readonly policy: number
  readonly bottom: number
}

function Drawing({
  timeline,
  story,
  width,
}: {
  readonly timeline: Timeline
  readonly story: Shown
  readonly width: number
}) {
  const words = timelineWords.value
  const { fromMs, toMs, lanes, marks } = timeline
  const height = TOP + lanes.length * LANE_HEIGHT + POLICY_HEIGHT + BOTTOM
  const scale: Scale = {
    x: (ms) => SIDE + ((ms - fromMs) / Math.max(1, toMs - fromMs)) * (width - 2 * SIDE),
    y: (lane) => TOP + lanes.indexOf(lane) * LANE_HEIGHT,
    width,
    policy: TOP + lanes.length * LANE_HEIGHT,
    bottom: TOP + lanes.length * LANE_HEIGHT + POLICY_HEIGHT,
  }
  const calls = marks.filter(({ lane }) => lane === 'query')
  const silent = calls.filter(({ sort }) => sort === 'silence').length
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={words.described(calls.length, silent)}
    >
      <Windows timeline={timeline} story={story} scale={scale} />
      <Axis timeline={timeline} scale={scale} />
      {lanes.map((lane) => (
        <text key={lane} class="lane" x={SIDE} y={scale.y(lane) + 14}>
          {words.lanes[lane]}
        </text>
      ))}
      <text class="lane" x={SIDE} y={scale.policy + 14}>
        {words.policy}
      </text>
      {timeline.plannedMs
        .filter((ms) => ms <= toMs)
        .map((ms) => (
          <circle key={ms} class="planned" cx={scale.x(ms)} cy={scale.policy + 29} r={3}>
            <title>{words.planned}</title>
          </circle>
        ))}
      {timeline.gaps.map((gap) => (
        <GapBar key={gap.fromMs} gap={gap} scale={scale} />
      ))}
      {lanes.map((lane) => (
        <Marks key={lane} marks={marks.filter((mark) => mark.lane === lane)} scale={scale} fromMs={fromMs} />
      ))}
      <Moments timeline={timeline} story={story} scale={scale} />
    </svg>
  )
}

interface DrawingPart {
  readonly timeline: Timeline
  readonly story: Shown
  readonly scale: Scale
}

function Windows({ timeline, story, scale }: DrawingPart) {
  const words = timelineWords.value
  const { fromMs, toMs, windowEndMs, endableMs } = timeline
  const end = Math.min(windowEndMs, toMs)
  const how = story.order.kind === 'quick_pay' ? 'revoke' : 'close'
  const edges = [
    { at: windowEndMs, text: words.windowOver },
    ...(endableMs === null ? [] : [{ at: endableMs, text: words.endable[how] }]),
  ].filter(({ at }) => at > fromMs && at <= toMs)
  let freeFrom = SIDE + words.policy.length * LETTER * 1.5
  return (
    <g>
      <rect
        class="window"
        x={scale.x(fromMs)}
        y={TOP}
        width={Math.max(0, scale.x(end) - scale.x(fromMs))}
        height={scale.bottom - TOP}
      />
      {edges
        .toSorted((a, b) => a.at - b.at)
        .map(({ at, text }) => {
          const isLabelled = scale.x(at) - text.length * LETTER > freeFrom
          if (isLabelled) freeFrom = scale.x(at)
          return <Edge key={text} x={scale.x(at)} text={text} isLabelled={isLabelled} scale={scale} />
        })}
    </g>
  )
}

interface EdgeProps {
  readonly x: number
  readonly text: string
  readonly isLabelled: boolean
  readonly scale: Scale
}

function Edge({ x, text, isLabelled, scale }: EdgeProps) {
  return (
    <g class="edge">
      <title>{text}</title>
      <line x1={x} x2={x} y1={TOP} y2={scale.bottom} />
      {isLabelled && (
        <text x={x - 4} y={scale.policy + 14} text-anchor="end">
          {text}
        </text>
      )}
    </g>
  )
}

function Axis({ timeline, scale }: { readonly timeline: Timeline; readonly scale: Scale }) {
  const { fromMs, toMs } = timeline
  const most = Math.max(2, Math.min(9, Math.floor(scale.width / TICK_WIDTH)))
  const axis = axisOf(toMs - fromMs, most).map((ms) => fromMs + ms)
  return (
    <g>
      {axis.map((ms, i) => {
        const text = i === 0 ? moment(ms, now.peek()) : `+${duration(ms - fromMs)}`
        return (
          <g key={ms}>
            <line class="grid" x1={scale.x(ms)} x2={scale.x(ms)} y1={TOP} y2={scale.bottom} />
            <text
              class="tick"
              x={scale.x(ms)}
              y={scale.bottom + 16}
              text-anchor={anchorOf(scale.x(ms), text, scale.width)}
            >
              {text}
            </text>
          </g>
        )
      })}
    </g>
  )
}

function Moments({ timeline, story, scale }: DrawingPart) {
  const words = timelineWords.value
  const { verdictMs, nowMs, nextMs, toMs } = timeline
  const { verdict } = story.order
  return (
    <g>
      {verdictMs !== null && verdict !== null && (
        <Line
          at={verdictMs}
          text={`${words.verdict} ${verdict.state}`}
          kind={`verdict verdict-${verdict.state}`}
          scale={scale}
        />
      )}
      {nowMs !== null && <Line at={nowMs} text={words.now} kind="now" scale={scale} />}
      {nextMs !== null && nextMs > (nowMs ?? 0) && nextMs <= toMs && (
        <circle class="next" cx={scale.x(nextMs)} cy={scale.policy + 29} r={5}>
          <title>{words.next}</title>
        </circle>
      )}
    </g>
  )
}

interface LineProps {
  readonly at: number
  readonly text: string
  readonly kind: string
  readonly scale: Scale
}

function Line({ at, text, kind, scale }: LineProps) {
  const x = scale.x(at)
  const anchor = anchorOf(x, text, scale.width)
  const shift = { start: 4, middle: 0, end: -4 }[anchor]
  return (
    <g class={kind}>
      <line x1={x} x2={x} y1={TOP - 6} y2={scale.bottom} />
      <text x={x + shift} y={TOP - 10} text-anchor={anchor}>
        {text}
      </text>
    </g>
  )
}

function GapBar({ gap, scale }: { readonly gap: Gap; readonly scale: Scale }) {
  const [x1, x2] = [scale.x(gap.fromMs), Math.min(scale.x(gap.toMs), scale.width - SIDE)]
  const text = timelineWords.value.silentFor(duration(gap.toMs - gap.fromMs))
  return (
    <g class="gap">
      <rect class="gap-bar" x={x1} y={TOP} width={Math.max(1, x2 - x1)} height={scale.policy - TOP}>
        <title>{text}</title>
      </rect>
      {x2 - x1 > text.length * LETTER && (
        <text x={(x1 + x2) / 2} y={TOP + 11} text-anchor="middle">
          {text}
        </text>
      )}
    </g>
  )
}

function Marks({
  marks,
  scale,
  fromMs,
}: {
  readonly marks: readonly Mark[]
  readonly scale: Scale
  readonly fromMs: number
}) {
  let freeFrom = 0
  let told = ''
  return (
    <g>
      {marks.map((mark, i) => {
        const x = scale.x(mark.fromMs)
        const width = Math.max(BAR_WIDTH_MIN, scale.x(mark.toMs) - x)
        const after = marks[i + 1]
        const room = (after === undefined ? scale.width : scale.x(after.fromMs)) - x
        const label = labelOf(mark)
        const needed = width + 3 + lettersIn(label) * LETTER
        // The same word again says nothing new.
        const isLabelled = label !== told && x >= freeFrom && needed < room && x + needed < scale.width
        if (isLabelled) freeFrom = x + needed
        told = label
        const y = scale.y(mark.lane) + 20
        return (
          <g key={`${mark.line.at}-${i}`} class={`mark mark-${mark.sort}`}>
            <title>{titleOf(mark, fromMs)}</title>
            <rect x={x} y={y} width={width} height={BAR} rx={2} />
            {isLabelled && (
              <text x={x + width + 3} y={y + 11}>
                {label}
              </text>
            )}
          </g>
        )
      })}
    </g>
  )
}

/** A Chinese character is as wide as two letters. */
function lettersIn(label: string): number {
  return [...label].reduce((sum, letter) => sum + (letter < '\u2e80' ? 1 : 2), 0)
}

function labelOf({ line, sort, label }: Mark): string {
  const { acts, silence } = timelineWords.value
  return acts[line.event] ?? (sort === 'silence' ? silence(label) : label)
}

function titleOf({ line, fromMs: atMs }: Mark, fromMs: number): string {
  return `${moment(atMs, now.peek())} (+${duration(atMs - fromMs)}): ${journalWords.value.tell(line)}`
}

function anchorOf(x: number, text: string, width: number): 'start' | 'middle' | 'end' {
  const half = (text.length * LETTER) / 2
  if (x - half < SIDE) return 'start'
  return x + half > width - SIDE ? 'end' : 'middle'
}

function Legend() {
  const { legend, planned } = timelineWords.value
  return (
    <ul class="legend small muted">
      {Object.entries(legend).map(([sort, text]) => (
        <li key={sort} class={`mark-${sort}`}>
          {text}
        </li>
      ))}
      <li class="legend-planned">{planned}</li>
    </ul>
  )
}
