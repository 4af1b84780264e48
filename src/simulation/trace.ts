import { hash } from 'node:crypto'
import type { EventClock } from './event-clock.ts'

/** Everything that happened in a world, a line each, in its sequence. The same seed gives the same lines to the byte. */
export class Trace {
  readonly #clock: EventClock
  readonly #startMs: number
  readonly lines: string[] = []

  constructor(clock: EventClock) {
    this.#clock = clock
    this.#startMs = clock.nowMs()
  }

  /** @param who the process, WeChat Pay, or the merchant */
  add(who: string, what: string): void {
    this.lines.push(`${((this.#clock.nowMs() - this.#startMs) / 1000).toFixed(3)} ${who} ${what}`)
  }

  /** What happened to one order, as far as its number is named. */
  of(out_trade_no: string): readonly string[] {
    const named = new RegExp(`${out_trade_no.replace(/[|*-]/g, '\\$&')}(?![0-9])`)
    return this.lines.filter((line) => named.test(line))
  }
}

/** The same for the same lines, and for no others. */
export function digestOf(lines: readonly string[]): string {
  return hash('sha256', lines.map((line) => `${line}\n`).join(''))
}
