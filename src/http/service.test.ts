import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../clock.ts'
import { accountName } from '../gateway/wechatpay/account.ts'
import { accountsFromFile } from '../gateway/wechatpay/account-file.ts'
import type { ServiceConfig } from '../service-config.ts'
import { type Simulator, startSimulator } from '../simulator/index.ts'
import { sqliteStore } from '../store/sqlite/index.ts'
import type { Store } from '../store/store.ts'
import { newApiKey } from './api-keys.ts'
import { Service } from './service.ts'

// biome-ignore lint/suspicious/noExplicitAny: a test looks into it, and says what it expects
type Json = any

interface World {
  readonly service: Service
  readonly store: Store
  readonly simulator: Simulator
  readonly config: ServiceConfig
  readonly logged: readonly string[]
  readonly key: string
  ask(
    path: string,
    body?: unknown,
  ): Promise<{ status: number; retryAfter: string | null; text: string; json: Json }>
}

const endings: Array<() => Promise<unknown>> = []

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function open(change: (store: Store) => Store = (store) => store): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'verdict-service-'))
  endings.push(() => rm(dir, { recursive: true, force: true }))
  const simulator = await startSimulator({ dir, clock: systemClock, port: 0, backupPort: 0 })
  endings.push(() => simulator.close())
  const store = change(await sqliteStore({ file: ':memory:' }))
  endings.push(() => store.close())
  const accounts = await accountsFromFile(join(dir, 'account.json'))
  const config: ServiceConfig = {
    file: join(dir, 'verdict.config.json'),
    store: ':memory:',
    publicUrl: null,
    http: { host: '127.0.0.1', port: 0, callbackPort: null, callbackHost: '127.0.0.1', trustedProxies: [] },
    accounts,
    webhooks: [],
    reconcileAt: null,
  }
  const logged: string[] = []
  const logger = pino({ level: 'warn' }, { write: (line) => void logged.push(line) })
  const service = await Service.open({ config, store, version: '0.0.0', logger })
  endings.push(() => service.close())
  const { text, key } = newApiKey('till', 'operate', systemClock.nowMs())
  await store.keepApiKey(key)
  const ask = async (path: string, body?: unknown) => {
    const reply = await fetch(`${service.addresses[0]}${path}`, {
      headers: { authorization: `Bearer ${text}`, 'content-type': 'application/json' },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    })
    const said = await reply.text()
    const retryAfter = reply.headers.get('retry-after')
    const isJson = reply.headers.get('content-type')?.includes('json')
    return { status: reply.status, retryAfter, text: said, json: isJson ? JSON.parse(said) : null }
  }
  return { service, store, simulator, config, logged, key: text, ask }
}

async function placed({ ask, simulator }: World, out_trade_no = 'S1'): Promise<string> {
  const { json } = await ask('/v1/orders', {
    account: simulator.keys.identity.mchid,
    ...{ out_trade_no, kind: 'native', description: 'x', amount: { total: 1, currency: 'HKD' } },
    notify_url: `${simulator.url}/nobody`,
  })
  return json.order.id
}

describe('a service that ends', () => {
  it('gives whoever waits the order as it is, and is gone soon', { timeout: 20_000 }, async () => {
    const world = await open()
    const id = await placed(world)
    const waiting = world.ask(`/v1/orders/${id}?wait=60`)
    await new Promise((resolve) => setTimeout(resolve, 200))
    const fromMs = performance.now()
    await world.service.close()
    expect(await waiting).toMatchObject({ status: 200, json: { id, state: 'waiting' } })
    expect(performance.now() - fromMs).toBeLessThan(5_000)
  })

  it('ends every event stream', { timeout: 20_000 }, async () => {
    const { service, key } = await open()
    const stream = await fetch(`${service.addresses[0]}/v1/events`, {
      headers: { authorization: `Bearer ${key}` },
    })
    const heard = stream.text()
    const fromMs = performance.now()
    await service.close()
    expect(await heard).toBe('retry: 2000\n\n')
    expect(performance.now() - fromMs).toBeLessThan(5_000)
  })

  it('holds no connection that is kept alive', { timeout: 20_000 }, async () => {
    const { service } = await open()
    const agent = new Agent({ keepAlive: true })
    await new Promise<void>((resolve) =>
      get(`${service.addresses[0]}/healthz`, { agent }, (reply) => reply.resume().on('end', resolve)),
    )
    const fromMs = performance.now()
    await service.close()
    expect(performance.now() - fromMs).toBeLessThan(5_000)
    agent.destroy()
  })
})

