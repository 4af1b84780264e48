import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Order } from '../core/order.ts'
import { VerdictError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import type { OrderRef, Verdict } from '../verdict.ts'
import { numberIn } from './views.ts'

/** What the routes work with. */
export interface Desk {
  /** Another one after its configuration was read again. */
  readonly verdict: Verdict
  readonly store: Store
  readonly clock: Clock
  /** Aborts when the service ends: whoever waits for a verdict gets the order as it is. */
  readonly ending: AbortSignal
}

/**
 * By the Verdict of the hour. One that is closed meanwhile, because the configuration was read again, hands over to the
 * next: whatever is asked of Verdict may be asked twice.
 */
export async function byVerdict<Result>(
  desk: Desk,
  work: (verdict: Verdict) => Promise<Result>,
): Promise<Result> {
  const { verdict } = desk
  try {
    return await work(verdict)
  } catch (error) {
    const isClosed = error instanceof VerdictError && error.code === 'CLOSED'
    if (isClosed && desk.verdict !== verdict) return byVerdict(desk, work)
    throw error
  }
}

/** The order of an id. @throws ORDER_UNKNOWN */
export async function orderOf({ store }: Desk, id: string): Promise<Order> {
  const order = await store.byId(numberIn(id))
  if (order !== null) return order
  throw new VerdictError(
    'ORDER_UNKNOWN',
    `there is no order ${id}; GET /v1/orders?out_trade_no=… finds one by its number`,
  )
}

export function refOf({ account, sub_mchid, out_trade_no }: Order): OrderRef {
  return { account, sub_mchid, out_trade_no }
}

// ------------------------------------------------------------------ cursors

/**
 * A place in a list, for the same list and filter only. Not signed: whoever alters it sees no more than he may see
 * anyway.
 */
export function cursorAt(list: string, filter: unknown, before: number): string {
  return Buffer.from(JSON.stringify([list, digestOf(filter), before])).toString('base64url')
}

/** @throws CURSOR_INVALID */
export function placeIn(cursor: string | undefined, list: string, filter: unknown): number | null {
  if (cursor === undefined) return null
  const parts = parsed(Buffer.from(cursor, 'base64url').toString())
  const [name, digest, before] = Array.isArray(parts) ? parts : []
  if (typeof before !== 'number' || !Number.isSafeInteger(before)) {
    throw new VerdictError('CURSOR_INVALID', 'the cursor is none; expected next of the page before')
  }
  if (name !== list || digest !== digestOf(filter)) {
    const message =
      'the cursor belongs to another list or another filter; expected the same filter as for the page before'
    throw new VerdictError('CURSOR_INVALID', message)
  }
  return before
}

function digestOf(filter: unknown): string {
  return createHash('sha256').update(JSON.stringify(filter)).digest('base64url').slice(0, 16)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
