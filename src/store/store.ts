import type { Change, JournalLine } from '../core/change.ts'
import type { Message } from '../core/message.ts'
import type {
  DueOrder,
  Kind,
  OpenOrder,
  Order,
  OrderFacts,
  OrderIn,
  OrderKey,
  Progress,
} from '../core/order.ts'
import type { Credential, Evidence, RefundStatement, TradeStatement } from '../core/outcome.ts'
import type { Reconciliations } from './reconciliations.ts'

/**
 * Where orders live. Every method that writes has written durably when it resolves. Moments come in as parameters: a
 * store has no clock. Unknown orders are values (`null`, `'moved'`), not errors; errors are STORE_INVALID and
 * STORE_IN_USE when opening, and whatever the database throws.
 */
export interface Store extends Reconciliations {
  /** Writes a new order with its first journal line, claimed by `worker` from the start, or tells what stands there. */
  insert(orders: readonly NewOrder[], claim: Claim): Promise<readonly Inserted[]>
  /**
   * Gives each order that falls due up to `dueUntilMs` to one caller only: first those at the till, oldest due
   * time first, then the others likewise with a reserved share of a fifth of `limit`, rounded down. An order that has
   * been due for a minute counts among the others: nobody stands at the till any more. An order stays with the worker
   * until it is released or `claim.untilMs` has passed.
   */
  claimDue(request: ClaimRequest): Promise<readonly DueOrder[]>
  /**
   * Applies changes, all in one durable write. A change whose order moved on since `from` is not applied and comes
   * back as `'moved'`, its claim untouched; the others are applied all the same. The claim of an applied change is
   * released unless `keepClaim` is set or it is another than `claim`; that of an order about which nothing is to be done any more always is.
   */
  commit(changes: readonly Commit[]): Promise<readonly ('applied' | 'moved')[]>
  /**
   * Gives claims back, unchanged. With `untilMs`, one for each order, only those that were made until then: what the worker
   * has claimed anew since stays.
   */
  release(ids: readonly number[], worker: string, untilMs?: readonly number[]): Promise<void>
  /**
   * The earliest due time among the account's unclaimed orders that are due before `beforeMs` (default: ever); null without
   * any. A claim counts as over from the moment that a `claimDue` names a `nowMs` at or after its `untilMs`.
   */
  nextDueAtMs(account: string, beforeMs?: number): Promise<number | null>

  /**
   * Gives each message to `target` that is due to one caller only, the oldest due time first. Of an order's messages to
   * a target there is one at a time, in the sequence in which they were written; one that is sent again by hand goes
   * beside it. It stays with the worker until `finishDeliveries` names it or `untilMs` has passed.
   */
  claimDeliveries(claim: DeliveryClaim): Promise<readonly Delivery[]>
  /**
   * Writes what came of attempts, all in one durable write, and gives their claims back. The next in line is due at once
   * after one that is sent or has failed. A result that is older than what is on file changes nothing.
   */
  finishDeliveries(results: readonly DeliveryResult[]): Promise<void>
  /** The earliest due time among the target's unclaimed messages; null without any. */
  nextDeliveryAtMs(target: string): Promise<number | null>
  /** A sent or failed message goes out again, from `nowMs` on; null if there is none of this number, or it is on its way. */
  resend(id: number, nowMs: number): Promise<Delivery | null>

  /** Keeps a verified callback for an order that isn't there. One that is kept already is not kept twice. */
  keepStray(stray: NewStray): Promise<void>
  /** Those of which nobody was told yet, the oldest first, at most `limit`. */
  straysToTell(limit: number): Promise<readonly Stray[]>
  /** Nobody claims these: written down that somebody was told. */
  noteStraysTold(ids: readonly number[], nowMs: number): Promise<void>
  /** The callback told nothing new about the order that has appeared. */
  dropStray(id: number): Promise<void>

