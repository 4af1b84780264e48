import type { Clock } from '../clock.ts'
import type { FinalOrder } from '../core/order.ts'
import type { Store } from '../store/store.ts'
import type { Report } from './report.ts'

export interface SilenceEdges {
  readonly store: Pick<Store, 'list'>
  readonly clock: Clock
  readonly report: Report
  /** Whether the account has an address for callbacks. */
  readonly hasAddress: (account: string) => boolean
}

/** So many payments in a row that queries found, and no callback among them … */
const PAYMENTS_TO_TELL = 10
/** … the first of them this long ago: by then WeChat Pay has sent its callback four times. */
const SILENCE_MS = 10 * 60_000
/** Of an account's latest payments: where callbacks work, they have announced most of these. */
const LOOKED_AT = 50

interface Ear {
  payments: number
  sinceMs: number
  /** Told, and nothing heard since. */
  isSilent: boolean
  isLooking: boolean
}

/**
 * Hears whether WeChat Pay's callbacks come, account by account. A query may be quicker than a callback once; if queries
 * find payment after payment and nothing comes at all, the address is broken. Then every verdict is late, and nobody
 * notices.
 */
export class CallbackSilence {
  readonly #edges: SilenceEdges
  readonly #ears = new Map<string, Ear>()

  constructor(edges: SilenceEdges) {
    this.#edges = edges
  }

  isSilent(account: string): boolean {
    return this.#ears.get(account)?.isSilent ?? false
  }

  /** WeChat Pay signed it: the address is reached, whatever it says. */
  heard(account: string): void {
    if (this.isSilent(account)) this.#edges.report.callbacksHeard(account)
    this.#ears.delete(account)
  }

  /** Resolves when it is known what that means. Never rejects. */
  async settled({ account, kind, origin, state, verdict }: FinalOrder): Promise<void> {
    // Quick Pay has no callbacks; those of an order that other code placed go where that code said.
    if (state !== 'SUCCESS' || kind === 'quick_pay' || origin !== 'placed') return
    if (verdict.learntBy === 'callback') return this.heard(account)
    if (!this.#edges.hasAddress(account)) return
    const { clock, report } = this.#edges
    const nowMs = clock.nowMs()
    const ear = this.#ears.get(account) ?? { payments: 0, sinceMs: nowMs, isSilent: false, isLooking: false }
    ear.payments += 1
    this.#ears.set(account, ear)
    const isDoubtful = ear.payments >= PAYMENTS_TO_TELL && nowMs - ear.sinceMs >= SILENCE_MS
    if (!isDoubtful || ear.isSilent || ear.isLooking) return
    ear.isLooking = true
    const isHeardElsewhere = await this.#hasAnnounced(account, ear.sinceMs).catch(() => null)
    ear.isLooking = false
    if (isHeardElsewhere === null || this.#ears.get(account) !== ear) return
    if (isHeardElsewhere) return this.heard(account)
    ear.isSilent = true
    report.callbacksSilent(account, ear.payments, Math.round((nowMs - ear.sinceMs) / 60_000))
  }

  /** The callbacks of an account may all go to another process. */
  async #hasAnnounced(account: string, sinceMs: number): Promise<boolean> {
    const latest = await this.#edges.store.list(
      { account, states: ['SUCCESS'] },
      { before: null, limit: LOOKED_AT },
    )
    return latest.some(
      (order) =>
        order.state === 'SUCCESS' && order.verdict.learntBy === 'callback' && order.verdict.atMs >= sinceMs,
    )
  }
}
