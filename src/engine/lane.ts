import type { Call } from '../core/change.ts'
import type { Rules } from '../core/decide.ts'
import { isAtTheTill, isDue, type Kind, type OpenOrder, type Order } from '../core/order.ts'
import type { Plan } from '../core/plan.ts'
import { nextStep } from '../core/step.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { Agenda, type Entry } from './agenda.ts'
import type { Limits } from './budget.ts'
import { Calls } from './calls.ts'
import { type Claimed, Intake } from './intake.ts'
import { OrderWork, patienceMs, type WorkEdges } from './order-work.ts'
import type { Pulse } from './pulse.ts'
import { refundNumber } from './refund-number.ts'
import { Requests } from './requests.ts'

export interface LaneOptions {
  readonly gateway: Gateway
  readonly plans: Readonly<Record<Kind, Plan>>
  readonly limits: Limits
  /** Calls under way at once: 1 to 500. */
  readonly concurrency: number
  /** Where WeChat Pay announces what became of a refund. */
  readonly notify_url: string | undefined
}

/** What all lanes share. */
export interface LaneEdges extends WorkEdges {
  readonly leaseMs: number
  /** Null where one process owns the store. */
  readonly pulse: Pulse | null
}

/**
 * Work on an order begins this long before it is due: its query is signed by then, and leaves at its moment. Under load a
 * signature may wait a few ms for a core.
 */
const AHEAD_MS = 5
/** A budget holds calls back for a moment, a breaker for longer. */
const BRIEF_PAUSE_MS = 100

/**
 * One account's orders on their way: claim due → ask → decide → commit. An account has a lane of its own, so that no
 * merchant's flood delays another.
 */
export class Lane {
  readonly gateway: Gateway
  readonly #edges: LaneEdges
  readonly #options: LaneOptions
  readonly #agenda = new Agenda()
  readonly #calls: Calls
  readonly #intake: Intake
  readonly #work: OrderWork
  readonly #underWay = new Set<Promise<void>>()
  #running = false
  /** Nothing is sent before: the budget or the breaker said so. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY
  #timer: { readonly atMs: number; readonly cancel: () => void } | null = null

  constructor(edges: LaneEdges, options: LaneOptions) {
    this.gateway = options.gateway
    this.#edges = edges
    this.#options = options
    const { clock, random, report, pulse } = edges
    const onAnswering = (nowMs: number): void => {
      this.#pausedUntilMs = nowMs
    }
    this.#calls = new Calls({
      account: this.account,
      limits: options.limits,
      clock,
      random,
      report,
      pulse,
      onAnswering,
    })
    const { store, worker, leaseMs } = edges
    this.#intake = new Intake({
      account: this.account,
      agenda: this.#agenda,
      store,
      clock,
      worker,
      leaseMs,
      report,
      queriesPerSecond: options.limits.query,
      isInWork: (claimed) => this.#work.isInWork(claimed),
      hasPlace: (nowMs) =>
        this.#underWay.size < options.concurrency && this.#pausedUntilMs - nowMs <= BRIEF_PAUSE_MS,
      maySend: (nowMs) => edges.pulse === null || nowMs <= edges.pulse.sendUntilMs,
      onChange: () => this.#turn(),
    })
    const { gateway, notify_url } = options
    this.#work = new OrderWork({
      edges,
      gateway,
      rules: (kind) => this.rules(kind),
      requests: new Requests({ gateway, calls: this.#calls, clock, notify_url }),
      agenda: this.#agenda,
      intake: this.#intake,
      patienceMs: patienceMs(options.concurrency),
      isShared: (nowMs) => pulse?.isShared(this.account, nowMs) ?? false,
      onChange: () => this.#turn(),
    })
  }

  get account(): string {
    return this.gateway.identity.account
  }

  /** Whether WeChat Pay answers. */
  get answers(): boolean {
    return this.#calls.answers
  }

