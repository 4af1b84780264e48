import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folder, run, start, until } from './cli.ts'

const LONG_MS = 60_000

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

interface Config {
  accounts: Array<Record<string, unknown>>
  http: Record<string, unknown>
}

function changed(file: string, change: (config: Config) => void): void {
  const config = JSON.parse(readFileSync(file, 'utf8')) as Config
  config.http ??= {}
  change(config)
  writeFileSync(file, JSON.stringify(config))
}

describe('verdict serve', () => {
  it('serves until it is asked to end, reads its configuration again, and keeps what works if that is wrong', {
    timeout: LONG_MS,
  }, async () => {
    const dir = folder()
    const [port, callbackPort] = [await freePort(), await freePort()]
    const file = join(dir, 'verdict.config.json')
    expect((await run('init', '--simulator', '--dir', dir, '--port', String(port))).code).toBe(0)
    changed(file, ({ http }) => {
      http.callbackPort = callbackPort
    })
    const made = await run('key', 'add', '--name', 'till', '--role', 'operate', '--config', file, '--json')
    const { id, text } = JSON.parse(made.stdout) as { id: string; text: string }
    const simulator = start('simulate', '--dir', join(dir, 'wechatpay'))
    await simulator.heard(/serves on/)
    const service = start('serve', '--config', file)
    const api = `http://127.0.0.1:${port}`
    const ask = (path: string) => fetch(`${api}${path}`, { headers: { authorization: `Bearer ${text}` } })
    await until(() =>
      fetch(`${api}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )

    expect((await ask('/v1/orders')).status).toBe(200)
    const { data } = (await (await ask('/v1/accounts')).json()) as { data: Array<{ account: string }> }
    const [account] = data
    // Callbacks have a port of their own, which offers nothing else.
    const callbacks = `http://127.0.0.1:${callbackPort}`
    const callback = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }
    expect((await fetch(`${callbacks}/callbacks/${account?.account}`, callback)).status).toBe(401)
    expect((await fetch(`${api}/callbacks/${account?.account}`, callback)).status).toBe(404)
    expect((await fetch(`${callbacks}/v1/orders`)).status).toBe(404)

    const right = readFileSync(file, 'utf8')
    changed(file, ({ accounts }) => {
      accounts[0] = { ...accounts[0], limits: { query: -1 } }
    })
    service.process.kill('SIGHUP')
    await service.said(/everything goes on as before/)
    expect((await ask('/v1/orders')).status).toBe(200)
    writeFileSync(file, right)
    service.process.kill('SIGHUP')
    await service.said(/the configuration was read again"/)
    expect((await ask('/v1/orders')).status).toBe(200)

    service.process.kill('SIGTERM')
    expect(await service.ended).toMatchObject({ code: 0 })
    simulator.process.kill('SIGTERM')
    await simulator.ended
    const listed = await run('key', 'list', '--config', file)
    expect(listed.stdout).toContain('till')
    expect(await run('key', 'revoke', id, '--config', file)).toMatchObject({ code: 0 })
    expect((await run('key', 'list', '--config', file)).stdout).toContain('revoked')
    expect(await run('key', 'revoke', id, '--config', file)).toMatchObject({ code: 2 })
    expect(await run('key', 'add', '--name', 'x', '--role', 'king', '--config', file)).toMatchObject({
      code: 2,
    })
  })

  it('takes SIGHUP while it starts, too, and leaves at once although somebody waits for a verdict', {
    timeout: LONG_MS,
  }, async () => {
    const dir = folder()
    const port = await freePort()
    const file = join(dir, 'verdict.config.json')
    await run('init', '--simulator', '--dir', dir, '--port', String(port))
    const made = await run('key', 'add', '--name', 'till', '--role', 'operate', '--config', file, '--json')
    const { text } = JSON.parse(made.stdout) as { text: string }
    const simulator = start('simulate', '--dir', join(dir, 'wechatpay'))
    await simulator.heard(/serves on/)
    const first = start('serve', '--config', file)
    await first.said(/"serving"/)
    const headers = { authorization: `Bearer ${text}`, 'content-type': 'application/json' }
    const ask = (path: string, body?: object) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        headers,
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      }).then(async (reply) => ({
        status: reply.status,
        json: (await reply.json()) as { order: { id: string } },
      }))
    const amount = { total: 100, currency: 'HKD' }
    const order = { out_trade_no: 'A1', kind: 'native', description: 'x', amount }
    const { json } = await ask('/v1/orders', order)
    // It waits for the database that the first one holds.
    const second = start('serve', '--config', file)
    await second.said(/waiting for it to end/)
    second.process.kill('SIGHUP')
    const waiting = ask(`/v1/orders/${json.order.id}?wait=60`)
    await new Promise((resolve) => setTimeout(resolve, 300))
    first.process.kill('SIGTERM')
    expect(await waiting).toMatchObject({ status: 200, json: { id: json.order.id, state: 'waiting' } })
    expect(await first.ended).toMatchObject({ code: 0 })
    await second.said(/the configuration was read again"/)
    second.process.kill('SIGTERM')
    expect(await second.ended).toMatchObject({ code: 0 })
    simulator.process.kill('SIGTERM')
    await simulator.ended
  })

  it('refuses a configuration that is not there, and a port that is taken', {
    timeout: LONG_MS,
  }, async () => {
    const none = await run('serve', '--config', join(folder(), 'verdict.config.json'))
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('OPTION_INVALID') })
    const dir = folder()
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    await run('init', '--simulator', '--dir', dir, '--port', String(port))
    const ended = await run('serve', '--config', join(dir, 'verdict.config.json'))
    taken.close()
    expect(ended.code).not.toBe(0)
    expect(ended.stderr).toContain(String(port))
  })
})
