import type { Clock } from '../clock.ts'
import type { Learnt } from '../core/decide.ts'
import { nameOf, type Order, type OrderKey } from '../core/order.ts'
import type { Evidence } from '../core/outcome.ts'
import type { CallbackHint, Identity, VerifiedCallback } from '../gateway/gateway.ts'
import type { NewStray, Store, Stray } from '../store/store.ts'
import type { KeyShelf } from './key-shelf.ts'
import type { Lane } from './lane.ts'
import type { Report } from './report.ts'
import type { Road } from './road.ts'

/** What became of a verified callback. Only the first two are answered as received. */
export type Received =
  | { readonly kind: 'applied' | 'repeated' }
  /** It contradicts the order, or can't be used: `why` is one sentence. */
  | { readonly kind: 'refused'; readonly why: string }
  /** No order bears its number. It is kept for one that may appear, unless the account only counts such callbacks. */
  | { readonly kind: 'unknown-order' }

export interface DeskEdges {
  readonly store: Store
  readonly clock: Clock
  readonly road: Road
  readonly keys: KeyShelf
  readonly report: Report
}

/** A hint makes a query due at most this often for one order. */
const HINT_MS = 10_000
/** A callback that no order claims by then is shown to a person. */
const STRAY_MS_MAX = 10 * 60_000
const SWEEP_MS = 60_000
const SWEEP_MAX = 500

/** Where callbacks enter: applied to their order, or kept until it appears. */
export class CallbackDesk {
  readonly #edges: DeskEdges
  readonly #hintedAtMs = new Map<number, number>()
  #cancelSweep: (() => void) | null = null
  #isOpen = false
  /** One after the other. Never rejects. */
  #sweeping: Promise<void> = Promise.resolve()

  constructor(edges: DeskEdges) {
    this.#edges = edges
  }

  // -------------------------------------------------------------- what came

  /** Resolves when it is on disk. @throws whatever the store throws */
  async receive(lane: Lane, callback: VerifiedCallback, unknown: 'keep' | 'count'): Promise<Received> {
    const learnt = learntFrom(callback)
    if (learnt === null)
      return { kind: 'refused', why: `event_type ${callback.event_type} is not about a payment or a refund` }
    const key = keyOf(lane.gateway.identity, learnt)
    if (key === null) return { kind: 'refused', why: 'it names no order' }
    const { store, keys } = this.#edges
    const order = await store.find(key)
    if (order !== null) return this.#apply(order, learnt, lane)
    if (unknown === 'count') return { kind: 'unknown-order' }
    await keys.moveTo(store)
    try {
      await store.keepStray(strayOf(key, callback.id, learnt))
    } finally {
      // Also if it failed: the store may have written the callback all the same.
      this.#sweepWithin(SWEEP_MS)
    }
    // The order may have entered while this was written: then nobody else has seen it.
    const appeared = await store.find(key)
    if (appeared === null) return { kind: 'unknown-order' }
    await this.#applyStrays(appeared, lane)
    return this.#apply(appeared, learnt, lane)
  }

  /** Somebody says so whom nobody could verify. @returns whether it made a query due */
  async hint(lane: Lane, { sub_mchid, out_trade_no }: CallbackHint): Promise<boolean> {
    const { store, clock, road } = this.#edges
    const order = await store.find({ account: lane.account, sub_mchid, out_trade_no })
    if (order === null || order.state === 'SUCCESS' || !this.#mayHint(order, clock.nowMs())) return false
    return (await road.learn(order, { call: 'hint' }, lane)).change !== null
  }

  async #apply(order: Order, learnt: FromCallback, lane: Lane, strayId?: number): Promise<Received> {
    const more = strayId === undefined ? {} : { strayId }
    const { change } = await this.#edges.road.learn(order, learnt, lane, more)
    if (change === null) return { kind: 'repeated' }
    return change.refuses === undefined ? { kind: 'applied' } : { kind: 'refused', why: change.refuses }
  }

  #mayHint({ id }: Order, nowMs: number): boolean {
    const lastMs = this.#hintedAtMs.get(id)
    if (lastMs !== undefined && nowMs - lastMs < HINT_MS) return false
    if (this.#hintedAtMs.size > HINTS_KEPT_MAX) {
      for (const [other, atMs] of this.#hintedAtMs)
        if (nowMs - atMs >= HINT_MS) this.#hintedAtMs.delete(other)
    }
    this.#hintedAtMs.set(id, nowMs)
    return true
  }

  // -------------------------------------------------------------- callbacks that wait for their order

