import { amountIn, type Unit } from './amount.ts'
import type { BilledAmount, DifferenceKind } from './compare.ts'
import type { Difference } from './report.ts'

/** Of each kind all are counted, and so many of all are kept: a report is for people. */
export const DIFFERENCES_MAX = 1_000

/** Where a difference was found. */
export type Place = Omit<Difference, 'kind'>

/** How many differences there are, of all kinds together. */
export function totalOf(counts: Readonly<Partial<Record<DifferenceKind, number>>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/** Differences, counted, the first ones kept. */
export class Findings {
  readonly kept: Difference[] = []
  readonly counts: Partial<Record<DifferenceKind, number>> = {}

  add(difference: Difference): void {
    const { kind } = difference
    this.counts[kind] = (this.counts[kind] ?? 0) + 1
    if (this.kept.length < DIFFERENCES_MAX) this.kept.push(difference)
  }

  get total(): number {
    return totalOf(this.counts)
  }
}

const UNITS: readonly Unit[] = ['minor', 'major']

/**
 * The amounts of a bill: in which unit it writes them, and which differ from ours then. Of each unit it is kept what would
 * differ; of a million lines that agree, nothing.
 */
export class Amounts {
  readonly #differing: Readonly<Record<Unit, Findings>> = { minor: new Findings(), major: new Findings() }
  readonly #fits: Record<Unit, number> = { minor: 0, major: 0 }
  #hasFraction = false
  #hasPoint = false

  add(place: Place, { differs, billed, ours, currency }: BilledAmount): void {
    const amounts = { minor: amountIn(billed, currency, 'minor'), major: amountIn(billed, currency, 'major') }
    this.#hasFraction ||= amounts.minor === null && amounts.major !== null
    this.#hasPoint ||= billed.includes('.')
    // Of a currency without a smaller unit both are the same.
    if (amounts.minor === ours && amounts.major === ours) return
    for (const unit of UNITS) {
      if (amounts[unit] === ours) this.#fits[unit] += 1
      else this.#differing[unit].add({ ...place, kind: differs })
    }
  }

  /**
   * A fraction of the smallest unit can be none; else what fits more of the orders, or if both fit as many, what a point says.
   * Null without any amount that could tell.
   */
  get unit(): Unit | null {
    if (this.#hasFraction) return 'major'
    const { minor, major } = this.#fits
    if (minor === 0 && major === 0) return null
    if (major === minor) return this.#hasPoint ? 'major' : 'minor'
    return major > minor ? 'major' : 'minor'
  }

  get differing(): Findings {
    return this.#differing[this.unit ?? 'minor']
  }
}
