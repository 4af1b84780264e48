import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { systemClock, within } from '../clock.ts'
import { VerdictError } from '../errors.ts'
import type { ApiRole } from '../store/store.ts'
import { ApiKeys } from './api-keys.ts'
import { answerCallbacks } from './callbacks.ts'
import { type Caller, Callers, withoutKey } from './callers.ts'
import { serveDashboard } from './dashboard-files.ts'
import type { Desk } from './desk.ts'
import { idempotent } from './idempotency.ts'
import { openApiOf } from './openapi.ts'
import { errorsPage, referencePage } from './pages.ts'
import {
  BODY_BYTES_MAX,
  brokenRequestAnswer,
  problemOf,
  STRANGERS_BODY_BYTES_MAX,
  TooMany,
} from './problem.ts'
import { EVENT_STREAM, partsOf, type Route } from './route.ts'
import { accountRoutes } from './routes/accounts.ts'
import { deliveryRoutes } from './routes/deliveries.ts'
import { eventRoutes } from './routes/events.ts'
import { keyRoutes } from './routes/keys.ts'
import { orderDetailRoutes } from './routes/order-details.ts'
import { orderRoutes } from './routes/orders.ts'
import { overviewRoutes } from './routes/overview.ts'
import { reconciliationRoutes } from './routes/reconciliations.ts'
import { sessionRoutes } from './routes/session.ts'
import { Sessions } from './sessions.ts'
import type { Watching } from './watching.ts'

export interface ServerOptions {
  readonly desk: Desk
  readonly version: string
  readonly logger: Logger
  readonly watching: Watching
  /** How fast the desk's clock runs, where it isn't real time: in a demo. */
  readonly speed?: number
  /** The role of whoever calls from this very machine without a key: in a demo. Default: nobody does. */
  readonly everybody?: ApiRole
  /** Routes beside the API, which openapi.json leaves out: a demo's. Default: none. */
  readonly beside?: readonly Route[]
  /** Addresses and networks of proxies, whose word on the sender's address and on TLS is believed. Default: none. */
  readonly trustedProxies?: readonly string[]
}

/** No sender needs more time for a request, or holds a connection for longer without one. */
const REQUEST_MS_MAX = 30_000
const IDLE_MS = 75_000
/** Below what orchestrators wait for a probe. */
const READY_MS_MAX = 800

/** The API, and what watches over it. Callbacks are answered by it, too, unless they have a port of their own. */
export function apiServer(options: ServerOptions & { readonly withCallbacks: boolean }): FastifyInstance {
  const { desk, version, watching, speed = 1 } = options
  const app = newApp(options)
  const keys = new ApiKeys(desk.store, desk.clock)
  const sessions = new Sessions(desk.store, desk.clock)
  const callers = new Callers(keys, sessions, options.everybody ?? null)
  const routes = [
    ...routesOf(desk, keys, sessions),
    ...overviewRoutes(desk, watching.lastHour),
    ...eventRoutes(watching.events),
  ]
  const openApi = openApiOf(routes, version)
  const recognised = new WeakMap<FastifyRequest, Caller>()

  readJson(app)
  for (const route of [...routes, ...(options.beside ?? [])]) {
    app.route({
      method: route.method,
      url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      // A stream that nobody is sent would never end, and hold a listener's place for ever.
      exposeHeadRoute: route.produces !== EVENT_STREAM,
      ...(route.role === null && { bodyLimit: STRANGERS_BODY_BYTES_MAX }),
      // Before the body: of a stranger's nothing is read.
      onRequest: async (request, reply) => {
        reply.header('x-verdict-clock', `${desk.clock.nowMs()}${speed === 1 ? '' : ` ${speed}`}`)
        if (route.role !== null) recognised.set(request, await callers.callerOf(request, route.role))
      },
      handler: (request, reply) =>
        answer(route, {
          ...{ desk, caller: recognised.get(request) ?? NOBODY, request, reply },
          stillMay: () => callers.stillMay(request, route.role),
        }),
    })
  }
  app.get('/openapi.json', async () => openApi)
  app.get('/docs', (_, reply) => reply.type('text/html; charset=utf-8').send(referencePage(routes, version)))
  app.get('/docs/errors', (_, reply) => reply.type('text/html; charset=utf-8').send(errorsPage()))
  serveDashboard(app)
  watch(app, desk, watching.metrics)
  // A page listens for as long as it is open.
  app.addHook('preClose', async () => watching.events.end())
  if (options.withCallbacks) openCallbacks(app, options)
  return app
}

/** Callbacks alone: what faces the internet need not offer the API. */
export function callbackServer(options: ServerOptions): FastifyInstance {
  const app = newApp(options)
  openCallbacks(app, options)
  return app
}

