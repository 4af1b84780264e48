import { type Random, seededRandom } from '../../src/random.ts'
import { branchesReached, forgetBranches, reachedMore } from './branches.ts'
import { Chance, mutatedTape, TAPE_MAX } from './chance.ts'

const KEPT_MAX = 400
const WORDS_MAX = 4_000

/**
 * Which inputs are worth varying: those that reached a branch of `src` that no earlier case of the block had reached
 * (where the sources count their branches: see branches.ts), and those with a new outcome. About half of all cases vary
 * a kept tape, the others are drawn anew. Holds nothing from block to block, so that a block replays by itself.
 */
export class Guide {
  readonly #random: Random
  readonly #kept: number[][] = []
  readonly #outcomes = new Map<string, number>()

  constructor(random: Random) {
    this.#random = random
    forgetBranches()
  }

  next(): Chance {
    const random = seededRandom(Math.floor(this.#random.next() * 4_294_967_296))
    if (this.#kept.length === 0 || random.next() < 0.5) return new Chance(random)
    return new Chance(random, mutatedTape(this.#one(random), this.#one(random), random))
  }

  learn({ tape }: Chance, outcome: string): void {
    const times = this.#outcomes.get(outcome)
    const isNew = times === undefined
    if (!isNew || this.#outcomes.size < WORDS_MAX) this.#outcomes.set(outcome, (times ?? 0) + 1)
    // Asked in any case: what this case reached is not new to the next one.
    const reached = reachedMore()
    if ((!reached && !isNew) || tape.length >= TAPE_MAX) return
    // The newest replaces an old one: it reached what was hardest to reach.
    if (this.#kept.length < KEPT_MAX) this.#kept.push([...tape])
    else this.#kept[Math.floor(this.#random.next() * KEPT_MAX)] = [...tape]
  }

  get outcomes(): ReadonlyMap<string, number> {
    return this.#outcomes
  }

  get kept(): number {
    return this.#kept.length
  }

  get branches(): number {
    return branchesReached()
  }

  #one(random: Random): readonly number[] {
    return this.#kept[Math.floor(random.next() * this.#kept.length)] ?? []
  }
}
