import type { Clock } from '../../clock.ts'
import type { Counters } from '../counters.ts'
import type { Ledger } from '../durable.ts'
import type { Fault } from '../faults.ts'
import type { Order } from '../truth/order.ts'
import type { Weather } from '../weather.ts'
import { keyOf } from '../world.ts'
import type { ApiError } from './api-error.ts'
import { authenticate, type Caller, type VerifyCaller } from './authenticate.ts'
import type { WireAnswer, WireRequest } from './exchange.ts'
import { errorReply, type Performing, perform } from './perform.ts'
import { type HeaderSetting, headerFault } from './request-headers.ts'
import type { Rush } from './rush.ts'
import { type ReplySigning, signedReply, type Unsigned, unsignedReply } from './sign-reply.ts'
import { deliver, isBeforeEffect, UNKNOWN_ORDER_MS_MAX } from './spoil.ts'
import { type Scope, scopeOf, understand, type Wanted } from './understand.ts'

export interface WireParts extends Performing {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly weather: Weather
  readonly counters: Counters
  readonly rush: Rush
  readonly signing: ReplySigning
  readonly verifyCaller: VerifyCaller
  readonly headers: HeaderSetting
}

/** The road of one request: who calls, what for, what strikes it, what is done (on file before the reply), the reply. */
export function wireOf(parts: WireParts): (request: WireRequest) => Promise<WireAnswer> {
  const { ledger, clock, weather, counters, signing, keys, replyKeys, verifyCaller } = parts

  return async (request) => {
    const caller = authenticate(request, { keys, verifyCaller, nowMs: clock.nowMs() })
    const wanted =
      'code' in caller
        ? caller
        : (headerFault(request, parts.headers) ??
          understand(request, { caller, identity: keys.identity, age: parts.world.age }))
    if (weather.out(request.host ?? 'primary', 'code' in wanted ? null : scope(wanted, parts).order)) {
      return { connection: 'reset' }
    }
    if ('code' in caller) {
      ledger.together(() => counters.add('refusedSignature'))
      return unsignedReply(errorReply(caller), signing)
    }
    if ('code' in wanted) return refuseForm(wanted, request, caller)
    const { mchid, signedS } = caller
    parts.rush.came({ mchid, call: wanted.call, signedS, nowMs: clock.nowMs() })

    const { fault, reply } = ledger.together(() => act(wanted, parts, () => remember(wanted, caller)))
    const key = replyKeys.keyFor(request, caller, wanted.call === 'certificates')
    return deliver(reply, fault, { clock, signing, key })
  }

  function refuseForm(error: ApiError, request: WireRequest, caller: Caller): Promise<WireAnswer> {
    ledger.together(() => counters.add('refusedForm'))
    return signedReply(errorReply(error), replyKeys.keyFor(request, caller, false), signing)
  }

  function remember({ call }: Wanted, caller: Caller): void {
    if (call === 'certificates') replyKeys.downloaded(caller)
  }
}

/** What the faults are drawn for, and the order that they hit. */
function scope(wanted: Wanted, { world }: WireParts): Scope & { order: string | null } {
  const named = scopeOf(wanted)
  switch (wanted.call) {
    case 'certificates':
    case 'bill':
      return { ...named, order: null }
    case 'place':
      return { ...named, order: named.key }
    case 'refund':
      return { ...named, order: keyOrNull(world.find(wanted.selector)) }
    case 'refundQuery': {
      const { order, refund } = world.findRefund(wanted.selector)
      const value = refund?.out_refund_no ?? wanted.selector.value
      return { ...scopeOf({ ...wanted, selector: { ...wanted.selector, value } }), order: keyOrNull(order) }
    }
    default: {
      const order = wanted.selector.by === 'id' ? world.find(wanted.selector) : null
      const value = order?.out_trade_no ?? wanted.selector.value
      const scoped = scopeOf({ ...wanted, selector: { ...wanted.selector, value } })
      return { ...scoped, order: scoped.key }
    }
  }
}

function keyOrNull(order: Order | null): string | null {
  return order ? keyOf(order) : null
}

const NOTHING_DONE: Unsigned = { status: 500, body: '', number: 0 }

/** @param done runs if the effect happened */
function act(wanted: Wanted, parts: WireParts, done: () => void): { fault: Fault | null; reply: Unsigned } {
  const { weather, counters } = parts
  counters.add(wanted.call)
  if (wanted.call === 'place') parts.world.arrived(wanted.placing)
  const fault = weather.meet({ ...scope(wanted, parts), call: wanted.call }, (drawn) =>
    applies(drawn, wanted, parts),
  )
  if (fault && isBeforeEffect(fault)) return { fault, reply: NOTHING_DONE }
  const reply = perform(wanted, parts)
  done()
  return { fault, reply }
}

/** An existing order may be "unknown" to a query while it is young. All other faults can strike everything. */
function applies({ name }: Fault, wanted: Wanted, { world }: WireParts): boolean {
  if (name !== 'unknownOrder') return true
  const order = wanted.call === 'query' ? world.find(wanted.selector) : null
  return order !== null && world.age.nowMs() - order.createdAtMs < UNKNOWN_ORDER_MS_MAX
}