  byId(id: number): Promise<Order | null>
  find(key: OrderKey): Promise<Order | null>
  /** The same for many at a time, at most 1,000: an order or null for each, in their sequence. */
  findAll(keys: readonly OrderKey[]): Promise<ReadonlyArray<Order | null>>
  /** All orders that bear this number, whatever the account and sub-merchant. */
  named(out_trade_no: string): Promise<readonly Order[]>
  /** How many orders are in each state now. */
  countByState(): Promise<Readonly<Partial<Record<Order['state'], number>>>>
  /** Orders in the order of entering, from after row `afterId`, at most `limit`. */
  page(afterId: number, limit: number): Promise<readonly Order[]>
  /** Orders that fit the filter, newest first: the highest row number, which was given last. */
  list(filter: OrderFilter, page: OrderPage): Promise<readonly Order[]>
  /** The earliest due time of each account that has anything to do, whoever works on it. */
  oldestDue(): Promise<readonly OldestDue[]>
  /** How many orders need a person. */
  countAttention(): Promise<number>
  /** How many orders are open and due before this moment: those of `list` with `overdueSinceMs`. */
  countOverdue(sinceMs: number): Promise<number>
  /** How many orders a person has stopped: those of `list` with `isStopped`. */
  countStopped(): Promise<number>
  /** What was written with the order and is needed again: the bytes to repeat, and what the reply gave. */
  placingOf(id: number): Promise<StoredPlacing | null>
  journalOf(id: number): Promise<readonly JournalLine[]>
  evidenceOf(id: number): Promise<readonly Evidence[]>
  /** What the merchant's system was or will be told about an order, in the sequence in which it was written. */
  deliveriesOf(id: number): Promise<readonly Delivery[]>
  /** All messages in one state, from after number `afterId`, at most `limit`. */
  deliveriesIn(state: DeliveryState, afterId: number, limit: number): Promise<readonly Delivery[]>
  countDeliveries(): Promise<Readonly<Partial<Record<DeliveryState, number>>>>
  /** Callbacks that wait for this order. */
  straysOf(key: OrderKey): Promise<readonly Stray[]>
  /** Callbacks that wait for any order, the oldest first, at most `limit`. */
  strays(limit: number): Promise<readonly Stray[]>

  /** WeChat Pay's public keys are kept by serial for ever, so that evidence can always be checked again. */
  keepPlatformKeys(keys: readonly PlatformKey[]): Promise<void>
  platformKeys(): Promise<readonly PlatformKey[]>

  /** Writes down who may call. An id that is there already is the database's error, and changes nothing. */
  keepApiKey(key: ApiKey): Promise<void>
  /** Whether this call revoked it: false if there is none of this id, or it is revoked already. */
  revokeApiKey(id: string, nowMs: number): Promise<boolean>
  /** All of them, revoked ones too, the oldest first. */
  apiKeys(): Promise<readonly ApiKey[]>

  /** Writes down who is signed in, and drops a few of those who no longer are. */
  keepSession(session: ApiSession, nowMs: number): Promise<void>
  /** The session of a hash; null if there is none, or none any more at `nowMs`. */
  sessionOf(hash: string, nowMs: number): Promise<ApiSession | null>
  /** Whoever signed out; nothing if there is no such session. */
  endSession(hash: string): Promise<void>

  /**
   * Whether a caller uses an idempotency key for the first time (`'new'`, and it is written down), again for the same
   * request, or for another one. One of many callers at once gets `'new'`. Whoever got an error asks again and may get
   * `'same'` though nothing was done yet: it was written, and only the answer was lost.
   */
  claimRequest(request: CallerRequest): Promise<'new' | 'same' | 'other'>

  /** The other processes that work here; null where one process owns the store. */
  readonly peers: Peers | null

  /** Ends the connection and gives the database free. */
  close(): Promise<void>
}

/** What processes that share a store tell each other through it. */
export interface Peers {
  /**
   * Tells that the worker lives, what it holds of each budget and what it wants, and learns what it may use from now on.
   * What is granted never adds up to more than the whole: what somebody told that he holds counts until he tells that he
   * holds less, or has been silent for `deadMs` of the store's own time. Then his claims are free, too.
   */
  beat(beat: Beat): Promise<Beaten>
  /** The worker ends: what it holds of the budgets is free at once, and the others hear of it. Its claims it gives back itself. */
  leave(worker: string): Promise<void>
  /**
   * Calls back with the numbers of orders that another process has changed and wants to be heard (`Commit.tell`); with null
   * where that may have been missed, or another has left. Only shortens waiting. Returns how to end it.
   */
  watch(changed: (ids: readonly number[] | null) => void): () => Promise<void>
  /** Tells the others that a callback of the account's came here. What is noted last stays, whatever the clocks say. */
  noteHeard(account: string, nowMs: number): Promise<void>
  /** When a process last told that, by its own clock; null if none ever did. */
  heardAtMs(account: string): Promise<number | null>
}

