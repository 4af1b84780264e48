import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MadeKey, TestService } from '../../test/support/http-service.ts'
import { ApiKeys, newApiKey } from './api-keys.ts'
import type { OrderSeen } from './views.ts'

let service: TestService
let numbers = 0
const number = (): string => `E${++numbers}`

beforeAll(async () => {
  service = await TestService.open()
}, 30_000)

afterAll(() => service.close())

const JSON_TYPE = { 'content-type': 'application/json' }

describe('a body', () => {
  it.each([[JSON_TYPE], [{ 'content-type': 'application/x-www-form-urlencoded' }], [{}]])(
    'that is empty is none, whatever type %j is announced with it',
    async (headers) => {
      const { json } = await service.place(number())
      const asked = await service.ask(`/v1/orders/${json.order.id}/query`, { method: 'POST', headers })
      expect(asked.status).toBe(202)
    },
  )

  it('is refused where there is none', async () => {
    const { json } = await service.place(number())
    const asked = await service.ask(`/v1/orders/${json.order.id}/give-up`, { body: { reason: 'gone' } })
    expect(asked).toMatchObject({ status: 400, json: { errors: [{ pointer: '/reason' }] } })
    expect((await service.ask<OrderSeen>(`/v1/orders/${json.order.id}`)).json.givenUpAt).toBeNull()
  })

  it.each(['', 'null', '[]', '"all"'])(
    'of a refund that is %j is not taken for all of the money',
    async (body) => {
      const { json } = await service.place(number())
      const headers = { ...JSON_TYPE, 'idempotency-key': 'k' }
      const asked = await service.ask(`/v1/orders/${json.order.id}/refunds`, {
        method: 'POST',
        body,
        headers,
      })
      expect(asked).toMatchObject({
        status: 400,
        json: { code: 'REQUEST_INVALID', errors: [{ pointer: '' }] },
      })
    },
  )

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])(
    'of the type %s is refused',
    async (type) => {
      const asked = await service.ask('/v1/orders', { body: '{}', headers: { 'content-type': type } })
      expect(asked).toMatchObject({ status: 415, json: { code: 'BODY_UNREADABLE' } })
    },
  )

  it('that is nested too deep is the fault of the caller, with an idempotency key, too', async () => {
    const detail = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    const amount = '{"total":1,"currency":"HKD"}'
    const body = `{"out_trade_no":"${number()}","kind":"native","description":"x","amount":${amount},"detail":${detail}}`
    const headers = { ...JSON_TYPE, 'idempotency-key': 'deep' }
    expect(await service.ask('/v1/orders', { body, headers })).toMatchObject({ status: 400 })
  })

  it('of a stranger is not read', async () => {
    const large = { body: { text: 'x'.repeat(2_000_000) }, key: null }
    const asked = await service.ask('/v1/orders', large)
    expect(asked).toMatchObject({ status: 401, json: { code: 'KEY_MISSING' } })
    expect(asked.headers['www-authenticate']).toBe('Bearer')
  })
})