/** Of what needs no key. */
const NOBODY: Caller = { key: withoutKey('nobody', 'read'), cookie: null }

export function routesOf(desk: Desk, keys: ApiKeys, sessions: Sessions): readonly Route[] {
  return [
    ...orderRoutes(desk),
    ...orderDetailRoutes(desk),
    ...deliveryRoutes(desk),
    ...accountRoutes(desk),
    ...reconciliationRoutes(desk),
    ...keyRoutes(desk, keys),
    ...sessionRoutes(desk, keys, sessions),
  ]
}

interface Answering {
  readonly desk: Desk
  readonly caller: Caller
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly stillMay: () => Promise<boolean>
}

async function answer(
  route: Route,
  { desk, caller: { key: caller, cookie }, ...rest }: Answering,
): Promise<unknown> {
  const { request, reply } = rest
  const parts = partsOf(route, request)
  const idempotencyKey = route.creates ? await idempotent(desk, route, { caller, request, parts }) : null
  const value = await route.handle({ ...parts, caller, cookie, idempotencyKey, ...rest })
  return reply.code(route.status).send(value)
}

function newApp({ logger, trustedProxies = [] }: ServerOptions): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger.child({}, { serializers: { req: requestLogged } }),
    bodyLimit: BODY_BYTES_MAX,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    requestTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: IDLE_MS,
    // Nobody is told to wait while we end: what is under way ends, new requests go elsewhere.
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: false },
    frameworkErrors: (error, request, reply) => refuse(error, request, reply),
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
      socket.end(brokenRequestAnswer(error), () => socket.destroy())
    },
  }) as unknown as FastifyInstance
  app.addHook('onSend', async (_, reply) => {
    // What a route says itself stays.
    for (const [name, value] of Object.entries(SAFE_HEADERS))
      if (!reply.hasHeader(name)) reply.header(name, value)
  })
  app.setErrorHandler((error, request, reply) => refuse(error, request, reply))
  app.setNotFoundHandler((request) => {
    const message = `there is no ${request.method} ${request.url.split('?')[0]}; see /openapi.json`
    throw new VerdictError('ROUTE_UNKNOWN', message)
  })
  return app
}

/** A key that somebody puts into an address stays out of the log. */
function requestLogged({ method, url, host, ip }: FastifyRequest): object {
  return { method, url: url.replaceAll(/vk_[\w-]+/g, 'vk_…'), host, remoteAddress: ip }
}

/** Asked every second, or by strangers as often as they like: counted in the metrics, but no line in the log. */
const OFTEN = { logLevel: 'warn' } as const

const SAFE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** A store, or a service that is started again, may be back by then. */
const RETRY_S = 5

function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error, request.id)
  if (problem.status >= 500) request.log.error({ err: error }, problem.detail)
  // RFC 9110, 11.6.1: a 401 says how to do better.
  if (problem.status === 503) reply.header('retry-after', RETRY_S)
  if (error instanceof TooMany) reply.header('retry-after', Math.ceil(error.waitMs / 1_000))
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  // What can't be routed passes no hook.
  reply.headers(SAFE_HEADERS)
  reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem))
}

/** Bodies are JSON. None is none, whatever type a client announces with it. */
function readJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>('*', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null, undefined)
    if (/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
      return parse(request, body, done)
    done(new VerdictError('BODY_UNREADABLE', 'the body is of another type; expected application/json'))
  })
}

function watch(app: FastifyInstance, desk: Desk, metrics: Watching['metrics']): void {
  app.get('/healthz', OFTEN, async () => ({ ok: true }))
  app.get('/readyz', OFTEN, async (_, reply) => {
    const why = await whyNotReady()
    return reply.code(why === null ? 200 : 503).send({ ready: why === null, why })
  })
  app.get('/metrics', OFTEN, async (_, reply) => reply.type(metrics.contentType).send(await metrics.text()))

  async function whyNotReady(): Promise<string | null> {
    if (!desk.verdict.maySend) return 'the database has not confirmed a heartbeat for three seconds'
    if (desk.ending.aborted) return 'the service is ending'
    try {
      const keys = await within(desk.clock, READY_MS_MAX, desk.store.apiKeys())
      return keys === null ? 'the store takes too long' : null
    } catch (error) {
      // Anybody may ask: why it fails says much about where it is.
      app.log.error({ err: error }, 'the store fails')
      return 'the store fails'
    }
  }
}

function openCallbacks(app: FastifyInstance, { desk, logger, watching }: ServerOptions): void {
  const warn = (message: string): void => logger.warn(message)
  const { limited } = watching.metrics
  answerCallbacks(app, { desk, warn, limited, headers: SAFE_HEADERS, clock: systemClock })
}
