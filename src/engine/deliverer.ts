import type { Clock } from '../clock.ts'
import { nextAttemptAtMs } from '../delivery/schedule.ts'
import type { Target } from '../delivery/target.ts'
import type { Random } from '../random.ts'
import type { Delivery, DeliveryResult, Store } from '../store/store.ts'
import { Batcher } from './batcher.ts'
import type { Report } from './report.ts'

export interface DelivererOptions {
  readonly target: Target
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly worker: string
  readonly report: Report
}

/** Messages under way to one target at once: a dead one keeps no more than these waiting. */
const UNDER_WAY_MAX = 16
/** Longer than any attempt takes, so that nobody else begins the same one. */
const LEASE_MS = 15 * 60_000
/** What came of attempts waits this long for company in one durable write. */
const GATHER_MS = 20
const BATCH_MAX = 200
/** Pause after the store failed. */
const STORE_PAUSE_MS = 1_000
/** Pause after a claim gave nothing though something is due: somebody else holds it at this moment. */
const NOTHING_FREE_MS = 1_000

/**
 * One target's messages on their way: claim due → send → write what came of it. A target has a deliverer of its own, so
 * that a slow or dead one delays no other.
 */
export class Deliverer {
  readonly #options: DelivererOptions
  readonly #results: Batcher<DeliveryResult, 'written'>
  readonly #underWay = new Set<Promise<void>>()
  #isRunning = false
  #isTurning = false
  #again = false
  #timer: { readonly atMs: number; readonly cancel: () => void } | null = null

  constructor(options: DelivererOptions) {
    this.#options = options
    const { store, clock } = options
    this.#results = new Batcher({
      clock,
      gatherMs: GATHER_MS,
      sizeMax: BATCH_MAX,
      write: async (results: readonly DeliveryResult[]) => {
        await store.finishDeliveries(results)
        return results.map(() => 'written' as const)
      },
    })
  }

  get target(): Target {
    return this.#options.target
  }

  start(): void {
    this.#isRunning = true
    this.wake()
  }

  /** Something may be due now. Never waits. */
  wake(): void {
    if (this.#isRunning) void this.#turn()
  }

  /** Starts nothing new, and resolves when what is under way is written. Never rejects. */
  async stop(): Promise<void> {
    this.#isRunning = false
    this.#timer?.cancel()
    this.#timer = null
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
    await this.#results.flush()
  }

  async #turn(): Promise<void> {
    this.#again = true
    if (this.#isTurning) return
    this.#isTurning = true
    try {
      while (this.#again && this.#isRunning) {
        this.#again = false
        await this.#claim()
      }
    } catch (error) {
      this.#options.report.storeFailed(error)
      this.#wakeAt(this.#options.clock.nowMs() + STORE_PAUSE_MS)
    } finally {
      this.#isTurning = false
    }
  }

  async #claim(): Promise<void> {
    const { store, target, worker, clock } = this.#options
    const limit = UNDER_WAY_MAX - this.#underWay.size
    // Whatever ends wakes us.
    if (limit === 0) return
    const nowMs = clock.nowMs()
    const claim = { target: target.name, worker, nowMs, untilMs: nowMs + LEASE_MS, limit }
    const due = await store.claimDeliveries(claim)
    for (const delivery of due) this.#begin(delivery)
    const nextMs = await store.nextDeliveryAtMs(target.name)
    if (nextMs === null) return
    this.#wakeAt(due.length > 0 ? nextMs : Math.max(nextMs, clock.nowMs() + NOTHING_FREE_MS))
  }

  #begin(delivery: Delivery): void {
    const work = this.#deliver(delivery).finally(() => {
      this.#underWay.delete(work)
      this.wake()
    })
    this.#underWay.add(work)
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { target, clock, report } = this.#options
    const firstAtMs = delivery.firstAtMs ?? clock.nowMs()
    const delivered = await target.deliver(delivery.message)
    const nowMs = clock.nowMs()
    const attempts = delivery.attempts + 1
    const outcome = delivered.ok ? ({ state: 'sent' } as const) : this.#missed(attempts, delivered.why)
    report.delivered(target.name, outcome)
    // If it can't be written, its claim ends by itself, and it is sent once more: its id makes that harmless.
    await this.#results
      .add({ id: delivery.id, nowMs, firstAtMs, attempts, outcome })
      .catch(report.storeFailed)
  }

  #missed(attempts: number, why: string): DeliveryResult['outcome'] {
    const { clock, random } = this.#options
    const dueAtMs = nextAttemptAtMs(attempts, { nowMs: clock.nowMs(), chance: random.next() })
    return dueAtMs === null ? { state: 'failed', why } : { state: 'pending', dueAtMs, why }
  }

  #wakeAt(atMs: number): void {
    if (!this.#isRunning || (this.#timer !== null && this.#timer.atMs <= atMs)) return
    this.#timer?.cancel()
    const { clock } = this.#options
    const wakeUp = (): void => {
      this.#timer = null
      this.wake()
    }
    this.#timer = { atMs, cancel: clock.after(Math.max(0, atMs - clock.nowMs()), wakeUp) }
  }
}
