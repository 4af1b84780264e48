import { z } from 'zod'
import { byVerdict, type Desk, orderOf, refOf } from '../desk.ts'
import { type Route, route } from '../route.ts'
import {
  ById,
  CredentialView,
  credentialView,
  DeliveryView,
  deliveryView,
  EvidenceList,
  evidenceView,
  JournalView,
  journalView,
  platformKeyView,
  ScheduleView,
  scheduleView,
} from '../views.ts'

const text = z.string()

/** What is known of an order beside the order itself. */
export function orderDetailRoutes(desk: Desk): readonly Route[] {
  const { store } = desk
  const tag = 'orders'
  return [
    route({
      method: 'GET',
      path: '/v1/orders/{id}/journal',
      role: 'read',
      tag,
      summary: 'Everything that happened to an order',
      params: ById,
      reply: z.object({ data: z.array(JournalView) }).meta({ id: 'Journal' }),
      async handle({ params }) {
        const { id } = await orderOf(desk, params.id)
        return { data: (await store.journalOf(id)).map(journalView) }
      },
    }),
    route({
      method: 'GET',
      path: '/v1/orders/{id}/evidence',
      role: 'read',
      tag,
      summary: 'The signed statements that were kept of an order, and whether they prove its verdict',
      description: 'With the public keys of WeChat Pay that signed them: anybody can check them anew.',
      params: ById,
      reply: EvidenceList,
      async handle({ params }) {
        const order = refOf(await orderOf(desk, params.id))
        const { evidence, opened, keys, amountToAccept, proof } = await byVerdict(desk, (verdict) =>
          verdict.order(order),
        )
        return {
          data: evidence.map((piece, i) => evidenceView(piece, opened[i] ?? null)),
          keys: keys.map(platformKeyView),
          amountToAccept,
          holds: proof.holds,
          because: proof.holds ? null : proof.because,
        }
      },
    }),
    route({
      method: 'GET',
      path: '/v1/orders/{id}/schedule',
      role: 'read',
      tag,
      summary: 'When an order is asked about, by its policy',
      params: ById,
      reply: z.object({ schedule: ScheduleView.nullable() }).meta({ id: 'OrderSchedule' }),
      async handle({ params }) {
        const schedule = desk.verdict.scheduleOf(await orderOf(desk, params.id))
        return { schedule: schedule === null ? null : scheduleView(schedule) }
      },
    }),
    route({
      method: 'GET',
      path: '/v1/orders/{id}/credential',
      role: 'operate',
      tag,
      summary: 'What the customer needs to pay',
      params: ById,
      reply: z.object({ credential: CredentialView.nullable() }).meta({ id: 'OrderCredential' }),
      async handle({ params }) {
        const { id } = await orderOf(desk, params.id)
        return { credential: credentialView((await store.placingOf(id))?.credential ?? null) }
      },
    }),
    route({
      method: 'GET',
      path: '/v1/orders/{id}/pay-sign',
      role: 'operate',
      tag,
      summary: 'What a JSAPI page, a mini program or an app needs to call the payment',
      description: 'Signed anew at each call. `appid` says whose page calls it; default: the account.',
      params: ById,
      query: z.strictObject({
        appid: text.regex(/^[A-Za-z0-9]{1,32}$/, 'expected 1 to 32 letters and digits').exactOptional(),
      }),
      reply: z.object({ call: z.record(text, text) }).meta({ id: 'PaySign' }),
      async handle({ params, query }) {
        const order = refOf(await orderOf(desk, params.id))
        return { call: { ...(await byVerdict(desk, (verdict) => verdict.paySign(order, query))) } }
      },
    }),
    route({
      method: 'GET',
      path: '/v1/orders/{id}/deliveries',
      role: 'read',
      tag,
      summary: 'What your system was or will be told about an order',
      params: ById,
      reply: z.object({ data: z.array(DeliveryView) }).meta({ id: 'OrderDeliveries' }),
      async handle({ params }) {
        const { id } = await orderOf(desk, params.id)
        return { data: (await store.deliveriesOf(id)).map(deliveryView) }
      },
    }),
  ]
}
