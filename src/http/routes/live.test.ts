import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Listed, TestService } from '../../../test/support/http-service.ts'
import type { Problem } from '../problem.ts'
import type { OverviewSeen } from './overview.ts'

/* What the dashboard shows, and hears. */

let service: TestService
let origin = ''
let numbers = 0
const number = (): string => `L${++numbers}`

beforeAll(async () => {
  service = await TestService.open()
  origin = await service.app.listen({ host: '127.0.0.1', port: 0 })
}, 30_000)

afterAll(() => service.close())

async function paid(): Promise<string> {
  const out_trade_no = number()
  const { json } = await service.place(out_trade_no)
  await service.pay(out_trade_no)
  await service.ask(`/v1/orders/${json.order.id}/query`, { method: 'POST' })
  await service.ask(`/v1/orders/${json.order.id}?wait=10`)
  return json.order.id
}

interface Listening {
  readonly response: Response
  /** Reads until the text is there. */
  until(wanted: RegExp): Promise<string>
  end(): Promise<void>
}

async function listen(path = '/v1/events', headers: Record<string, string> = {}): Promise<Listening> {
  const response = await fetch(`${origin}${path}`, {
    headers: { authorization: `Bearer ${service.keys.read}`, ...headers },
  })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let text = ''
  return {
    response,
    async until(wanted) {
      while (!wanted.test(text)) {
        const { value, done } = await reader.read()
        if (done) throw new Error(`ended after ${text}`)
        text += decoder.decode(value, { stream: true })
      }
      return text
    },
    end: () => reader.cancel(),
  }
}

describe('the overview', () => {
  it('tells how everything stands, and what the last hour was like', async () => {
    await paid()
    await service.place(number())
    const { json, status } = await service.ask<OverviewSeen>('/v1/overview', { key: service.keys.read })
    expect(status).toBe(200)
    expect(json).toMatchObject({
      orders: {
        byState: { placing: expect.any(Number), SUCCESS: expect.any(Number), NOT_CREATED: 0 },
        ...{ attention: 0, overdue: 0, stopped: 0 },
      },
      deliveries: { queued: 0, pending: 0, sent: 0, failed: 0 },
      learntBy: { place: 0, callback: 0 },
      timeToVerdict: { p50: expect.any(Number), p95: expect.any(Number), p99: expect.any(Number) },
      queriesPerOrder: expect.any(Number),
    })
    expect(json.orders.byState.SUCCESS).toBeGreaterThan(0)
    expect(json.minutes).toHaveLength(60)
    expect(json.minutes.reduce((sum, { verdicts }) => sum + verdicts.SUCCESS, 0)).toBeGreaterThan(0)
    const { mchid } = service.simulator.keys.identity
    const account = json.accounts.find((one) => one.account === mchid)
    expect(account).toMatchObject({ mode: 'common', answers: true, silent: false, callbacks: { applied: 0 } })
    expect(account?.hosts).toMatchObject([
      { host: new URL(service.simulator.url).host, answers: true, noAnswer: 0 },
    ])
    const [host] = account?.hosts ?? []
    expect(host?.calls).toBeGreaterThan(1)
    expect(host?.p95).toBeGreaterThanOrEqual(host?.p50 ?? Number.POSITIVE_INFINITY)
  })
})

describe('the accounts', () => {
  it('tell their budgets, and whether their callbacks come', async () => {
    const { json } = await service.ask<Listed<{ readonly account: string }>>('/v1/accounts')
    const { mchid } = service.simulator.keys.identity
    expect(json.data.find((one) => one.account === mchid)).toEqual({
      ...{ account: mchid, mode: 'common', answers: true, silent: false },
      budgets: expect.objectContaining({ query: { limit: 600, share: 1, waits: 0 } }),
    })
  })
})

describe('the event stream', () => {
  it('tells of an order from its placing to its verdict, and goes on after an interruption', async () => {
    const first = await listen()
    expect(first.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(first.response.headers.get('cache-control')).toBe('no-store')
    expect(first.response.headers.has('content-security-policy')).toBe(true)
    const id = await paid()
    const text = await first.until(/"state":"SUCCESS"/)
    expect(text).toContain(`"id":"${id}"`)
    expect(text).toContain('"event":"entered","said":"placed"')
    const lastEventId = [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? ''
    await first.end()
    const { json } = await service.place(number())
    for (const again of [
      await listen('/v1/events', { 'last-event-id': lastEventId }),
      await listen(`/v1/events?lastEventId=${lastEventId}`),
    ]) {
      expect(await again.until(new RegExp(json.order.id))).not.toContain('event: reset')
      await again.end()
    }
    const lost = await listen('/v1/events', { 'last-event-id': 'of-another-process' })
    await lost.until(/event: reset\n(id: .*\n)?data: \{\}/)
    await lost.end()
  })

  it('has no HEAD, which would hold a place among those who listen and never leave it', async () => {
    const headers = { authorization: `Bearer ${service.keys.read}` }
    for (let n = 0; n < 101; n += 1)
      expect((await fetch(`${origin}/v1/events`, { method: 'HEAD', headers })).status).toBe(404)
    const listening = await listen()
    expect(listening.response.status).toBe(200)
    await listening.end()
  })

  it('takes no other field, and nobody without a key', async () => {
    expect((await service.ask<Problem>('/v1/events?acount=1')).json.code).toBe('REQUEST_INVALID')
    expect((await service.ask<Problem>('/v1/events', { key: null })).json.code).toBe('KEY_MISSING')
  })
})
