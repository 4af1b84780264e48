import { isIPv6 } from 'node:net'
import type { Clock } from '../clock.ts'

export interface AllowanceOptions {
  /** So many at once. */
  readonly burst: number
  /** And so many more in each second. */
  readonly perSecond: number
  readonly clock: Pick<Clock, 'nowMs'>
}

/** An address of whom nothing was heard for longest is forgotten first: memory stays bounded whoever asks. */
const NAMES_MAX = 10_000

/** What each sender may do in vain: a bucket that his failures empty and that time fills. */
export class Allowance {
  readonly #clock: AllowanceOptions['clock']
  readonly #oneMs: number
  readonly #burstMs: number
  /** The moment at which each bucket is full again, those used last at the end. */
  readonly #fullAtMs = new Map<string, number>()

  constructor({ burst, perSecond, clock }: AllowanceOptions) {
    this.#clock = clock
    this.#oneMs = 1_000 / perSecond
    this.#burstMs = burst * this.#oneMs
  }

  /** In so many ms there is one left again; 0 while there is one. */
  waitMs(name: string): number {
    const toFullMs = (this.#fullAtMs.get(name) ?? 0) - this.#clock.nowMs()
    return Math.max(0, Math.ceil(toFullMs - (this.#burstMs - this.#oneMs)))
  }

  take(name: string): void {
    const nowMs = this.#clock.nowMs()
    const fullAtMs = Math.max(nowMs, this.#fullAtMs.get(name) ?? 0) + this.#oneMs
    this.#fullAtMs.delete(name)
    // Under a clock that was set back nobody suffers for longer than under an empty bucket.
    this.#fullAtMs.set(name, Math.min(fullAtMs, nowMs + this.#burstMs))
    const [oldest] = this.#fullAtMs.keys()
    if (this.#fullAtMs.size > NAMES_MAX && oldest !== undefined) this.#fullAtMs.delete(oldest)
  }
}

/** Whose address it is: one who has an IPv6 network has more addresses than anybody can count. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array.from({ length: zeros }, () => '0'), ...after].slice(0, 4).join(':')
}
