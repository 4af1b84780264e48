import { type Clock, sleep } from '../clock.ts'
import { decide, type Learnt, type Rules } from '../core/decide.ts'
import {
  type DueOrder,
  isAtTheTill,
  isDue,
  isFinal,
  type Kind,
  nameOf,
  type OpenOrder,
  type Order,
} from '../core/order.ts'
import type { Step } from '../core/step.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Random } from '../random.ts'
import type { Commit, Store } from '../store/store.ts'
import type { Agenda, Entry } from './agenda.ts'
import type { Batcher } from './batcher.ts'
import { type Claimed, type Intake, OTHERS_IN_HAND_MAX, READ_AHEAD_MS, TILL_IN_HAND_MAX } from './intake.ts'
import type { Report } from './report.ts'
import type { Requests } from './requests.ts'

/** What the work of all accounts shares. */
export interface WorkEdges {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly worker: string
  readonly commits: Batcher<Commit, 'applied' | 'moved'>
  readonly report: Report
}

export interface OrderWorkParts {
  readonly edges: WorkEdges
  readonly gateway: Gateway
  readonly rules: (kind: Kind) => Rules
  readonly requests: Requests
  readonly agenda: Agenda
  readonly intake: Intake
  /** How long an answer waits for company that nobody waits for. */
  readonly patienceMs: number
  /** Whether other processes work for this account, too. */
  readonly isShared: (nowMs: number) => boolean
  /** Something stands on the agenda that did not before. */
  readonly onChange: () => void
}

/** A call is sent only if the claim outlasts it by this much. */
const LEASE_MARGIN_MS = 1_000
/** How long a claim lasts at least. After a crash it is free again then, or at once where one process owns the store. */
const LEASE_MS_MIN = 60_000

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
/**
 * An order at the till is asked again within 5 s: it stays in hand until then, and needs no claim, for which it would stand
 * behind the others. So does any other while nobody else works for its account: a claim is a second write for every poll.
 * Beside others it goes back: whoever has less to do may have it.
 */
const IN_HAND_AHEAD_MS = 6_000
/** What was learnt waits this long for company, so that one durable write carries many results (design section 7). */
export const GATHER_MS = 10
/** How long an intent does: somebody stands still meanwhile. */
export const SOON_MS = 2
/** Most answers leave the order in its state, and the next question is further away than this: nobody waits for them. */
const NEAR_MS = 1_000
const PATIENCE_MS_MAX = 50

/**
 * How long such an answer waits for others to share its write: the fewer writes, the less each answer costs. The order keeps
 * its place among the calls under way meanwhile, so the fewer places there are, the shorter it is.
 */
export function patienceMs(concurrency: number): number {
  return Math.min(PATIENCE_MS_MAX, Math.max(GATHER_MS, concurrency / 8))
}

interface Work {
  /**
   * The order was claimed once more. Its first claim ended when something left nothing to be done about it, as a callback
   * does, and by another word it was due again. It goes back when this work has ended.
   */
  claimedAgain: Claimed | null
  /** Others may have taken the order since. */
  isDoubtful: boolean
}

/** What is done about one claimed order: ask or act, decide, commit; and what becomes of its claim. */
export class OrderWork {
  readonly #parts: OrderWorkParts
  /** What is worked on, by the order's number. */
  readonly #inWork = new Map<number, Work>()
  readonly #stopping = new AbortController()

  constructor(parts: OrderWorkParts) {
    this.#parts = parts
  }

