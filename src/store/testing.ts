import type { Aftercare, LateMoney, Refund } from '../core/aftercare.ts'
import type { Change } from '../core/change.ts'
import type { Message } from '../core/message.ts'
import type { FinalOrder, OpenOrder, OrderIn, Verdict } from '../core/order.ts'
import type { Evidence, UnverifiedEvidence } from '../core/outcome.ts'
import type {
  Claim,
  ClaimRequest,
  Commit,
  Delivery,
  DeliveryClaim,
  DeliveryResult,
  Inserted,
  NewDelivery,
  NewOrder,
  NewStray,
  Store,
} from './store.ts'

/* For tests of stores: factories that fill in all that a test doesn't care about. */

export const T0 = 1_750_000_000_000
export const MINUTE_MS = 60_000
export const DAY_MS = 86_400_000

export const ACCOUNT = '1900000001'
/** A claim that outlasts every test. */
export const HELD: Claim = { worker: 'a', untilMs: T0 + 1_000 * DAY_MS }

export const ENDING = {
  phase: 'confirm',
  calls: 2,
  confirmations: 1,
  revoke: { inFlightAtMs: T0 + 1, unansweredAtMs: T0 + 2, accepted: true },
} as const

export type Sketch = Partial<NewOrder['order']> & Partial<Omit<NewOrder, 'order'>>

let numbers = 0

/** A native order under `ACCOUNT` that waits for its first query at T0, with a number of its own. */
export function newOrder({ fingerprint = 'f', body = null, journal = [], ...sketch }: Sketch = {}): NewOrder {
  const order: NewOrder['order'] = {
    account: ACCOUNT,
    sub_mchid: null,
    out_trade_no: `N${++numbers}`,
    kind: 'native',
    total: 100,
    currency: 'HKD',
    origin: 'placed',
    mayEnd: true,
    purchase: null,
    createdAtMs: T0 - 10_000,
    windowEndAtMs: T0 + 900_000,
    version: 1,
    queries: 0,
    silence: 0,
    seen: null,
    placings: 1,
    latestPlacingAtMs: T0 - 10_000,
    declined: false,
    unknownAtMs: null,
    givenUpAtMs: null,
    attention: null,
    state: 'waiting',
    dueAtMs: T0,
    ...sketch,
  }
  return { order, fingerprint, body, journal }
}

/** Quick Pay inside its window, due at `dueAtMs`. */
export function atTill(dueAtMs: number): Sketch {
  return { kind: 'quick_pay', dueAtMs, windowEndAtMs: dueAtMs + 45_000 }
}

export function many(count: number, sketch: Sketch): Sketch[] {
  return Array.from({ length: count }, () => sketch)
}

/** As many orders as sketches. */
type EachOf<Sketches extends readonly Sketch[]> = { -readonly [Index in keyof Sketches]: OpenOrder }

/** Orders that `HELD` has claimed. */
export async function enter<const Sketches extends readonly Sketch[]>(
  store: Store,
  sketches: Sketches,
): Promise<EachOf<Sketches>> {
  const orders = (await store.insert(sketches.map(newOrder), HELD)).map(insertedOf)
  // One for each sketch, in their order: what `insert` promises, and `map` can't say.
  return orders as EachOf<Sketches>
}

/** Orders that nobody has claimed. */
export async function enterFree<const Sketches extends readonly Sketch[]>(
  store: Store,
  sketches: Sketches,
): Promise<EachOf<Sketches>> {
  const orders = await enter(store, sketches)
  await store.release(
    orders.map(({ id }) => id),
    HELD.worker,
  )
  return orders
}

export async function outcomeOf(store: Store, sketch: Sketch): Promise<Inserted | undefined> {
  return (await store.insert([newOrder(sketch)], HELD))[0]
}

function insertedOf(result: Inserted): OpenOrder {
  if (result.outcome !== 'inserted') throw new Error(`expected a new order, got ${result.outcome}`)
  return result.order
}

