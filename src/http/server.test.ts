import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Listed, type MadeKey, TestService } from '../../test/support/http-service.ts'
import type { Problem } from './problem.ts'
import { orderDetailRoutes } from './routes/order-details.ts'
import { orderRoutes } from './routes/orders.ts'
import type { EvidenceSeen, JournalSeen, OrderSeen, RefundSeen, ScheduleSeen } from './views.ts'

let service: TestService
let numbers = 0
const number = (): string => `H${++numbers}`

beforeAll(async () => {
  service = await TestService.open()
}, 30_000)

afterAll(() => service.close())

async function paid(out_trade_no = number()): Promise<string> {
  const { json } = await service.place(out_trade_no)
  await service.pay(out_trade_no)
  await service.ask(`/v1/orders/${json.order.id}/query`, { method: 'POST' })
  const settled = await service.ask(`/v1/orders/${json.order.id}?wait=10`)
  expect(settled.json).toMatchObject({ state: 'SUCCESS', verdict: { state: 'SUCCESS', learntBy: 'query' } })
  return json.order.id
}

describe('the life of an order by the API', () => {
  it('is placed, paid, asked about, settled, refunded, and told in full', async () => {
    const out_trade_no = number()
    const placed = await service.place(out_trade_no)
    expect(placed).toMatchObject({
      status: 201,
      json: { order: { out_trade_no, state: 'waiting' }, credential: { name: 'code_url' }, repeated: false },
    })
    const { id } = placed.json.order
    expect((await service.ask(`/v1/orders/${id}`)).json).toMatchObject({
      id,
      state: 'waiting',
      verdict: null,
    })
    await service.pay(out_trade_no)
    const asked = await service.ask(`/v1/orders/${id}/query`, { method: 'POST' })
    expect(asked.status).toBe(202)
    const settled = await service.ask(`/v1/orders/${id}?wait=10`)
    expect(settled.json).toMatchObject({ state: 'SUCCESS', verdict: { transaction_id: expect.any(String) } })

    const key = { 'idempotency-key': 'return 1' }
    const refund = { body: { amount: 3_000, reason: 'Cold' }, headers: key }
    const first = await service.ask<RefundSeen>(`/v1/orders/${id}/refunds`, refund)
    expect(first).toMatchObject({ status: 202, json: { amount: 3_000, idempotencyKey: 'return 1' } })
    const again = await service.ask<RefundSeen>(`/v1/orders/${id}/refunds`, refund)
    expect(again.json.out_refund_no).toBe(first.json.out_refund_no)
    expect((await service.ask<Listed<RefundSeen>>(`/v1/orders/${id}/refunds`)).json.data).toHaveLength(1)

    const journal = (await service.ask<Listed<JournalSeen>>(`/v1/orders/${id}/journal`)).json.data
    expect(journal.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['entered', 'intent', 'answer', 'ask-now', 'verdict', 'refund']),
    )
    expect(journal.find(({ event }) => event === 'ask-now')?.note).toBe('the operate key')
    const evidence = (await service.ask<EvidenceSeen>(`/v1/orders/${id}/evidence`)).json
    expect(evidence).toMatchObject({ holds: true, because: null })
    expect(evidence.data.every(({ opened, body }) => opened === body)).toBe(true)
    expect(evidence.keys).toEqual([
      { serial: evidence.data[0]?.serial, publicKey: expect.stringMatching(/^-----BEGIN PUBLIC KEY-----\n/) },
    ])
    expect((await service.ask(`/v1/orders/${id}/deliveries`)).json).toEqual({ data: [] })
  })

  it('tells when an order is asked about, by its policy', async () => {
    const { json } = await service.place(number())
    const { schedule } = (
      await service.ask<{ readonly schedule: ScheduleSeen }>(`/v1/orders/${json.order.id}/schedule`)
    ).json
    const after = (at: string) => (Date.parse(at) - Date.parse(json.order.createdAt)) / 1_000
    // Period 1 of 10 s, then WeChat Pay's ladder; a native order may be closed after five minutes.
    expect(schedule.queriesAt.slice(0, 3).map(after)).toEqual([10, 20, 30])
    expect(schedule.windowEndsAt).toBe(json.order.windowEndsAt)
    expect(Math.round(after(schedule.endableAt))).toBe(300)
  })

  it('gives the order that exists to the same parameters, and refuses others under its number', async () => {
    const out_trade_no = number()
    const first = await service.place(out_trade_no)
    const again = await service.place(out_trade_no)
    expect(again).toMatchObject({ status: 201, json: { repeated: true, order: { id: first.json.order.id } } })
    const other = await service.place(out_trade_no, { amount: { total: 1, currency: 'HKD' } })
    expect(other).toMatchObject({ status: 409, json: { code: 'ORDER_CONFLICT' } })
  })

  it('gives an app what it calls the payment with, signed for no other line of text', async () => {
    const { json } = await service.place(number(), { kind: 'app' })
    const signed = await service.ask(`/v1/orders/${json.order.id}/pay-sign`)
    expect(signed.json).toMatchObject({
      call: { package: 'Sign=WXPay', sign: expect.stringMatching(/.{300}/) },
    })
    const other = await service.ask(`/v1/orders/${json.order.id}/pay-sign?appid=GET%0A/v3`)
    expect(other).toMatchObject({ status: 400, json: { code: 'REQUEST_INVALID' } })
    const native = (await service.place(number())).json.order.id
    const none = await service.ask(`/v1/orders/${native}/pay-sign`)
    expect(none).toMatchObject({ status: 409, json: { code: 'ORDER_STATE' } })
  })

  it('is given up', async () => {
    const { json } = await service.place(number())
    const given = await service.ask(`/v1/orders/${json.order.id}/give-up`, { method: 'POST' })
    expect(given).toMatchObject({ status: 202, json: { state: 'ending', givenUpAt: expect.any(String) } })
    const refused = await service.ask(`/v1/orders/${await paid()}/give-up`, { method: 'POST' })
    expect(refused).toMatchObject({ status: 409, json: { code: 'ORDER_STATE' } })
  })

  it('says in its journal who gave it up, and who asked for a refund', async () => {
    const { json } = await service.place(number())
    await service.ask(`/v1/orders/${json.order.id}/give-up`, { method: 'POST' })
    const { json: left } = await service.ask<Listed<JournalSeen>>(`/v1/orders/${json.order.id}/journal`)
    expect(left.data).toContainEqual(expect.objectContaining({ event: 'give-up', note: 'the operate key' }))

    const id = await paid()
    const refund = { body: { amount: 100 }, headers: { 'idempotency-key': 'who' } }
    const { out_refund_no } = (await service.ask<RefundSeen>(`/v1/orders/${id}/refunds`, refund)).json
    const { json: back } = await service.ask<Listed<JournalSeen>>(`/v1/orders/${id}/journal`)
    const note = `${out_refund_no}: 100 HKD, by the operate key`
    expect(back.data).toContainEqual(expect.objectContaining({ event: 'refund', said: 'queued', note }))
  })

  it('is tracked, alone and in bulk, each by itself', async () => {
    const account = service.simulator.keys.identity.mchid
    const one = { account, kind: 'native', amount: { total: 100, currency: 'HKD' } }
    const alone = await service.ask('/v1/orders/track', { body: { ...one, out_trade_no: number() } })
    expect(alone).toMatchObject({ status: 201, json: { origin: 'tracked' } })
    const bulk = await service.ask('/v1/orders/track/bulk', {
      body: {
        orders: [
          { ...one, out_trade_no: number() },
          { ...one, out_trade_no: 'not a number!' },
        ],
      },
    })
    expect(bulk.json).toMatchObject({
      data: [{ order: { origin: 'tracked' } }, { code: 'ORDER_INVALID', out_trade_no: 'not a number!' }],
    })
  })
})

