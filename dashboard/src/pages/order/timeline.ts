import type { JournalLine, Order, Schedule } from '../../api/types.ts'

/* Where everything of an order's life lies on a line drawn to scale. Pure: the drawing is in timeline.tsx. */

export const LANES = ['place', 'query', 'callback', 'end', 'refund', 'person'] as const
export type Lane = (typeof LANES)[number]

export interface Mark {
  readonly lane: Lane
  /** `answer`, `refusal` and `silence` are calls, with their length; the others are moments. */
  readonly sort: 'answer' | 'refusal' | 'silence' | 'moment' | 'under-way'
  readonly fromMs: number
  readonly toMs: number
  /** WeChat Pay's word, or the journal's event where nobody said anything. */
  readonly label: string
  readonly line: JournalLine
}

/** A stretch in which questions got no answer: nothing was learnt. */
export interface Gap {
  readonly fromMs: number
  readonly toMs: number
}

export interface Timeline {
  readonly fromMs: number
  readonly toMs: number
  /** Only those in which something happened. */
  readonly lanes: readonly Lane[]
  readonly marks: readonly Mark[]
  readonly gaps: readonly Gap[]
  readonly windowEndMs: number
  readonly endableMs: number | null
  /** Where the policy has a question. */
  readonly plannedMs: readonly number[]
  readonly verdictMs: number | null
  readonly nextMs: number | null
  /** Null once the order has its verdict. */
  readonly nowMs: number | null
  /** Marks behind the end of what is shown. */
  readonly later: number
}

export interface Shown {
  readonly order: Order
  readonly journal: readonly JournalLine[]
  readonly schedule: Schedule | null
}

/** @param scope `verdict`: up to the verdict; `all`: also what followed it */
export function timelineOf(
  { order, journal, schedule }: Shown,
  scope: 'verdict' | 'all',
  nowMs: number,
): Timeline {
  const all = marksOf(journal, nowMs)
  const fromMs = Math.min(Date.parse(order.createdAt), ...all.map((mark) => mark.fromMs))
  const verdictMs = order.verdict === null ? null : Date.parse(order.verdict.at)
  const windowEndMs = Date.parse(order.windowEndsAt)
  const nextMs = order.verdict === null && order.nextDueAt !== null ? Date.parse(order.nextDueAt) : null
  const lastMs = Math.max(...all.map((mark) => mark.toMs), fromMs)
  const endMs =
    verdictMs === null
      ? roundUp(Math.max(nowMs, nextMs ?? 0, isShort(windowEndMs - fromMs) ? windowEndMs : 0) - fromMs) +
        fromMs
      : fromMs + Math.max((scope === 'all' ? lastMs : verdictMs) - fromMs, SHORTEST_MS) * 1.02
  const marks = all.filter((mark) => mark.fromMs <= endMs)
  return {
    fromMs,
    toMs: endMs,
    lanes: LANES.filter((lane) => lane === 'query' || marks.some((mark) => mark.lane === lane)),
    marks,
    gaps: gapsIn(marks, verdictMs ?? nowMs),
    windowEndMs,
    endableMs: schedule === null ? null : Date.parse(schedule.endableAt),
    plannedMs: (schedule?.queriesAt ?? []).map((at) => Date.parse(at)),
    verdictMs,
    nextMs,
    nowMs: verdictMs === null ? nowMs : null,
    later: all.length - marks.length,
  }
}

/** A life of less is drawn as one of a second. */
const SHORTEST_MS = 1_000
/** So short a window is shown whole from the beginning: the till's. */
const SHORT_MS = 180_000

function isShort(ms: number): boolean {
  return ms <= SHORT_MS
}

function marksOf(journal: readonly JournalLine[], nowMs: number): readonly Mark[] {
  return journal.flatMap((line, i) => {
    const lane = laneOf(line)
    if (lane === null) return []
    const atMs = Date.parse(line.at)
    if (line.event === 'intent') return isAnswered(journal, i) ? [] : [underWay(line, lane, nowMs)]
    const sort = SORTS[line.event] ?? 'moment'
    return [
      { lane, sort, fromMs: atMs - (line.tookMs ?? 0), toMs: atMs, label: line.said ?? line.event, line },
    ]
  })
}

const SORTS: Partial<Record<string, Mark['sort']>> = {
  answer: 'answer',
  refusal: 'refusal',
  'no-answer': 'silence',
}

function underWay(line: JournalLine, lane: Lane, nowMs: number): Mark {
  const fromMs = Date.parse(line.at)
  return { lane, sort: 'under-way', fromMs, toMs: Math.max(fromMs, nowMs), label: '…', line }
}

/** Whether something came of an intent: its call's next outcome. */
function isAnswered(journal: readonly JournalLine[], i: number): boolean {
  const { call } = journal[i] as JournalLine
  return journal.slice(i + 1).some((line) => line.call === call && line.event !== 'intent')
}

function laneOf({ event, call }: JournalLine): Lane | null {
  switch (event) {
    case 'callback':
    case 'hint':
      return 'callback'
    case 'ask-now':
    case 'give-up':
    case 'resolved':
      return 'person'
    case 'late-money':
    case 'refund':
      return 'refund'
  }
  switch (call) {
    case 'place':
    case 'query':
      return call
    case 'close':
    case 'reverse':
      return 'end'
    case 'refund':
    case 'queryRefund':
    case 'queryRefunds':
      return 'refund'
    default:
      return null
  }
}

/** From the first of several silences in a row until somebody was heard. */
function gapsIn(marks: readonly Mark[], endMs: number): readonly Gap[] {
  const gaps: Gap[] = []
  let sinceMs: number | null = null
  for (const { sort, lane, fromMs, toMs } of marks.toSorted((a, b) => a.toMs - b.toMs)) {
    if (lane === 'refund' || lane === 'person') continue
    if (sort === 'silence') sinceMs ??= fromMs
    else if (sort !== 'under-way' && sinceMs !== null) {
      gaps.push({ fromMs: sinceMs, toMs })
      sinceMs = null
    }
  }
  return sinceMs === null ? gaps : [...gaps, { fromMs: sinceMs, toMs: Math.max(sinceMs, endMs) }]
}

const S = 1_000
const MIN = 60 * S
const H = 60 * MIN
const STEPS = [
  ...[100, 200, 500, S, 2 * S, 5 * S, 10 * S, 15 * S, 30 * S],
  ...[MIN, 2 * MIN, 5 * MIN, 10 * MIN, 15 * MIN, 30 * MIN, H, 2 * H, 6 * H, 12 * H, 24 * H, 48 * H, 168 * H],
]

/** Round lengths of time since the beginning, at most `most` and the beginning itself. */
export function axisOf(lengthMs: number, most: number): readonly number[] {
  const step = STEPS.find((ms) => lengthMs / ms <= most) ?? 168 * H * Math.ceil(lengthMs / (most * 168 * H))
  return Array.from({ length: Math.floor(lengthMs / step) + 1 }, (_, i) => i * step)
}

/** What is still growing is drawn on a scale that changes now and then, not four times a second. */
function roundUp(lengthMs: number): number {
  const lengths = STEPS.flatMap((ms) => [ms, 1.5 * ms]).toSorted((a, b) => a - b)
  return lengths.find((ms) => ms >= lengthMs * 1.08) ?? lengthMs * 1.2
}