describe('a configuration that is read again', () => {
  it('takes nothing from those who wait', { timeout: 20_000 }, async () => {
    const world = await open()
    const id = await placed(world)
    const waiting = world.ask(`/v1/orders/${id}?wait=15`)
    await new Promise((resolve) => setTimeout(resolve, 200))
    await world.service.reload(async () => world.config)
    await fetch(`${world.simulator.url}/_sim/orders/S1/pay`, { method: 'POST', body: '{}' })
    await world.ask(`/v1/orders/${id}/query`, {})
    expect(await waiting).toMatchObject({ status: 200, json: { state: 'SUCCESS' } })
  })

  it('changes whose callbacks are answered', { timeout: 20_000 }, async () => {
    const { service, config, ask } = await open()
    const [first, second] = config.accounts.map(accountName)
    const statuses = async () => {
      const replies = [first, second, '42'].map((name) => ask(`/callbacks/${name}`, {}))
      return (await Promise.all(replies)).map(({ status }) => status)
    }
    expect(await statuses()).toEqual([401, 401, 404])
    await service.reload(async () => ({ ...config, accounts: config.accounts.slice(1) }))
    expect(await statuses()).toEqual([404, 401, 404])
    await service.reload(async () => config)
    expect(await statuses()).toEqual([401, 401, 404])
  })

  it('leaves the order as it is to whoever waits for one of an account that is gone', {
    timeout: 20_000,
  }, async () => {
    const world = await open()
    const { service, config, ask } = world
    const id = await placed(world)
    const waiting = ask(`/v1/orders/${id}?wait=3`)
    await new Promise((resolve) => setTimeout(resolve, 200))
    const [, second] = config.accounts
    if (second === undefined) throw new Error('expected two accounts')
    await service.reload(async () => ({ ...config, accounts: [second] }))
    expect(await waiting).toMatchObject({ status: 200, json: { id, state: 'waiting' } })
    expect(await ask(`/v1/orders/${id}?wait=1`)).toMatchObject({ status: 200, json: { state: 'waiting' } })
    const asked = await ask(`/v1/orders/${id}/query`, {})
    expect(asked).toMatchObject({ status: 404, json: { code: 'ACCOUNT_UNKNOWN' } })
  })

  it('lets no counter go back', { timeout: 20_000 }, async () => {
    const { service, config, ask } = await open()
    const received = async () =>
      Number(/verdict_callbacks_total\{outcome="received"\} (\d+)/.exec((await ask('/metrics')).text)?.[1])
    const [name] = config.accounts.map(accountName)
    await ask(`/callbacks/${name}`, {})
    expect(await received()).toBe(1)
    await service.reload(async () => config)
    await service.reload(async () => config)
    expect(await received()).toBe(1)
    await ask(`/callbacks/${name}`, {})
    expect(await received()).toBe(2)
  })

  it('comes one after the other, and not after the end', { timeout: 20_000 }, async () => {
    const { service, config, logged } = await open()
    let reading = 0
    const most: number[] = []
    const read = async () => {
      most.push(++reading)
      await new Promise((resolve) => setTimeout(resolve, 20))
      reading -= 1
      return config
    }
    const reloads = [service.reload(read), service.reload(read)]
    await service.close()
    await Promise.all([...reloads, service.reload(read)])
    expect(most).toEqual([1, 1, 1])
    expect(logged).toEqual([])
  })

  it('keeps ports and store, and says so', { timeout: 20_000 }, async () => {
    const { service, config, logged } = await open()
    await service.reload(async () => ({ ...config, http: { ...config.http, port: 1 } }))
    expect(logged.join('')).toContain('count when the service is started again')
  })
})

describe('a store that fails', () => {
  it('is told without its words, and leaves the metrics of the process', { timeout: 20_000 }, async () => {
    const failing = { now: false }
    const { ask, logged } = await open(
      (store) =>
        new Proxy(store, {
          get(target, name) {
            const value = Reflect.get(target, name)
            if (typeof value !== 'function') return value
            return (...given: unknown[]) =>
              failing.now && ['apiKeys', 'countAttention', 'countDeliveries'].includes(String(name))
                ? Promise.reject(new Error('password for 10.0.0.7 is wrong'))
                : value.apply(target, given)
          },
        }),
    )
    failing.now = true
    expect(await ask('/readyz')).toMatchObject({
      status: 503,
      json: { ready: false, why: 'the store fails' },
    })
    const metrics = await ask('/metrics')
    expect(metrics.status).toBe(200)
    expect(metrics.text).toContain('verdict_callbacks_total')
    expect(metrics.text).not.toMatch(/verdict_attention_orders \d/)
    const listed = await ask('/v1/orders')
    expect(listed).toMatchObject({ status: 503, json: { code: 'STORE_FAILS' } })
    expect(listed.retryAfter).toBe('5')
    expect(listed.text).not.toContain('10.0.0.7')
    expect(logged.join('')).toContain('10.0.0.7')
    failing.now = false
  })
})