  /** What may be called now. */
  get budgets(): ReturnType<Calls['budgets']> {
    return this.#calls.budgets(this.#edges.clock.nowMs())
  }

  plan(kind: Kind): Plan {
    return this.#options.plans[kind]
  }

  rules(kind: Kind): Rules {
    const { believesUnsignedUnknown } = this.gateway.identity
    return { plan: this.plan(kind), believesUnsignedUnknown, refundNumber }
  }

  /** Works on what falls due until `stop`. */
  start(): void {
    this.#running = true
    this.lost()
  }

  /** Starts nothing new, waits for what is under way, and gives the claims back. Never rejects. */
  async stop(): Promise<void> {
    this.#running = false
    this.#work.stop()
    this.#timer?.cancel()
    this.#timer = null
    await this.#intake.settled()
    // At once: a call under way may last for half a minute, and a customer at the till does not wait for that.
    await this.#intake.giveBack(this.#agenda.clear())
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
    await this.#intake.giveBack(this.#agenda.clear())
  }

  /**
   * One turn without the loop: claims what is due now, works on all of it that budget and breaker let out, what follows
   * at once included, and resolves when it is written. Returns how many orders were worked on.
   */
  async runOnce(): Promise<number> {
    await this.#intake.claim(this.#edges.clock.nowMs())
    let worked = 0
    for (;;) {
      worked += this.#dispatch()
      if (this.#underWay.size === 0) return worked
      await Promise.race(this.#underWay)
    }
  }

  /** Something may fall due at `dueAtMs` that isn't claimed yet. */
  wake(dueAtMs: number): void {
    this.#intake.wake(dueAtMs)
  }

  /** There may be more budget than before. */
  goOn(): void {
    this.#pausedUntilMs = Number.NEGATIVE_INFINITY
    this.#turn()
  }

  /**
   * Others may have taken what is claimed here: all that nobody works on goes back, and is claimed anew; the rest does when
   * its work ends.
   */
  async startOver(): Promise<void> {
    this.#work.doubt()
    await this.#track(this.#intake.giveBack(this.#agenda.clear()))
    this.wake(Number.NEGATIVE_INFINITY)
  }

  /** Whether the order waits here for its moment. */
  holds(id: number): boolean {
    return this.#agenda.has(id)
  }

  /** The order was changed by somebody else than this lane: it may be due earlier than before, later, or not at all. */
  changed(order: Order): void {
    const held = this.#agenda.take(order.id)
    const nowMs = this.#edges.clock.nowMs()
    // It was read before our own commit.
    if (held !== null && held.order.version > order.version) {
      this.#agenda.add(held, nowMs)
      return
    }
    const { claimedUntilMs = null } = held ?? {}
    if (claimedUntilMs === null || !isDue(order)) this.#work.follow(order, null)
    else if (this.#work.staysOurs(order, claimedUntilMs, nowMs)) this.#work.follow(order, claimedUntilMs)
    else void this.#track(this.#intake.giveBack([{ order, claimedUntilMs }]))
  }

  /** `stop` waits for this work, too. */
  during<Result>(work: Promise<Result>): Promise<Result> {
    return this.#track(work)
  }

  /** Something is perhaps claimed that nobody works on. A lease from now every claim of this moment is over. */
  lost(): void {
    this.#intake.lost()
  }

  /** Gives claims back, so that whoever is next takes the orders. If the store fails they end by themselves. */
  giveBack(claimed: Claimed): Promise<void> {
    return this.#intake.giveBack([claimed])
  }

  /** Waits until the budget allows one more placing. Nothing is written or signed before. */
  mayPlace(sleep: (ms: number) => Promise<void>): Promise<void> {
    return this.#calls.allowed('place', sleep)
  }

  /** Sends the placing whose intent was just written, and writes what came of it. Null if the store failed at that. */
  place(order: OpenOrder, body: string, claimedUntilMs: number): Promise<Order | null> {
    return this.#work.place(order, body, claimedUntilMs)
  }

  // -------------------------------------------------------------- the loop

  #turn(): void {
    if (!this.#running) return
    const nowMs = this.#edges.clock.nowMs()
    this.#intake.claimIfDue(nowMs)
    this.#dispatch()
    this.#sleep()
  }

  /** Sleeps until the next moment at which there is something to do; whatever happens earlier turns the loop itself. */
  #sleep(): void {
    if (!this.#running) return
    const hasRoom = this.#underWay.size < this.#options.concurrency
    const sendAtMs = hasRoom
      ? Math.max(this.#agenda.nextAtMs - AHEAD_MS, this.#pausedUntilMs)
      : Number.POSITIVE_INFINITY
    const atMs = Math.min(sendAtMs, this.#intake.nextAtMs)
    if (this.#timer !== null && this.#timer.atMs === atMs) return
    this.#timer?.cancel()
    this.#timer = null
    if (atMs === Number.POSITIVE_INFINITY) return
    const { clock } = this.#edges
    const wakeUp = (): void => {
      this.#timer = null
      this.#turn()
    }
    this.#timer = { atMs, cancel: clock.after(Math.max(0, atMs - clock.nowMs()), wakeUp) }
  }

  /**
   * Starts every order whose moment has come, as far as concurrency, budget and breaker allow. Returns how many.
   */
  #dispatch(): number {
    const { clock } = this.#edges
    let started = 0
    let behind = 0
    let isTooLong = false
    let stale: Entry[] | null = null
    while (this.#underWay.size < this.#options.concurrency) {
      const nowMs = clock.nowMs()
      if (nowMs < this.#pausedUntilMs) break
      const entry = this.#agenda.takeDue(nowMs + AHEAD_MS)
      if (entry === null) break
      // Looked at before the breaker, whose probe would be lost on an order that may not be sent.
      if (nowMs > this.#work.lastCallMs(entry.claimedUntilMs)) {
        stale ??= []
        stale.push(entry)
        continue
      }
      const step = nextStep(entry.order, nowMs)
      const heldMs = this.#calls.heldMs(nowMs)
      const waitMs = heldMs || this.#calls.waitMs(step.do, nowMs)
      if (waitMs === 0) {
        started += 1
        this.#edges.report.started(this.account, nowMs - entry.order.dueAtMs)
        void this.#track(this.#work.take(entry, step, nowMs))
      } else if (heldMs === 0 && step.do !== 'query') {
        // Only this call's budget is used up: its orders stand in line, the queries behind them go on.
        if (this.#agenda.lineFor(step.do) < this.#lineMax(step.do) || isAtTheTill(entry.order)) {
          const atMs = Math.ceil(nowMs + waitMs + behind * (1_000 / this.#options.limits[step.do]))
          this.#agenda.standInLine({ ...entry, atMs }, step.do, nowMs)
          behind += 1
        } else isTooLong = true
      } else {
        this.#agenda.add(entry, nowMs)
        this.#pausedUntilMs = nowMs + waitMs
        break
      }
    }
    if (stale !== null) void this.#track(this.#intake.giveBack(stale))
    if (isTooLong) this.#intake.lost()
    return started
  }

  /**
   * How many stand in line for a call: as many as it can serve while a claim lasts. Whoever comes when the line is that
   * long comes again when its claim is over: given back, it would be claimed again at once, before all that is due later.
   */
  #lineMax(call: Call): number {
    const { limits } = this.#options
    const perSecond = call === 'refund' ? Math.min(limits.refund, limits.failingRefund) : limits[call]
    return Math.ceil((perSecond * this.#edges.leaseMs) / 1_000)
  }

  #track<Result>(work: Promise<Result>): Promise<Result> {
    const done: Promise<void> = work.then(
      () => {},
      () => {},
    )
    this.#underWay.add(done)
    void done.then(() => {
      this.#underWay.delete(done)
      this.#turn()
    })
    return work
  }
}
