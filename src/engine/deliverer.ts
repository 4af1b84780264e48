import { type Clock, sleep } from '../clock.ts'
import { nextAttemptAtMs } from '../delivery/schedule.ts'
import { type Delivered, type Message, notDelivered, type Target } from '../delivery/target.ts'
import type { Random } from '../random.ts'
import type { Delivery, DeliveryResult, Store } from '../store/store.ts'
import { Batcher } from './batcher.ts'
import type { Pulse } from './pulse.ts'
import type { Report } from './report.ts'

export interface DelivererOptions {
  readonly target: Target
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly worker: string
  readonly report: Report
  /** Null where one process owns the store. */
  readonly pulse: Pick<Pulse, 'sendUntilMs'> | null
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
const STOPPED = notDelivered('this process was stopped, or could not reach the database')

/**
 * One target's messages on their way: claim due → send → write what came of it. A target has a deliverer of its own, so
 * that a slow or dead one delays no other.
 */
export class Deliverer {
  readonly #options: DelivererOptions
  readonly #results: Batcher<DeliveryResult, 'written'>
  readonly #underWay = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  #isRunning = false
  #turning: Promise<void> | null = null
  #again = false
  /** Claims that nobody works on are over by then: a dead process's, or one whose reply the store owes us. */
  #lostUntilMs = Number.NEGATIVE_INFINITY
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
    this.#lost()
    this.wake()
  }

  /** Something may be due now. Never waits. */
  wake(): void {
    if (!this.#isRunning) return
    this.#again = true
    this.#turning ??= this.#turn()
  }

  /** Claims nothing more, and resolves when what is under way is written. Never rejects. */
  async stop(): Promise<void> {
    this.#isRunning = false
    this.#stopping.abort()
    this.#timer?.cancel()
    this.#timer = null
    await this.#turning
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
    await this.#results.flush()
  }

  /** Claims until nobody has woken it meanwhile. */
  async #turn(): Promise<void> {
    try {
      while (this.#again && this.#isRunning) {
        this.#again = false
        await this.#claim()
      }
    } catch (error) {
      this.#options.report.storeFailed(error)
      this.#lost()
      this.#wakeAt(this.#options.clock.nowMs() + STORE_PAUSE_MS)
    } finally {
      // At once: who wakes it from here on begins another turn.
      this.#turning = null
    }
  }

  async #claim(): Promise<void> {
    const { store, target, worker, clock } = this.#options
    const limit = UNDER_WAY_MAX - this.#underWay.size
    // Whatever ends wakes us, and so does a heartbeat.
    const nowMs = clock.nowMs()
    if (limit === 0 || this.#isSilent(nowMs)) return
    const untilMs = nowMs + LEASE_MS
    const due = await store.claimDeliveries({ target: target.name, worker, nowMs, untilMs, limit })
    for (const delivery of due) this.#begin(delivery, untilMs)
    const nextMs = (await store.nextDeliveryAtMs(target.name)) ?? Number.POSITIVE_INFINITY
    const soonestMs = due.length > 0 ? Number.NEGATIVE_INFINITY : clock.nowMs() + NOTHING_FREE_MS
    const lostMs = nowMs < this.#lostUntilMs ? this.#lostUntilMs : Number.POSITIVE_INFINITY
    this.#wakeAt(Math.min(Math.max(nextMs, soonestMs), lostMs))
  }

  /** Whether the others may take this process for dead. */
  #isSilent(nowMs: number): boolean {
    const { pulse } = this.#options
    return pulse !== null && nowMs > pulse.sendUntilMs
  }

  /** Something is perhaps claimed that nobody works on. A lease from now every claim of this moment is over. */
  #lost(): void {
    this.#lostUntilMs = this.#options.clock.nowMs() + LEASE_MS
  }

  #begin(delivery: Delivery, claimedUntilMs: number): void {
    const work = this.#deliver(delivery, claimedUntilMs).finally(() => {
      this.#underWay.delete(work)
      this.wake()
    })
    this.#underWay.add(work)
  }

  async #deliver(delivery: Delivery, claimedUntilMs: number): Promise<void> {
    const { target, clock, report, worker } = this.#options
    const firstAtMs = delivery.firstAtMs ?? clock.nowMs()
    // We were stopped after the claim: others may have sent it, and what follows it.
    const isSilent = this.#isSilent(clock.nowMs())
    const delivered = isSilent ? STOPPED : await attempted(target, delivery.message)
    const nowMs = clock.nowMs()
    const attempts = delivery.attempts + 1
    const outcome = delivered.ok ? ({ state: 'sent' } as const) : this.#missed(attempts, delivered.why)
    if (!isSilent) report.delivered(target.name, outcome)
    await this.#write({ id: delivery.id, worker, nowMs, firstAtMs, attempts, outcome }, claimedUntilMs)
  }

  /**
   * As soon as the store takes it; the message keeps its place among those under way until then. If its claim ends
   * before, it is sent once more: its id makes that harmless.
   */
  async #write(result: DeliveryResult, claimedUntilMs: number): Promise<void> {
    const { clock, report } = this.#options
    const { signal } = this.#stopping
    for (;;) {
      try {
        await this.#results.add(result)
        return
      } catch (error) {
        report.storeFailed(error)
        if (signal.aborted || clock.nowMs() >= claimedUntilMs) return
        await sleep(clock, STORE_PAUSE_MS, signal).catch(() => {})
      }
    }
  }

  #missed(attempts: number, why: string): DeliveryResult['outcome'] {
    const { clock, random } = this.#options
    const dueAtMs = nextAttemptAtMs(attempts, { nowMs: clock.nowMs(), chance: random.next() })
    return dueAtMs === null ? { state: 'failed', why } : { state: 'pending', dueAtMs, why }
  }

  #wakeAt(atMs: number): void {
    if (!this.#isRunning || atMs >= (this.#timer?.atMs ?? Number.POSITIVE_INFINITY)) return
    this.#timer?.cancel()
    const { clock } = this.#options
    const wakeUp = (): void => {
      this.#timer = null
      this.wake()
    }
    this.#timer = { atMs, cancel: clock.after(Math.max(0, atMs - clock.nowMs()), wakeUp) }
  }
}

/** A target must not throw; if it does, in whatever way, the message has not arrived. */
async function attempted(target: Target, message: Message): Promise<Delivered> {
  try {
    return await target.deliver(message)
  } catch (error) {
    return notDelivered(`the target failed: ${error instanceof Error ? error.message : String(error)}`)
  }
}