/** All that is due at T0, for `ACCOUNT`. */
export function due(request: Partial<ClaimRequest> = {}): ClaimRequest {
  const nowMs = request.nowMs ?? T0
  return {
    account: ACCOUNT,
    worker: 'z',
    nowMs,
    dueUntilMs: nowMs,
    untilMs: nowMs + MINUTE_MS,
    limit: 100,
    ...request,
  }
}

/** The order one version on: still waiting, due in an hour unless said otherwise. */
export function nextOf(
  order: OpenOrder,
  patch: Partial<Pick<OrderIn<'waiting'>, 'dueAtMs' | 'queries' | 'seen'>> = {},
): Change & { readonly order: OrderIn<'waiting'> } {
  const { version } = order
  const next: OrderIn<'waiting'> = {
    ...order,
    state: 'waiting',
    version: version + 1,
    dueAtMs: T0 + 60 * MINUTE_MS,
    ...patch,
  }
  return { from: version, order: next, journal: [], evidence: [], events: [] }
}

export async function settle(
  store: Store,
  open: OpenOrder,
  state: Verdict['state'],
): Promise<FinalOrder & { verdict: { evidence: Evidence } }> {
  const verdict = verdictOf(state)
  const order = finalOf(nextOf(open).order, verdict)
  const change: Change = { from: open.version, order, journal: [], evidence: [verdict.evidence], events: [] }
  await applied(store, { change })
  return order
}

export function finalOf<V extends Verdict>(order: OpenOrder, verdict: V): FinalOrder & { verdict: V } {
  const nothing = { dueAtMs: null, aftercare: null }
  // The state of an order and of its verdict are one word, which a spread can't say.
  return { ...order, ...nothing, state: verdict.state, verdict } as FinalOrder & { verdict: V }
}

export function verdictOf(state: Verdict['state']): Verdict & { readonly evidence: Evidence } {
  return {
    state,
    atMs: T0 + 5,
    learntBy: state === 'SUCCESS' ? 'callback' : 'query',
    transaction_id: state === 'SUCCESS' ? '4200000001' : null,
    success_time: state === 'SUCCESS' ? '2025-06-15T23:06:40+08:00' : null,
    evidence: evidence({ body: `{"trade_state":"${state}"}` }),
  }
}

export function evidence(fields: Partial<UnverifiedEvidence>): Evidence {
  const unverified: UnverifiedEvidence = {
    source: 'reply',
    request: 'GET /v3/global/transactions/out-trade-no/N1',
    status: 200,
    serial: 'PUB_KEY_ID_1',
    timestamp: '1750000000',
    nonce: 'n',
    signature: 'c2ln',
    body: '{}',
    receivedAtMs: T0,
    ...fields,
  }
  // A store keeps evidence and doesn't judge it, so its tests need none that verifies.
  return unverified as Evidence
}

export async function applied(store: Store, commit: Commit): Promise<void> {
  const [result] = await store.commit([commit])
  if (result !== 'applied') throw new Error(`expected to be applied, got ${result}`)
}

// ------------------------------------------------------------------ what follows a verdict

/** A refund that is accepted and followed, under a number of its own. */
export function refund(fields: Partial<Refund> = {}): Refund {
  return {
    out_refund_no: `R${++numbers}`,
    key: 'k1',
    origin: 'asked',
    amount: 30,
    reason: null,
    createdAtMs: T0 + 10,
    state: 'processing',
    dueAtMs: T0 + 20_000,
    attempts: 1,
    sentAtMs: T0 + 20,
    unansweredAtMs: null,
    pauses: 0,
    said: 'PROCESSING',
    refund_id: '5030000001',
    success_time: null,
    ...fields,
  }
}

export function lateMoney(fields: Partial<LateMoney> = {}): LateMoney {
  return {
    phase: 'confirm',
    learntAtMs: T0 + 30,
    transaction_id: '4200000002',
    success_time: '2025-06-15T23:06:50+08:00',
    dueAtMs: T0 + 30,
    questions: 0,
    confirmedAtMs: null,
    ...fields,
  }
}

