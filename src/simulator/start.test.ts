import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ForeignReply, foreignClient, isSignedBy } from '../../test/support/foreign-client.ts'
import { anchorNow, type Clock, type ClockAnchor, compressedClock, sleep, systemClock } from '../clock.ts'
import { startSimulator } from './index.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'verdict-simulator-'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})
const children: ChildProcess[] = []

const file = (name: string): string => readFileSync(join(dir, name), 'utf8')
const account = () => JSON.parse(file('account.json')).accounts[0]

/** A connection for each request: one that is left over from a server that was stopped is no use. */
const ONCE = { connection: 'close' }

/** A merchant who knows nothing but the files in the simulator's folder. */
function merchant(baseUrl: string = account().baseUrl, timeoutMs = 10_000, clock: Clock = systemClock) {
  const { mchid, serial_no } = account()
  const privateKey = file('merchant_key.pem')
  return foreignClient({ mchid, serial_no, privateKey, nowMs: () => clock.nowMs() }, async (request) => {
    const { url, body, method } = request
    const reply = await fetch(baseUrl + url, {
      method,
      headers: { ...request.headers, ...ONCE },
      ...(body ? { body } : {}),
      signal: AbortSignal.timeout(timeoutMs),
    })
    return { status: reply.status, text: await reply.text(), headers: Object.fromEntries(reply.headers) }
  })
}

function quickPay(out_trade_no: string, timeoutMs?: number): Promise<ForeignReply> {
  const { mchid, appid, merchant_category_code } = account()
  return merchant(account().baseUrl, timeoutMs).call('POST', '/v3/global/micropay/transactions/pay', {
    body: {
      mchid,
      appid,
      merchant_category_code,
      out_trade_no,
      description: 'Jasmine tea',
      trade_type: 'MICROPAY',
      amount: { total: 100, currency: 'HKD' },
      payer: { auth_code: '130000000000000001' },
    },
  })
}

/** What the control API says. */
async function truth(path: string): Promise<Record<string, unknown>> {
  const reply = await fetch(`${account().baseUrl}/_sim/${path}`, { headers: ONCE })
  const value: unknown = await reply.json()
  if (typeof value !== 'object' || value === null) throw new Error('the control API answers with objects')
  return { ...value }
}

const settings = () => ({ dir, clock: systemClock })

describe('a simulator on its ports', () => {
  it('serves a merchant who has nothing but the files, on both hosts with one truth', async () => {
    const simulator = await startSimulator(settings())
    const paid = await quickPay('Q1')
    expect(JSON.parse(paid.text).trade_state).toBe('SUCCESS')
    expect(isSignedBy(file('wechatpay_public_key.pem'), paid)).toBe(true)
    const url = `/v3/global/transactions/out-trade-no/Q1?mchid=${account().mchid}`
    const onBackup = await merchant(account().backupUrl).call('GET', url)
    expect(JSON.parse(onBackup.text)).toEqual(JSON.parse(paid.text))
    await simulator.close()
  })

  it.each([
    ['http://apihk.mch.weixin.qq.com/_sim/health', 200],
    ['HTTPS://a.example:443/_sim/health', 200],
    ['http://a.example?x', 401],
  ])('takes %s for its path, as behind a proxy', async (path, status) => {
    const simulator = await startSimulator(settings())
    const headers = ONCE
    const [reply] = await once(get({ port: new URL(simulator.url).port, path, headers }), 'response')
    expect(reply.statusCode).toBe(status)
    reply.resume()
    await simulator.close()
  })

  it('keeps its secrets for its owner', async () => {
    const simulator = await startSimulator(settings())
    for (const name of ['account.json', 'merchant_key.pem', 'wechatpay_private_key.pem', 'simulator.json']) {
      expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600)
    }
    await simulator.close()
  })

  it('is the same after a restart: keys, ids, ports and orders', async () => {
    const first = await startSimulator(settings())
    await quickPay('Q1')
    const before = [account(), file('merchant_key.pem'), await truth('orders')]
    await first.close()
    const second = await startSimulator(settings())
    expect([account(), file('merchant_key.pem'), await truth('orders')]).toEqual(before)
    await second.close()
  })

  it('refuses a second one on its folder, and goes on', async () => {
    const simulator = await startSimulator(settings())
    await expect(startSimulator(settings())).rejects.toMatchObject({ code: 'STORE_IN_USE' })
    expect(existsSync(join(dir, 'account.json'))).toBe(true)
    expect(await truth('health')).toMatchObject({ ok: true })
    await simulator.close()
  })

  it('says which port it can not have', async () => {
    const simulator = await startSimulator(settings())
    const port = Number(new URL(simulator.url).port)
    const other = join(dir, 'other')
    await expect(startSimulator({ ...settings(), dir: other, port })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining(`port ${port}`),
    })
    expect(existsSync(join(other, 'account.json'))).toBe(false)
    await simulator.close()
  })

  it.each([
    ['noReplyAfter', /timeout/i],
    ['resetBefore', /fetch failed/],
  ])('breaks the connection for %s', async (name, message) => {
    const simulator = await startSimulator({ ...settings(), faults: { [name]: 1 } })
    await expect(quickPay('Q1', 500)).rejects.toThrowError(message)
    await simulator.close()
  })

  it('refuses a body of more than 64 KiB', async () => {
    const simulator = await startSimulator(settings())
    const body = { description: 'x'.repeat(70_000) }
    expect((await merchant().call('POST', '/v3/global/transactions/native', { body })).status).toBe(413)
    await simulator.close()
  })
})

