import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answered, type Asked, type MadeKey, TestService } from '../../test/support/http-service.ts'
import { newApiKey } from './api-keys.ts'
import { SESSION_MS, Sessions } from './sessions.ts'

let service: TestService
let numbers = 0
let addresses = 0

beforeAll(async () => {
  service = await TestService.open({ trustedProxies: ['127.0.0.1'] })
}, 30_000)

afterAll(() => service.close())

interface Browser {
  readonly signedIn: Answered
  readonly cookie: string
  readonly csrf: string
  /** As a page of the dashboard would. */
  ask<Seen = unknown>(url: string, asked?: Asked): Promise<Answered<Seen>>
}

const BY_TLS = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.99' }

async function signedIn(key = service.keys.operate, where = {}): Promise<Browser> {
  const answer = await service.ask<{ readonly csrf: string }>('/v1/session', {
    key: null,
    headers: where,
    body: { key },
  })
  const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? ''
  const { csrf } = answer.json
  const ask = <Seen>(url: string, { headers = {}, ...asked }: Asked = {}) =>
    service.ask<Seen>(url, {
      key: null,
      ...asked,
      headers: { cookie, 'x-verdict-csrf': csrf, ...where, ...headers },
    })
  return { signedIn: answer, cookie, csrf, ask }
}

const order = () => ({
  account: service.simulator.keys.identity.mchid,
  ...{ out_trade_no: `C${++numbers}`, kind: 'native', description: 'x' },
  ...{ amount: { total: 1, currency: 'HKD' }, notify_url: `${service.simulator.url}/nobody` },
})

describe('a browser', () => {
  it('signs in with a key, works with its cookie, and signs out', async () => {
    const { signedIn: answer, csrf, ask } = await signedIn()
    expect(answer).toMatchObject({ status: 200, json: { name: 'the operate key', role: 'operate' } })
    const set = String(answer.headers['set-cookie'])
    expect(set).toMatch(/^verdict_session=vs_[^;]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/)
    expect((await ask('/v1/session')).json).toEqual({ name: 'the operate key', role: 'operate', csrf })
    expect((await ask('/v1/orders')).status).toBe(200)
    expect((await ask('/v1/orders', { body: order() })).status).toBe(201)
    expect((await ask('/v1/keys')).json).toMatchObject({ code: 'ROLE_TOO_LOW' })
    const out = await ask('/v1/session', { method: 'DELETE' })
    expect(out).toMatchObject({ status: 204, text: '' })
    expect(String(out.headers['set-cookie'])).toMatch(/^verdict_session=; Path=\/; Max-Age=0;/)
    expect(await ask('/v1/session')).toMatchObject({ status: 401, json: { code: 'KEY_MISSING' } })
  })

  it('gets a cookie of this host and of TLS alone where it came by TLS', async () => {
    const { signedIn: answer, ask } = await signedIn(service.keys.operate, BY_TLS)
    const set = String(answer.headers['set-cookie'])
    expect(set).toMatch(
      /^__Host-verdict_session=vs_[^;]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/,
    )
    expect((await ask('/v1/orders', { body: order() })).status).toBe(201)
    const out = await ask('/v1/session', { method: 'DELETE' })
    expect(String(out.headers['set-cookie'])).toMatch(
      /^__Host-verdict_session=; Path=\/; Max-Age=0;.*; Secure$/,
    )
    expect((await ask('/v1/session')).status).toBe(401)
  })

  it('is known by no other name of its cookie than the one that it has there', async () => {
    const plain = await signedIn()
    const tls = await signedIn(service.keys.read, BY_TLS)
    const [, value] = plain.cookie.split('=')
    const ask = (cookie: string, where = {}) =>
      service.ask('/v1/session', { key: null, headers: { cookie, ...where } })
    expect((await ask(plain.cookie, BY_TLS)).status).toBe(401)
    expect((await ask(tls.cookie)).status).toBe(401)
    for (const name of ['__host-verdict_session', '\u00a0__Host-verdict_session', 'a __Host-verdict_session'])
      expect((await ask(`${name}=${value}`, BY_TLS)).status, name).toBe(401)
    const tossed = await ask(`${plain.cookie}; ${tls.cookie}`, BY_TLS)
    expect(tossed.json).toMatchObject({ name: 'the read key' })
  })

  it('does nothing but read without its token, with another session’s, or from another site', async () => {
    const { csrf, ask } = await signedIn()
    const other = await signedIn()
    expect(other.csrf).not.toBe(csrf)
    const before = await service.store.countByState()
    const wrong = [
      { 'x-verdict-csrf': '' },
      { 'x-verdict-csrf': other.csrf },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://elsewhere.example' },
      { origin: 'null' },
    ]
    for (const headers of wrong) {
      const answer = await ask('/v1/orders', { body: order(), headers })
      expect(answer, JSON.stringify(headers)).toMatchObject({ status: 403, json: { code: 'CSRF_INVALID' } })
    }
    expect(await service.store.countByState()).toEqual(before)
    for (const headers of [
      { 'sec-fetch-site': 'same-origin', origin: 'https://behind.a.proxy' },
      { origin: 'http://localhost:80', host: 'localhost' },
    ])
      expect((await ask('/v1/orders', { body: order(), headers })).status).toBe(201)
  })

  it('is signed in by no page of another site', async () => {
    const answer = await service.ask('/v1/session', {
      ...{ key: null, body: { key: service.keys.operate } },
      headers: { origin: 'https://elsewhere.example' },
    })
    expect(answer).toMatchObject({ status: 403, json: { code: 'CSRF_INVALID' } })
    expect(answer.headers).not.toHaveProperty('set-cookie')
  })
})

