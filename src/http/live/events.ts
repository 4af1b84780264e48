import { type Clock, systemClock } from '../../clock.ts'
import type { Observer } from '../../engine/observer.ts'
import { TooMany } from '../problem.ts'
import { Changes } from './changes.ts'
import { EventStream } from './event-stream.ts'

export interface Listening {
  readonly account: string | null
  /** Up to where he has heard, if he comes back. */
  readonly lastId: string | null
  /** Asked now and then: false ends the stream. */
  readonly stillMay: () => Promise<boolean>
}

export interface EventsOptions {
  /** Of the pace, which is real also where the orders' time is not. Default: the system's. */
  readonly clock?: Clock
  readonly streamsMax?: number
  readonly keptMax?: number
}

/** Changes that come together go out together. */
const GATHER_MS = 100
/** Below what proxies take for a dead connection. */
const BEAT_MS = 15_000
/** Each holds a connection, and some memory. */
const STREAMS_MAX = 100
const RETRY_MS = 5_000

/** What other processes change is told no more often: whoever hears of it reads his lists anew. */
const ELSEWHERE_MS = 2_000

/** Tells whoever listens what becomes of the orders. */
export class Events {
  readonly observer: Observer
  readonly #changes: Changes
  readonly #clock: Clock
  readonly #streamsMax: number
  readonly #streams = new Map<EventStream, Listening['stillMay']>()
  /** What is to come, by what it is. */
  readonly #timers = new Map<string, () => void>()
  #isEnded = false

  constructor({ clock = systemClock, streamsMax = STREAMS_MAX, keptMax }: EventsOptions = {}) {
    this.#clock = clock
    this.#streamsMax = streamsMax
    this.#changes = new Changes(keptMax)
    this.observer = {
      changed: (change) => {
        this.#changes.add(change)
        this.#tellSoon()
      },
      changedElsewhere: () =>
        this.#once('elsewhere', ELSEWHERE_MS, () => {
          this.#changes.add(null)
          this.#tellSoon()
        }),
    }
  }

  /** @throws TOO_MANY_REQUESTS */
  listen({ account, lastId, stillMay }: Listening): EventStream {
    if (this.#streams.size >= this.#streamsMax || this.#isEnded)
      throw new TooMany(`${this.#streams.size} pages listen already`, RETRY_MS)
    const nth = lastId === null ? this.#changes.count : this.#changes.after(lastId)
    const stream = new EventStream(this.#changes, { account, nth })
    this.#streams.set(stream, stillMay)
    stream.once('close', () => this.#streams.delete(stream))
    this.#once('beat', BEAT_MS, () => this.#beat())
    return stream
  }

  /** No more of it: whoever listens goes elsewhere. */
  end(): void {
    this.#isEnded = true
    for (const cancel of this.#timers.values()) cancel()
    for (const stream of this.#streams.keys()) stream.stop()
  }

  #tellSoon(): void {
    if (this.#streams.size === 0) return
    this.#once('tell', GATHER_MS, () => {
      for (const stream of this.#streams.keys()) stream.tell()
    })
  }

  #beat(): void {
    for (const [stream, stillMay] of this.#streams) {
      if (stream.beat()) void stillMay().then((may) => may || stream.stop())
      else stream.destroy()
    }
    if (this.#streams.size > 0) this.#once('beat', BEAT_MS, () => this.#beat())
  }

  #once(what: string, ms: number, task: () => void): void {
    if (this.#timers.has(what) || this.#isEnded) return
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(what)
      task()
    })
    this.#timers.set(what, cancel)
  }
}
