import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Listed, type MadeKey, TestService } from '../../test/support/http-service.ts'
import type { OverviewSeen } from './routes/overview.ts'
import type { EvidenceSeen, JournalSeen, OrderSeen } from './views.ts'

let service: TestService
let numbers = 0
const number = (): string => `R${++numbers}`

beforeAll(async () => {
  service = await TestService.open()
}, 30_000)

afterAll(() => service.close())

const order = async (id: string) => (await service.ask<OrderSeen>(`/v1/orders/${id}`)).json
const stopped = async (): Promise<readonly string[]> =>
  (await service.ask<Listed<OrderSeen>>('/v1/orders?stopped=true')).json.data.map(({ id }) => id)
const resolve = (id: string, body: object, key?: string) =>
  service.ask<OrderSeen>(`/v1/orders/${id}/attention/resolve`, { body, ...(key !== undefined && { key }) })

describe('an order that was paid with another amount than it was tracked with', () => {
  it('has its verdict, and its proof, once a person accepts what WeChat Pay signed', async () => {
    const id = await service.paidWithAnotherAmount(number())
    expect((await order(id)).resolutions).toEqual(['accept_evidence', 'stop_tracking'])
    const note = 'the till forgot the tip'
    expect(await resolve(id, { action: 'accept_evidence', note })).toMatchObject({
      status: 200,
      json: { attention: null, amount: { total: 9_000 }, state: 'waiting' },
    })
    const { json: settled } = await service.ask(`/v1/orders/${id}?wait=10`)
    expect(settled).toMatchObject({ state: 'SUCCESS', amount: { total: 9_000, currency: 'HKD' } })
    const { json: evidence } = await service.ask<EvidenceSeen>(`/v1/orders/${id}/evidence`)
    expect(evidence.holds).toBe(true)
    const { json: journal } = await service.ask<Listed<JournalSeen>>(`/v1/orders/${id}/journal`)
    expect(journal.data).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ event: 'resolved', note: `the operate key: ${note}` }),
        expect.objectContaining({ event: 'resolved', note: '9000 HKD, not 8800 HKD' }),
      ]),
    )
  })

  it('is asked about no more once the tracking is stopped, and again when somebody asks', async () => {
    const id = await service.paidWithAnotherAmount(number())
    expect(await resolve(id, { action: 'stop_tracking', note: 'a test order' })).toMatchObject({
      status: 200,
      json: { stopped: true, nextDueAt: null, attention: null, resolutions: [] },
    })
    expect(await stopped()).toEqual([id])
    const counted = async () => (await service.ask<OverviewSeen>('/v1/overview')).json.orders.stopped
    await expect.poll(counted, { timeout: 5_000 }).toBe(1)
    await service.ask(`/v1/orders/${id}/query`, { method: 'POST' })
    await expect.poll(async () => (await order(id)).attention).toBe('amount_mismatch')
    expect((await order(id)).stopped).toBe(false)
    expect(await stopped()).toEqual([])
    const { json } = await service.ask<Listed<OrderSeen>>('/v1/orders?stopped=false&limit=200')
    expect(json.data.map((one) => one.id)).toContain(id)
  })

  it('is asked about again, once it was stopped, also when it is given up a second time', async () => {
    const id = await service.paidWithAnotherAmount(number())
    const giveUp = () => service.ask<OrderSeen>(`/v1/orders/${id}/give-up`, { method: 'POST' })
    await giveUp()
    const { json } = await resolve(id, { action: 'stop_tracking', note: 'a test order' })
    expect(json.stopped).toBe(true)
    expect((await giveUp()).json.stopped).toBe(false)
    await expect.poll(async () => (await order(id)).attention).toBe('amount_mismatch')
  })
})

it('whoever has a key may use it, whatever its name is written with', async () => {
  const made = (name: string) =>
    service.ask<MadeKey>('/v1/keys', { key: service.keys.admin, body: { name, role: 'operate' } })
  const { json } = await made('😀'.repeat(64))
  const id = await service.paidWithAnotherAmount(number())
  const asked = await service.ask(`/v1/orders/${id}/query`, { method: 'POST', key: json.text })
  expect(asked.status).toBe(202)
  await expect.poll(async () => (await order(id)).attention).toBe('amount_mismatch')
  expect((await resolve(id, { action: 'accept_evidence', note: 'why' }, json.text)).status).toBe(200)
  expect((await made(' ')).status).toBe(400)
})

it('evidence is accepted of the amount that the person saw, and of no other', async () => {
  const id = await service.paidWithAnotherAmount(number())
  const stated = async () =>
    (await service.ask<EvidenceSeen>(`/v1/orders/${id}/evidence`)).json.amountToAccept
  const amount = await stated()
  expect(amount).toEqual({ total: 9_000, currency: 'HKD' })
  const answer = { action: 'accept_evidence', note: 'the till forgot the tip' }
  for (const other of [
    { ...amount, total: 8_800 },
    { ...amount, currency: 'CNY' },
  ])
    expect(await resolve(id, { ...answer, amount: other })).toMatchObject({
      status: 409,
      json: { code: 'ORDER_STATE', detail: expect.stringContaining('WeChat Pay states 9000 HKD') },
    })
  expect((await order(id)).attention).toBe('amount_mismatch')
  expect((await resolve(id, { ...answer, amount })).status).toBe(200)
  expect(await stated()).toBeNull()
})

describe('an answer is refused, and changes nothing,', () => {
  it.each([
    ['that the mark can not have', { action: 'end', note: 'why' }, 409, 'ORDER_STATE'],
    ['that is unknown', { action: 'forget', note: 'why' }, 400, 'REQUEST_INVALID'],
    ['without a reason', { action: 'stop_tracking' }, 400, 'REQUEST_INVALID'],
    ['with a reason of nothing', { action: 'stop_tracking', note: ' ' }, 400, 'ORDER_INVALID'],
    ['with a reason of two lines', { action: 'stop_tracking', note: 'a\nb' }, 400, 'ORDER_INVALID'],
    ['with a field that is none', { action: 'stop_tracking', note: 'why', by: 'me' }, 400, 'REQUEST_INVALID'],
  ])('%s', async (_, body, status, code) => {
    const { json } = await service.place(number())
    expect(await resolve(json.order.id, body)).toMatchObject({ status, json: { code } })
    expect((await order(json.order.id)).attention).toBeNull()
    const { json: journal } = await service.ask<Listed<JournalSeen>>(`/v1/orders/${json.order.id}/journal`)
    expect(journal.data.some(({ event }) => event === 'resolved')).toBe(false)
  })

  it('of one who may only read', async () => {
    const { json } = await service.place(number())
    const answered = await resolve(json.order.id, { action: 'seen', note: 'why' }, service.keys.read)
    expect(answered).toMatchObject({ status: 403 })
  })

  it('about an order without a mark', async () => {
    const { json } = await service.place(number())
    const answered = await resolve(json.order.id, { action: 'seen', note: 'why' })
    expect(answered).toMatchObject({
      status: 409,
      json: { detail: expect.stringContaining('needs a person') },
    })
  })
})
