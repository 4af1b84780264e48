import { VerdictError } from '../../errors.ts'
import type { CallbackList, CallbackView } from '../callbacks/counts.ts'
import { CALLBACK_FAULTS, type CallbackFaultName } from '../faults.ts'
import { keyOf } from '../world.ts'
import type { ControlRequest } from './control.ts'
import { theOne } from './orders.ts'

/** All callbacks, in the sequence of their events; `?out_trade_no=` for one number's. */
export function listCallbacks({ parts: { courier }, query }: ControlRequest): CallbackList {
  const number = query.get('out_trade_no')
  const all = courier.views()
  const callbacks = number === null ? all : all.filter(({ out_trade_no }) => out_trade_no === number)
  return { ...courier.counts(), callbacks }
}

/**
 * Sends an order's callback now, `{"fault": NAME}` with a fault, `{"event": NAME}` another than the latest. Answers when the
 * receiver has.
 */
export function sendCallback(request: ControlRequest): Promise<CallbackView> {
  const { courier } = request.parts
  const order = theOne(request)
  const { event, fault } = request.body
  const callbacks = courier.of(order)
  const callback = event === undefined ? callbacks.at(-1) : callbacks.find((one) => one.event === event)
  if (!callback) {
    const events = callbacks.map((one) => JSON.stringify(one.event)).join(', ')
    throw new VerdictError(
      'ORDER_STATE',
      events === ''
        ? `${keyOf(order)} has no callback: only payments of other kinds than Quick Pay and ended refunds have one, if there is a notify_url`
        : `${keyOf(order)} has no callback ${JSON.stringify(event)}; expected one of ${events}`,
    )
  }
  if (callback.state === 'address_refused') {
    throw new VerdictError(
      'ORDER_STATE',
      `${callback.url} is no loopback or private address: nothing is sent there`,
    )
  }
  return courier.sendNow(order, callback.event, faultFrom(fault))
}

function faultFrom(fault: unknown): CallbackFaultName | null {
  if (fault === undefined || fault === null) return null
  const known = CALLBACK_FAULTS.find((name) => name === fault)
  if (known) return known
  throw new VerdictError(
    'OPTION_INVALID',
    `fault is ${JSON.stringify(fault)}; expected one of ${CALLBACK_FAULTS.join(', ')}`,
  )
}
