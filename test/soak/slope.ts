/* Robust statistics of a series that carries noise and, for a while now and then, an outage. */

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Slope {
  /** The median of the slopes between any two points (Theil and Sen). Up to 29 % of the points may be wild. */
  readonly perX: number
  /** With 99 % certainty it lies between these (Sen 1968), if the points' noise is independent. */
  readonly low: number
  readonly high: number
}

/** Two-sided 99 % of the normal distribution. */
const Z = 2.576
const POINTS_MIN = 5

/** Null where there are too few points to tell. */
export function slopeOf(points: readonly Point[]): Slope | null {
  const n = points.length
  if (n < POINTS_MIN) return null
  const slopes: number[] = []
  for (const [i, a] of points.entries()) {
    for (const b of points.slice(i + 1)) if (b.x !== a.x) slopes.push((b.y - a.y) / (b.x - a.x))
  }
  slopes.sort((a, b) => a - b)
  const spread = (Z * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18)) / 2
  const middle = slopes.length / 2
  const at = (rank: number): number => slopes[Math.min(Math.max(Math.round(rank), 0), slopes.length - 1)] ?? 0
  return { perX: medianOf(slopes), low: at(middle - spread - 1), high: at(middle + spread) }
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

/** What a series rests on: its lower quartile. An outage lifts single values, a leak lifts this. */
export function floorOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 4)] ?? 0
}

/** The median of each stretch of `width`, at the middle of its points. */
export function medians(points: readonly Point[], width: number): readonly Point[] {
  const stretches = Map.groupBy(points, ({ x }) => Math.floor(x / width))
  return [...stretches.values()].map((some) => ({
    x: medianOf(some.map(({ x }) => x)),
    y: medianOf(some.map(({ y }) => y)),
  }))
}
