import { userInfo } from 'node:os'
import { nameOf } from '../../core/order.ts'
import type { Amount, Resolution } from '../../core/resolving.ts'
import { shown, VerdictError } from '../../errors.ts'
import type { DeliverySeen, OrderSeen, RefundSeen } from '../../http/views.ts'
import type { Io } from '../io.ts'
import { money } from '../text.ts'
import type { Acts, Books, OrderQuestion } from './desk.ts'
import { serviceDesk } from './service-desk.ts'
import { storeDesk } from './store-desk.ts'
import { deliveryInWords, timeline } from './timeline.ts'

/** Where an act goes: to a service, or straight onto the store of a configuration. */
export interface ActFlags {
  readonly service?: string
  readonly config: string
  readonly json: boolean
}

export interface OrderFlags extends ActFlags, OrderQuestion {}

export interface RefundFlags extends OrderFlags {
  readonly key: string
  readonly amount?: number
  readonly reason?: string
}

export interface ResolveFlags extends OrderFlags {
  readonly action: Resolution
  readonly note: string
  /** What `accept_evidence` may accept: `9000` in the order's currency, `9000CNY` in another. */
  readonly amount?: string
}

type ActIo = Pick<Io, 'say' | 'print'>

/** `verdict query`: WeChat Pay is asked now; with a service, its answer is waited for. */
export function queryOrder(flags: OrderFlags, io: ActIo): Promise<void> {
  return aboutOrder(flags, io, (desk, order) => desk.askNow(order))
}

/** `verdict give-up`: the merchant no longer wants the order. */
export function giveUpOrder(flags: OrderFlags, io: ActIo): Promise<void> {
  return aboutOrder(flags, io, (desk, order) => desk.giveUp(order))
}

/**
 * `verdict resolve`: a person answers the order's mark. What is accepted is the amount that he names, or else the one that he is
 * told: should WeChat Pay sign another one meanwhile, the answer is refused.
 */
export async function resolveOrder(
  { action, note, amount, ...flags }: ResolveFlags,
  io: ActIo,
): Promise<void> {
  const named = amount === undefined ? null : amountIn(amount)
  if (action !== 'accept_evidence') {
    if (named !== null) throw invalid(`--amount is given with --action ${action}; expected accept_evidence`)
    return aboutOrder(flags, io, (desk, order) => desk.resolve(order, { action, note }))
  }
  return aboutOrder(flags, io, async (desk, order) => {
    const seen =
      named === null
        ? await amountTold(desk, order, io)
        : { ...named, currency: named.currency ?? order.amount.currency }
    return desk.resolve(order, { action, note, amount: seen })
  })
}

async function amountTold(desk: Books, order: OrderSeen, { say }: ActIo): Promise<Amount> {
  const { amount } = order
  const stated = await desk.amountToAccept(order)
  if (stated === null) return amount
  const [theirs, ours] = [stated, amount].map(({ total, currency }) => money(total, currency))
  say(`accepting ${theirs}, which WeChat Pay signed, in the place of ${ours}`)
  return stated
}

/** @throws OPTION_INVALID */
function amountIn(text: string): { readonly total: number; readonly currency: string | null } {
  const [, digits, currency = null] = /^(\d{1,16})([A-Z]{3})?$/.exec(text) ?? []
  const total = Number(digits)
  if (Number.isSafeInteger(total) && total > 0) return { total, currency }
  const expected =
    "the amount that you saw, in the currency's smallest unit, as 9000; with another currency than the order's, 9000CNY"
  throw invalid(`--amount is ${shown(text)}; expected ${expected}`)
}

function invalid(message: string): VerdictError {
  return new VerdictError('OPTION_INVALID', message)
}

/** `verdict refund`: all that is left, or a part. */
export function refundOrder({ key, amount, reason, ...flags }: RefundFlags, io: ActIo): Promise<void> {
  return atDesk(flags, io, async (desk) => {
    const order = await desk.theOrder(flags)
    const refund = await desk.refund(order, { idempotencyKey: key, amount, reason })
    if (flags.json) io.print(JSON.stringify(refund))
    else io.print(refundWritten(order, refund))
  })
}

/** `verdict resend`: a message to your system goes out again. */
export function resendDelivery(
  { id, ...flags }: ActFlags & { readonly id: string },
  io: ActIo,
): Promise<void> {
  return atDesk(flags, io, async (desk) => {
    const delivery = await desk.resend(id)
    io.print(flags.json ? JSON.stringify(delivery) : resent(delivery))
  })
}

function refundWritten(order: OrderSeen, { amount, out_refund_no, state }: RefundSeen): string {
  return `refund of ${money(amount, order.amount.currency)} of ${nameOf(order)}: ${state}; out_refund_no ${out_refund_no}`
}

function resent(delivery: DeliverySeen): string {
  return `${delivery.id}, ${delivery.message.type} to ${delivery.target}: ${deliveryInWords(delivery)}`
}

/** Does it, and tells the order's life up to then. */
function aboutOrder(
  flags: OrderFlags,
  io: ActIo,
  act: (desk: Books & Acts, order: OrderSeen) => Promise<OrderSeen>,
): Promise<void> {
  return atDesk(flags, io, async (desk) => {
    const order = await act(desk, await desk.theOrder(flags))
    io.print(flags.json ? JSON.stringify(order) : timeline(await desk.storyOf(order)))
  })
}

/** In a container the user may have a number and no name. */
function whoAsks(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

export async function atDesk(
  { service, config }: ActFlags,
  io: ActIo,
  work: (desk: Books & Acts) => Promise<void>,
): Promise<void> {
  const desk =
    service === undefined ? await storeDesk(config, whoAsks(), io) : serviceDesk(service, process.env)
  try {
    await work(desk)
  } finally {
    await desk.close()
  }
}
