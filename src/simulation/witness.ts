import type { Letter } from './inbox.ts'
import type { Tap } from './wire.ts'

/** A callback, and what it was answered. */
export interface AnsweredCallback {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly status: number
}

/** Whoever watches a world: it sees all, and does nothing. */
export interface Witness extends Tap {
  /** A process called the store: something may have changed. */
  readonly touched: () => void
  /** The merchant's system understood a message. */
  readonly letter: (letter: Letter) => void
  /** A process answered a callback. */
  readonly callback: (answered: AnsweredCallback) => void
  /** The merchant's caller met what no caller may meet. */
  readonly surprised: (what: string) => void
}
