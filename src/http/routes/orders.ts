import { z } from 'zod'
import { sleep } from '../../clock.ts'
import { isFinal, KINDS, type Order } from '../../core/order.ts'
import { RESOLUTIONS } from '../../core/resolving.ts'
import { type ErrorCode, VerdictError } from '../../errors.ts'
import { type OrderFilter, OVERDUE_MS } from '../../store/store.ts'
import { byVerdict, cursorAt, type Desk, orderOf, placeIn, refOf } from '../desk.ts'
import { type Route, route } from '../route.ts'
import {
  ById,
  credentialView,
  ORDER_STATES,
  OrderView,
  orderView,
  PlacedView,
  pageOf,
  RefundView,
  refundView,
} from '../views.ts'

const text = z.string()
const moment = z.iso.datetime({ offset: true })
const flag = z.enum(['true', 'false']).transform((word) => word === 'true')
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max)
const several = <Word extends string>(words: readonly Word[]) =>
  text
    .transform((list) => list.split(','))
    .pipe(z.array(z.enum(words as [Word, ...Word[]])).max(words.length))

const Amount = z.strictObject({ total: z.int().positive(), currency: text })
const json = z.record(z.string(), z.unknown())

/** WeChat Pay's words; the library checks what is in them, and says what is wrong. */
const Placement = z
  .strictObject({
    account: text.exactOptional(),
    sub_mchid: text.nullable().exactOptional(),
    out_trade_no: text,
    kind: z.enum(KINDS),
    description: text,
    amount: Amount,
    purchase: text.exactOptional(),
    payer: z
      .strictObject({
        auth_code: text.exactOptional(),
        openid: text.exactOptional(),
        sp_openid: text.exactOptional(),
        sub_openid: text.exactOptional(),
      })
      .exactOptional(),
    notify_url: text.exactOptional(),
    time_expire: text.exactOptional(),
    merchant_category_code: text.exactOptional(),
    appid: text.exactOptional(),
    sub_appid: text.exactOptional(),
    attach: text.exactOptional(),
    goods_tag: text.exactOptional(),
    limit_pay: text.exactOptional(),
    scene_info: json.exactOptional(),
    detail: z.array(z.unknown()).exactOptional(),
  })
  .meta({ id: 'Placement' })

const Tracking = z
  .strictObject({
    account: text.exactOptional(),
    sub_mchid: text.nullable().exactOptional(),
    out_trade_no: text,
    kind: z.enum(KINDS),
    amount: Amount,
    purchase: text.exactOptional(),
    /** When it was created. */
    createdAt: moment.exactOptional(),
    /** Whether Verdict may close or revoke it when its window is over. */
    end: z.boolean().exactOptional(),
  })
  .meta({ id: 'Tracking' })

const Filter = z.strictObject({
  account: text.optional(),
  sub_mchid: text.optional(),
  out_trade_no: text.optional(),
  transaction_id: text.optional(),
  state: several(ORDER_STATES).optional(),
  kind: several(KINDS).optional(),
  open: flag.optional(),
  attention: flag.optional(),
  overdue: flag.optional(),
  stopped: flag.optional(),
  total: whole(1, Number.MAX_SAFE_INTEGER).optional(),
  createdFrom: moment.optional(),
  createdTo: moment.optional(),
  cursor: text.optional(),
  limit: whole(1, 200).default(50),
})

const WAIT_S_MAX = 60
/** What others do is looked at this often. */
const LOOK_MS = 1_000
const BULK_MAX = 500