describe('lists', () => {
  it('go through all orders, the newest first, page by page, with a filter', async () => {
    const numbersOfThem = [number(), number(), number(), number(), number()]
    for (const out_trade_no of numbersOfThem)
      await service.place(out_trade_no, { amount: { total: 77, currency: 'HKD' } })
    const seen: string[] = []
    let cursor = ''
    for (;;) {
      const page = await service.ask<Listed<OrderSeen>>(`/v1/orders?total=77&open=true&limit=2${cursor}`)
      seen.push(...page.json.data.map((order) => order.out_trade_no))
      if (page.json.next === null) break
      cursor = `&cursor=${page.json.next}`
    }
    expect(seen).toEqual(numbersOfThem.toReversed())
    const found = await service.ask(`/v1/orders?out_trade_no=${numbersOfThem[2]}`)
    expect(found.json).toMatchObject({ data: [{ out_trade_no: numbersOfThem[2] }] })
  })

  it('hold the orders of a state, and those that need a person, and no others', async () => {
    const id = await paid()
    const open = (await service.place(number())).json.order.id
    const settled = (await service.ask<Listed<OrderSeen>>('/v1/orders?state=SUCCESS,CLOSED&kind=native')).json
      .data
    const idsOf = (orders: ReadonlyArray<{ id: string }>) => orders.map((order) => order.id)
    expect(idsOf(settled)).toContain(id)
    expect(idsOf(settled)).not.toContain(open)
    expect(new Set(settled.map(({ state }) => state))).toEqual(new Set(['SUCCESS']))

    const marked = await service.paidWithAnotherAmount(number())
    const list = (await service.ask<Listed<OrderSeen>>('/v1/orders?attention=true')).json.data
    expect(idsOf(list)).toContain(marked)
    expect(idsOf(list)).not.toContain(id)
    expect(list.map(({ attention }) => attention)).not.toContain(null)
  })

  it('refuse the cursor of another list, of another filter, and none', async () => {
    await paid()
    await paid()
    const { next } = (await service.ask<Listed<OrderSeen>>('/v1/orders?limit=1')).json
    for (const url of [
      `/v1/orders?limit=1&open=true&cursor=${next}`,
      `/v1/deliveries?cursor=${next}`,
      '/v1/orders?cursor=nonsense',
    ]) {
      expect(await service.ask(url), url).toMatchObject({ status: 400, json: { code: 'CURSOR_INVALID' } })
    }
    expect((await service.ask(`/v1/orders?limit=5&cursor=${next}`)).status).toBe(200)
  })
})

