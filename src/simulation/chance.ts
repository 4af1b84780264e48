import { namedRandom, type Random } from '../random.ts'

/** Everything that is drawn while a world runs, from one seed. What goes wrong is counted by kind. */
export class Chance {
  readonly #random: Random
  readonly #counts = new Map<string, number>()
  #isCalm = false

  constructor(seed: number) {
    this.#random = namedRandom(seed, 'simulation')
  }

  /** How often each kind of thing went wrong. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts
  }

  /** From now on nothing goes wrong any more. */
  calm(): void {
    this.#isCalm = true
  }

  next(): number {
    return this.#random.next()
  }

  /** A whole number of ms. */
  ms(fromMs: number, toMs: number): number {
    return Math.round(fromMs + this.#random.next() * (toMs - fromMs))
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random.next() * items.length)] as Item
  }

  /** Whether something happens that is nobody's fault. */
  happens(probability: number): boolean {
    return this.#random.next() < probability
  }

  /** Whether something goes wrong now. */
  strikes(kind: string, probability: number): boolean {
    const isDrawn = this.#random.next() < probability
    if (!isDrawn || this.#isCalm) return false
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
    return true
  }
}
