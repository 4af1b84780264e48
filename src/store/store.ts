import type { Change, JournalLine } from '../core/change.ts'
import type { OpenOrder, Order, OrderFacts, OrderIn, OrderKey, Progress } from '../core/order.ts'
import type { Credential, Evidence } from '../core/outcome.ts'

/**
 * Where orders live. Every method that writes has written durably when it resolves. Moments come in as parameters: a
 * store has no clock. Unknown orders are values (`null`, `'moved'`), not errors; errors are STORE_INVALID and
 * STORE_IN_USE when opening, and whatever the database throws.
 */
export interface Store {
  /** Writes a new order with its first journal line, claimed by `worker` from the start, or tells what stands there. */
  insert(orders: readonly NewOrder[], claim: Claim): Promise<readonly Inserted[]>
  /**
   * Gives each open order that falls due up to `dueUntilMs` to one caller only: first those at the till, oldest due
   * time first, then the others likewise with a reserved share of a fifth of `limit`, rounded down. An order that has
   * been due for a minute counts among the others: nobody stands at the till any more. An order stays with the worker
   * until it is released or `claim.untilMs` has passed.
   */
  claimDue(request: ClaimRequest): Promise<readonly OpenOrder[]>
  /**
   * Applies changes, all in one durable write. A change whose order moved on since `from` is not applied and comes
   * back as `'moved'`, its claim untouched; the others are applied all the same. The claim of an applied change is
   * released unless `keepClaim` is set; a final order's always is.
   */
  commit(changes: readonly Commit[]): Promise<readonly ('applied' | 'moved')[]>
  /** Gives claims back, unchanged. */
  release(ids: readonly number[], worker: string): Promise<void>
  /**
   * The earliest due time among the account's open, unclaimed orders; null without any. A claim counts as over from
   * the moment that a `claimDue` names a `nowMs` at or after its `untilMs`.
   */
  nextDueAtMs(account: string): Promise<number | null>

  byId(id: number): Promise<Order | null>
  find(key: OrderKey): Promise<Order | null>
  /** All orders that bear this number, whatever the account and sub-merchant. */
  named(out_trade_no: string): Promise<readonly Order[]>
  /** How many orders are in each state now. */
  countByState(): Promise<Readonly<Partial<Record<Order['state'], number>>>>
  /** Orders in the order of entering, from after row `afterId`, at most `limit`. */
  page(afterId: number, limit: number): Promise<readonly Order[]>
  /** What was written with the order and is needed again: the bytes to repeat, and what the reply gave. */
  placingOf(id: number): Promise<StoredPlacing | null>
  journalOf(id: number): Promise<readonly JournalLine[]>
  evidenceOf(id: number): Promise<readonly Evidence[]>

  /** WeChat Pay's public keys are kept by serial for ever, so that evidence can always be checked again. */
  keepPlatformKeys(keys: readonly PlatformKey[]): Promise<void>
  platformKeys(): Promise<readonly PlatformKey[]>

  /** Ends the connection and gives the database free. */
  close(): Promise<void>
}

/** What only reads: all that a command may use while another process owns the database. */
export type StoreReader = Pick<
  Store,
  | 'byId'
  | 'find'
  | 'named'
  | 'countByState'
  | 'page'
  | 'placingOf'
  | 'journalOf'
  | 'evidenceOf'
  | 'platformKeys'
  | 'close'
>

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
  /** Another order for the same purchase, under the same account and sub-merchant, is open or paid. */
  | { readonly outcome: 'purchase-taken'; readonly by: Order }

export interface Commit {
  readonly change: Change
  readonly keepClaim?: boolean
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
