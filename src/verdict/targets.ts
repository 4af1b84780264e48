import type { Clock } from '../clock.ts'
import { type Handler, handlerTarget } from '../delivery/handler.ts'
import type { Target } from '../delivery/target.ts'
import { webhookTarget } from '../delivery/webhook.ts'
import { VerdictError } from '../errors.ts'
import type { VerdictOptions } from './options.ts'

/** Handlers in this process are one target, each webhook another. */
export function targetsOf(options: VerdictOptions, clock: Clock): readonly Target[] {
  const { onVerdict, onRefund, onLateMoney, webhooks = [] } = options
  // What is delivered under a type is what `messagesOf` wrote under it.
  const handlers = {
    ...(onVerdict && { 'order.verdict': onVerdict as Handler }),
    ...(onRefund && { 'order.refund': onRefund as Handler }),
    ...(onLateMoney && { 'order.late_money': onLateMoney as Handler }),
  }
  const own =
    Object.keys(handlers).length === 0 ? [] : [handlerTarget({ name: 'handlers', handlers }, { clock })]
  const targets = [...own, ...webhooks.map((webhook) => webhookTarget(webhook, { clock }))]
  const names = targets.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice === undefined) return targets
  throw new VerdictError('OPTION_INVALID', `two webhooks are named ${twice}; expected a name for each`)
}
