import { z } from 'zod'
import { DELIVERY_STATES } from '../../store/store.ts'
import { byVerdict, cursorAt, type Desk, placeIn } from '../desk.ts'
import { type Route, route } from '../route.ts'
import { DeliveryId, DeliveryView, deliveryView, numberIn, pageOf } from '../views.ts'

export function deliveryRoutes(desk: Desk): readonly Route[] {
  const { store } = desk
  const tag = 'deliveries'
  return [
    route({
      method: 'GET',
      path: '/v1/deliveries',
      role: 'read',
      tag,
      summary: 'List messages to your system in one state, the oldest first',
      query: z.strictObject({
        state: z.enum(DELIVERY_STATES).default('failed'),
        cursor: z.string().optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
      reply: pageOf(DeliveryView, 'DeliveryPage'),
      async handle({ query: { state, cursor, limit } }) {
        const after = placeIn(cursor, 'deliveries', { state }) ?? 0
        const deliveries = await store.deliveriesIn(state, after, limit + 1)
        const page = deliveries.slice(0, limit)
        const last = deliveries.length > limit ? page.at(-1) : undefined
        return {
          data: page.map(deliveryView),
          next: last === undefined ? null : cursorAt('deliveries', { state }, last.id),
        }
      },
    }),
    route({
      method: 'POST',
      path: '/v1/deliveries/{id}/resend',
      role: 'operate',
      tag,
      summary: 'Send a message again',
      params: z.strictObject({ id: DeliveryId }),
      reply: DeliveryView,
      status: 202,
      handle: async ({ params }) =>
        deliveryView(await byVerdict(desk, (verdict) => verdict.resend(numberIn(params.id)))),
    }),
  ]
}
