import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Clock, systemClock } from '../clock.ts'
import { type BodyRead, bodyKept, type CallbackOptions, type CallbackReceiver, readBody } from './http.ts'
import { replyWith } from './node-http.ts'

/** As much of Express's request as matters here. */
export type ExpressRequest = IncomingMessage & {
  /** What a body parser made of the body: the bytes themselves, after `express.raw()`. */
  readonly body?: unknown
  /** The bytes beside a parsed body, as some hosts and `verify` functions keep them. */
  readonly rawBody?: unknown
}

/**
 * Callbacks as a handler of Express 4 and 5. Mount it before `express.json()`: a parsed body is no longer what WeChat Pay
 * signed, and is never put together again from its parts. Then the answer is 500, and `notify` hears why, once.
 */
export function expressCallbacks(
  answer: CallbackReceiver,
  { clock = systemClock, notify }: CallbackOptions = {},
): (request: ExpressRequest, response: ServerResponse) => void {
  const reply = replyWith(answer, clock, notify)
  return (request, response) => {
    void bodyOf(request, clock).then((read) => reply({ request, response }, read))
  }
}

async function bodyOf(request: ExpressRequest, clock: Clock): Promise<BodyRead> {
  for (const kept of [request.rawBody, request.body]) {
    if (kept instanceof Uint8Array) return bodyKept(request, kept)
  }
  return await readBody(request, clock)
}
