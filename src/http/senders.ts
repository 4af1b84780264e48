import type { Clock } from '../clock.ts'
import { Allowance } from './allowance.ts'

/**
 * What may fail of one sender for one account: so many at once, and in each second. WeChat Pay's own callbacks come from
 * few addresses and by the thousand, and take nothing from it: they verify.
 */
const FAILURES = { burst: 300, perSecond: 20 }
/** WeChat Pay may have nothing to tell for a night. */
const KNOWN_MS = 24 * 3_600_000
/** Only WeChat Pay's signature makes a sender known, so there are few. */
const KNOWN_MAX = 1_000

/**
 * Who sends callbacks, and who may go on. One whose callbacks verify is never refused, whatever else comes from there: a
 * bad line breaks off WeChat Pay's own callbacks, too, and one payment that is announced is worth more than the work that
 * somebody behind the same address makes.
 */
export class Senders {
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #failures: Allowance
  /** When the latest of theirs verified, those heard last at the end. */
  readonly #verifiedAtMs = new Map<string, number>()

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock
    this.#failures = new Allowance({ ...FAILURES, clock })
  }

  /** In so many ms the sender is looked at again; 0 for one that is now. */
  waitMs(sender: string): number {
    return this.#isKnown(sender) ? 0 : this.#failures.waitMs(sender)
  }

  failed(sender: string): void {
    if (!this.#isKnown(sender)) this.#failures.take(sender)
  }

  verified(sender: string): void {
    this.#verifiedAtMs.delete(sender)
    this.#verifiedAtMs.set(sender, this.#clock.nowMs())
    const [oldest] = this.#verifiedAtMs.keys()
    if (this.#verifiedAtMs.size > KNOWN_MAX && oldest !== undefined) this.#verifiedAtMs.delete(oldest)
  }

  #isKnown(sender: string): boolean {
    const atMs = this.#verifiedAtMs.get(sender)
    return atMs !== undefined && this.#clock.nowMs() - atMs < KNOWN_MS
  }
}
