import { z } from 'zod'
import { CALLS } from '../../core/change.ts'
import type { Desk } from '../desk.ts'
import { type Route, route } from '../route.ts'

const Budget = z.object({ limit: z.number(), share: z.number(), waits: z.int() })

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
                /** Whether queries find payments that no callback has announced: its callback address is broken. */
                silent: z.boolean(),
                /** By call: what the account may make in a second, this process's part of it now, and how often one had to wait. */
                budgets: z.record(z.enum(CALLS), Budget),
              })
              .meta({ id: 'Account' }),
          ),
        })
        .meta({ id: 'Accounts' }),
      handle: async () => ({
        data: desk.verdict.accounts.map(({ account, mode, answers, isSilent, budgets }) => {
          return { account, mode, answers, silent: isSilent, budgets }
        }),
      }),
    }),
  ]
}
