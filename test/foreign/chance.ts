/**
 * Luck from words: the same words give the same draws, in whatever order the requests come in. So a seed tells each
 * order's customer, and what goes wrong with its third query, without a record of anything.
 */
export class Luck {
  #state: number

  constructor(...words: readonly (string | number)[]) {
    let hash = 2166136261
    for (const char of words.join('/')) {
      hash = Math.imul(hash ^ char.charCodeAt(0), 16777619)
    }
    this.#state = hash >>> 0
  }

  /** In [0, 1). */
  draw(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  chance(share: number): boolean {
    return this.draw() < share
  }

  between(from: number, to: number): number {
    return from + this.draw() * (to - from)
  }

  pick<T>(things: readonly [T, ...T[]]): T {
    return things[Math.floor(this.draw() * things.length)] ?? things[0]
  }

  /** One of the names, by weight; `null` for what is left to 1. */
  weighted<Name extends string>(shares: Readonly<Record<Name, number>>): Name | null {
    let left = this.draw()
    for (const name of Object.keys(shares) as Name[]) {
      left -= shares[name]
      if (left < 0) return name
    }
    return null
  }
}
