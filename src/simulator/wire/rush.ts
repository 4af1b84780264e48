/** The most requests of one kind from one account within a second, by `mchid call`. */
export type Most = Readonly<Record<string, number>>

/** So many seconds of signatures are remembered: WeChat Pay refuses older ones. */
const SECONDS_KEPT = 600

/**
 * How fast requests come: what WeChat Pay's limits are about. Counted where they arrive, within any second, wherever it
 * begins; and by the second in which their sender says that he signed them, which knows no delay on the way. In memory.
 */
export class Rush {
  readonly #secondMs: number
  readonly #recent = new Map<string, number[]>()
  readonly #signed = new Map<string, Map<number, number>>()
  readonly #most = { arrived: new Map<string, number>(), signed: new Map<string, number>() }

  /** @param secondMs of the clock; more than 1,000 where that is compressed */
  constructor(secondMs: number) {
    this.#secondMs = secondMs
  }

  /** @param signedS Unix seconds, as in the Authorization header */
  came({
    mchid,
    call,
    signedS,
    nowMs,
  }: {
    mchid: string
    call: string
    signedS: number
    nowMs: number
  }): void {
    const name = `${mchid} ${call}`
    const recent = this.#recent.get(name) ?? []
    this.#recent.set(name, recent)
    const first = recent.findIndex((ms) => ms > nowMs - this.#secondMs)
    recent.splice(0, first < 0 ? recent.length : first)
    recent.push(nowMs)
    atLeast(this.#most.arrived, name, recent.length)

    const signed = this.#signed.get(name) ?? new Map<number, number>()
    this.#signed.set(name, signed)
    const count = (signed.get(signedS) ?? 0) + 1
    signed.set(signedS, count)
    atLeast(this.#most.signed, name, count)
    if (signed.size > 2 * SECONDS_KEPT)
      for (const second of signed.keys()) if (second < signedS - SECONDS_KEPT) signed.delete(second)
  }

  most(): { readonly arrived: Most; readonly signed: Most } {
    const { arrived, signed } = this.#most
    return { arrived: Object.fromEntries(arrived), signed: Object.fromEntries(signed) }
  }
}

function atLeast(most: Map<string, number>, name: string, count: number): void {
  most.set(name, Math.max(most.get(name) ?? 0, count))
}
