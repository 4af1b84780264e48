import type { Handler } from '../delivery/handler.ts'
import type { EventType, Message } from '../delivery/target.ts'
import type { Chance } from './chance.ts'
import type { EventClock } from './event-clock.ts'
import type { Life } from './life.ts'

export interface Letter {
  readonly id: string
  readonly type: EventType
  readonly out_trade_no: string
  /** As it came. */
  readonly data: unknown
  readonly atMs: number
}

export interface Manners {
  /** Fails before it has written the message down, or after. */
  readonly fails: number
  readonly hangs: number
  readonly slowMsMax: number
}

/** The merchant's system as deliveries see it: it may fail before or after it has understood, be slow, or hang. */
export class Inbox {
  readonly letters: Letter[] = []
  readonly #clock: EventClock
  readonly #chance: Chance
  readonly #manners: Manners
  readonly #read: (letter: Letter) => void

  constructor(clock: EventClock, chance: Chance, manners: Manners, read: (letter: Letter) => void) {
    this.#clock = clock
    this.#chance = chance
    this.#manners = manners
    this.#read = read
  }

  handlersFor(life: Life): { readonly [T in EventType]: Handler } {
    const handler: Handler = (data, message) => life.around(() => this.#handle(data, message, life))
    return { 'order.verdict': handler, 'order.refund': handler, 'order.late_money': handler }
  }

  async #handle(data: unknown, { id, type }: Message, life: Life): Promise<void> {
    const { fails, hangs, slowMsMax } = this.#manners
    await new Promise<void>((resolve) => life.clock.after(this.#chance.ms(1, slowMsMax), resolve))
    if (this.#chance.strikes('merchant failed before', fails)) throw new Error('not understood')
    const { out_trade_no } = data as { readonly out_trade_no: string }
    const letter = { id, type, out_trade_no, data, atMs: this.#clock.nowMs() }
    this.letters.push(letter)
    this.#read(letter)
    if (this.#chance.strikes('merchant hung', hangs)) await new Promise(() => {})
    if (this.#chance.strikes('merchant failed after', fails)) throw new Error('understood, and failed')
  }
}
