import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { fastifyCallbacks } from '../callback/fastify.ts'
import { type CallbackReceiver, refusal } from '../callback/http.ts'
import type { Clock } from '../clock.ts'
import { isPublicAddress } from '../delivery/addresses.ts'
import { VerdictError } from '../errors.ts'
import { Allowance, networkOf } from './allowance.ts'
import type { Desk } from './desk.ts'

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

/**
 * What may fail of one sender for one account: so many at once, and in each second. WeChat Pay's own callbacks come from
 * few addresses and by the thousand, and take nothing from it: they verify.
 */
const FAILURES = { burst: 300, perSecond: 20 }
/** Of a sender who goes on and on the log tells this often. */
const TOLD_MS = 600_000

/** At `/callbacks/{account}`, for the accounts of the hour: another configuration may have others. */
export function answerCallbacks(
  app: FastifyInstance,
  { desk, warn, headers, limited, clock }: CallbackRoutes,
): void {
  const failures = new Allowance({ ...FAILURES, clock })
  let toldAtMs = Number.NEGATIVE_INFINITY

  /** Before a byte of the body is read, and before any cryptography. */
  const refuseOften = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    for (const [name, value] of Object.entries(headers)) reply.raw.setHeader(name, value)
    const waitMs = failures.waitMs(senderOf(request, desk) ?? '')
    if (waitMs === 0) return
    limited()
    reply.header('retry-after', Math.ceil(waitMs / 1_000)).header('connection', 'close')
    const { body } = refusal(429, 'too many callbacks from this address did not verify')
    return reply.code(429).type('application/json').send(body)
  }

  const receiverFor = (request: FastifyRequest): CallbackReceiver => {
    const known = receiverOf(desk, accountOf(request))
    const receiver = known ?? NOBODYS
    const sender = senderOf(request, desk)
    if (sender === null) return receiver
    return async (callback) => {
      const reply = await receiver(callback)
      if (known === null || reply.status === FAILED) {
        failures.take(sender)
        if (failures.waitMs(sender) > 0 && clock.nowMs() - toldAtMs > TOLD_MS) {
          toldAtMs = clock.nowMs()
          warn(`callbacks from ${request.ip} fail again and again; for a while they are refused unread`)
        }
      }
      return reply
    }
  }

  app.register(async (scope) => {
    scope.addHook('onRequest', refuseOften)
    scope.register(
      fastifyCallbacks(NOBODYS, {
        path: '/callbacks/:account',
        clock: desk.clock,
        notify: ({ message }) => warn(message),
        receiverFor: (request) => receiverFor(request as FastifyRequest),
      }),
      // Anybody may send them as often as he likes: counted in the metrics, but no line in the log.
      { logLevel: 'warn' },
    )
  })
}

/** Nobody could verify it. Whatever else is refused has WeChat Pay's signature, or was not read to its end. */
const FAILED = 401
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

/**
 * Whose failures count together; null for an address of our own network, which no host on the internet has. That is a proxy
 * which `http.trustedProxies` doesn't name: whoever is behind it, WeChat Pay among them, would pay for all others.
 */
function senderOf(request: FastifyRequest, desk: Desk): string | null {
  const { ip } = request
  if (!isPublicAddress(ip)) return null
  const account = accountOf(request)
  const isKnown = receiverOf(desk, account) !== null
  return `${networkOf(ip)} ${isKnown ? account : '?'}`
}
