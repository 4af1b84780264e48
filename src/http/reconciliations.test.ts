import { afterAll, beforeAll, expect, it } from 'vitest'
import { TestService } from '../../test/support/http-service.ts'
import { accountName } from '../gateway/wechatpay/account.ts'
import type { KeptReconciliationSeen, OrderSeen, ReconciliationSeen } from './views.ts'

interface ReconciliationPage {
  readonly data: readonly KeptReconciliationSeen[]
  readonly next: string | null
}

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

it('what was found is kept: in a list, and with its differences', async () => {
  const account = accountOf('common')
  const date = '2026-06-08'
  const found = await reconcile({ account, date })
  expect(found).toMatchObject({ status: 200, json: { date, bill: null } })
  const page = await service.ask<ReconciliationPage>(`/v1/reconciliations?account=${account}`)
  const { differences: _, account: __, sub_mchid: ___, date: ____, ...rest } = found.json
  expect(page.json.data.at(-1)).toEqual({
    ...{ account, sub_mchid: null, date, tries: null, finds: 0, failure: null },
    ...{ triedAt: expect.any(String), foundAt: expect.any(String), found: rest },
  })
  expect((await service.ask(`/v1/reconciliations/${account}/${date}`)).json).toEqual(found.json)
  expect(await service.ask(`/v1/reconciliations/${account}/2026-06-07`)).toMatchObject({
    ...{ status: 404, json: { code: 'RECONCILIATION_UNKNOWN' } },
  })
})

it('the list goes on where it ended, with the same filter alone', async () => {
  const account = accountOf('institutional')
  const days = ['2026-06-10', '2026-06-09', '2026-06-08']
  for (const date of days) expect((await reconcile({ account, date })).status).toBe(200)
  await reconcile({ account, date: '2026-06-09', sub_mchid: '1700000001' })
  const address = `/v1/reconciliations?account=${account}&limit=2`
  const first = await service.ask<ReconciliationPage>(address)
  const next = encodeURIComponent(String(first.json.next))
  const second = await service.ask<ReconciliationPage>(`${address}&cursor=${next}`)
  const all = [...first.json.data, ...second.json.data].map((one) => [one.date, one.sub_mchid])
  expect(all).toEqual([
    ['2026-06-10', null],
    ['2026-06-09', '1700000001'],
    ['2026-06-09', null],
    ['2026-06-08', null],
  ])
  expect(second.json.next).toBeNull()
  expect(await service.ask(`/v1/reconciliations?limit=2&cursor=${next}`)).toMatchObject({
    ...{ status: 400, json: { code: 'CURSOR_INVALID' } },
  })
  const one = await service.ask<ReconciliationPage>(`/v1/reconciliations?sub_mchid=1700000001`)
  expect(one.json.data).toMatchObject([{ account, date: '2026-06-09', sub_mchid: '1700000001' }])
  expect(
    (await service.ask(`/v1/reconciliations/${account}/2026-06-09?sub_mchid=1700000001`)).json,
  ).toMatchObject({ sub_mchid: '1700000001', differences: [] })
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
