import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { fastifyCallbacks } from '../callback/fastify.ts'
import { type CallbackReceiver, refusal } from '../callback/http.ts'
import type { Clock } from '../clock.ts'
import { isPublicAddress } from '../delivery/addresses.ts'
import { VerdictError } from '../errors.ts'
import { networkOf } from './allowance.ts'
import type { Desk } from './desk.ts'
import { Senders } from './senders.ts'

export interface CallbackRoutes {
  readonly desk: Desk
  readonly warn: (message: string) => void
  /** What every answer bears. */
  readonly headers: Readonly<Record<string, string>>
  /** A callback was refused unread. */
  readonly limited: () => void
  /** Of the senders' pace. */
  readonly clock: Clock
}

/** Of a sender who goes on and on the log tells this often. */
const TOLD_MS = 600_000

/** At `/callbacks/{account}`, for the accounts of the hour: another configuration may have others. */
export function answerCallbacks(
  app: FastifyInstance,
  { desk, warn, headers, limited, clock }: CallbackRoutes,
): void {
  const senders = new Senders(clock)
  /** Found out when a callback begins: who has left has no address any more. */
  const sources = new WeakMap<FastifyRequest, Source>()
  let toldAtMs = Number.NEGATIVE_INFINITY

  /** Before a byte of the body is read, and before any cryptography. */
  const refuseOften = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    for (const [name, value] of Object.entries(headers)) reply.raw.setHeader(name, value)
    const source = sourceOf(request, desk)
    if (source === null) return
    sources.set(request, source)
    const waitMs = senders.waitMs(source.sender)
    if (waitMs === 0) return
    limited()
    reply.header('retry-after', Math.ceil(waitMs / 1_000)).header('connection', 'close')
    const { body } = refusal(429, 'too many callbacks from this address failed')
    return reply.code(429).type('application/json').send(body)
  }

  const failed = (request: FastifyRequest): void => {
    const source = sources.get(request)
    if (source === undefined) return
    senders.failed(source.sender)
    if (senders.waitMs(source.sender) === 0 || clock.nowMs() - toldAtMs <= TOLD_MS) return
    toldAtMs = clock.nowMs()
    warn(`callbacks from ${source.ip} fail again and again; for a while they are refused unread`)
  }

  const verified = (request: FastifyRequest): void => {
    const source = sources.get(request)
    if (source !== undefined) senders.verified(source.sender)
  }

  const receiverFor = (request: FastifyRequest): CallbackReceiver => {
    const known = receiverOf(desk, accountOf(request))
    return async (callback) => {
      const reply = await (known ?? NOBODYS)(callback)
      if (known === null || reply.status === UNVERIFIED) failed(request)
      else if (VERIFIED.has(reply.status)) verified(request)
      return reply
    }
  }

  app.register(async (scope) => {
    scope.addHook('onRequest', refuseOften)
    // Fastify itself refuses a type that is none, and reads nothing.
    scope.addHook('onError', async (request) => failed(request))
    scope.register(
      fastifyCallbacks(NOBODYS, {
        path: '/callbacks/:account',
        clock: desk.clock,
        notify: ({ message }) => warn(message),
        receiverFor: (request) => receiverFor(request as FastifyRequest),
        onUnread: (request) => failed(request as FastifyRequest),
      }),
      // Anybody may send them as often as he likes: counted in the metrics, but no line in the log.
      { logLevel: 'warn' },
    )
  })
}

/** Nobody could verify it. */
const UNVERIFIED = 401
/** It has WeChat Pay's signature, whatever became of it. 500 and 503 say nothing of the sender: it may be our fault. */
const VERIFIED: ReadonlySet<number> = new Set([204, 400, 403, 404, 409])
const NOBODYS: CallbackReceiver = async () => refusal(404, 'no such account here')

function receiverOf(desk: Desk, account: string): CallbackReceiver | null {
  try {
    return desk.verdict.callbacksOf(account)
  } catch (error) {
    if (error instanceof VerdictError) return null
    throw error
  }
}

function accountOf({ params }: FastifyRequest): string {
  return (params as { readonly account: string }).account
}

interface Source {
  readonly ip: string
  /** Whose failures count together. */
  readonly sender: string
}

/**
 * Where it comes from; null for an address of our own network, which no host on the internet has. That is a proxy which
 * `http.trustedProxies` doesn't name: whoever is behind it, WeChat Pay among them, would pay for all others.
 */
function sourceOf(request: FastifyRequest, desk: Desk): Source | null {
  const { ip } = request
  if (!isPublicAddress(ip)) return null
  const account = accountOf(request)
  const isKnown = receiverOf(desk, account) !== null
  return { ip, sender: `${networkOf(ip)} ${isKnown ? account : '?'}` }
}
