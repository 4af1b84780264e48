import type { Clock } from '../../clock.ts'
import type { AttentionCode } from '../../core/attention.ts'
import { ATTENTION_WORDS } from '../../core/attention-words.ts'
import { nameOf } from '../../core/order.ts'
import type { Amount } from '../../core/resolving.ts'
import { VerdictError } from '../../errors.ts'
import { ORDER_STATES, type OrderSeen, type OrderState } from '../../http/views.ts'
import { OVERDUE_MS } from '../../store/store.ts'
import type { Io } from '../io.ts'
import { inColumns, moment, money, seconds, TIME_ZONE } from '../text.ts'
import type { Books } from './desk.ts'
import type { Limited } from './pages.ts'

export interface AttentionFlags {
  readonly account?: string
  readonly limit: number
  readonly json: boolean
}

export interface OrdersFlags extends AttentionFlags {
  readonly open: boolean
  readonly overdue: boolean
  readonly attention: boolean
  readonly stopped: boolean
  /** One or more, separated by commas. */
  readonly state?: string
}

export interface ListIo extends Pick<Io, 'say' | 'print'> {
  readonly clock: Clock
}

/** `verdict orders`: the newest first. @throws OPTION_INVALID, and what the books throw */
export async function listOrders(books: Books, flags: OrdersFlags, io: ListIo): Promise<void> {
  const { account, limit } = flags
  const found = await books.orders(
    {
      account,
      states: flags.state === undefined ? undefined : statesOf(flags.state),
      isOpen: flags.open || undefined,
      needsAttention: flags.attention || undefined,
      isOverdue: flags.overdue || undefined,
      isStopped: flags.stopped || undefined,
    },
    limit,
  )
  const nowMs = io.clock.nowMs()
  tell(found, flags, io, {
    head: [`entered, ${TIME_ZONE}`, 'order', 'amount', 'kind', 'state', 'next'],
    row: (order) => [
      moment(Date.parse(order.createdAt)),
      ...[nameOf(order), money(order.amount.total, order.amount.currency), order.kind, order.state],
      nextOf(order, nowMs),
    ],
  })
}

interface MarkSeen extends OrderSeen {
  readonly amountToAccept: Amount | null
  readonly means: string
}

/** `verdict attention`: the orders that need a person, and what to do. @throws OPTION_INVALID, and what the books throw */
export async function listAttention(books: Books, flags: AttentionFlags, io: ListIo): Promise<void> {
  const { account, limit } = flags
  const { items, isMore } = await books.orders({ account, needsAttention: true }, limit)
  const found: MarkSeen[] = []
  // One after the other: a service answers its other callers, too.
  for (const order of items) {
    const amountToAccept = order.attention === 'amount_mismatch' ? await books.amountToAccept(order) : null
    found.push({ ...order, amountToAccept, means: wordsOf(order.attention) })
  }
  tell({ items: found, isMore }, flags, io, {
    head: [`entered, ${TIME_ZONE}`, 'order', 'amount', 'state', 'mark', 'answers', 'what it means'],
    row: (order) => [
      moment(Date.parse(order.createdAt)),
      ...[nameOf(order), money(order.amount.total, order.amount.currency), order.state],
      ...[order.attention ?? '', answersOf(order), order.means],
    ],
  })
}

/** The answers that are possible, with what `verdict resolve` takes to accept this amount and no other. */
function answersOf({ resolutions, amount, amountToAccept }: MarkSeen): string {
  if (amountToAccept === null) return resolutions.join(', ')
  const { total, currency } = amountToAccept
  const named = currency === amount.currency ? `${total}` : `${total}${currency}`
  const accept = `accept_evidence (${money(total, currency)}: --amount ${named})`
  return resolutions.map((one) => (one === 'accept_evidence' ? accept : one)).join(', ')
}

function statesOf(text: string): readonly OrderState[] {
  return text.split(',').map((word) => {
    const state = ORDER_STATES.find((one) => one === word)
    if (state !== undefined) return state
    const expected = `one of ${ORDER_STATES.join(', ')}, or several with commas between`
    throw new VerdictError('OPTION_INVALID', `--state is ${text}; expected ${expected}`)
  })
}

/** What happens next to an order, and whether that is late. */
function nextOf(order: OrderSeen, nowMs: number): string {
  const parts = [
    order.stopped ? 'stopped' : order.nextDueAt === null ? null : dueIn(Date.parse(order.nextDueAt), nowMs),
    order.nextDueAt === null && order.verdict !== null ? `settled ${at(order.verdict.at)}` : null,
    order.attention === null ? null : `needs attention: ${order.attention}`,
  ]
  return parts.filter((part) => part !== null).join('; ')
}

function dueIn(dueAtMs: number, nowMs: number): string {
  if (dueAtMs < nowMs - OVERDUE_MS) return `overdue for ${seconds(nowMs - dueAtMs)}`
  return `due ${moment(dueAtMs)}`
}

function at(rfc3339: string): string {
  return moment(Date.parse(rfc3339))
}

function wordsOf(attention: AttentionCode | null): string {
  return attention === null ? '' : ATTENTION_WORDS[attention]
}

interface Telling<Item> {
  readonly head: readonly string[]
  readonly row: (item: Item) => readonly string[]
}

/** A table for people, or a line of JSON for each: then nothing else is printed. */
export function tell<Item>(
  { items, isMore }: Limited<Item>,
  { json }: { readonly json: boolean },
  { print, say }: ListIo,
  { head, row }: Telling<Item>,
): void {
  if (json) for (const item of items) print(JSON.stringify(item))
  else if (items.length > 0) for (const line of inColumns([head, ...items.map(row)])) print(line)
  if (items.length === 0) say('there is none')
  if (isMore) say(`there are more than ${items.length}; --limit shows more`)
}
