import type { Compared } from './compare.ts'
import type { Handles, Sample } from './sample.ts'
import { floorOf, medianOf, medians, type Point, type Slope, slopeOf } from './slope.ts'

/** All that is known of a run when it is over. */
export interface SoakRun {
  /** In the order of their moments. Only those of the load are judged for growth. */
  readonly samples: readonly Sample[]
  readonly loadMs: number
  /** What was open before Verdict's process opened anything, and after it had closed everything; null if it never did. */
  readonly closed: { readonly before: Handles; readonly after: Handles } | null
  /** How long the process lived on after its last word; null if it had to be killed. */
  readonly exitedAfterMs: number | null
  /** Unhandled rejections, warnings, failures of the shop. */
  readonly troubles: readonly string[]
  /** Null if the truth could not be asked. */
  readonly compared: Compared | null
}

export interface Growth {
  readonly level: number
  readonly slopePerHour: Slope | null
  readonly perFinishedOrder: Slope | null
}

export interface Level {
  readonly plateau: number
  readonly lastTenth: number
}

export interface Judgement {
  /** One sentence each; empty if the run is clean. */
  readonly wrong: readonly string[]
  readonly warmUpMs: number
  /** Over what was judged: from the warm-up's end to the load's. */
  readonly judgedMs: number
  readonly finishedWhileJudged: number
  readonly heapBytes: Growth
  readonly rssBytes: Growth
  readonly timers: Level
  readonly sockets: Level
  readonly descriptors: Level
  readonly walBytes: Level
}

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
/** Code is compiled, caches fill, and as many orders end as come: orders of up to 3 min are closed after 5 and confirmed. */
const WARM_UP_MS = 10 * MINUTE_MS
/** Of a run that is shorter than three warm-ups. */
const WARM_UP_SHARE = 1 / 3

/**
 * Per order that ended: less than the smallest object in a Map or Set takes with its entry (some 80 bytes), so that
 * whatever is kept for every order lies above.
 */
export const HEAP_PER_ORDER_BYTES_MAX = 48
/** Of the level, in an hour. */
export const HEAP_SHARE_PER_HOUR_MAX = 0.1
/** The allocator gives pages back late, and SQLite's page cache (32 MB) is filled by a store that grows. */
export const RSS_SHARE_PER_HOUR_MAX = 0.25
/**
 * What may come once, however short the run. `settled`: V8 still compiles and optimizes now and then. `unsettled`, where
 * the whole warm-up had no place: everything is still filling up, and the first orders that nobody paid are not closed yet.
 */
export const ONCE_MAX = {
  settled: { heapBytes: 1_500_000, rssBytes: 48_000_000, levelShare: 0.25 },
  unsettled: { heapBytes: 12_000_000, rssBytes: 200_000_000, levelShare: 1.5 },
} as const
/** The last tenth may rest so many above the plateau, or the share of it that `ONCE_MAX` names, if that is more. */
export const LEVEL_RISE_MAX = 20
/** SQLite's own checkpoint comes at 16,000 pages (66 MB); the commit that brings it may be long. */
export const WAL_BYTES_MAX = 80_000_000
export const EXIT_MS_MAX = 5_000
const LAST_TENTH_SAMPLES_MIN = 6
/** Two minutes of load, less their warm-up. */
const SAMPLES_MIN = 8

export function judge(run: SoakRun): Judgement {
  const ofLoad = run.samples.filter(({ phase }) => phase === 'load')
  const lengthMs = ofLoad.at(-1)?.atMs ?? 0
  const warmUpMs = Math.min(WARM_UP_MS, lengthMs * WARM_UP_SHARE)
  const judged = ofLoad.filter(({ atMs }) => atMs >= warmUpMs)
  const judgedMs = lengthMs - (judged[0]?.atMs ?? lengthMs)
  const finishedWhileJudged = (judged.at(-1)?.finishedOrders ?? 0) - (judged[0]?.finishedOrders ?? 0)
  const growth = (bytes: (sample: Sample) => number): Growth => growthOf(judged, bytes)
  const level = (count: (sample: Sample) => number): Level => levelOf(judged, count)
  const figures = {
    warmUpMs,
    judgedMs,
    finishedWhileJudged,
    heapBytes: growth((sample) => sample.heapUsedBytes + sample.externalBytes),
    rssBytes: growth((sample) => sample.rssBytes),
    timers: level(({ resources }) => resources.Timeout ?? 0),
    sockets: level(socketsIn),
    descriptors: level(({ descriptors }) => Object.values(descriptors).reduce((sum, n) => sum + n, 0)),
    walBytes: level((sample) => sample.walBytes),
  }
  const wrong = [
    ...(judged.length < SAMPLES_MIN ? [tooShort(judged.length)] : wrongGrowth(figures)),
    ...wrongClose(run),
    ...run.troubles.map((sentence) => `this may not happen: ${sentence}`),
    ...wrongBooks(run.compared),
  ]
  return { wrong, ...figures }
}

/** Connections, of either side: a descriptor may outlive its JavaScript object, and the reverse. */
export function socketsIn({ resources, descriptors }: Handles): number {
  return Math.max(resources.TCPSocketWrap ?? 0, descriptors.socket ?? 0)
}

