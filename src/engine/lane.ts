import { type Clock, sleep } from '../clock.ts'
import type { Call } from '../core/change.ts'
import { decide, type Learnt, type Rules } from '../core/decide.ts'
import {
  type DueOrder,
  isAtTheTill,
  isDue,
  type Kind,
  nameOf,
  type OpenOrder,
  type Order,
} from '../core/order.ts'
import type { Plan } from '../core/plan.ts'
import { nextStep, type Step } from '../core/step.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Random } from '../random.ts'
import type { Commit, Store } from '../store/store.ts'
import { Agenda, type Entry } from './agenda.ts'
import type { Batcher } from './batcher.ts'
import type { Limits } from './budget.ts'
import { Calls } from './calls.ts'
import { type Claimed, Intake, READ_AHEAD_MS, TILL_IN_HAND_MAX } from './intake.ts'
import type { Pulse } from './pulse.ts'
import { refundNumber } from './refund-number.ts'
import type { Report } from './report.ts'
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
export interface LaneEdges {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly worker: string
  readonly leaseMs: number
  readonly commits: Batcher<Commit, 'applied' | 'moved'>
  readonly report: Report
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
/** How long a claim lasts at least. After a crash it is free again then, or at once where one process owns the store. */
const LEASE_MS_MIN = 60_000
/** A call is sent only if the claim outlasts it by this much. */
const LEASE_MARGIN_MS = 1_000

/** How long all claims last: two of the longest calls of any account fit into it. */
export function leaseMsFor(gateways: ReadonlyArray<Pick<Gateway, 'callMsMax'>>): number {
  const longestMs = Math.max(...gateways.map(({ callMsMax }) => callMsMax))
  return Math.max(LEASE_MS_MIN, 2 * (longestMs + LEASE_MARGIN_MS))
}

/**
 * Pauses of an order whose write failed: about 1, 2, 4, 8, 8, … s. It keeps its place among the calls under way, so that
 * a store that is down stops the calls, whose outcome nobody could write. Chance spreads the orders: one that the store
 * will never take must not spoil the same batch for the others again and again.
 */
const STORE_PAUSE_MS = 1_000
const STORE_PAUSE_MS_MAX = 8_000
/** An order at the till is asked again within 5 s: it stays in hand until then, and needs no claim. */
const TILL_AHEAD_MS = 6_000

interface Work {
  /**
   * The order was claimed once more. Its first claim ended when something left nothing to be done about it, as a callback
   * does, and by another word it was due again. It goes back when this work has ended.
   */
  claimedAgain: Claimed | null
}

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
  readonly #requests: Requests
  readonly #underWay = new Set<Promise<void>>()
  /** What is worked on, by the order's number. */
  readonly #inWork = new Map<number, Work>()
  readonly #intake: Intake
  #running = false
  readonly #stopping = new AbortController()
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
    const { gateway, notify_url } = options
    this.#requests = new Requests({ gateway, calls: this.#calls, clock, notify_url })
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
      isInWork: (claimed) => this.#isInWork(claimed),
      hasPlace: (nowMs) =>
        this.#underWay.size < options.concurrency && this.#pausedUntilMs - nowMs <= BRIEF_PAUSE_MS,
      maySend: (nowMs) => edges.pulse === null || nowMs <= edges.pulse.sendUntilMs,
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
    this.#stopping.abort()
    this.#timer?.cancel()
    this.#timer = null
    await this.#intake.settled()
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

