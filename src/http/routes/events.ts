import { z } from 'zod'
import type { Events } from '../live/events.ts'
import { EVENT_STREAM, type Route, route } from '../route.ts'

export function eventRoutes(events: Events): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/events',
      role: 'read',
      tag: 'events',
      summary: 'What becomes of the orders, as it happens',
      description:
        'An event stream. `order` has the order as it is now and the lines that its journal got; `reset` says that something may have been missed: read anew what you show. Goes on after `Last-Event-ID`, as far as it is still known. Tells what this process does; what others do is a `reset`.',
      query: z.strictObject({
        account: z.string().max(32).optional(),
        /** As the header `Last-Event-ID`, for whoever can't send one. */
        lastEventId: z.string().max(64).optional(),
      }),
      reply: z.unknown().meta({ type: 'string' }),
      produces: EVENT_STREAM,
      handle({ query: { account = null, lastEventId }, request, reply, stillMay }) {
        const header = request.headers['last-event-id']
        const lastId = typeof header === 'string' ? header : (lastEventId ?? null)
        const stream = events.listen({ account, lastId, stillMay })
        // A proxy that gathers would make a moment of a minute.
        reply.type(`${EVENT_STREAM}; charset=utf-8`).header('x-accel-buffering', 'no')
        return stream
      },
    }),
  ]
}