function growthOf(judged: readonly Sample[], bytes: (sample: Sample) => number): Growth {
  const by = (x: (sample: Sample) => number): Slope | null => {
    const points: Point[] = judged.map((sample) => ({ x: x(sample), y: bytes(sample) }))
    const [first, last] = [points[0]?.x ?? 0, points.at(-1)?.x ?? 0]
    // A minute each in a long run. A short one has no minutes to waste.
    const minutes = ((judged.at(-1)?.atMs ?? 0) - (judged[0]?.atMs ?? 0)) / MINUTE_MS
    return slopeOf(minutes >= 20 ? medians(points, (last - first) / minutes) : points)
  }
  return {
    level: medianOf(judged.map(bytes)),
    slopePerHour: by(({ atMs }) => atMs / HOUR_MS),
    perFinishedOrder: by(({ finishedOrders }) => finishedOrders),
  }
}

function levelOf(judged: readonly Sample[], count: (sample: Sample) => number): Level {
  const tenth = Math.max(LAST_TENTH_SAMPLES_MIN, Math.ceil(judged.length / 10))
  return {
    plateau: floorOf(judged.slice(0, -tenth).map(count)),
    lastTenth: floorOf(judged.slice(-tenth).map(count)),
  }
}

type Figures = Omit<Judgement, 'wrong'>

function tooShort(samples: number): string {
  return `only ${samples} samples came after the warm-up; expected ${SAMPLES_MIN}, which two minutes of load give`
}

function wrongGrowth(figures: Figures): readonly string[] {
  return [...wrongMemory(figures), ...wrongLevels(figures)]
}

function onceMax(warmUpMs: number): (typeof ONCE_MAX)[keyof typeof ONCE_MAX] {
  return ONCE_MAX[warmUpMs < WARM_UP_MS ? 'unsettled' : 'settled']
}

/** It grows if it surely does, by more than the bound: the noise of a short run accuses nobody. */
function wrongMemory({
  heapBytes,
  rssBytes,
  warmUpMs,
  judgedMs,
  finishedWhileJudged,
}: Figures): readonly string[] {
  const wrong: string[] = []
  const hours = judgedMs / HOUR_MS
  const once = onceMax(warmUpMs)
  const heapGrew = (heapBytes.slopePerHour?.low ?? 0) * hours
  const heapMax = Math.min(
    HEAP_SHARE_PER_HOUR_MAX * heapBytes.level * hours,
    HEAP_PER_ORDER_BYTES_MAX * finishedWhileJudged,
  )
  if (heapGrew > Math.max(heapMax, once.heapBytes)) {
    wrong.push(
      `memory grows: heap and external by ${mb(heapBytes.slopePerHour?.perX ?? 0)} an hour from ${mb(heapBytes.level)}, ${Math.round(heapBytes.perFinishedOrder?.perX ?? 0)} bytes for every order that ended`,
    )
  }
  const rssGrew = (rssBytes.slopePerHour?.low ?? 0) * hours
  if (rssGrew > Math.max(RSS_SHARE_PER_HOUR_MAX * rssBytes.level * hours, once.rssBytes)) {
    wrong.push(
      `the process grows: its resident memory by ${mb(rssBytes.slopePerHour?.perX ?? 0)} an hour from ${mb(rssBytes.level)}`,
    )
  }
  return wrong
}

function wrongLevels(figures: Figures): readonly string[] {
  const wrong: string[] = []
  const { levelShare } = onceMax(figures.warmUpMs)
  for (const name of ['timers', 'sockets', 'descriptors'] as const) {
    const { plateau, lastTenth } = figures[name]
    const riseMax = Math.max(LEVEL_RISE_MAX, plateau * levelShare)
    if (lastTenth > plateau + riseMax)
      wrong.push(`${name} rise: ${lastTenth} in the last tenth of the load, ${plateau} after the warm-up`)
  }
  const { lastTenth } = figures.walBytes
  if (lastTenth > WAL_BYTES_MAX)
    wrong.push(`the store's log is ${mb(lastTenth)} long, more than ${mb(WAL_BYTES_MAX)}`)
  return wrong
}

function wrongClose({ closed, exitedAfterMs }: SoakRun): readonly string[] {
  if (closed === null) return ["Verdict's process ended before it had closed everything"]
  const wrong = (['resources', 'descriptors'] as const).flatMap((what) =>
    Object.entries(closed.after[what]).flatMap(([name, count]) => {
      const left = count - (closed.before[what][name] ?? 0)
      return left > 0 ? [`after the close ${left} of ${name} are left (${what})`] : []
    }),
  )
  if (exitedAfterMs === null) wrong.push('the process did not exit by itself after the close')
  else if (exitedAfterMs > EXIT_MS_MAX)
    wrong.push(`the process exited ${exitedAfterMs} ms after the close; expected ${EXIT_MS_MAX} at most`)
  return wrong
}

function wrongBooks(compared: Compared | null): readonly string[] {
  if (compared === null) return ["the simulator's truth could not be asked"]
  const { wrong, lost, money, orders, entered } = compared
  const sentences = [...wrong, ...lost]
  if (orders !== entered)
    sentences.push(`${entered} orders were given to Verdict, ${orders} are in its store`)
  if (money.expected !== money.actual)
    sentences.push(`${money.expected} is kept, says Verdict; WeChat Pay has ${money.actual}`)
  return sentences
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
