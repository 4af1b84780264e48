import { afterAll, beforeAll, expect, it } from 'vitest'
import { TestService } from '../../test/support/http-service.ts'
import { accountName } from '../gateway/wechatpay/account.ts'
import type { OrderSeen, ReconciliationSeen } from './views.ts'

let service: TestService
beforeAll(async () => {
  service = await TestService.open()
})
afterAll(() => service.close())

const reconcile = (body: object, key = service.keys.operate) =>
  service.ask<ReconciliationSeen>('/v1/reconciliations', { method: 'POST', body, key })

/** The account of this mode; the other one has no orders. */
function accountOf(mode: 'common' | 'institutional'): string {
  const account = service.accounts.find((one) => one.mode === mode)
  if (account === undefined) throw new Error(`there is an account in ${mode} mode`)
  return accountName(account)
}

it('a day is held against its bill', async () => {
  const { json } = await service.place('A1')
  await service.pay('A1')
  await service.ask(`/v1/orders/${json.order.id}/query`, { method: 'POST' })
  const { json: order } = await service.ask<OrderSeen>(`/v1/orders/${json.order.id}?wait=10`)
  const date = String(order.verdict?.success_time).slice(0, 'yyyy-mm-dd'.length)
  const found = await reconcile({ account: accountOf('common'), date })
  expect(found).toMatchObject({
    status: 200,
    json: {
      ...{
        account: accountOf('common'),
        sub_mchid: null,
        date,
        agreed: 1,
        differing: {},
        differences: [],
        asked: 0,
      },
      lines: { payment: 1, refund: 0, reversal: 0 },
      bill: { unit: 'major', evidence: { source: 'reply', opened: expect.stringMatching(/^\{"sha1":"/) } },
    },
  })
})

it.each([
  ['a day that is none', { date: '2026-06-31' }, 400, 'OPTION_INVALID'],
  ['no day', {}, 400, 'REQUEST_INVALID'],
  ['an account that is not there', { date: '2026-06-08', account: '1' }, 404, 'ACCOUNT_UNKNOWN'],
  ['a sub-merchant in common mode', { date: '2026-06-08', sub_mchid: '1700000001' }, 400, 'OPTION_INVALID'],
])('%s is refused', async (_, given, status, code) => {
  const found = await reconcile({ account: accountOf('common'), ...given })
  expect(found).toMatchObject({ status, json: { code } })
})

it('who may only read may not make WeChat Pay asked', async () => {
  const given = { account: accountOf('common'), date: '2026-06-08' }
  expect(await reconcile(given, service.keys.read)).toMatchObject({
    status: 403,
    json: { code: 'ROLE_TOO_LOW' },
  })
})
