import { z } from 'zod'
import type { Desk } from '../desk.ts'
import { type Route, route } from '../route.ts'

export function accountRoutes(desk: Desk): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/accounts',
      role: 'read',
      tag: 'accounts',
      summary: 'The accounts that this process works for, and how each stands with WeChat Pay',
      reply: z
        .object({
          data: z.array(
            z
              .object({
                account: z.string(),
                mode: z.enum(['common', 'institutional']),
                /** Whether WeChat Pay answers; while it doesn't, only probes are sent. */
                answers: z.boolean(),
              })
              .meta({ id: 'Account' }),
          ),
        })
        .meta({ id: 'Accounts' }),
      handle: async () => ({ data: [...desk.verdict.accounts] }),
    }),
  ]
}
