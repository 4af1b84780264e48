import { Readable } from 'node:stream'
import type { Changes } from './changes.ts'

/** More than so many at once nobody looks at one by one: he reads his lists anew. */
const AT_ONCE_MAX = 500
/** Of what is sent, so much waits for a slow reader; the rest waits in the ring, from which it falls in time. */
const BUFFERED_BYTES = 65_536

/**
 * One reader of what changes. He is sent what is new, from where he stands, as fast as he reads; whoever falls behind so
 * far that something is gone is told to read his lists anew.
 */
export class EventStream extends Readable {
  readonly #changes: Changes
  readonly #account: string | null
  #nth: number
  #mustReset: boolean
  /** He took all that he was sent. */
  #isHungry = true
  #stuckTurns = 0
  #isOver = false

  /** @param nth where he goes on; null if he has missed something, or perhaps */
  constructor(
    changes: Changes,
    { account, nth }: { readonly account: string | null; readonly nth: number | null },
  ) {
    super({ highWaterMark: BUFFERED_BYTES })
    this.#changes = changes
    this.#account = account
    this.#nth = nth ?? changes.count
    this.#mustReset = nth === null
    this.push('retry: 2000\n\n')
    this.tell()
  }

  override _read(): void {
    this.#isHungry = true
    this.tell()
  }

  /** Sends what is new. */
  tell(): void {
    const { count } = this.#changes
    if (!this.#isHungry || this.#isOver) return
    if (!this.#changes.isKept(this.#nth) || count - this.#nth > AT_ONCE_MAX) this.#mustReset = true
    if (!this.#mustReset) this.#tellEach(count)
    if (this.#mustReset) this.#reset(count)
  }

  #tellEach(count: number): void {
    while (this.#nth < count && this.#isHungry) {
      const nth = this.#nth
      const account = this.#changes.accountOf(nth)
      const isOthers = this.#account !== null && account !== null && account !== this.#account
      const text = isOthers ? '' : this.#changes.textOf(nth)
      if (text === null) {
        this.#mustReset = true
        return
      }
      this.#nth += 1
      if (text !== '') this.#send(text)
    }
  }

  #reset(count: number): void {
    this.#mustReset = false
    this.#nth = count
    this.#send(`event: reset\nid: ${this.#changes.idOf(count)}\ndata: {}\n\n`)
  }

  /** Shows that somebody is there, and how far he has heard. @returns false if he takes nothing any more */
  beat(): boolean {
    if (this.#isOver) return true
    if (!this.#isHungry) {
      this.#stuckTurns += 1
      return this.#stuckTurns < 2
    }
    this.#stuckTurns = 0
    this.#send(`: alive\nid: ${this.#changes.idOf(this.#nth)}\n\n`)
    return true
  }

  /** Nothing comes any more. */
  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.push(null)
  }

  #send(text: string): void {
    this.#isHungry = this.push(text)
  }
}