export interface Beat {
  readonly worker: string
  /** By the name of the budget: the part that it may use now, 0 to 1. */
  readonly holds: Readonly<Record<string, number>>
  /** By the name of the budget: what it could use, above 0; only the relations count. */
  readonly wants: Readonly<Record<string, number>>
  readonly deadMs: number
}

export interface Beaten {
  /** By the name of the budget: the part that it may use from now on. */
  readonly granted: Readonly<Record<string, number>>
  /** Workers that have been silent for too long. */
  readonly dead: readonly string[]
  /** The store's own time, epoch ms. */
  readonly nowMs: number
}

/** What only reads: all that a command may use while another process owns the database. */
export type StoreReader = Pick<
  Store,
  | 'byId'
  | 'find'
  | 'findAll'
  | 'named'
  | 'countByState'
  | 'page'
  | 'list'
  | 'oldestDue'
  | 'countAttention'
  | 'countOverdue'
  | 'countStopped'
  | 'placingOf'
  | 'journalOf'
  | 'evidenceOf'
  | 'deliveriesOf'
  | 'deliveriesIn'
  | 'countDeliveries'
  | 'strays'
  | 'platformKeys'
  | 'apiKeys'
  | 'reconciliations'
  | 'reconciliation'
  | 'close'
>

/** So long after its due time an order is overdue for whoever looks: something holds its query back. */
export const OVERDUE_MS = 60_000

/** What orders are listed by: all that is given must hold. */
export interface OrderFilter {
  readonly account?: string
  /** Null: common mode. */
  readonly sub_mchid?: string | null
  readonly out_trade_no?: string
  /** WeChat Pay's number in the order's verdict, or of its late money. */
  readonly transaction_id?: string
  /** One of these. */
  readonly states?: readonly Order['state'][]
  /** One of these. */
  readonly kinds?: readonly Kind[]
  /** Whether it has no verdict yet. */
  readonly isOpen?: boolean
  readonly needsAttention?: boolean
  /** Whether a person has said that it is not to be asked about any more. */
  readonly isStopped?: boolean
  /** Open, and due before this moment. */
  readonly overdueSinceMs?: number
  /** Inclusive. */
  readonly createdFromMs?: number
  /** Exclusive. */
  readonly createdToMs?: number
  readonly total?: number
}

export interface OrderPage {
  /** Only row numbers below this one; null: from the newest on. */
  readonly before: number | null
  /** 1 to 1000. */
  readonly limit: number
}

/** Who may work on an order, and until when. */
export interface Claim {
  readonly worker: string
  readonly untilMs: number
}

export interface ClaimRequest extends Claim {
  readonly account: string
  readonly nowMs: number
  readonly dueUntilMs: number
  /** At most this many orders; 1 to 1000. */
  readonly limit: number
  /** Only customers who are at the till: the others would find no room. Default: all. */
  readonly tillOnly?: boolean
}

export interface NewOrder {
  readonly order: Omit<OrderFacts, 'id'> &
    Progress &
    Pick<OrderIn<'placing' | 'waiting'>, 'state' | 'dueAtMs'>
  /** Keyed hash over all parameters, `auth_code` included: tells a repeat from a conflict. */
  readonly fingerprint: string
  /** The request's bytes, so that it can be repeated; null for Quick Pay (never repeated) and tracked orders. */
  readonly body: string | null
  readonly journal: readonly JournalLine[]
}

export type Inserted =
  | { readonly outcome: 'inserted'; readonly order: OpenOrder }
  /** The number is there already. */
  | { readonly outcome: 'exists'; readonly order: Order; readonly fingerprint: string }
  /**
   * Another order for the same purchase, under the same account and sub-merchant, is open or paid. One that was given up
   * and whose late money is back with the customer is neither.
   */
  | { readonly outcome: 'purchase-taken'; readonly by: Order }