describe('a simulator that is killed', () => {
  it('still has every order that it acknowledged, and counts on', async () => {
    const first = await spawned()
    await quickPay('Q1')
    await quickPay('Q1')
    await fetch(`${account().baseUrl}/_sim/advance`, { method: 'POST', body: '{"ms": 20000}' })
    const before = await truth('orders')
    await killed(first)

    const second = await spawned()
    expect(await truth('orders')).toEqual(before)
    expect(before).toMatchObject({ orders: [{ trade_state: 'SUCCESS', received: 2 }] })
    await quickPay('Q1')
    expect(await truth('orders/Q1')).toMatchObject({ received: 3 })
    expect(await truth('statistics')).toMatchObject({ aheadMs: 20_000, calls: { place: 3 } })
    await killed(second)
  })
})

describe('callbacks over HTTP', () => {
  it('reach a receiver, and survive that the simulator is killed; no acknowledged refund is lost', async () => {
    const bodies: string[] = []
    let status = 503
    const shop = createServer((request, response) => {
      request.setEncoding('utf8')
      let body = ''
      request.on('data', (part: string) => {
        body += part
      })
      request.on('end', () => {
        bodies.push(body)
        response.writeHead(status).end()
      })
    })
    const port = await new Promise<number>((resolve) =>
      shop.listen(0, '127.0.0.1', () => resolve((shop.address() as AddressInfo).port)),
    )
    const came = async (count: number): Promise<void> => {
      while (bodies.length < count) await once(shop, 'request').then(() => sleep(systemClock, 20))
    }
    const anchor = anchorNow(50)
    const first = await spawned(anchor)
    const { mchid, appid, merchant_category_code } = account()
    const ids = { mchid, appid }
    const amount = { total: 100, currency: 'HKD' }
    const notify_url = `http://127.0.0.1:${port}/wechatpay`
    const order = {
      ...ids,
      merchant_category_code,
      description: 'Tea',
      trade_type: 'NATIVE',
      notify_url,
      amount,
    }
    const merchantNow = merchant(account().baseUrl, 10_000, compressedClock(anchor))
    await merchantNow.call('POST', '/v3/global/transactions/native', {
      body: { ...order, out_trade_no: 'N1' },
    })
    await fetch(`${account().baseUrl}/_sim/orders/N1/pay`, { method: 'POST', headers: ONCE })
    const refund = { ...ids, out_trade_no: 'N1', out_refund_no: 'R1', amount: { ...amount, refund: 40 } }
    const accepted = await merchantNow.call('POST', '/v3/global/refunds', { body: refund })
    expect(accepted.status).toBe(200)
    await came(1)
    await killed(first)

    status = 204
    const second = await spawned(anchor)
    await came(3)
    while (!isSettled(await truth('callbacks'))) await sleep(systemClock, 20)
    expect(new Set(bodies.map((body) => JSON.parse(body).event_type))).toEqual(
      new Set(['TRANSACTION.SUCCESS', 'REFUND.SUCCESS']),
    )
    expect(await truth('refunds')).toMatchObject({ refunds: [{ out_refund_no: 'R1', status: 'SUCCESS' }] })
    expect(await truth('statistics')).toMatchObject({ money: { charged: 100, refunded: 40, kept: 60 } })
    await killed(second)
    shop.close()
  })
})

const isSettled = ({ acknowledged }: Record<string, unknown>): boolean => acknowledged === 2

/** A process of its own that serves `dir`, in the anchor's time; resolves when it says so. */
async function spawned(anchor: ClockAnchor = anchorNow(1)): Promise<ChildProcess> {
  const entry = new URL('./index.ts', import.meta.url).href
  const clock = new URL('../clock.ts', import.meta.url).href
  const options = { dir, callbackAnswerMs: 5_000 * anchor.speed }
  const code = `const { simulate } = await import(${JSON.stringify(entry)})
    const { compressedClock } = await import(${JSON.stringify(clock)})
    const clock = compressedClock(${JSON.stringify(anchor)})
    await simulate(${JSON.stringify(options)}, { line: (text) => console.log(text) }, clock)
    console.log('ready')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') return child
  throw new Error('the simulator ended before it was ready')
}

function killed(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
