import type { Clock } from '../clock.ts'
import type { AttentionCode } from '../core/attention.ts'
import { isFinal, isStopped, nameOf, type Order } from '../core/order.ts'
import { VerdictError } from '../errors.ts'
import { ORDER_STATES, orderView } from '../http/views.ts'
import type { OrderFilter } from '../store/store.ts'
import { ATTENTION_WORDS } from './attention-words.ts'
import { type Limited, limited } from './pages.ts'
import { reading } from './read-store.ts'
import { inColumns, moment, money, seconds } from './text.ts'

export interface AttentionFlags {
  readonly store: string
  readonly account?: string
  readonly limit: number
  readonly json: boolean
}

export interface OrdersFlags extends AttentionFlags {
  readonly open: boolean
  readonly overdue: boolean
  readonly attention: boolean
  /** One or more, separated by commas. */
  readonly state?: string
}

export interface ListIo {
  readonly print: (line: string) => void
  readonly say: (sentence: string) => void
  readonly clock: Clock
}

/** So long after its due time an order is overdue, as for the HTTP API: something holds its query back. */
const OVERDUE_MS = 60_000

/** `verdict orders`: the newest first. @throws OPTION_INVALID, STORE_INVALID */
export async function listOrders(flags: OrdersFlags, io: ListIo): Promise<void> {
  const nowMs = io.clock.nowMs()
  const found = await ordersIn(flags, {
    ...(flags.state !== undefined && { states: statesOf(flags.state) }),
    ...(flags.open && { isOpen: true }),
    ...(flags.attention && { needsAttention: true }),
    ...(flags.overdue && { overdueSinceMs: nowMs - OVERDUE_MS }),
  })
  tell(found, flags, io, {
    head: ['entered', 'order', 'amount', 'kind', 'state', 'next'],
    row: (order) => [
      moment(order.createdAtMs),
      ...[nameOf(order), money(order.total, order.currency), order.kind, order.state],
      nextOf(order, nowMs),
    ],
    view: orderView,
  })
}

/** `verdict attention`: the orders that need a person, and what to do. @throws OPTION_INVALID, STORE_INVALID */
export async function listAttention(flags: AttentionFlags, io: ListIo): Promise<void> {
  const found = await ordersIn(flags, { needsAttention: true })
  tell(found, flags, io, {
    head: ['entered', 'order', 'amount', 'state', 'mark', 'what it means'],
    row: (order) => [
      moment(order.createdAtMs),
      ...[nameOf(order), money(order.total, order.currency), order.state],
      ...[order.attention ?? '', wordsOf(order.attention)],
    ],
    view: (order) => ({ ...orderView(order), means: wordsOf(order.attention) }),
  })
}

function ordersIn(
  { store: name, account, limit }: AttentionFlags,
  filter: OrderFilter,
): Promise<Limited<Order>> {
  const wanted = { ...filter, ...(account !== undefined && { account }) }
  return reading(name, (store) =>
    limited<Order>(limit, (last, count) => store.list(wanted, { before: last?.id ?? null, limit: count })),
  )
}

function statesOf(text: string): readonly Order['state'][] {
  return text.split(',').map((word) => {
    const state = ORDER_STATES.find((one) => one === word)
    if (state !== undefined) return state
    const expected = `one of ${ORDER_STATES.join(', ')}, or several with commas between`
    throw new VerdictError('OPTION_INVALID', `--state is ${text}; expected ${expected}`)
  })
}

/** What happens next to an order, and whether that is late. */
function nextOf(order: Order, nowMs: number): string {
  const parts = [
    order.dueAtMs === null ? settledIn(order) : isStopped(order) ? 'stopped' : dueIn(order.dueAtMs, nowMs),
    order.attention === null ? null : `needs attention: ${order.attention}`,
  ]
  return parts.filter((part) => part !== null).join('; ')
}

function dueIn(dueAtMs: number, nowMs: number): string {
  if (dueAtMs < nowMs - OVERDUE_MS) return `overdue for ${seconds(nowMs - dueAtMs)}`
  return `due ${moment(dueAtMs)}`
}

function settledIn(order: Order): string | null {
  return isFinal(order) ? `settled ${moment(order.verdict.atMs)}` : null
}

function wordsOf(attention: AttentionCode | null): string {
  return attention === null ? '' : ATTENTION_WORDS[attention]
}

interface Telling<Item> {
  readonly head: readonly string[]
  readonly row: (item: Item) => readonly string[]
  readonly view: (item: Item) => object
}

/** A table for people, or a line of JSON for each: then nothing else is printed. */
export function tell<Item>(
  { items, isMore }: Limited<Item>,
  { json }: { readonly json: boolean },
  { print, say }: ListIo,
  { head, row, view }: Telling<Item>,
): void {
  if (json) for (const item of items) print(JSON.stringify(view(item)))
  else if (items.length > 0) for (const line of inColumns([head, ...items.map(row)])) print(line)
  if (items.length === 0) say('there is none')
  if (isMore) say(`there are more than ${items.length}; --limit shows more`)
}
