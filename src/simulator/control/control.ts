import type { Clock } from '../../clock.ts'
import { VerdictError } from '../../errors.ts'
import type { Courier } from '../callbacks/courier.ts'
import type { Counters } from '../counters.ts'
import type { Ledger } from '../durable.ts'
import { requestBody } from '../request-body.ts'
import type { Scripts } from '../scripts.ts'
import type { Weather } from '../weather.ts'
import type { WireReply, WireRequest } from '../wire/exchange.ts'
import type { Rush } from '../wire/rush.ts'
import type { World } from '../world.ts'
import { listCallbacks, sendCallback } from './callbacks.ts'
import { advanceBy, changeFaults, faultsInForce } from './faults.ts'
import { changeHosts, hostsNow } from './hosts.ts'
import { actOn, listOrders, showOrder } from './orders.ts'
import { listRefunds, mendRefund, refundElsewhere } from './refunds.ts'
import { writeScript } from './scripts.ts'
import { statistics } from './statistics.ts'

export interface ControlParts {
  readonly world: World
  readonly weather: Weather
  readonly scripts: Scripts
  readonly counters: Counters
  readonly rush: Rush
  readonly ledger: Ledger
  readonly clock: Clock
  readonly courier: Courier
}

export const CONTROL_PATH = '/_sim/'

/** What a handler works on. */
export interface ControlRequest {
  readonly parts: ControlParts
  /** The number of the order or refund in the path; empty where there is none. */
  readonly name: string
  readonly query: URLSearchParams
  /** The JSON object of the body; empty for none. */
  readonly body: Readonly<Record<string, unknown>>
}

/** A promise is waited for after everything is on file. */
type Handler = (request: ControlRequest) => unknown

const HANDLERS: ReadonlyArray<readonly [method: string, path: RegExp, handler: Handler]> = [
  ['GET', /^health$/, ({ parts }) => ({ ok: true, nowMs: parts.clock.nowMs() })],
  ['GET', /^statistics$/, ({ parts }) => statistics(parts)],
  ['GET', /^orders$/, listOrders],
  ['GET', /^orders\/([^/]+)$/, showOrder],
  ['POST', /^orders\/([^/]+)\/pay$/, (request) => actOn(request, 'pay')],
  ['POST', /^orders\/([^/]+)\/refuse$/, (request) => actOn(request, 'refuse')],
  ['POST', /^orders\/([^/]+)\/refund$/, refundElsewhere],
  ['GET', /^refunds$/, listRefunds],
  ['POST', /^refunds\/([^/]+)\/mend$/, mendRefund],
  ['GET', /^callbacks$/, listCallbacks],
  ['POST', /^callbacks\/([^/]+)$/, sendCallback],
  ['GET', /^faults$/, faultsInForce],
  ['POST', /^faults$/, changeFaults],
  ['GET', /^hosts$/, hostsNow],
  ['POST', /^hosts$/, changeHosts],
  ['POST', /^scripts\/([^/]+)$/, writeScript],
  ['POST', /^advance$/, advanceBy],
]

/** The simulator's own API beside the wire: unsigned, for tests and for people. Never struck by faults. */
export function control(parts: ControlParts): (request: WireRequest) => Promise<WireReply> {
  return async (request) => {
    const { status, value } = parts.ledger.together(() => answer(request, parts))
    return json(status, await value)
  }
}

/** Bad input is an answer: thrown through the ledger it would count as a broken write. */
function answer({ method, url, body }: WireRequest, parts: ControlParts): { status: number; value: unknown } {
  try {
    const { pathname, searchParams } = new URL(url, 'http://simulator')
    const [handler, name] = handlerOf(method, pathname.slice(CONTROL_PATH.length))
    return { status: 200, value: handler({ parts, name, query: searchParams, body: objectFrom(body) }) }
  } catch (error) {
    if (!(error instanceof VerdictError)) throw error
    return { status: error.status, value: { code: error.code, message: error.message } }
  }
}

function handlerOf(method: string, path: string): [Handler, name: string] {
  for (const [expected, pattern, handler] of HANDLERS) {
    const match = method === expected ? pattern.exec(path) : null
    if (match) return [handler, decodedName(match[1] ?? '')]
  }
  const known = HANDLERS.map(([verb, pattern]) => `${verb} ${readable(pattern)}`)
  throw new VerdictError(
    'OPTION_INVALID',
    `${method} /_sim/${path} is unknown; expected one of ${known.join(', ')}`,
  )
}

function readable(pattern: RegExp): string {
  const path = pattern.source.slice(1, -1).replaceAll('\\/', '/')
  return CONTROL_PATH + path.replace('([^/]+)', path.startsWith('refunds') ? 'OUT_REFUND_NO' : 'OUT_TRADE_NO')
}

function decodedName(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch (cause) {
    throw new VerdictError('OPTION_INVALID', `${name} is badly percent-encoded`, { cause })
  }
}

function objectFrom(text: string): Readonly<Record<string, unknown>> {
  if (text.trim() === '') return {}
  const body = requestBody(text)
  if (body.object !== null) return body.object
  throw new VerdictError('OPTION_INVALID', `the body is ${body.what}; expected a JSON object`)
}

function json(status: number, value: unknown): WireReply {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8' },
    body: `${JSON.stringify(value)}\n`,
  }
}
