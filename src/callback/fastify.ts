import type { IncomingMessage, ServerResponse } from 'node:http'
import { systemClock } from '../clock.ts'
import { type BodyRead, type CallbackOptions, type CallbackReceiver, readBody } from './http.ts'
import { replyWith } from './node-http.ts'

export interface FastifyCallbackOptions extends CallbackOptions {
  /** Below the plugin's prefix. Default: `/callbacks`. */
  readonly path?: string | undefined
  /** Whose receiver answers instead, by the request. Default: `answer` answers all. */
  readonly receiverFor?: ((request: FastifyRequest) => CallbackReceiver) | undefined
  /** Hears of each that no receiver sees: too large, too slow, compressed, or broken off by its sender. */
  readonly onUnread?: ((request: FastifyRequest) => void) | undefined
}

/** As much of Fastify as matters here: who doesn't have it can still compile this. */
export interface FastifyApp {
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequest, reply: FastifyReply, done: () => void) => void,
  ): unknown
  removeAllContentTypeParsers(): void
  addContentTypeParser(
    contentType: string,
    parser: (request: FastifyRequest, payload: IncomingMessage) => Promise<unknown>,
  ): unknown
  post(path: string, handler: (request: FastifyRequest, reply: FastifyReply) => void): unknown
}

export interface FastifyRequest {
  readonly raw: IncomingMessage
  readonly params: unknown
  readonly body: unknown
}

export interface FastifyReply {
  readonly raw: ServerResponse
  hijack(): unknown
}

export type FastifyCallbackPlugin = (app: FastifyApp, options: unknown, done: (error?: Error) => void) => void

/**
 * Callbacks as a plugin of Fastify 5. Inside it every content type is read as raw bytes; routes outside it keep their
 * parsers. Fastify's `bodyLimit` and error handler have no say here: the limits and the refusals are those of `http.ts`.
 */
export function fastifyCallbacks(
  answer: CallbackReceiver,
  {
    path = '/callbacks',
    clock = systemClock,
    notify,
    receiverFor = () => answer,
    onUnread = () => {},
  }: FastifyCallbackOptions = {},
): FastifyCallbackPlugin {
  const conclude = replyWith(answer, clock, notify)
  return (app, _options, done) => {
    // Fastify refuses what is no content type before it asks any parser; what was signed is the body.
    app.addHook('onRequest', ({ raw }, _reply, next) => {
      raw.headers['content-type'] = 'application/octet-stream'
      next()
    })
    app.removeAllContentTypeParsers()
    // A parser and not the handler reads it, so that no hook in between makes the sender wait.
    app.addContentTypeParser('*', ({ raw }, payload) => readBody(raw, clock, payload))
    app.post(path, (asked, reply) => {
      const { raw: request, body } = asked
      reply.hijack()
      // The only parser gives a `BodyRead`. It isn't called for a request without a body.
      const read = body === undefined ? readBody(request, clock) : Promise.resolve(body as BodyRead)
      void read.then((read) => {
        if (read.kind === 'refused' || read.kind === 'aborted') onUnread(asked)
        return conclude({ request, response: reply.raw }, read, receiverFor(asked))
      })
    })
    done()
  }
}
