import type { IncomingMessage, ServerResponse } from 'node:http'
import { finished } from 'node:stream'
import { type Clock, systemClock } from '../clock.ts'
import {
  type BodyRead,
  CALLBACK_BYTES_MAX,
  type CallbackNotice,
  type CallbackOptions,
  type CallbackReceiver,
  type CallbackReply,
  readBody,
  refusal,
} from './http.ts'

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/**
 * Answers what was read of a callback, by another receiver if there is one for this request. Never rejects, as long as
 * `answer` gives what its type says.
 */
export type Reply = (exchange: Exchange, read: BodyRead, answer?: CallbackReceiver) => Promise<void>

/**
 * Callbacks for `http.createServer`, or for a router of your own, which must not have read the body.
 *
 * @returns a listener that answers every request: what `answer` says, or 405, 408, 413, 415 for what is no callback, or
 * 500 if `answer` rejects or the body was read before
 */
export function nodeCallbacks(
  answer: CallbackReceiver,
  { clock = systemClock, notify }: CallbackOptions = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  const reply = replyWith(answer, clock, notify)
  return (request, response) => {
    void readBody(request, clock).then((read) => reply({ request, response }, read))
  }
}

/** What all adapters do once they have the bytes. */
export function replyWith(
  answer: CallbackReceiver,
  clock: Clock,
  notify: CallbackOptions['notify'] = warn,
): Reply {
  const tell = safely(notify)
  const tellTaken = once(() => tell({ level: 'warn', message: TAKEN }))
  return async ({ request, response }, read, another = answer) => {
    switch (read.kind) {
      case 'read':
        return send(response, await answered(another, request, read.body, tell))
      case 'refused':
        return sendAndClose({ request, response }, read.reply, clock)
      case 'taken':
        tellTaken()
        return send(response, BROKEN)
      case 'aborted':
        response.destroy()
    }
  }
}

/** To the sender: what went wrong here is nothing for strangers. */
const BROKEN = refusal(500, 'internal error')

const TAKEN =
  'a callback of WeChat Pay was refused, because other code has read its body and the signed bytes are gone: mount the ' +
  'callbacks before express.json() and whatever else reads bodies'

async function answered(
  answer: CallbackReceiver,
  { rawHeaders: headers }: IncomingMessage,
  body: Uint8Array,
  tell: (notice: CallbackNotice) => void,
): Promise<CallbackReply> {
  try {
    return await answer({ headers, body })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    tell({ level: 'warn', message: `a callback of WeChat Pay could not be answered: ${why}` })
    return BROKEN
  }
}

function send(response: ServerResponse, reply: CallbackReply): void {
  if (response.headersSent) return // by other code
  begin(response, reply)
  response.end(reply.body)
}

/** How long a connection stays open after a refusal. */
const LINGER_MS = 1_000

/**
 * Refuses, and closes the connection. Not at once: closing while bytes lie unread resets the connection, and the reset
 * can overtake the refusal. What comes meanwhile is thrown away, up to the limit of a body, and then no longer read.
 */
function sendAndClose({ request, response }: Exchange, reply: CallbackReply, clock: Clock): void {
  if (response.headersSent) return // by other code
  begin(response, reply)
  response.setHeader('connection', 'close')
  response.setHeader('content-length', Buffer.byteLength(reply.body))
  if (reply.status === 405) response.setHeader('allow', 'POST')
  if (request.method !== 'HEAD') response.write(reply.body)

  const cancel = clock.after(LINGER_MS, () => response.end())
  finished(request, { writable: false }, () => {
    cancel()
    response.end()
  })
  let unwanted = 0
  request.on('data', ({ length }: Buffer) => {
    unwanted += length
    if (unwanted > CALLBACK_BYTES_MAX) request.pause()
  })
}

function begin(response: ServerResponse, { status, body }: CallbackReply): void {
  response.statusCode = status
  if (body !== '') response.setHeader('content-type', 'application/json')
}

function warn({ message }: CallbackNotice): void {
  process.emitWarning(message, 'VerdictWarning')
}

/** Whoever is told must not be able to stop the work. */
function safely(notify: (notice: CallbackNotice) => void): (notice: CallbackNotice) => void {
  return (notice) => {
    try {
      notify(notice)
    } catch {}
  }
}

function once(task: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) task()
    isDone = true
  }
}
