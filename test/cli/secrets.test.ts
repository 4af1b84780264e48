import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { folder, run, start, until } from './cli.ts'

/*
 * Design 3.9: secrets never reach a log, a message, the store's plain text or a page. One full run, with what goes wrong in
 * it; then everything that it printed, answered, sent and stored is searched for everything secret that it was given.
 */

const LONG_MS = 120_000
const AUTH_CODE = '134567890123456789'
const WEBHOOK_SECRET = Buffer.from('the shop and Verdict know it only')
/** What whoever guesses keys sends: no line of a log is to tell it to the next one. */
const WRONG_KEY = `vk_${'w'.repeat(43)}`

/** By where it was found: whatever came out of the run. */
const told = new Map<string, string>()
/** By what it is: nobody may read it there. */
const secrets = new Map<string, string>()

let receiver: Server
const dir = folder()
const file = join(dir, 'verdict.config.json')
const sent: string[] = []

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = JSON.stringify(request.headers)
    request.on('data', (chunk: Buffer) => {
      body += chunk
    })
    request.on('end', () => {
      sent.push(body)
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  await fullRun()
}, LONG_MS)

afterAll(() => void receiver.close())

async function fullRun(): Promise<void> {
  const port = await freePort()
  tell('init', await run('init', '--simulator', '--dir', dir, '--port', String(port)))
  changeConfig((config) => {
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
    const secret = `whsec_${WEBHOOK_SECRET.toString('base64')}`
    config.webhooks = [{ name: 'shop', url, secret, allowPrivate: true }]
  })
  const made = await run('key', 'add', '--name', 'till', '--role', 'admin', '--config', file, '--json')
  const { text: key } = JSON.parse(made.stdout) as { text: string }
  secrets.set('the API key', key)
  secrets.set('a key that somebody guessed', WRONG_KEY)
  secrets.set('the payment code', AUTH_CODE)
  secrets.set('the secret of the webhook', WEBHOOK_SECRET.toString('base64'))
  secrets.set('the secret of the webhook, its bytes', WEBHOOK_SECRET.toString('latin1'))
  const keyFiles = keysOfAccounts()

  const simulator = start('simulate', '--dir', join(dir, 'wechatpay'))
  await simulator.heard(/serves on/)
  const service = start('serve', '--config', file, '--log-level', 'debug')
  await service.said(/"serving"/)
  const api = `http://127.0.0.1:${port}`
  const ask = async (path: string, init: { method?: string; body?: object; headers?: object } = {}) => {
    const { body, headers, method = body === undefined ? 'GET' : 'POST' } = init
    const reply = await fetch(`${api}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await reply.text()
    told.set(`${method} ${path} ${told.size}`, text)
    return { reply, text, json: () => JSON.parse(text) }
  }

  const amount = { total: 8_800, currency: 'HKD' }
  const order = { description: 'Two coffees', amount }
  const quick = { ...order, out_trade_no: 'Q1', kind: 'quick_pay', payer: { auth_code: AUTH_CODE } }
  await ask('/v1/orders', { body: quick })
  // The same number with another code: a conflict whose sentence must name neither.
  await ask('/v1/orders', { body: { ...quick, payer: { auth_code: AUTH_CODE.replace('1', '2') } } })
  await ask('/v1/orders', { body: { ...quick, out_trade_no: '???' } })
  const placed = (await ask('/v1/orders', { body: { ...order, out_trade_no: 'N1', kind: 'native' } })).json()
  const { id } = placed.order as { id: string }
  const { baseUrl } = accounts()[0] as { baseUrl: string }
  await fetch(`${baseUrl}/_sim/orders/N1/pay`, { method: 'POST', body: '{}' })
  await ask(`/v1/orders/${id}/query`, { method: 'POST' })
  expect((await ask(`/v1/orders/${id}?wait=20`)).json().state).toBe('SUCCESS')
  await ask(`/v1/orders/${id}/refunds`, { body: { amount: 100 }, headers: { 'idempotency-key': 'r1' } })
  await until(async () => sent.length > 0)
  for (const what of ['journal', 'evidence', 'credential', 'deliveries', 'refunds'])
    await ask(`/v1/orders/${id}/${what}`)
  for (const path of ['/v1/orders', '/v1/accounts', '/v1/keys', '/v1/deliveries?state=sent']) await ask(path)
  for (const path of [
    '/openapi.json',
    '/docs',
    '/docs/errors',
    '/metrics',
    '/healthz',
    '/readyz',
    '/',
    '/no',
  ])
    await ask(path)
  await ask('/v1/orders', { headers: { authorization: `Bearer ${WRONG_KEY}` } })
  await ask(`/v1/orders?key=${key}`)
  await ask('/v1/keys', { body: { name: 'x', role: 'king', secret: key } })
  const session = await ask('/v1/session', { body: { key } })
  const cookie = /verdict_session=([^;]+)/.exec(session.reply.headers.get('set-cookie') ?? '')?.[1]
  if (cookie !== undefined) secrets.set('the cookie of a session', cookie)
  await ask('/v1/session', { body: { key: WRONG_KEY } })

  // Keys that are wrong when the configuration is read again: what is wrong with them must not show them.
  const right = new Map(keyFiles.map((one) => [one, readFileSync(one, 'utf8')]))
  for (const [one, text] of right) writeFileSync(one, text.slice(0, -200))
  service.process.kill('SIGHUP')
  await service.said(/everything goes on as before/)
  for (const [one, text] of right) writeFileSync(one, text)

  tell('doctor', await run('doctor', '--config', file))
  const store = ['--store', join(dir, 'verdict.db')]
  tell('orders', await run('orders', ...store, '--json'))
  tell('order', await run('order', 'N1', ...store, '--json', '--verify'))
  tell('key list', await run('key', 'list', '--config', file))
  service.process.kill('SIGTERM')
  tell('serve', await service.ended)
  simulator.process.kill('SIGTERM')
  told.set('webhooks', sent.join('\n'))
  for (const name of readdirSync(dir).filter((one) => one.startsWith('verdict.db')))
    told.set(`file ${name}`, readFileSync(join(dir, name), 'latin1'))
}

function tell(name: string, { stdout, stderr }: { readonly stdout: string; readonly stderr: string }): void {
  told.set(name, stdout + stderr)
}

function accounts(): Array<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(dir, 'wechatpay', 'account.json'), 'utf8')).accounts
}

/** Takes every secret of the accounts, and gives the files that hold keys. */
function keysOfAccounts(): readonly string[] {
  const files = readdirSync(join(dir, 'wechatpay')).filter((name) => /private|key\.pem$/.test(name))
  for (const account of accounts()) {
    for (const [name, value] of Object.entries(account))
      if (/apiv3key/i.test(name))
        secrets.set(`${name} of ${account.mchid ?? account.sp_mchid}`, String(value))
  }
  const keys: string[] = []
  for (const name of files) {
    const path = join(dir, 'wechatpay', name)
    const text = readFileSync(path, 'utf8')
    if (!text.includes('PRIVATE KEY')) continue
    keys.push(path)
    // A line in the middle: whoever prints a key prints it.
    const lines = text.split('\n').filter((line) => line.length > 60)
    for (const nth of [1, Math.floor(lines.length / 2)])
      secrets.set(`line ${nth} of ${name}`, lines[nth] ?? '')
  }
  return keys
}

interface Config {
  webhooks?: object[]
}

function changeConfig(change: (config: Config) => void): void {
  const config = JSON.parse(readFileSync(file, 'utf8')) as Config
  change(config)
  writeFileSync(file, JSON.stringify(config))
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Where a text stands, as it is, in base64, or percent-encoded. */
function placesOf(text: string, where: ReadonlyMap<string, string>): readonly string[] {
  const forms = [text, Buffer.from(text).toString('base64').replace(/=+$/, ''), encodeURIComponent(text)]
  return [...where].flatMap(([name, all]) => (forms.some((form) => all.includes(form)) ? [name] : []))
}

it('nothing secret is printed, answered, sent or stored', () => {
  expect([...secrets.keys()].length).toBeGreaterThanOrEqual(8)
  const found = [...secrets].flatMap(([what, text]) =>
    placesOf(text, told).map((where) => `${what}: ${where}`),
  )
  expect(found).toEqual([])
})

it('the search finds what is there: an order in the store, the log, the pages and the messages', () => {
  const places = placesOf('N1', told)
  for (const where of ['file verdict.db', 'orders', 'webhooks']) expect(places).toContain(where)
  expect(placesOf('GET', told)).toContain('serve')
  for (const [what, text] of secrets) {
    expect(text.length, what).toBeGreaterThan(15)
    expect(placesOf(text, new Map([['a log', `{"msg":"${text}"}`]])), what).toEqual(['a log'])
  }
})
