import assert from 'node:assert/strict'
import { type Clock, sleep } from '../clock.ts'
import { isFinal, type Kind, nameOf, type Order, type OrderKey } from '../core/order.ts'
import type { Credential } from '../core/outcome.ts'
import { checkKey, checkPlacement, type Placement } from '../core/placement.ts'
import { VerdictError } from '../errors.ts'
import type { Claim, Inserted, NewOrder, Store } from '../store/store.ts'
import type { Awaited } from './awaited.ts'
import { Batcher, type BatcherOptions } from './batcher.ts'
import type { CallbackDesk } from './callback-desk.ts'
import type { EngineAccount } from './engine.ts'
import type { Lane } from './lane.ts'
import { checkPurchase, checkTracked, conflict, fingerprintOf, newPlacing, newTracked } from './new-order.ts'
import { SOON_MS } from './order-work.ts'
import type { Report } from './report.ts'

export interface PlaceOrder extends Placement {
  readonly account: string
  /** The caller's id of what is bought: a second number is refused while an earlier one is open or paid (guide 6.9). */
  readonly purchase?: string
}

export interface TrackOrder extends OrderKey {
  readonly kind: Kind
  readonly amount: Placement['amount']
  readonly purchase?: string
  /** When it was created, epoch ms. Unknown: the 15 s before a revoke and the 5 min before a close count from now. */
  readonly createdAtMs?: number
  /** Whether Verdict may close or revoke it when its window is over. Default: no. */
  readonly end?: boolean
}

export interface PlacedOrder {
  readonly order: Order
  /** What the customer needs to pay; null for Quick Pay, and while no reply has come. */
  readonly credential: Credential | null
  /** Whether the order was there before, with the same parameters: then nothing was sent. */
  readonly repeated: boolean
  readonly warnings: readonly string[]
}

export interface EntranceEdges {
  readonly store: Store
  readonly clock: Clock
  readonly report: Report
  readonly awaited: Awaited
  /** Hears of every new order: callbacks may have come before it. */
  readonly desk: CallbackDesk
  /** Aborts, with what callers are told, when nothing may enter any more. */
  readonly closing: AbortSignal
  /** What a new order is claimed with, as of now. */
  readonly claim: () => Claim
  readonly batch: Pick<BatcherOptions<unknown, unknown>, 'gatherMs' | 'sizeMax'>
}

/** What became of a new order, and how long it is ours if it is there now. */
type Entered = Inserted & { readonly claimedUntilMs: number }

/** Room for every repeat of a placing; the order itself goes on after it. */
const PLACE_WAIT_MS = 60_000

/** How orders come in: each is written, once for its number and its purchase, before anything about it is sent. */
export class Entrance {
  readonly #edges: EntranceEdges
  readonly #inserts: Batcher<NewOrder, Entered>