export interface Commit {
  readonly change: Change
  readonly keepClaim?: boolean
  /** The very claim that ends with the change: any other stays, the same worker's own newer one too. Default: whichever it is. */
  readonly claim?: Claim
  /** What the merchant's system is told of it. */
  readonly deliveries?: readonly NewDelivery[]
  /** A kept callback that this change applies: it goes with it. */
  readonly strayId?: number
  /** Whether other processes should hear of it at once: somebody may wait for it there, or work on the order. */
  readonly tell?: boolean
}

export const DELIVERY_STATES = ['queued', 'pending', 'sent', 'failed'] as const
/** `queued`: behind an earlier message about the same order. `failed`: given up; it can be sent again. */
export type DeliveryState = (typeof DELIVERY_STATES)[number]

export interface NewDelivery {
  readonly target: string
  readonly message: Message
  readonly createdAtMs: number
}

/** A message on its way to one target. */
export interface Delivery extends NewDelivery {
  readonly id: number
  readonly orderId: number
  readonly state: DeliveryState
  readonly dueAtMs: number | null
  readonly attempts: number
  /** The first attempt since it was written, or since it was sent again by hand. */
  readonly firstAtMs: number | null
  readonly doneAtMs: number | null
  /** Why the latest attempt failed, for people. */
  readonly why: string | null
}

export interface DeliveryClaim extends Claim {
  readonly target: string
  readonly nowMs: number
  /** 1 to 1000. */
  readonly limit: number
}

export interface DeliveryResult {
  readonly id: number
  readonly nowMs: number
  readonly firstAtMs: number
  /** This attempt included. */
  readonly attempts: number
  /** Whose attempt it was. While another has claimed the message, it counts only if it was sent. Default: whoever's it is. */
  readonly worker?: string
  readonly outcome:
    | { readonly state: 'sent' }
    | { readonly state: 'pending'; readonly dueAtMs: number; readonly why: string }
    | { readonly state: 'failed'; readonly why: string }
}

/** A verified callback about an order that isn't in the store. */
export interface NewStray extends OrderKey {
  /** The notification's id: the same when it is sent again. */
  readonly eventId: string
  readonly said:
    | { readonly about: 'payment'; readonly statement: TradeStatement }
    | { readonly about: 'refund'; readonly statement: RefundStatement }
  readonly evidence: Evidence
}

export interface Stray extends NewStray {
  readonly id: number
  /** When somebody was told that no order claims it. */
  readonly toldAtMs: number | null
}

export interface StoredPlacing {
  readonly fingerprint: string
  readonly body: string | null
  readonly credential: Credential | null
}

export interface PlatformKey {
  readonly account: string
  /** `Wechatpay-Serial`: a certificate's serial number or a `PUB_KEY_ID_…`. */
  readonly serial: string
  /** SPKI PEM. */
  readonly publicKey: string
  readonly keptAtMs: number
}

export interface OldestDue {
  readonly account: string
  readonly dueAtMs: number
}

/** Each may do what those before it may. */
export const API_ROLES = ['read', 'operate', 'admin'] as const
export type ApiRole = (typeof API_ROLES)[number]

/** Who may call the service. The secret itself never comes to a store. */
export interface ApiKey {
  readonly id: string
  /** For people. */
  readonly name: string
  readonly role: ApiRole
  /** SHA-256 of the secret, in hex. */
  readonly hash: string
  readonly createdAtMs: number
  readonly revokedAtMs: number | null
}

/** Somebody who is signed in with an API key. The cookie itself never comes to a store. */
export interface ApiSession {
  /** SHA-256 of the cookie, in hex. */
  readonly hash: string
  readonly keyId: string
  readonly endsAtMs: number
}

export interface CallerRequest {
  readonly caller: string
  /** The caller's `Idempotency-Key`. */
  readonly key: string
  /** Of all that is asked for. */
  readonly hash: string
  readonly nowMs: number
  /** A key that was first used this long ago, or longer, counts as never used. Default: `REQUEST_KEPT_MS`. */
  readonly keptMs?: number
}

/** Longer than anybody's retries. */
export const REQUEST_KEPT_MS = 7 * 86_400_000