describe('what no route sees is a problem, too', () => {
  it.each(['/v1/orders/%zz', `/v1/orders/${'a'.repeat(300)}`])('the address %.30s', async (url) => {
    const asked = await service.ask(url)
    expect(asked).toMatchObject({
      status: 404,
      type: expect.stringMatching(/^application\/problem\+json/),
      json: { code: 'ROUTE_UNKNOWN' },
    })
    expect(asked.headers).toHaveProperty('x-content-type-options')
  })

  it.each([
    ['is no HTTP', 'nonsense\r\n\r\n', 400],
    ['has headers without end', `GET / HTTP/1.1\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`, 431],
  ])('a request that %s', async (_, text, status) => {
    if (!service.app.server.listening) await service.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = service.app.server.address() as { port: number }
    const socket = connect(port, '127.0.0.1')
    let heard = ''
    socket.on('data', (bytes) => {
      heard += bytes
    })
    socket.write(text)
    await once(socket, 'close')
    const [head = '', body = ''] = heard.split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*application/problem\\+json`))
    expect(JSON.parse(body)).toMatchObject({ code: 'REQUEST_INVALID', status })
  })
})

describe('every address of the OpenAPI document', () => {
  interface Operation {
    readonly operationId: string
    readonly description: string
    readonly parameters: ReadonlyArray<{ readonly name: string; readonly in: string }>
  }

  async function operations() {
    const { json } = await service.ask<{ readonly paths: Record<string, Record<string, Operation>> }>(
      '/openapi.json',
      { key: null },
    )
    const paths = Object.entries(json.paths)
    return paths.flatMap(([path, methods]) =>
      Object.entries(methods).map(([word, operation]) => ({
        path,
        method: word.toUpperCase() as 'GET' | 'POST' | 'DELETE',
        operation,
      })),
    )
  }

  it('wants a key of the role that it names, before it looks at anything else', async () => {
    const roles = ['read', 'operate', 'admin'] as const
    for (const { path, method, operation } of await operations()) {
      const role = /role `(\w+)`/.exec(operation.description)?.[1] as (typeof roles)[number] | undefined
      if (role === undefined) {
        expect(operation).toMatchObject({ operationId: 'postSession', security: [] })
        continue
      }
      const called = `${method} ${path}`
      expect((await service.ask(path, { method, key: null })).status, called).toBe(401)
      for (const lower of roles.slice(0, roles.indexOf(role)))
        expect((await service.ask(path, { method, key: service.keys[lower] })).status, called).toBe(403)
      expect([401, 403], called).not.toContain(
        // A field that none knows: an event stream would never end.
        (await service.ask(`${path}?colour=red`, { method, key: service.keys[role] })).status,
      )
    }
  })

  it('has a name of its own, and tells each part of its path', async () => {
    const all = await operations()
    expect(new Set(all.map(({ operation }) => operation.operationId)).size).toBe(all.length)
    for (const { path, operation } of all) {
      const told = operation.parameters.filter((one) => one.in === 'path').map(({ name }) => name)
      expect(told, path).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
    }
  })
})

describe('the log', () => {
  it('has a line for each request to the API, and none for probes and callbacks, which anybody may send', async () => {
    const { mchid } = service.simulator.keys.identity
    const before = service.logged.length
    for (const url of ['/healthz', '/readyz', '/metrics']) await service.ask(url, { key: null })
    await service.ask(`/callbacks/${mchid}`, { key: null, body: {} })
    expect(service.logged.slice(before)).toEqual([])
    await service.ask('/v1/orders')
    expect(service.logged.slice(before).join('')).toContain('"url":"/v1/orders"')
  })
})

describe('an API key', () => {
  it('counts as soon as it is made, and no longer once it is revoked', async () => {
    const admin = { key: service.keys.admin }
    const { json } = await service.ask<MadeKey>('/v1/keys', { ...admin, body: { name: 'new', role: 'read' } })
    expect((await service.ask('/v1/orders', { key: json.text })).status).toBe(200)
    await service.ask(`/v1/keys/${json.key.id}`, { ...admin, method: 'DELETE' })
    expect((await service.ask('/v1/orders', { key: json.text })).status).toBe(401)
  })

  it('has a name that journals and terminals can show', async () => {
    for (const name of ['', 'a\u001b[2J', '\u0000', 'x'.repeat(65)]) {
      const asked = await service.ask('/v1/keys', { key: service.keys.admin, body: { name, role: 'read' } })
      expect(asked, JSON.stringify(name)).toMatchObject({ status: 400, json: { code: 'REQUEST_INVALID' } })
    }
  })

  it('comes as Bearer, and in no other way', async () => {
    const { read } = service.keys
    for (const authorization of [read, `Basic ${read}`, `Bearer${read}`, `Bearer ${read} x`])
      expect((await service.ask('/v1/orders', { key: null, headers: { authorization } })).status).toBe(401)
    expect(
      (await service.ask('/v1/orders', { key: null, headers: { authorization: `bearer ${read}` } })).status,
    ).toBe(200)
    expect((await service.ask(`/v1/orders?key=${read}`, { key: null })).status).toBe(401)
    expect(service.logged.join('')).toContain('/v1/orders?key=vk_…')
    expect(service.logged.join('')).not.toContain(read)
  })

  it('of another process is found within a moment, a revoked one is gone after five seconds, and nobody reads all the time', async () => {
    let nowMs = 1_000_000
    let reads = 0
    const made = newApiKey('other', 'read', nowMs)
    const stored = [newApiKey('first', 'read', nowMs).key]
    const keys = new ApiKeys(
      {
        apiKeys: async () => {
          reads += 1
          return [...stored]
        },
      },
      { nowMs: () => nowMs } as never,
    )
    const call = () =>
      keys.keyIn(`Bearer ${made.text}`).then(
        () => 'let in',
        () => 'refused',
      )
    expect(await Promise.all([call(), call(), call()])).toEqual(['refused', 'refused', 'refused'])
    expect(reads).toBe(1)
    stored.push(made.key)
    nowMs += 250
    expect(await call()).toBe('let in')
    stored[1] = { ...made.key, revokedAtMs: nowMs }
    nowMs += 4_999
    expect(await call()).toBe('let in')
    expect(reads).toBe(2)
    // The machine's clock is set back.
    nowMs -= 3_600_000
    expect(await call()).toBe('refused')
  })
})