export type FinalChange = Change & { readonly order: FinalOrder }

/**
 * The final order one version on, with these refunds new or changed, due as said. Late money and the comparison stay as
 * they are unless said otherwise.
 */
export function followed(
  order: FinalOrder,
  { dueAtMs = null, refunds = [], ...more }: Partial<Aftercare> & { readonly dueAtMs?: number | null } = {},
): FinalChange {
  const before: Aftercare = order.aftercare ?? { late: null, refunds: [], compareAtMs: null }
  // A key that is set again keeps its place in a Map, as a refund does in its order.
  const byNumber = new Map([...before.refunds, ...refunds].map((one) => [one.out_refund_no, one]))
  const aftercare = { ...before, ...more }
  return {
    from: order.version,
    order: {
      ...order,
      version: order.version + 1,
      dueAtMs,
      aftercare: { ...aftercare, refunds: [...byNumber.values()] },
    },
    journal: [],
    evidence: [],
    events: [],
    aftercare: { ...aftercare, refunds },
  }
}

/** Applies `followed`, and returns the order as it is then. */
export async function follow(
  store: Store,
  order: FinalOrder,
  what: Parameters<typeof followed>[1],
  more: Omit<Commit, 'change'> = {},
): Promise<FinalOrder> {
  const change = followed(order, what)
  await applied(store, { change, ...more })
  return change.order
}

/** A settled order. */
export async function settled(
  store: Store,
  state: Verdict['state'] = 'SUCCESS',
  sketch: Sketch = {},
): Promise<FinalOrder> {
  const [order] = await enter(store, [sketch])
  return settle(store, order, state)
}

// ------------------------------------------------------------------ deliveries

export function message(fields: Partial<Message> = {}): Message {
  const payload = '{"type":"order.verdict","timestamp":"2025-06-15T15:06:40.000Z","data":{}}'
  return { id: `msg_${++numbers}`, type: 'order.verdict', payload, ...fields }
}

/** A message to `shop`, written at T0. */
export function newDelivery(fields: Partial<NewDelivery> = {}): NewDelivery {
  return { target: 'shop', message: message(), createdAtMs: T0, ...fields }
}

/** Writes messages with a change of the order; returns the order as it is then, and its deliveries. */
export async function tell(
  store: Store,
  order: FinalOrder,
  deliveries: readonly Partial<NewDelivery>[],
): Promise<{ readonly order: FinalOrder; readonly deliveries: readonly Delivery[] }> {
  const next = await follow(store, order, {}, { deliveries: deliveries.map(newDelivery) })
  return { order: next, deliveries: (await store.deliveriesOf(order.id)).slice(-deliveries.length) }
}

/** All that is due to `shop` at T0. */
export function dueDeliveries(claim: Partial<DeliveryClaim> = {}): DeliveryClaim {
  const nowMs = claim.nowMs ?? T0
  return { target: 'shop', worker: 'z', nowMs, untilMs: nowMs + MINUTE_MS, limit: 100, ...claim }
}

/** The first attempt, at T0, which succeeded. */
export function attempt(
  { id }: Pick<Delivery, 'id'>,
  fields: Partial<Omit<DeliveryResult, 'id'>> = {},
): DeliveryResult {
  return { id, nowMs: T0, firstAtMs: T0, attempts: 1, outcome: { state: 'sent' }, ...fields }
}

// ------------------------------------------------------------------ callbacks without an order

/** WeChat Pay signed that an order is paid which isn't there. */
export function newStray(fields: Partial<NewStray> = {}): NewStray {
  numbers += 1
  const out_trade_no = fields.out_trade_no ?? `N${numbers}`
  return {
    account: ACCOUNT,
    sub_mchid: null,
    out_trade_no,
    eventId: `event-${numbers}`,
    said: { about: 'payment', statement: { trade_state: 'SUCCESS', mchid: ACCOUNT, out_trade_no } },
    evidence: evidence({ source: 'callback', body: '{"id":"event"}' }),
    ...fields,
  }
}
