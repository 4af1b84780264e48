import { type Clock, sleep } from '../clock.ts'
import { CALLS, type Call } from '../core/change.ts'
import type { Outcome, RefundStatement } from '../core/outcome.ts'
import { refundReactionTo } from '../core/refund-reaction.ts'
import { UNSENT_MS_MAX } from '../gateway/gateway.ts'
import type { Random } from '../random.ts'
import { Breaker } from './breaker.ts'
import { Budget, type Effect, type Limits } from './budget.ts'
import type { Pulse } from './pulse.ts'
import type { Report } from './report.ts'

export interface CallsOptions {
  readonly account: string
  readonly limits: Limits
  readonly clock: Clock
  readonly random: Random
  readonly report: Report
  /** Null where this process has the budgets for itself. */
  readonly pulse: Pulse | null
  /** WeChat Pay answers again after an outage: nobody needs to wait for the next probe. */
  readonly onAnswering: (nowMs: number) => void
}

/** An account's budget for one call. */
export interface BudgetStanding {
  /** Calls per second that the account may make. */
  readonly limit: number
  /** This process's part of it now, 0 to 1: others have theirs, and after a 429 it is less. */
  readonly share: number
  /** How often a call was held back. */
  readonly waits: number
}

/** A call that was made, and how long it took. */
export interface Made<T> {
  readonly outcome: Outcome<T>
  readonly tookMs: number
}

/** An account's way out: when a call may leave, and what budget and breaker learn from what came of it. */
export class Calls {
  readonly #waits = Object.fromEntries(CALLS.map((call) => [call, 0])) as Record<Call, number>
  readonly #options: CallsOptions
  /** The latest that stands in line to leave, by call. */
  readonly #lines = new Map<Effect, Promise<void>>()
  readonly #budget: Budget
  readonly #breaker = new Breaker()

  constructor(options: CallsOptions) {
    this.#options = options
    this.#budget = new Budget(options.limits, options.clock.nowMs())
  }

  /** Whether WeChat Pay answers: while it doesn't, only probes are let out. */
  get answers(): boolean {
    return !this.#breaker.isOpen
  }

  /** 0 if the breaker lets a call out now, else the ms until its next probe. Granting a probe uses it up. */
  heldMs(nowMs: number): number {
    return this.#breaker.hold(nowMs, this.#options.random.next())
  }

  /** 0 if the budget lets this call out now, else the ms until it does. Granting spends it. */
  waitMs(call: Call, nowMs: number): number {
    const { pulse, account } = this.#options
    const waitMs = this.#budget.take(call, nowMs, pulse?.shareOf(account, call, nowMs))
    if (waitMs === 0) return 0
    this.#waits[call] += 1
    pulse?.lacks(account, call)
    return waitMs
  }

  /** Resolves once the budget allows one more. */
  async allowed(call: Call, wait: (ms: number) => Promise<void>): Promise<void> {
    for (;;) {
      const waitMs = this.waitMs(call, this.#options.clock.nowMs())
      if (waitMs === 0) return
      await wait(waitMs)
    }
  }

  /**
   * Resolves when a call whose intent was written at `signedAtMs` may leave, or never will, because it is too late for it: one
   * after the other, in the sequence in which they came.
   */
  leave(call: Effect, signedAtMs: number): Promise<void> {
    const turn = (this.#lines.get(call) ?? Promise.resolve()).then(() => this.#leave(call, signedAtMs))
    this.#lines.set(call, turn)
    return turn
  }

  async #leave(call: Effect, signedAtMs: number): Promise<void> {
    const { account, clock, pulse } = this.#options
    for (;;) {
      const nowMs = clock.nowMs()
      const leftMs = signedAtMs + UNSENT_MS_MAX - nowMs
      if (leftMs < 0) return
      const waitMs = this.#budget.leave(call, nowMs, pulse?.shareOf(account, call, nowMs))
      if (waitMs === 0) return
      await sleep(clock, Math.min(waitMs, leftMs + 1))
    }
  }

  /** What may be called now, and how often a call had to wait for that. */
  budgets(nowMs: number): Readonly<Record<Call, BudgetStanding>> {
    const { account, limits, pulse } = this.#options
    const slowed = this.#budget.partAt(nowMs)
    const standing = (call: Call): BudgetStanding => {
      const share = (pulse?.heldOf(account, call, nowMs) ?? 1) * slowed
      return { limit: limits[call], share, waits: this.#waits[call] }
    }
    return Object.fromEntries(CALLS.map((call) => [call, standing(call)])) as Record<Call, BudgetStanding>
  }

  /**
   * Makes a call, measures it, and lets breaker and budget learn from it. Never rejects.
   *
   * @param notBeforeMs when `send` lets it leave at the earliest: what comes before is no part of the call
   */
  async make<T>(call: Call, send: () => Promise<Outcome<T>>, notBeforeMs = 0): Promise<Made<T>> {
    const { account, clock, report, onAnswering } = this.#options
    const fromMs = Math.max(clock.nowMs(), notBeforeMs)
    const outcome = await answered(send)
    const nowMs = clock.nowMs()
    const tookMs = Math.max(0, nowMs - fromMs)
    report.called(account, call, outcome, tookMs)
    if (this.#breaker.learn(outcome)) {
      report.breaker(account, this.#breaker.isOpen)
      if (!this.#breaker.isOpen) onAnswering(nowMs)
    }
    if (outcome.kind === 'no-answer' && outcome.reason === 'rate-limited') this.#budget.slowDown(nowMs)
    return { outcome, tookMs }
  }

  /** Makes a refund call, for which the budget was spent at `takenAtMs`, and lets the budget learn what became of it. */
  async makeRefund(
    send: () => Promise<Outcome<RefundStatement>>,
    takenAtMs: number,
  ): Promise<Made<RefundStatement>> {
    const made = await this.make('refund', send)
    const { outcome } = made
    const nowMs = this.#options.clock.nowMs()
    if (outcome.kind === 'answer') this.#budget.refundAccepted(nowMs, takenAtMs)
    else if (outcome.kind === 'refusal' && refundReactionTo(outcome.code) === 'short')
      this.#budget.refundsAreShort(nowMs)
    return made
  }
}

/** A gateway must not throw; if it does, in whatever way, we know nothing about the call. */
async function answered<T>(send: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await send()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { kind: 'no-answer', reason: 'reset', sent: true, detail: `the gateway failed: ${why}` }
  }
}
