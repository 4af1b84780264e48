import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { expect } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { WechatPayAccount } from '../../src/gateway/wechatpay/account.ts'
import { accountsFromFile } from '../../src/gateway/wechatpay/account-file.ts'
import { newApiKey } from '../../src/http/api-keys.ts'
import { apiServer, type ServerOptions } from '../../src/http/server.ts'
import type { OrderSeen, PlacedSeen } from '../../src/http/views.ts'
import { openWatching } from '../../src/http/watching.ts'
import { type Simulator, startSimulator } from '../../src/simulator/index.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import type { ApiRole, Store } from '../../src/store/store.ts'
import { gatewayFor, Verdict } from '../../src/verdict.ts'

/* For tests of the API: the whole service against a simulated WeChat Pay, without a port of its own. */

export interface Asked {
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PUT'
  readonly body?: unknown
  /** Null: no key. */
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

/** A test that looks into the JSON says as what the API declares it. */
export interface Answered<Seen = unknown> {
  readonly status: number
  readonly type: string
  /** Null where the answer is no JSON. */
  readonly json: Seen
  readonly text: string
  readonly headers: Readonly<Record<string, unknown>>
}

export interface Listed<Seen> {
  readonly data: readonly Seen[]
  /** The cursor of the next page; null on the last one, absent where there are no pages. */
  readonly next?: string | null
}

export interface MadeKey {
  readonly key: { readonly id: string }
  readonly text: string
}

export class TestService {
  readonly app: FastifyInstance
  readonly store: Store
  readonly verdict: Verdict
  readonly simulator: Simulator
  readonly accounts: readonly WechatPayAccount[]
  readonly logged: string[]
  readonly keys: Readonly<Record<ApiRole, string>>
  readonly #end: () => Promise<void>

  private constructor(
    parts: Omit<
      TestService,
      'ask' | 'close' | 'pay' | 'place' | 'paidElsewhere' | 'paidWithAnotherAmount'
    > & {
      end: () => Promise<void>
    },
  ) {
    this.app = parts.app
    this.store = parts.store
    this.verdict = parts.verdict
    this.simulator = parts.simulator
    this.accounts = parts.accounts
    this.logged = parts.logged
    this.keys = parts.keys
    this.#end = parts.end
  }

  static async open(more: Pick<ServerOptions, 'everybody' | 'trustedProxies'> = {}): Promise<TestService> {
    const dir = await mkdtemp(join(tmpdir(), 'verdict-http-'))
    const simulator = await startSimulator({
      ...{ dir, clock: systemClock, port: 0, backupPort: 0 },
      bills: 'at-once',
    })
    const accounts = await accountsFromFile(join(dir, 'account.json'))
    const store = await sqliteStore({ file: ':memory:' })
    const logged: string[] = []
    const logger = pino({ level: 'debug' }, { write: (line) => void logged.push(line) })
    const opened: { verdict: Verdict | null } = { verdict: null }
    const watching = openWatching({
      statistics: () => opened.verdict?.statistics ?? null,
      accounts: () => opened.verdict?.accounts ?? [],
      bills: async () => (await opened.verdict?.bills()) ?? [],
      store,
      clock: systemClock,
    })
    const verdict = await Verdict.open({ store, accounts, observer: watching.observer })
    opened.verdict = verdict
    const app = apiServer({
      desk: { verdict, store, clock: systemClock, ending: new AbortController().signal },
      ...{ version: '0.0.0', logger, watching, withCallbacks: true, ...more },
    })
    const keys: Record<string, string> = {}
    for (const role of ['read', 'operate', 'admin'] as const) {
      const { text, key } = newApiKey(`the ${role} key`, role, systemClock.nowMs())
      await store.keepApiKey(key)
      keys[role] = text
    }
    const end = async (): Promise<void> => {
      await app.close()
      await verdict.close()
      await store.close()
      await simulator.close()
      await rm(dir, { recursive: true, force: true })
    }
    return new TestService({
      app,
      store,
      verdict,
      simulator,
      accounts,
      logged,
      keys: keys as Record<ApiRole, string>,
      end,
    })
  }

  async ask<Seen = unknown>(
    url: string,
    { method, body, key = this.keys.operate, headers = {} }: Asked = {},
  ): Promise<Answered<Seen>> {
    const reply = await this.app.inject({
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      url,
      headers: { ...(key !== null && { authorization: `Bearer ${key}` }), ...headers },
      ...(body !== undefined && { payload: body as object }),
    })
    const type = String(reply.headers['content-type'] ?? '')
    const json = type.includes('json') ? JSON.parse(reply.body) : null
    return { status: reply.statusCode, type, json, text: reply.body, headers: reply.headers }
  }

  /** A native order of the common account. */
  async place(out_trade_no: string, more: object = {}): Promise<Answered<PlacedSeen>> {
    return this.ask('/v1/orders', {
      body: {
        account: this.simulator.keys.identity.mchid,
        ...{ out_trade_no, kind: 'native', description: 'Two coffees' },
        amount: { total: 8_800, currency: 'HKD' },
        notify_url: `${this.simulator.url}/nobody`,
        ...more,
      },
    })
  }

  /** The customer pays at WeChat Pay. */
  async pay(out_trade_no: string): Promise<void> {
    const reply = await fetch(`${this.simulator.url}/_sim/orders/${out_trade_no}/pay`, {
      method: 'POST',
      body: '{}',
    })
    if (!reply.ok) throw new Error(await reply.text())
  }

  /** An order that other code placed and the customer paid: nobody here knows it. */
  async paidElsewhere(out_trade_no: string, total: number): Promise<void> {
    const [account] = this.accounts
    if (account === undefined) throw new Error('the simulator has no account')
    const gateway = gatewayFor(account, { clock: systemClock })
    const key = { account: gateway.identity.account, sub_mchid: null, out_trade_no }
    const amount = { total, currency: 'HKD' }
    const notify_url = `${this.simulator.url}/nobody`
    const placement = { ...key, kind: 'native', description: 'Tea', amount, notify_url } as const
    const request = {
      ...key,
      kind: 'native',
      body: gateway.draft(placement),
      signedAtMs: Date.now(),
    } as const
    expect(await gateway.place(request)).toMatchObject({ kind: 'answer' })
    await gateway.end()
    await this.pay(out_trade_no)
  }

  /** An order that other code placed and the customer paid, tracked with another amount than it has. @returns its id, marked */
  async paidWithAnotherAmount(out_trade_no: string): Promise<string> {
    await this.paidElsewhere(out_trade_no, 9_000)
    const amount = { total: 8_800, currency: 'HKD' }
    const body = { out_trade_no, account: this.simulator.keys.identity.mchid, kind: 'native', amount }
    const { json } = await this.ask<OrderSeen>('/v1/orders/track', { body })
    const attention = async () => (await this.ask<OrderSeen>(`/v1/orders/${json.id}`)).json.attention
    await expect.poll(attention).toBe('amount_mismatch')
    return json.id
  }

  close(): Promise<void> {
    return this.#end()
  }
}
