/**
 * Values in buckets that grow by a tenth each, so that a percentile is wrong by a twentieth at most, whatever its size.
 * From 1 ms to two days; what is smaller or larger counts as that.
 */
const RATIO = 1.1
const LOG_RATIO = Math.log(RATIO)
const BUCKETS = Math.ceil(Math.log(2 * 86_400_000) / LOG_RATIO)

export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS)
  #total = 0

  addMs(ms: number): void {
    const at = ms <= 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log(ms) / LOG_RATIO))
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.#total += 1
  }

  addAll(other: Histogram): void {
    for (const [at, count] of other.#counts.entries())
      if (count > 0) this.#counts[at] = (this.#counts[at] ?? 0) + count
    this.#total += other.#total
  }

  /** The value below which a part of all lie; null without any. */
  quantileMs(part: number): number | null {
    if (this.#total === 0) return null
    let left = Math.max(1, Math.ceil(part * this.#total))
    for (const [at, count] of this.#counts.entries()) {
      left -= count
      if (left <= 0) return RATIO ** (at + 0.5)
    }
    return null
  }
}
