import type { Clock } from '../clock.ts'
import type { FinalOrder } from '../core/order.ts'
import type { Peers } from '../store/store.ts'
import type { Report } from './report.ts'

export interface SilenceEdges {
  /** The other processes that may hear an account's callbacks; null where one process owns the store. */
  readonly peers: Pick<Peers, 'noteHeard' | 'heardAtMs'> | null
  readonly clock: Clock
  readonly report: Report
  /** Whether the account has an address for callbacks. */
  readonly hasAddress: (account: string) => boolean
}

/** So many payments in a row that queries found, and no callback among them … */
const PAYMENTS_TO_TELL = 10
/** … the first of them this long ago: by then WeChat Pay has sent its callback four times. */
const SILENCE_MS = 10 * 60_000
/** The others are told this often that callbacks come here, and looked at this often once they seem to come nowhere. */
const NOTE_MS = 60_000
/** What the others have told may be as old as that, and was told by another clock. */
const SLACK_MS = 2 * NOTE_MS

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
 *
 * Behind one address there may be several processes, and this one may find payments while all callbacks go to others. One
 * that tells what a query found before leaves no trace at its order. So each process notes in the store that it hears, and
 * none says that nothing comes before it has looked there.
 */
export class CallbackSilence {
  readonly #edges: SilenceEdges
  readonly #ears = new Map<string, Ear>()
  readonly #notedAtMs = new Map<string, number>()
  readonly #writes = new Set<Promise<void>>()
  readonly #looks = new Map<Ear, () => void>()
  #isClosed = false

  constructor(edges: SilenceEdges) {
    this.#edges = edges
  }

  isSilent(account: string): boolean {
    return this.#ears.get(account)?.isSilent ?? false
  }

  /** WeChat Pay signed it: the address is reached, whatever it says. */
  heard(account: string): void {
    this.#endSilence(account)
    this.#note(account)
  }

  /** Resolves when it is known what that means. Never rejects. */
  async settled({ account, kind, origin, state, verdict }: FinalOrder): Promise<void> {
    // Quick Pay has no callbacks; those of an order that other code placed go where that code said.
    if (state !== 'SUCCESS' || kind === 'quick_pay' || origin !== 'placed') return
    if (verdict.learntBy === 'callback') return this.heard(account)
    if (!this.#edges.hasAddress(account)) return
    const nowMs = this.#edges.clock.nowMs()
    const ear = this.#ears.get(account) ?? { payments: 0, sinceMs: nowMs, isSilent: false, isLooking: false }
    ear.payments += 1
    this.#ears.set(account, ear)
    const isDoubtful = ear.payments >= PAYMENTS_TO_TELL && nowMs - ear.sinceMs >= SILENCE_MS
    if (isDoubtful && !ear.isSilent && !ear.isLooking) await this.#judge(account, ear)
  }

  /** Looks no more, and ends what it writes. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const cancel of this.#looks.values()) cancel()
    await Promise.all(this.#writes)
  }

  async #judge(account: string, ear: Ear): Promise<void> {
    const { clock, report } = this.#edges
    ear.isLooking = true
    const elsewhere = await this.#heardElsewhere(account)
    ear.isLooking = false
    if (elsewhere === 'unknown' || this.#ears.get(account) !== ear) return
    const nowMs = clock.nowMs()
    // A moment that is still to come was told by a clock that was wrong, and would hide the silence until then.
    const isHeard = elsewhere !== null && elsewhere >= ear.sinceMs - SLACK_MS && elsewhere <= nowMs + SLACK_MS
    if (isHeard) return this.#endSilence(account)
    ear.isSilent = true
    report.callbacksSilent(account, ear.payments, Math.round((nowMs - ear.sinceMs) / 60_000))
    this.#lookAgain(account, ear, elsewhere)
  }

  /** Where callbacks come elsewhere again, few payments are left for queries to find: nothing else would end it here. */
  #lookAgain(account: string, ear: Ear, before: number | null): void {
    if (this.#edges.peers === null || this.#isClosed) return
    const cancel = this.#edges.clock.after(NOTE_MS, async () => {
      const now = await this.#heardElsewhere(account)
      if (this.#ears.get(account) !== ear) return
      if (now !== 'unknown' && now !== before) this.#endSilence(account)
      else this.#lookAgain(account, ear, before)
    })
    this.#looks.set(ear, cancel)
  }

  #endSilence(account: string): void {
    const ear = this.#ears.get(account)
    if (ear === undefined) return
    this.#ears.delete(account)
    this.#looks.get(ear)?.()
    this.#looks.delete(ear)
    if (ear.isSilent) this.#edges.report.callbacksHeard(account)
  }

  /** Only what came here: whoever passed on what others noted would keep it true for ever. Nobody waits for it. */
  #note(account: string): void {
    const { peers, clock, report } = this.#edges
    const nowMs = clock.nowMs()
    const notedAtMs = this.#notedAtMs.get(account)
    if (peers === null || (notedAtMs !== undefined && nowMs - notedAtMs < NOTE_MS)) return
    this.#notedAtMs.set(account, nowMs)
    const write = peers
      .noteHeard(account, nowMs)
      .catch((error: unknown) => {
        this.#notedAtMs.delete(account)
        report.storeFailed(error)
      })
      .finally(() => this.#writes.delete(write))
    this.#writes.add(write)
  }

  /** Epoch ms, as the latest process noted it. */
  async #heardElsewhere(account: string): Promise<number | null | 'unknown'> {
    const { peers } = this.#edges
    if (peers === null) return null
    return await peers.heardAtMs(account).catch(() => 'unknown' as const)
  }
}