  /** Applies what overtook the order that has just entered. Never rejects: what fails now the sweep does later. */
  entered(order: Order, lane: Lane): Promise<void> {
    return this.#applyStrays(order, lane).catch((error: unknown) => {
      this.#edges.report.storeFailed(error)
      this.#sweepWithin(SWEEP_MS)
    })
  }

  async #applyStrays(order: Order, lane: Lane): Promise<void> {
    for (const stray of await this.#edges.store.straysOf(order)) await this.#claim(stray, order, lane)
  }

  async #claim(stray: Stray, order: Order, lane: Lane): Promise<void> {
    const { store, report } = this.#edges
    const received = await this.#apply(
      (await store.byId(order.id)) ?? order,
      learntFromStray(stray),
      lane,
      stray.id,
    )
    if (received.kind === 'repeated') await store.dropStray(stray.id)
    report.callback(
      received.kind === 'applied' ? 'applied' : received.kind === 'repeated' ? 'repeated' : 'refused',
      order.account,
    )
  }

  /** Looks now and then whether an order has appeared, or somebody has to be told. @param laneOf null for another's account */
  open(laneOf: (account: string) => Lane | null): void {
    this.#isOpen = true
    this.#laneOf = laneOf
    this.#sweepWithin(0)
  }

  async close(): Promise<void> {
    this.#isOpen = false
    this.#cancelSweep?.()
    await this.#sweeping
  }

  #laneOf: (account: string) => Lane | null = () => null

  #sweepWithin(ms: number): void {
    if (!this.#isOpen || this.#cancelSweep !== null) return
    this.#cancelSweep = this.#edges.clock.after(ms, () => {
      this.#cancelSweep = null
      this.#sweeping = this.#sweeping.then(() => this.#sweep())
    })
  }

  async #sweep(): Promise<void> {
    try {
      if (await this.#sweepOnce()) this.#sweepWithin(SWEEP_MS)
    } catch (error) {
      this.#edges.report.storeFailed(error)
      this.#sweepWithin(SWEEP_MS)
    }
  }

  /** @returns whether some may be waiting still */
  async #sweepOnce(): Promise<boolean> {
    const { store, clock, report } = this.#edges
    const waiting = await store.straysToTell(SWEEP_MAX)
    const lost: Stray[] = []
    for (const stray of waiting) {
      const lane = this.#laneOf(stray.account)
      const order = lane === null ? null : await store.find(stray)
      if (lane !== null && order !== null) await this.#claim(stray, order, lane)
      else if (clock.nowMs() - stray.evidence.receivedAtMs >= STRAY_MS_MAX) lost.push(stray)
    }
    for (const stray of lost) report.strayLost(nameOf(stray))
    if (lost.length > 0)
      await store.noteStraysTold(
        lost.map(({ id }) => id),
        clock.nowMs(),
      )
    return waiting.length > 0
  }
}

/** Those of the last 10 s are kept in any case. */
const HINTS_KEPT_MAX = 10_000

type FromCallback = Extract<Learnt, { call: 'callback' | 'refund-callback' }>

function learntFrom({ event, evidence }: Pick<VerifiedCallback, 'event' | 'evidence'>): FromCallback | null {
  switch (event.kind) {
    case 'payment':
      return { call: 'callback', trade: event.trade, evidence }
    case 'refund':
      return { call: 'refund-callback', refund: event.refund, evidence }
    case 'other':
      return null
  }
}

function learntFromStray({ said, evidence }: Stray): FromCallback {
  return said.about === 'payment'
    ? { call: 'callback', trade: said.statement, evidence }
    : { call: 'refund-callback', refund: said.statement, evidence }
}

/** Which order it is about, in the account's own mode. */
function keyOf({ mode, account }: Identity, learnt: FromCallback): OrderKey | null {
  const { out_trade_no, sub_mchid } = learnt.call === 'callback' ? learnt.trade : learnt.refund
  if (out_trade_no === undefined) return null
  if (mode === 'common') return { account, sub_mchid: null, out_trade_no }
  return sub_mchid === undefined ? null : { account, sub_mchid, out_trade_no }
}

function strayOf(key: OrderKey, eventId: string, learnt: FromCallback): NewStray {
  const evidence: Evidence = learnt.evidence
  return learnt.call === 'callback'
    ? { ...key, eventId, said: { about: 'payment', statement: learnt.trade }, evidence }
    : { ...key, eventId, said: { about: 'refund', statement: learnt.refund }, evidence }
}