describe('what the API refuses changes nothing', () => {
  const order = () => ({
    out_trade_no: number(),
    kind: 'native',
    description: 'x',
    amount: { total: 1, currency: 'HKD' },
  })

  it.each([
    ['no key', null, 401, 'KEY_MISSING'],
    ['a key that is none', 'vk_nothing', 401, 'KEY_MISSING'],
    ['a key that was never made', `vk_${'0'.repeat(12)}_${'a'.repeat(32)}`, 401, 'KEY_MISSING'],
  ])('%s', async (_, key, status, code) => {
    const before = await service.store.countByState()
    const answer = await service.ask('/v1/orders', { body: order(), key })
    expect(answer).toMatchObject({
      status,
      type: expect.stringMatching(/^application\/problem\+json/),
      json: { code, status },
    })
    expect(await service.store.countByState()).toEqual(before)
  })

  it('a role that is too low', async () => {
    const answer = await service.ask('/v1/orders', { body: order(), key: service.keys.read })
    expect(answer).toMatchObject({ status: 403, json: { code: 'ROLE_TOO_LOW' } })
    expect((await service.ask('/v1/keys')).status).toBe(403)
    expect((await service.ask('/v1/keys', { key: service.keys.admin })).status).toBe(200)
  })

  it('unknown fields, wrong types and missing ones, each by its pointer', async () => {
    const body = {
      out_trade_no: 7,
      kind: 'cash',
      amount: { total: 1.5, currency: 'HKD', tip: 1 },
      colour: 'red',
    }
    const answer = await service.ask<Problem>('/v1/orders', { body })
    expect(answer).toMatchObject({ status: 400, json: { code: 'REQUEST_INVALID' } })
    const pointers = (answer.json.errors ?? []).map(({ pointer }) => pointer)
    expect(pointers.toSorted()).toEqual(
      ['/amount/tip', '/amount/total', '/colour', '/description', '/kind', '/out_trade_no'].toSorted(),
    )
    for (const url of [
      '/v1/orders?colour=red',
      '/v1/orders?limit=1000',
      '/v1/orders?state=PAID',
      '/v1/orders/42',
    ])
      expect(await service.ask(url), url).toMatchObject({ status: 400, json: { code: 'REQUEST_INVALID' } })
  })

  it.each(['', ' ', 'table\u00007', 'table\n7', '\u001b[2J', '\ud800'])(
    'a purchase that no journal can show: %j',
    async (purchase) => {
      const { mchid } = service.simulator.keys.identity
      const before = await service.store.countByState()
      const refused = await service.ask('/v1/orders', { body: { ...order(), account: mchid, purchase } })
      expect(refused).toMatchObject({ status: 400, json: { code: 'ORDER_INVALID' } })
      expect(await service.store.countByState()).toEqual(before)
    },
  )

  it.each(['', '\u0000', 'a\u001b[2J', 'x'.repeat(65)])(
    'a person who asks and has no name: %j',
    async (by) => {
      const out_trade_no = number()
      await service.place(out_trade_no)
      const asking = service.verdict.askNow(
        { account: service.simulator.keys.identity.mchid, out_trade_no },
        by,
      )
      await expect(asking).rejects.toMatchObject({ code: 'OPTION_INVALID' })
      const leaving = service.verdict.giveUp({ out_trade_no }, by)
      await expect(leaving).rejects.toMatchObject({ code: 'OPTION_INVALID' })
      const returning = service.verdict.refund({ out_trade_no }, { idempotencyKey: 'k', by })
      await expect(returning).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    },
  )

  it('what the library refuses, with its own code', async () => {
    const account = service.simulator.keys.identity.mchid
    const wrong = await service.ask('/v1/orders', { body: { ...order(), account, out_trade_no: 'a b' } })
    expect(wrong).toMatchObject({ status: 400, json: { code: 'ORDER_INVALID' } })
    const unknown = await service.ask('/v1/orders/ord_999999')
    expect(unknown).toMatchObject({ status: 404, json: { code: 'ORDER_UNKNOWN' } })
  })

  it('a body that is too large, no JSON, or of another type', async () => {
    const large = await service.ask('/v1/orders', { body: { text: 'x'.repeat(2_000_000) } })
    expect(large).toMatchObject({ status: 413, json: { code: 'BODY_TOO_LARGE' } })
    const headers = { 'content-type': 'application/json' }
    const broken = await service.ask('/v1/orders', { body: '{"a":', headers })
    expect(broken).toMatchObject({ status: 415, json: { code: 'BODY_UNREADABLE' } })
    const other = await service.ask('/v1/orders', { body: '<a/>', headers: { 'content-type': 'text/xml' } })
    expect(other).toMatchObject({ status: 415, json: { code: 'BODY_UNREADABLE' } })
  })

  it('an idempotency key with another body; the same one is the same request', async () => {
    const account = service.simulator.keys.identity.mchid
    const first = { ...order(), account, notify_url: `${service.simulator.url}/nobody` }
    const headers = { 'idempotency-key': 'K1' }
    expect((await service.ask('/v1/orders', { body: first, headers })).status).toBe(201)
    expect((await service.ask('/v1/orders', { body: first, headers })).json).toMatchObject({ repeated: true })
    const before = await service.store.countByState()
    const other = await service.ask('/v1/orders', { body: { ...first, out_trade_no: number() }, headers })
    expect(other).toMatchObject({ status: 409, json: { code: 'IDEMPOTENCY_CONFLICT' } })
    expect(await service.store.countByState()).toEqual(before)
    const ofAnother = await service.ask('/v1/orders', {
      body: { ...first, out_trade_no: number() },
      ...{ headers, key: service.keys.admin },
    })
    expect(ofAnother.status).toBe(201)
    const none = await service.ask(`/v1/orders/${await paid()}/refunds`, { body: {} })
    expect(none).toMatchObject({ status: 400, json: { code: 'REQUEST_INVALID' } })
  })

  it('addresses and methods that are not there', async () => {
    for (const [method, url] of [
      ['GET', '/v2/orders'],
      ['PUT', '/v1/orders'],
      ['DELETE', '/v1/orders/ord_1'],
    ] as const) {
      expect(await service.ask(url, { method })).toMatchObject({
        status: 404,
        json: { code: 'ROUTE_UNKNOWN' },
      })
    }
  })
})

