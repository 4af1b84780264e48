import type { Random } from '../../src/random.ts'

const UINT32 = 4_294_967_296

/** Longer tapes are not kept: what such a case found is found by a shorter one. */
export const TAPE_MAX = 4_096

/**
 * Everything a case draws, written down as it is drawn. A generator turns this tape of numbers into one input, so
 * whatever changes the tape gives another input of the same structure: one set of mutations serves every target.
 */
export class Chance {
  readonly tape: number[] = []
  /** What the case is about, for whoever has to look at it when it fails. */
  input: unknown
  readonly #given: readonly number[]
  readonly #random: Random

  /** @param given is played first; what is drawn beyond it comes from `random` */
  constructor(random: Random, given: readonly number[] = []) {
    this.#random = random
    this.#given = given
  }

  #draw(): number {
    const at = this.tape.length
    const drawn = this.#given[at] ?? Math.floor(this.#random.next() * UINT32)
    if (at < TAPE_MAX) this.tape.push(drawn)
    return drawn
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.#draw() / UINT32) * limit)
  }

  between(min: number, max: number): number {
    return min + this.below(max - min + 1)
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  pick<Value>(values: readonly Value[]): Value {
    const value = values[this.below(values.length)]
    if (value === undefined && values.length === 0) throw new RangeError('nothing to pick from')
    return value as Value
  }

  /** Picks an act and does it: the others cost nothing. */
  act<Result>(acts: ReadonlyArray<() => Result>): Result {
    return this.pick(acts)()
  }
}

/** Another tape: some draws replaced, removed, repeated, or gone on with from another tape. */
export function mutatedTape(tape: readonly number[], other: readonly number[], random: Random): number[] {
  const drawn = (limit: number): number => Math.floor(random.next() * limit)
  const mutated = [...tape]
  for (let left = 1 + drawn(4); left > 0; left -= 1) {
    const at = drawn(mutated.length + 1)
    switch (drawn(6)) {
      case 0:
        mutated.splice(at, 1)
        break
      case 1:
        mutated.splice(at, 0, drawn(UINT32))
        break
      case 2:
        mutated.splice(at, mutated.length - at, ...other.slice(drawn(other.length)))
        break
      case 3:
        // The rest is drawn anew.
        mutated.length = at
        break
      case 4:
        mutated[Math.min(at, Math.max(0, mutated.length - 1))] = drawn(2) === 0 ? 0 : UINT32 - 1
        break
      default:
        mutated[Math.min(at, Math.max(0, mutated.length - 1))] = drawn(UINT32)
    }
  }
  return mutated.slice(0, TAPE_MAX)
}
