import { z } from 'zod'
import { VerdictError } from '../../errors.ts'
import { API_ROLES } from '../../store/store.ts'
import { Allowance, networkOf } from '../allowance.ts'
import type { ApiKeys } from '../api-keys.ts'
import type { Desk } from '../desk.ts'
import { TooMany } from '../problem.ts'
import { type Route, route } from '../route.ts'
import { checkOrigin, csrfOf, type Sessions, setCookie } from '../sessions.ts'

/** Nobody mistypes a key more often; whoever guesses one has 2^192 of them before him. */
const WRONG_KEYS = { burst: 10, perSecond: 1 / 6 }

const SessionView = z
  .object({
    /** The API key's. */
    name: z.string(),
    role: z.enum(API_ROLES),
    /** For the header `x-verdict-csrf`; null for whoever comes with a key instead of a cookie. */
    csrf: z.string().nullable(),
  })
  .meta({ id: 'Session' })

export type SessionSeen = z.output<typeof SessionView>

export function sessionRoutes({ clock }: Desk, keys: ApiKeys, sessions: Sessions): readonly Route[] {
  const tag = 'session'
  const allowance = new Allowance({ ...WRONG_KEYS, clock })
  return [
    route({
      method: 'POST',
      path: '/v1/session',
      role: null,
      tag,
      summary: 'Sign a browser in',
      description:
        'Sets the cookie `__Host-verdict_session`, without TLS `verdict_session`, for 12 hours or until its key is revoked. Whoever comes with it sends `csrf` as `x-verdict-csrf` with everything but GET.',
      body: z.strictObject({ key: z.string().max(200) }),
      reply: SessionView,
      async handle({ body, request, reply }) {
        checkOrigin(request)
        const sender = networkOf(request.ip)
        const waitMs = allowance.waitMs(sender)
        if (waitMs > 0) throw new TooMany('too many wrong keys came from this address', waitMs)
        const key = await keys.keyIn(`Bearer ${body.key}`).catch((error: unknown) => {
          if (error instanceof VerdictError) allowance.take(sender)
          throw error
        })
        const cookie = await sessions.begin(key)
        reply.header('set-cookie', setCookie(cookie, request))
        return { name: key.name, role: key.role, csrf: csrfOf(cookie) }
      },
    }),
    route({
      method: 'GET',
      path: '/v1/session',
      role: 'read',
      tag,
      summary: 'Who is calling',
      reply: SessionView,
      handle: ({ caller: { name, role }, cookie }) => ({
        ...{ name, role },
        csrf: cookie === null ? null : csrfOf(cookie),
      }),
    }),
    route({
      method: 'DELETE',
      path: '/v1/session',
      role: 'read',
      tag,
      summary: 'Sign out',
      reply: z.undefined(),
      status: 204,
      async handle({ cookie, request, reply }) {
        if (cookie !== null) await sessions.end(cookie)
        reply.header('set-cookie', setCookie(null, request))
        return undefined
      },
    }),
  ]
}