  constructor(edges: EntranceEdges) {
    this.#edges = edges
    const { store, clock, report, claim, batch } = edges
    this.#inserts = new Batcher({
      ...{ clock, ...batch },
      write: async (orders: readonly NewOrder[]) => {
        const claimed = claim()
        const inserted = await store.insert(orders, claimed)
        for (const [i, one] of inserted.entries())
          if (one.outcome === 'inserted') report.entered(one.order, orders[i]?.journal ?? [])
        return inserted.map((one) => ({ ...one, claimedUntilMs: claimed.untilMs }))
      },
    })
  }

  /** As `Engine.place`, at the account that the order names. */
  async place(lane: Lane, at: EngineAccount, asked: PlaceOrder): Promise<PlacedOrder> {
    const { account, purchase, ...placement } = asked
    const { store, clock, closing } = this.#edges
    const { placing, fingerprintKey, notify_url } = at
    checkKey({ account, ...placement })
    const existing = await store.find({ account, ...placement })
    // A repeat is judged at the moment of the first: a `time_expire` that has passed since makes it no other order.
    // The account's own address is no part of what was asked for: changed later, it makes a repeat no other order.
    const whole =
      placement.kind === 'quick_pay' || notify_url === undefined ? placement : { notify_url, ...placement }
    const warnings = checkPlacement(whole, placing, existing?.createdAtMs ?? clock.nowMs())
    checkPurchase(purchase)
    const fingerprint = fingerprintOf({ ...placement, purchase }, fingerprintKey)
    if (existing !== null) return this.#repeated(existing, fingerprint, warnings)

    await lane.mayPlace((ms) => sleep(clock, ms, closing))
    const entered = await lane.during(this.#enter(lane, whole, purchase ?? null, fingerprint))
    if (entered.outcome === 'exists') return this.#repeated(entered.order, fingerprint, warnings)
    return { ...(await this.#whenPlaced(entered.order)), repeated: false, warnings }
  }

  /** As `Engine.track`, at the account that the order names. */
  async track(lane: Lane, at: EngineAccount, order: TrackOrder): Promise<Order> {
    const nowMs = this.#edges.clock.nowMs()
    checkTracked(order, lane.gateway.identity.mode, nowMs)
    return lane.during(this.#enterTracked(lane, at, order, nowMs))
  }

  /** Resolves when everything that was to enter is written, or was refused. */
  flush(): Promise<void> {
    return this.#inserts.flush()
  }

  /** Writes the order, and only then sends it. */
  async #enter(
    lane: Lane,
    placement: Placement,
    purchase: string | null,
    fingerprint: string,
  ): Promise<{ readonly outcome: Inserted['outcome']; readonly order: Order }> {
    const nowMs = this.#edges.clock.nowMs()
    const entering = { gateway: lane.gateway, plan: lane.plan(placement.kind), nowMs }
    const { order, body } = newPlacing(placement, purchase, entering)
    const journal = [
      { atMs: nowMs, event: 'entered', said: 'placed' },
      { atMs: nowMs, event: 'intent', call: 'place' },
    ] as const
    const kept = placement.kind === 'quick_pay' ? null : body
    const inserted = await this.#insert(lane, { order, fingerprint, body: kept, journal })
    if (inserted.outcome === 'exists') return inserted
    const placed = await lane.place(inserted.order, body, inserted.claimedUntilMs)
    await this.#edges.desk.entered(inserted.order, lane)
    return { outcome: 'inserted', order: placed ?? inserted.order }
  }

  async #enterTracked(lane: Lane, at: EngineAccount, tracked: TrackOrder, nowMs: number): Promise<Order> {
    const { out_trade_no, kind, amount, purchase, end = false } = tracked
    const parameters = { tracked: out_trade_no, kind, amount, purchase, end }
    const fingerprint = fingerprintOf(parameters, at.fingerprintKey)
    const order = newTracked(tracked, { gateway: lane.gateway, plan: lane.plan(kind), nowMs })
    const journal = [{ atMs: nowMs, event: 'entered', said: 'tracked' }] as const
    const inserted = await this.#insert(lane, { order, fingerprint, body: null, journal })
    if (inserted.outcome === 'exists') {
      if (inserted.fingerprint !== fingerprint) throw conflict(inserted.order)
      return inserted.order
    }
    // The insert claimed it for a placing; there is none, so it goes to the loop.
    await lane.giveBack(inserted)
    await this.#edges.desk.entered(inserted.order, lane)
    return inserted.order
  }

  async #insert(
    lane: Lane,
    order: NewOrder,
  ): Promise<Exclude<Entered, { readonly outcome: 'purchase-taken' }>> {
    this.#edges.closing.throwIfAborted()
    const inserted = await this.#inserts.add(order, SOON_MS).catch((error: unknown) => {
      // It may be written all the same, and claimed by a caller that doesn't know.
      lane.lost()
      throw error
    })
    if (inserted.outcome !== 'purchase-taken') return inserted
    const { by } = inserted
    throw new VerdictError(
      'PURCHASE_TAKEN',
      `purchase "${order.order.purchase}" has ${nameOf(by)}, which is ${isFinal(by) ? 'paid' : 'open'}; expected it to be settled without payment first (guide 6.9)`,
    )
  }

  async #repeated(order: Order, fingerprint: string, warnings: readonly string[]): Promise<PlacedOrder> {
    const placing = await this.#edges.store.placingOf(order.id)
    if (placing?.fingerprint !== fingerprint) throw conflict(order)
    return { ...(await this.#whenPlaced(order)), repeated: true, warnings }
  }

  /** Waits while repeats of the placing are still to come. */
  async #whenPlaced({ id, state }: Order): Promise<Pick<PlacedOrder, 'order' | 'credential'>> {
    const { store } = this.#edges
    if (state === 'placing') await this.#edges.awaited.placed(id, PLACE_WAIT_MS)
    const [order, placing] = await Promise.all([store.byId(id), store.placingOf(id)])
    assert(order !== null)
    return { order, credential: placing?.credential ?? null }
  }
}