describe('a session', () => {
  it('ends with its key', async () => {
    const admin = { key: service.keys.admin }
    const { json } = await service.ask<MadeKey>('/v1/keys', {
      ...admin,
      body: { name: 'leaves soon', role: 'read' },
    })
    const { ask } = await signedIn(json.text)
    expect((await ask('/v1/orders')).status).toBe(200)
    await service.ask(`/v1/keys/${json.key.id}`, { ...admin, method: 'DELETE' })
    expect((await ask('/v1/orders')).status).toBe(401)
  })

  it('is no other’s: neither by half a cookie, nor by the id of another key, nor beside a key that is wrong', async () => {
    const { cookie } = await signedIn(service.keys.read)
    const [, adminId = ''] = service.keys.admin.split('_')
    const withId = cookie.replace(/vs_[0-9a-f]{12}/, `vs_${adminId}`)
    for (const wrong of [cookie.slice(0, -1), `${cookie}x`, withId, 'verdict_session=', `x${cookie}`]) {
      const answer = await service.ask('/v1/session', { key: null, headers: { cookie: wrong } })
      expect(answer.status, wrong).toBe(401)
    }
    expect(
      (await service.ask('/v1/session', { key: null, headers: { cookie: `a=b; ${cookie}` } })).status,
    ).toBe(200)
    const beside = await service.ask('/v1/session', { key: 'vk_wrong', headers: { cookie } })
    expect(beside.status).toBe(401)
  })

  it('lasts twelve hours, is stored by its hash alone, and a made up cookie makes the store read nothing', async () => {
    let nowMs = 1_000_000
    const { key } = newApiKey('till', 'read', nowMs)
    const { store } = service
    const reads: string[] = []
    const watched = {
      keepSession: store.keepSession.bind(store),
      endSession: store.endSession.bind(store),
      sessionOf: (hash: string, atMs: number) => {
        reads.push(hash)
        return store.sessionOf(hash, atMs)
      },
    }
    const sessions = new Sessions(watched, { nowMs: () => nowMs })
    const cookie = await sessions.begin(key)
    const isKey = async (id: string) => id === key.id
    nowMs += SESSION_MS - 1
    expect(await sessions.keyIdOf(cookie, isKey)).toBe(key.id)
    expect(cookie).not.toContain(reads[0])
    nowMs += 1
    expect(await sessions.keyIdOf(cookie, isKey)).toBeNull()
    expect(reads).toHaveLength(2)
    expect(await sessions.keyIdOf(cookie.replace(key.id, '0'.repeat(12)), isKey)).toBeNull()
    expect(reads).toHaveLength(2)
  })
})