  /** From now on nothing stays in hand, and no pause lasts. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Takes the step that is due. @param nowMs the moment of its signature. Never rejects */
  async take({ order, atMs, claimedUntilMs }: Entry, step: Step, nowMs: number): Promise<void> {
    await this.#alone({ order, claimedUntilMs }, async () => {
      if ('intent' in step) await this.#act(order, step, nowMs, claimedUntilMs)
      else {
        const times = { notBeforeMs: atMs, endMs: this.lastCallMs(claimedUntilMs) }
        await this.learn(order, await this.#parts.requests.ask(order, step, times), claimedUntilMs)
      }
    })
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
    const { rules } = this.#parts
    const { store, clock, random, commits, report, worker } = this.#parts.edges
    // However long the writing takes: what was learnt was true then, and its question is older still.
    const nowMs = clock.nowMs()
    const claim = { worker, untilMs: claimedUntilMs }
    let current: Order = order
    let failures = 0
    for (;;) {
      const moment = { nowMs, chance: random.next() }
      const change = decide(current, learnt, rules(current.kind), moment)
      if (change === null) {
        await this.#letGo(current, claimedUntilMs)
        return current
      }
      // A write that failed may have ended the claim all the same.
      const isOurs = failures === 0 && !this.#isDoubtful(order.id)
      const keepClaim = isOurs && this.staysOurs(change.order, claimedUntilMs, nowMs)
      try {
        const withinMs = isUrgent(learnt, current, change.order, nowMs) ? undefined : this.#parts.patienceMs
        if ((await commits.add({ change, keepClaim, claim }, withinMs)) === 'applied') {
          if (keepClaim && this.#isDoubtful(order.id)) await this.#giveBack(change.order, claimedUntilMs)
          else this.follow(change.order, keepClaim ? claimedUntilMs : null)
          return change.order
        }
        const moved = await store.byId(order.id)
        if (moved === null) return null
        current = moved
      } catch (error) {
        failures += 1
        const pauseMs = this.#storePauseMs(failures)
        if (this.#stopping.signal.aborted || clock.nowMs() + pauseMs >= claimedUntilMs) throw error
        report.storeFailed(error)
        await this.#pause(pauseMs)
      }
    }
  }

  /** Others may have taken what is worked on: none of it stays in hand. */
  doubt(): void {
    for (const work of this.#inWork.values()) work.isDoubtful = true
  }

  /** Whether somebody works on the order already: then its new claim goes back when that has ended. */
  isInWork(claimed: Claimed): boolean {
    const work = this.#inWork.get(claimed.order.id)
    if (work !== undefined) work.claimedAgain = claimed
    return work !== undefined
  }

  /** An order that is due again soon stays claimed and goes straight back onto the agenda. */
  staysOurs(order: Order, claimedUntilMs: number, nowMs: number): boolean {
    if (this.#stopping.signal.aborted || !isDue(order)) return false
    if (order.dueAtMs >= this.lastCallMs(claimedUntilMs)) return false
    const aheadMs = order.dueAtMs - nowMs
    if (aheadMs <= READ_AHEAD_MS) return true
    if (aheadMs > IN_HAND_AHEAD_MS) return false
    const { agenda, isShared } = this.#parts
    if (isAtTheTill(order)) return agenda.till < TILL_IN_HAND_MAX
    return !isShared(nowMs) && agenda.kept < OTHERS_IN_HAND_MAX
  }

  /** The longest call that leaves by then is over before the claim is. */
  lastCallMs(claimedUntilMs: number): number {
    return claimedUntilMs - this.#parts.gateway.callMsMax - LEASE_MARGIN_MS
  }

  /** What comes next about the order. @param claimedUntilMs null if it is not ours any more */
  follow(order: Order, claimedUntilMs: number | null): void {
    const { agenda, intake, edges, onChange } = this.#parts
    if (!isDue(order)) return
    if (claimedUntilMs === null) intake.wake(order.dueAtMs)
    else {
      agenda.keep({ order, atMs: order.dueAtMs, claimedUntilMs }, edges.clock.nowMs())
      onChange()
    }
  }

  /** Writes the intent, and only then sends. */
  async #act(
    order: DueOrder,
    step: Extract<Step, { intent: unknown }>,
    signedAtMs: number,
    claimedUntilMs: number,
  ): Promise<void> {
    const { requests, intake } = this.#parts
    const { store, commits } = this.#parts.edges
    const intended = step.intent.order
    if (
      !isDue(intended) ||
      (await commits.add({ change: step.intent, keepClaim: true }, SOON_MS)) === 'moved'
    ) {
      return intake.giveBack([{ order, claimedUntilMs }])
    }
    if (step.do === 'refund') {
      const learnt = await requests.refund(intended, step.refund, signedAtMs)
      await this.learn(intended, learnt, claimedUntilMs)
      return
    }
    if (step.do === 'place') {
      const placing = await store.placingOf(order.id)
      if (placing?.body == null) throw new Error(`placing ${nameOf(order)} again: its bytes are not stored`)
      await this.#placeAndLearn(intended, placing.body, claimedUntilMs)
      return
    }
    await this.learn(intended, await requests.end(step.do, order, signedAtMs), claimedUntilMs)
  }

  async #placeAndLearn(order: DueOrder, body: string, claimedUntilMs: number): Promise<Order | null> {
    return this.learn(order, await this.#parts.requests.place(order, body), claimedUntilMs)
  }

  /** Works on the order, and nobody else of this account meanwhile. Null if the store failed at that. */
  async #alone<Result>(claimed: Claimed, work: () => Promise<Result>): Promise<Result | null> {
    const { agenda, intake } = this.#parts
    const { order } = claimed
    const mine: Work = { claimedAgain: null, isDoubtful: false }
    this.#inWork.set(order.id, mine)
    try {
      return await work()
    } catch (error) {
      await this.#failed(error, claimed)
      return null
    } finally {
      if (this.#inWork.get(order.id) === mine) this.#inWork.delete(order.id)
      const isInHand = this.#inWork.has(order.id) || agenda.has(order.id)
      if (mine.claimedAgain !== null && !isInHand) await intake.giveBack([mine.claimedAgain])
    }
  }

  /** What was learnt is lost with the write that failed, not the order: it is due as before, and asked again. */
  async #failed(error: unknown, claimed: Claimed): Promise<void> {
    this.#parts.edges.report.storeFailed(error)
    await this.#pause(this.#storePauseMs(1))
    await this.#parts.intake.giveBack([claimed])
  }

  /** Nothing new was learnt: whoever is next takes the order, if there is anything to do about it. */
  async #letGo(order: Order, claimedUntilMs: number): Promise<void> {
    const { store, worker } = this.#parts.edges
    await store.release([order.id], worker, [claimedUntilMs])
    this.follow(order, null)
  }

  #isDoubtful(id: number): boolean {
    return this.#inWork.get(id)?.isDoubtful === true
  }

  /** Others may have taken it while it was written. */
  async #giveBack(order: Order, claimedUntilMs: number): Promise<void> {
    if (isDue(order)) await this.#parts.intake.giveBack([{ order, claimedUntilMs }])
  }

  #storePauseMs(failures: number): number {
    const pauseMs = Math.min(STORE_PAUSE_MS * 2 ** (failures - 1), STORE_PAUSE_MS_MAX)
    return Math.round(pauseMs * (0.5 + this.#parts.edges.random.next()))
  }

  /** Cut short by `stop`. */
  #pause(ms: number): Promise<void> {
    return sleep(this.#parts.edges.clock, ms, this.#stopping.signal).catch(() => {})
  }
}

/** Whether somebody may wait for what was learnt, or something follows it soon. */
function isUrgent({ call }: Learnt, before: Order, after: Order, nowMs: number): boolean {
  return (
    call !== 'query' || isFinal(after) || after.state !== before.state || after.dueAtMs - nowMs <= NEAR_MS
  )
}
