import { z } from 'zod'
import { byVerdict, type Desk } from '../desk.ts'
import { type Route, route } from '../route.ts'
import { ReconciliationView, reconciliationView } from '../views.ts'

export function reconciliationRoutes(desk: Desk): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/reconciliations',
      role: 'operate',
      tag: 'accounts',
      summary: "Hold a day against WeChat Pay's bill",
      description:
        'Answers when both have been gone through. Orders that are paid in the bill, and open or ended unpaid here, are asked about; nothing else is changed.',
      body: z.strictObject({
        /** May be left out while one account is open. */
        account: z.string().optional(),
        /** Institutional mode: this sub-merchant's orders alone. */
        sub_mchid: z.string().optional(),
        /** A calendar day of Beijing, from 10:00 on the next day on. */
        date: z.string().meta({ format: 'date' }),
      }),
      reply: ReconciliationView,
      handle: async ({ body }) =>
        reconciliationView(await byVerdict(desk, (verdict) => verdict.reconcile(body))),
    }),
  ]
}