describe('signing in', () => {
  const from = (address: string) => ({ 'x-forwarded-for': address })

  it('is refused after ten wrong keys from one address, and from no other', async () => {
    const address = `192.0.2.${++addresses}`
    const attempt = (key: string, headers = from(address)) =>
      service.ask('/v1/session', { key: null, headers, body: { key } })
    for (let n = 0; n < 10; n += 1) {
      const answer = await attempt(`vk_${'0'.repeat(12)}_${'a'.repeat(32)}`)
      expect(answer).toMatchObject({ status: 401, json: { code: 'KEY_MISSING' } })
    }
    const refused = await attempt(service.keys.read)
    expect(refused).toMatchObject({ status: 429, json: { code: 'TOO_MANY_REQUESTS' } })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(refused.headers).not.toHaveProperty('set-cookie')
    expect((await attempt(service.keys.read, from(`192.0.2.${++addresses}`))).status).toBe(200)
  })

  it('takes a key and nothing else, and little of it', async () => {
    const headers = from(`192.0.2.${++addresses}`)
    const ask = (body: unknown) => service.ask('/v1/session', { key: null, headers, body })
    for (const body of [{}, { key: 7 }, { key: 'x'.repeat(201) }, { key: service.keys.read, role: 'admin' }])
      expect(await ask(body)).toMatchObject({ status: 400, json: { code: 'REQUEST_INVALID' } })
    expect(await ask({ key: 'x'.repeat(2_000) })).toMatchObject({
      status: 413,
      json: { code: 'BODY_TOO_LARGE' },
    })
    expect(service.logged.join('')).not.toContain(service.keys.read)
    expect(service.logged.join('')).not.toContain('vs_')
  })
})

describe('where everybody may', () => {
  let open: TestService
  beforeAll(async () => {
    open = await TestService.open({ everybody: 'operate' })
  }, 30_000)
  afterAll(() => open.close())

  it('nobody on this machine needs a key, up to that role', async () => {
    const nobody = { key: null }
    expect((await open.ask('/v1/session', nobody)).json).toEqual({
      name: 'demo',
      role: 'operate',
      csrf: null,
    })
    expect((await open.ask('/v1/orders', nobody)).status).toBe(200)
    expect((await open.ask('/v1/keys', nobody)).status).toBe(403)
    expect((await open.ask('/v1/keys', { key: open.keys.admin })).status).toBe(200)
    expect((await open.ask('/v1/orders/ord_1/query', { ...nobody, method: 'POST' })).status).toBe(404)
  })

  it('a page of another site, or one that calls itself by this machine’s address, may nothing', async () => {
    const post = { key: null, method: 'POST' } as const
    const crossSite = { 'sec-fetch-site': 'cross-site' }
    const asked = await open.ask('/v1/orders/ord_1/query', { ...post, headers: crossSite })
    expect(asked).toMatchObject({ status: 403, json: { code: 'CSRF_INVALID' } })
    for (const host of ['rebound.example', '10.0.0.1', '127.0.0.1.example'])
      expect((await open.ask('/v1/orders', { key: null, headers: { host } })).status, host).toBe(401)
    for (const host of ['127.0.0.1:8080', '[::1]:8080', 'localhost:1'])
      expect((await open.ask('/v1/orders', { key: null, headers: { host } })).status, host).toBe(200)
  })

  it('another machine may nothing', async () => {
    const reply = await open.app.inject({ url: '/v1/orders', remoteAddress: '192.0.2.1' })
    expect(reply.statusCode).toBe(401)
  })
})