export function orderRoutes(desk: Desk): readonly Route[] {
  const { store, clock } = desk
  const tag = 'orders'

  return [
    route({
      method: 'POST',
      path: '/v1/orders',
      role: 'operate',
      tag,
      summary: 'Place an order',
      description:
        'It is written before its request leaves, and followed to its verdict whatever becomes of the reply. The same number with the same parameters gives the order that exists, and sends nothing.',
      body: Placement,
      reply: PlacedView,
      status: 201,
      creates: true,
      async handle({ body }) {
        const placed = await byVerdict(desk, (verdict) => verdict.place(body))
        const { order, credential, repeated, warnings } = placed
        return {
          order: orderView(order),
          credential: credentialView(credential),
          repeated,
          warnings: [...warnings],
        }
      },
    }),
    route({
      method: 'POST',
      path: '/v1/orders/track',
      role: 'operate',
      tag,
      summary: 'Follow an order that other code placed',
      body: Tracking,
      reply: OrderView,
      status: 201,
      creates: true,
      handle: async ({ body }) => orderView(await byVerdict(desk, (verdict) => verdict.track(tracked(body)))),
    }),
    route({
      method: 'POST',
      path: '/v1/orders/track/bulk',
      role: 'operate',
      tag,
      summary: 'Follow many orders that other code placed',
      description: 'Each by itself: one that is wrong takes nothing from the others.',
      body: z.strictObject({ orders: z.array(Tracking).min(1).max(BULK_MAX) }),
      reply: z
        .object({
          data: z.array(
            z.union([
              z.object({ order: OrderView }),
              z.object({ code: text, detail: text, out_trade_no: text }),
            ]),
          ),
        })
        .meta({ id: 'TrackedOrders' }),
      creates: true,
      async handle({ body }) {
        const data = body.orders.map(async (one) => {
          try {
            return { order: orderView(await byVerdict(desk, (verdict) => verdict.track(tracked(one)))) }
          } catch (error) {
            if (!(error instanceof VerdictError) || error.code === 'CLOSED') throw error
            return { code: error.code, detail: error.message, out_trade_no: one.out_trade_no }
          }
        })
        return { data: await Promise.all(data) }
      },
    }),
    route({
      method: 'GET',
      path: '/v1/orders',
      role: 'read',
      tag,
      summary: 'List orders, the newest first',
      query: Filter,
      reply: pageOf(OrderView, 'OrderPage'),
      async handle({ query: { cursor, limit, ...filter } }) {
        const before = placeIn(cursor, 'orders', filter)
        const orders = await store.list(filterOf(filter, clock.nowMs()), { before, limit: limit + 1 })
        const page = orders.slice(0, limit)
        const last = orders.length > limit ? page.at(-1) : undefined
        return {
          data: page.map(orderView),
          next: last === undefined ? null : cursorAt('orders', filter, last.id),
        }
      },
    }),
    route({
      method: 'GET',
      path: '/v1/orders/{id}',
      role: 'read',
      tag,
      summary: 'Get an order',
      description: 'With `wait` the answer comes when the verdict is there, or when the seconds are over.',
      params: ById,
      query: z.strictObject({ wait: whole(0, WAIT_S_MAX).default(0) }),
      reply: OrderView,
      async handle({ params, query: { wait } }) {
        const order = await orderOf(desk, params.id)
        if (wait === 0 || isFinal(order)) return orderView(order)
        await settledOrNot(desk, order, wait * 1_000)
        return orderView(await orderOf(desk, params.id))
      },
    }),
    route({
      method: 'POST',
      path: '/v1/orders/{id}/query',
      role: 'operate',
      tag,
      summary: 'Ask WeChat Pay now',
      description:
        'Whatever the schedule; of a paid order all refunds are asked for, those that others made among them. The answer is in the journal, or comes with `GET …?wait=`.',
      params: ById,
      reply: OrderView,
      status: 202,
      async handle({ params, caller }) {
        const order = refOf(await orderOf(desk, params.id))
        return orderView(await byVerdict(desk, (verdict) => verdict.askNow(order, caller.name)))
      },
    }),
    route({
      method: 'POST',
      path: '/v1/orders/{id}/give-up',
      role: 'operate',
      tag,
      summary: 'The merchant no longer wants the order',
      description: 'It is revoked or closed as soon as WeChat Pay allows.',
      params: ById,
      reply: OrderView,
      status: 202,
      async handle({ params, caller }) {
        const order = refOf(await orderOf(desk, params.id))
        return orderView(await byVerdict(desk, (verdict) => verdict.giveUp(order, caller.name)))
      },
    }),
    route({
      method: 'POST',
      path: '/v1/orders/{id}/attention/resolve',
      role: 'operate',
      tag,
      summary: 'Answer the mark of an order that needs a person',
      description:
        '`resolutions` of the order are the answers that are possible. With `amount` nothing is accepted of another one: send the one that the person saw (`amountToAccept` of the evidence, where the mark is `amount_mismatch`). It is written into its journal who gave it, and why; the verdict still comes from what WeChat Pay signs.',
      params: ById,
      body: z
        .strictObject({
          action: z.enum(RESOLUTIONS),
          note: text.min(1).max(500),
          amount: Amount.exactOptional(),
        })
        .meta({ id: 'Resolution' }),
      reply: OrderView,
      async handle({ params, body, caller }) {
        const order = refOf(await orderOf(desk, params.id))
        const answer = { ...body, by: caller.name }
        return orderView(await byVerdict(desk, (verdict) => verdict.resolve(order, answer)))
      },
    }),
    route({
      method: 'GET',
      path: '/v1/orders/{id}/refunds',
      role: 'read',
      tag: 'refunds',
      summary: 'The refunds of an order',
      params: ById,
      reply: z.object({ data: z.array(RefundView) }).meta({ id: 'Refunds' }),
      async handle({ params }) {
        const order = await orderOf(desk, params.id)
        return { data: (isFinal(order) ? (order.aftercare?.refunds ?? []) : []).map(refundView) }
      },
    }),
    route({
      method: 'POST',
      path: '/v1/orders/{id}/refunds',
      role: 'operate',
      tag: 'refunds',
      summary: 'Give money back to the customer',
      description:
        'The `Idempotency-Key` is the key of the refund: the same key is the same refund, however often it is asked for.',
      params: ById,
      body: z
        .strictObject({
          amount: z.int().positive().exactOptional(),
          reason: text.min(1).max(80).exactOptional(),
        })
        .meta({ id: 'RefundWish' }),
      reply: RefundView,
      status: 202,
      creates: 'with-key',
      async handle({ params, body, caller, idempotencyKey }) {
        const wish = { ...body, idempotencyKey: idempotencyKey as string, by: caller.name }
        const order = refOf(await orderOf(desk, params.id))
        return refundView(await byVerdict(desk, (verdict) => verdict.refund(order, wish)))
      },
    }),
  ]
}