describe('keys', () => {
  it('are made, used, listed without their secrets, and revoked', async () => {
    const admin = { key: service.keys.admin }
    const made = await service.ask<MadeKey>('/v1/keys', {
      ...admin,
      body: { name: 'till 7', role: 'operate' },
    })
    expect(made).toMatchObject({
      status: 201,
      json: { key: { name: 'till 7', role: 'operate', revokedAt: null } },
    })
    const listed = await service.ask<Listed<{ readonly name: string }>>('/v1/keys', admin)
    // A secret may have a _ in it, too.
    const secret = made.json.text.slice(`vk_${made.json.key.id}_`.length)
    expect(secret.length).toBeGreaterThan(30)
    expect(listed.text).not.toContain(secret)
    expect(listed.json.data.map(({ name }) => name)).toContain('till 7')
    const url = `/v1/keys/${made.json.key.id}`
    expect((await service.ask(url, { ...admin, method: 'DELETE' })).json).toEqual({ revoked: true })
    expect((await service.ask(url, { ...admin, method: 'DELETE' })).status).toBe(404)
  })
})

describe('what watches over the service', () => {
  interface OpenApi {
    readonly openapi: string
    readonly components: { readonly schemas: Record<string, unknown> }
    readonly paths: Record<
      string,
      {
        readonly post?: {
          readonly parameters: ReadonlyArray<{ readonly name: string; readonly required: boolean }>
        }
      }
    >
  }

  it('is told that it lives, that it is ready, and how it goes, without a key', async () => {
    expect((await service.ask('/healthz', { key: null })).json).toEqual({ ok: true })
    expect((await service.ask('/readyz', { key: null })).json).toEqual({ ready: true, why: null })
    await paid()
    const { text } = await service.ask('/metrics', { key: null })
    expect(text).toMatch(
      /verdict_time_to_verdict_seconds_count\{kind="native",state="SUCCESS",learnt_by="query"\} [1-9]/,
    )
    expect(text).toMatch(/verdict_call_seconds_count\{account="\d+",call="query",outcome="answer"\} [1-9]/)
    expect(text).toMatch(/verdict_account_answers\{account="\d+"\} 1/)
    expect(text).toMatch(/verdict_due_lag_seconds_count/)
    expect(text).toMatch(/verdict_attention_orders \d/)
  })

  it('an OpenAPI 3.1 document that refers to nothing that is not in it, and a page for people', async () => {
    const { json, text } = await service.ask<OpenApi>('/openapi.json', { key: null })
    expect(json.openapi).toBe('3.1.0')
    const refs = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? '')
    expect(refs.length).toBeGreaterThan(20)
    for (const name of refs) expect(json.components.schemas, name).toHaveProperty(name)
    expect(json.paths['/v1/orders']?.post).toMatchObject({
      operationId: 'postOrders',
      requestBody: {
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Placement' } } },
      },
    })
    const keyOf = (path: string) =>
      json.paths[path]?.post?.parameters.find(({ name }) => name === 'Idempotency-Key')
    expect(keyOf('/v1/orders/{id}/refunds')?.required).toBe(true)
    expect(keyOf('/v1/orders')?.required).toBe(false)
    const page = await service.ask('/docs', { key: null })
    expect(page.text).toContain('POST /v1/orders/{id}/refunds')
    expect(page.text).not.toContain('<script')
    expect((await service.ask('/docs/errors', { key: null })).text).toContain('IDEMPOTENCY_CONFLICT')
  })

  it('the answers are what OpenAPI says', async () => {
    const id = await paid()
    const desk = {
      verdict: service.verdict,
      store: service.store,
      clock: { nowMs: Date.now } as never,
      ending: new AbortController().signal,
    }
    const routes = [...orderRoutes(desk), ...orderDetailRoutes(desk)]
    for (const route of routes.filter(
      ({ method, path }) => method === 'GET' && !path.endsWith('/pay-sign'),
    )) {
      const { json } = await service.ask(route.path.replace('{id}', id))
      expect(route.reply.safeParse(json).error, route.path).toBeUndefined()
    }
  })

  it('answers callbacks, and says nothing secret anywhere', async () => {
    const { identity, credentials } = service.simulator.keys
    const callback = await service.ask(`/callbacks/${identity.mchid}`, { body: { id: 'x' }, key: null })
    expect(callback.status).toBe(401)
    const everything = service.logged.join('\n')
    const lines = credentials.merchantKey.split('\n').filter((line) => line.length > 40)
    for (const secret of [identity.apiV3Key, service.keys.admin, service.keys.operate, ...lines])
      expect(everything).not.toContain(secret)
    for (const header of ['content-security-policy', 'x-content-type-options'])
      expect((await service.ask('/healthz')).headers).toHaveProperty(header)
  })
})