  /** Others may have taken what is claimed here: all that nobody works on goes back, and is claimed anew. */
  async startOver(): Promise<void> {
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
    if (claimedUntilMs === null || !isDue(order)) this.#follow(order, null)
    else if (this.#staysOurs(order, claimedUntilMs, nowMs)) this.#follow(order, claimedUntilMs)
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
    return this.#alone({ order, claimedUntilMs }, () => this.#placeAndLearn(order, body, claimedUntilMs))
  }

  /**
   * Decides what was learnt and writes it; if the order moved on meanwhile, decides again on what it is now; if the store
   * fails, tries again while the claim lasts.
   */
  async learn(order: DueOrder, learnt: Learnt, claimedUntilMs: number): Promise<Order | null> {
    const { store, clock, random, commits, worker } = this.#edges
    // However long the writing takes: what was learnt was true then, and its question is older still.
    const nowMs = clock.nowMs()
    const claim = { worker, untilMs: claimedUntilMs }
    let current: Order = order
    let failures = 0
    for (;;) {
      const moment = { nowMs, chance: random.next() }
      const change = decide(current, learnt, this.rules(current.kind), moment)
      if (change === null) {
        await this.#letGo(current, worker, claimedUntilMs)
        return current
      }
      // A write that failed may have ended the claim all the same.
      const keepClaim = failures === 0 && this.#staysOurs(change.order, claimedUntilMs, nowMs)
      try {
        if ((await commits.add({ change, keepClaim, claim })) === 'applied') {
          this.#follow(change.order, keepClaim ? claimedUntilMs : null)
          return change.order
        }
        const moved = await store.byId(order.id)
        if (moved === null) return null
        current = moved
      } catch (error) {
        failures += 1
        const pauseMs = this.#storePauseMs(failures)
        if (this.#stopping.signal.aborted || clock.nowMs() + pauseMs >= claimedUntilMs) throw error
        this.#edges.report.storeFailed(error)
        await this.#pause(pauseMs)
      }
    }
  }

  /** Nothing new was learnt: whoever is next takes the order, if there is anything to do about it. */
  async #letGo(order: Order, worker: string, claimedUntilMs: number): Promise<void> {
    await this.#edges.store.release([order.id], worker, claimedUntilMs)
    if (isDue(order)) this.wake(order.dueAtMs)
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
      if (nowMs > this.#lastCallMs(entry.claimedUntilMs)) {
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
        void this.#track(this.#work(entry, step, nowMs))
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

  // -------------------------------------------------------------- one order

  async #work({ order, atMs, claimedUntilMs }: Entry, step: Step, nowMs: number): Promise<void> {
    await this.#alone({ order, claimedUntilMs }, async () => {
      if ('intent' in step) await this.#act(order, step, nowMs, claimedUntilMs)
      else {
        const times = { notBeforeMs: atMs, endMs: this.#lastCallMs(claimedUntilMs) }
        await this.learn(order, await this.#requests.ask(order, step, times), claimedUntilMs)
      }
    })
  }

  /** Works on the order, and nobody else of this lane meanwhile. Null if the store failed at that. */
  async #alone<Result>(claimed: Claimed, work: () => Promise<Result>): Promise<Result | null> {
    const { order } = claimed
    const mine: Work = { claimedAgain: null }
    this.#inWork.set(order.id, mine)
    try {
      return await work()
    } catch (error) {
      await this.#failed(error, claimed)
      return null
    } finally {
      if (this.#inWork.get(order.id) === mine) this.#inWork.delete(order.id)
      const isInHand = this.#inWork.has(order.id) || this.#agenda.has(order.id)
      if (mine.claimedAgain !== null && !isInHand) await this.#intake.giveBack([mine.claimedAgain])
    }
  }

  #isInWork(claimed: Claimed): boolean {
    const work = this.#inWork.get(claimed.order.id)
    if (work !== undefined) work.claimedAgain = claimed
    return work !== undefined
  }

  /** What was learnt is lost with the write that failed, not the order: it is due as before, and asked again. */
  async #failed(error: unknown, claimed: Claimed): Promise<void> {
    this.#edges.report.storeFailed(error)
    await this.#pause(this.#storePauseMs(1))
    await this.#intake.giveBack([claimed])
  }

  #storePauseMs(failures: number): number {
    const pauseMs = Math.min(STORE_PAUSE_MS * 2 ** (failures - 1), STORE_PAUSE_MS_MAX)
    return Math.round(pauseMs * (0.5 + this.#edges.random.next()))
  }

  /** Cut short by `stop`. */
  #pause(ms: number): Promise<void> {
    return sleep(this.#edges.clock, ms, this.#stopping.signal).catch(() => {})
  }

  /** Writes the intent, and only then sends. */
  async #act(
    order: DueOrder,
    step: Extract<Step, { intent: unknown }>,
    signedAtMs: number,
    claimedUntilMs: number,
  ): Promise<void> {
    const { store, commits } = this.#edges
    const intended = step.intent.order
    if (
      !isDue(intended) ||
      (await commits.add({ change: step.intent, keepClaim: true }, SOON_MS)) === 'moved'
    ) {
      return this.#intake.giveBack([{ order, claimedUntilMs }])
    }
    if (step.do === 'refund') {
      const learnt = await this.#requests.refund(intended, step.refund, signedAtMs)
      await this.learn(intended, learnt, claimedUntilMs)
      return
    }
    if (step.do === 'place') {
      const placing = await store.placingOf(order.id)
      if (placing?.body == null) throw new Error(`placing ${nameOf(order)} again: its bytes are not stored`)
      await this.#placeAndLearn(intended, placing.body, claimedUntilMs)
      return
    }
    await this.learn(intended, await this.#requests.end(step.do, order, signedAtMs), claimedUntilMs)
  }

  async #placeAndLearn(order: DueOrder, body: string, claimedUntilMs: number): Promise<Order | null> {
    return this.learn(order, await this.#requests.place(order, body), claimedUntilMs)
  }

  /**
   * An order that is due again soon stays claimed and goes straight back onto the agenda; so does one at the till, which
   * must not wait for a claim behind the others.
   */
  #staysOurs(order: Order, claimedUntilMs: number, nowMs: number): boolean {
    if (this.#stopping.signal.aborted || !isDue(order)) return false
    if (order.dueAtMs >= this.#lastCallMs(claimedUntilMs)) return false
    const aheadMs = order.dueAtMs - nowMs
    if (aheadMs <= READ_AHEAD_MS) return true
    return aheadMs <= TILL_AHEAD_MS && isAtTheTill(order) && this.#agenda.till < TILL_IN_HAND_MAX
  }

  /** The longest call that leaves by then is over before the claim is. */
  #lastCallMs(claimedUntilMs: number): number {
    return claimedUntilMs - this.gateway.callMsMax - LEASE_MARGIN_MS
  }

  #follow(order: Order, claimedUntilMs: number | null): void {
    if (!isDue(order)) return
    if (claimedUntilMs === null) this.wake(order.dueAtMs)
    else {
      this.#agenda.add({ order, atMs: order.dueAtMs, claimedUntilMs }, this.#edges.clock.nowMs())
      this.#turn()
    }
  }
}

/** How long an intent waits for others to share its durable write: somebody stands still meanwhile. */
export const SOON_MS = 2
