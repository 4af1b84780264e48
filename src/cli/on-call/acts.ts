import { userInfo } from 'node:os'
import { nameOf } from '../../core/order.ts'
import type { Resolution } from '../../core/resolving.ts'
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

/** `verdict resolve`: a person answers the order's mark. */
export function resolveOrder({ action, note, ...flags }: ResolveFlags, io: ActIo): Promise<void> {
  return aboutOrder(flags, io, (desk, order) => desk.resolve(order, { action, note }))
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
  act: (desk: Acts, order: OrderSeen) => Promise<OrderSeen>,
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

async function atDesk(
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
