import { z } from 'zod'
import { VerdictError } from '../../errors.ts'
import type { BilledDay } from '../../store/reconciliations.ts'
import { byVerdict, cursorAt, type Desk, placeIn } from '../desk.ts'
import { type Route, route } from '../route.ts'
import {
  KeptReconciliationView,
  keptReconciliationView,
  pageOf,
  ReconciliationView,
  reconciliationView,
} from '../views.ts'

/** Whose bill, besides the account's: of all its orders, unless a sub-merchant is named. */
const SUB_MCHID = z.string().min(1).optional()

export function reconciliationRoutes(desk: Desk): readonly Route[] {
  const { store } = desk
  const tag = 'reconciliations'
  return [
    route({
      method: 'GET',
      path: '/v1/reconciliations',
      role: 'read',
      tag,
      summary: "List the days that were held against WeChat Pay's bills, the latest day first",
      query: z.strictObject({
        account: z.string().optional(),
        sub_mchid: SUB_MCHID,
        cursor: z.string().optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
      reply: pageOf(KeptReconciliationView, 'ReconciliationPage'),
      async handle({ query: { cursor, limit, account, sub_mchid } }) {
        const filter = {
          ...(account !== undefined && { account }),
          ...(sub_mchid !== undefined && { sub_mchid }),
        }
        const after = placeIn(cursor, tag, filter)
        const kept = await store.reconciliations(filter, { after, limit: limit + 1 })
        const page = kept.slice(0, limit)
        const last = kept.length > limit ? page.at(-1) : undefined
        return {
          data: page.map(keptReconciliationView),
          next: last === undefined ? null : cursorAt(tag, filter, last.id),
        }
      },
    }),
    route({
      method: 'GET',
      path: '/v1/reconciliations/{account}/{date}',
      role: 'read',
      tag,
      summary: 'What was found of a day, with its differences',
      params: z.strictObject({ account: z.string(), date: z.iso.date() }),
      query: z.strictObject({ sub_mchid: SUB_MCHID }),
      reply: ReconciliationView,
      async handle({ params, query: { sub_mchid = null } }) {
        const day = { ...params, sub_mchid }
        const found = await store.reconciliation(day)
        if (found === null) throw unknown(day)
        return reconciliationView(found)
      },
    }),
    route({
      method: 'POST',
      path: '/v1/reconciliations',
      role: 'operate',
      tag,
      summary: "Hold a day against WeChat Pay's bill",
      description:
        'Answers when both have been gone through, and keeps what was found. Orders that are paid in the bill, and open or ended unpaid here, are asked about; nothing else is changed.',
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

function unknown({ account, sub_mchid, date }: BilledDay): VerdictError {
  const whose = sub_mchid === null ? account : `${account}/${sub_mchid}`
  return new VerdictError(
    'RECONCILIATION_UNKNOWN',
    `nothing was found of ${date}, ${whose}; POST /v1/reconciliations holds it against its bill`,
  )
}