/** Without the fields that are absent. */
function defined<Fields extends object>(fields: Fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Fields]: Exclude<Fields[Name], undefined>
  }
}

function tracked({ createdAt, ...order }: z.output<typeof Tracking>) {
  return { ...order, ...(createdAt !== undefined && { createdAtMs: Date.parse(createdAt) }) }
}

function filterOf(
  {
    state,
    kind,
    open,
    attention,
    overdue,
    stopped,
    createdFrom,
    createdTo,
    sub_mchid,
    ...plain
  }: Omit<z.output<typeof Filter>, 'cursor' | 'limit'>,
  nowMs: number,
): OrderFilter {
  return defined({
    ...plain,
    sub_mchid: sub_mchid === '' ? null : sub_mchid,
    states: state,
    kinds: kind,
    isOpen: open,
    needsAttention: attention,
    isStopped: stopped,
    overdueSinceMs: overdue === true ? nowMs - OVERDUE_MS : undefined,
    createdFromMs: createdFrom === undefined ? undefined : Date.parse(createdFrom),
    createdToMs: createdTo === undefined ? undefined : Date.parse(createdTo),
  })
}

/** Resolves with the verdict, when the time is over, or when the service ends. */
async function settledOrNot(desk: Desk, order: Order, waitMs: number): Promise<void> {
  const untilMs = desk.clock.nowMs() + waitMs
  const leftMs = (): number => Math.max(0, untilMs - desk.clock.nowMs())
  const settled = byVerdict(desk, (verdict) => verdict.settled(refOf(order), { waitMs: leftMs() }))
  try {
    await unlessAborted(settled, desk.ending)
  } catch (error) {
    if (!(error instanceof VerdictError)) throw error
    if (error.code === 'ACCOUNT_UNKNOWN') return othersSettle(desk, order.id, leftMs)
    if (!WAIT_ENDS.includes(error.code)) throw error
  }
}

/** Nobody here works for its account any more; another process may. */
async function othersSettle(desk: Desk, id: number, leftMs: () => number): Promise<void> {
  while (leftMs() > 0 && !desk.ending.aborted) {
    await unlessAborted(sleep(desk.clock, Math.min(LOOK_MS, leftMs())), desk.ending)
    const order = await desk.store.byId(id)
    if (order === null || isFinal(order)) return
  }
}

/** Resolves with the work, or when the signal aborts. Leaves no listener behind. */
function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => resolve()
    if (signal.aborted) end()
    signal.addEventListener('abort', end, { once: true })
    work.finally(() => signal.removeEventListener('abort', end)).then(end, reject)
  })
}

const WAIT_ENDS: readonly ErrorCode[] = ['NOT_SETTLED_YET', 'CLOSED']
