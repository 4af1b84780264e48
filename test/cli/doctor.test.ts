import { createPrivateKey } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { runDoctor } from '../../src/cli/doctor.ts'
import { type Clock, systemClock } from '../../src/clock.ts'
import { nodeCallbacks, Verdict } from '../../src/index.ts'
import { readServiceConfig } from '../../src/service-config.ts'
import { selfSigned } from '../../src/simulator/certificate.ts'
import { type Simulator, startSimulator } from '../../src/simulator/index.ts'
import { postgresStore } from '../../src/store/postgres/index.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import { newTestDatabase } from '../support/postgres.ts'
import { pemOf, stranger } from '../support/wechatpay.ts'
import { folder, run } from './cli.ts'

const dir = folder()
const CALLBACKS = '/callbacks'
let simulator: Simulator
let callbacks: { readonly url: string; readonly close: () => void }
let account: Record<string, unknown>

/** A server of the test's own on loopback. */
async function serving(
  listener: RequestListener,
): Promise<{ url: string; close: () => void; server: Server }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${port}`, close, server }
}

beforeAll(async () => {
  simulator = await startSimulator({ dir: join(dir, 'wechatpay'), clock: systemClock })
  const [common] = JSON.parse(readFileSync(join(dir, 'wechatpay', 'account.json'), 'utf8')).accounts
  account = Object.fromEntries(
    Object.entries(common).map(([name, value]) => [
      name,
      name.endsWith('File') ? `wechatpay/${value}` : value,
    ]),
  )
  const { accounts } = await readServiceConfig(written({}), {})
  const verdict = await Verdict.open({
    store: await sqliteStore({ file: ':memory:' }),
    accounts,
    start: false,
  })
  const receiving = await serving(nodeCallbacks(verdict.callbacks))
  callbacks = {
    url: receiving.url,
    close: () => {
      receiving.close()
      void verdict.close()
    },
  }
})
afterAll(async () => {
  callbacks.close()
  await simulator.close()
})

let count = 0
function written(more: object, accountMore: Record<string, unknown> = {}): string {
  const path = join(dir, `${++count}.json`)
  const one = Object.fromEntries(
    Object.entries({ ...account, ...accountMore }).filter(([, value]) => value !== undefined),
  )
  const config = { store: 'verdict.db', publicUrl: callbacks?.url, accounts: [one], ...more }
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 })
  return path
}

interface Examined {
  readonly code: number
  readonly findings: readonly Finding[]
  /** Of one level, as `check: found`. */
  readonly of: (level: Finding['level']) => readonly string[]
}

async function examined(config: string, clock: Clock = systemClock): Promise<Examined> {
  const lines: string[] = []
  const code = await runDoctor(
    { config, env: {}, clock, json: true },
    { print: (line) => void lines.push(line) },
  )
  const { findings, ok } = JSON.parse(lines.join('\n')) as { findings: Finding[]; ok: boolean }
  expect(ok).toBe(code === 0)
  for (const { found, todo } of findings) {
    expect(`${found} ${todo}`).not.toContain(account.apiV3Key)
    expect(`${found} ${todo}`).not.toMatch(/-----BEGIN|\n|\.ts:/)
  }
  const of = (level: Finding['level']): readonly string[] =>
    findings.filter((finding) => finding.level === level).map(({ check, found }) => `${check}: ${found}`)
  return { code, findings, of }
}

describe('verdict doctor', () => {
  it('finds nothing to do against the simulator, and says what it saw', async () => {
    const { code, findings, of } = await examined(written({}))
    expect(of('fail')).toEqual([])
    expect(of('warn')).toEqual([])
    expect(code).toBe(0)
    const seen = of('ok').join('\n')
    expect(seen).toMatch(/merchant key: RSA of 2048 bits/)
    expect(seen).toMatch(/^host: http:\/\/127\.0\.0\.1:\d+: TCP \d+ ms, first byte \d+ ms$/m)
    expect(seen).toMatch(/^backup host: /m)
    expect(seen).toMatch(/clock: within 1 s of that of 127\.0\.0\.1/)
    expect(seen).toMatch(/signed query: ORDER_NOT_EXIST for a made-up number, signed with PUB_KEY_ID_/)
    expect(seen).toMatch(/notify_url: .+, local like the account's baseUrl/)
    expect(seen).toMatch(/callback address: reached and refused as unsigned/)
    expect(seen).toMatch(/store: .+verdict\.db will be made/)
    expect(findings.some(({ account: name }) => name === account.mchid)).toBe(true)
  })

  it('is a command with a line for each check', async () => {
    const { code, stdout, stderr } = await run('doctor', '--config', written({}))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.at(-1)).toBe(`${lines.length - 1} checks: 0 failed, 0 to look at`)
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/^ok {4}\S.*: /)
    const none = await run('doctor', '--config', join(dir, 'none.json'))
    expect(none).toMatchObject({ code: 1, stderr: '' })
    expect(none.stdout).toMatch(
      /^FAIL {2}configuration: .+none\.json can't be read; expected a file.+ To do: /,
    )
  })

  it('names a serial number that WeChat Pay does not know', async () => {
    const serial_no = '5F1C72E2A8931B72A2E13AF8DEE92471EB397115'
    const { code, of } = await examined(written({}, { serial_no, merchantCertificateFile: undefined }))
    expect(code).toBe(1)
    expect(of('fail')).toEqual([
      expect.stringMatching(/^signed query: .+ HTTP 401 SIGN_ERROR, "serial_no 5F1C/),
    ])
  })

  it('names a serial number that is not that of the certificate, without asking', async () => {
    const { code, of } = await examined(written({}, { serial_no: 'ABCDEF0123' }))
    expect(code).toBe(1)
    expect(of('fail')).toEqual([
      expect.stringMatching(/^serial_no: it is ABCDEF0123, and the certificate's is [0-9A-F]+$/),
    ])
    expect(of('warn')).toEqual(['signed query: not made'])
  })

  it('names a key that belongs to another certificate, and one that is none', async () => {
    writeFileSync(join(dir, 'other.pem'), pemOf(stranger.privateKey))
    const other = await examined(written({}, { merchantPrivateKeyFile: 'other.pem' }))
    expect(other.code).toBe(1)
    expect(other.of('fail')).toEqual([
      'merchant certificate: it belongs to another key than the merchant key',
    ])
    const none = await examined(written({}, { merchantPrivateKey: 'a key' }))
    expect(none.code).toBe(1)
    expect(none.of('fail')).toEqual([
      expect.stringMatching(/^merchant key: merchantPrivateKey can't be read/),
    ])
  })

  it('names an APIv3 key that is too short', async () => {
    const { code, of } = await examined(written({}, { apiV3Key: 'short' }))
    expect(code).toBe(1)
    expect(of('fail')).toEqual([expect.stringMatching(/^APIv3 key: apiV3Key has 5 bytes; expected 32/)])
  })

  it('names an APIv3 key that does not open what WeChat Pay encrypts', async () => {
    const download = { certificates: 'download', platformCertificateFile: undefined }
    const right = await examined(written({}, download))
    expect(right.of('ok')).toContainEqual(
      expect.stringMatching(/^platform certificate: [0-9A-F]+ is valid until/),
    )
    const wrong = await examined(written({}, { ...download, apiV3Key: '0'.repeat(32) }))
    expect(wrong.code).toBe(1)
    expect(wrong.of('fail')).toEqual(['platform certificate: the APIv3 key opens no certificate'])
  })

  it.each([
    ['has expired', -1, 'fail', /^merchant certificate: it has expired on \d{4}-\d\d-\d\d$/],
    ['expires soon', 20, 'warn', /^merchant certificate: it expires on \d{4}-\d\d-\d\d, in 19 days$/],
  ] as const)('names a certificate that %s', async (_, days, level, expected) => {
    const key = createPrivateKey(readFileSync(join(dir, 'wechatpay', 'merchant_key.pem')))
    const fromMs = systemClock.nowMs() - 400 * 86_400_000
    const toMs = systemClock.nowMs() + days * 86_400_000
    const pem = selfSigned(key, { commonName: 'Merchant', organization: 'Test', fromMs, toMs })
    writeFileSync(join(dir, 'cert.pem'), pem)
    const { code, of } = await examined(
      written({}, { merchantCertificateFile: 'cert.pem', serial_no: undefined }),
    )
    expect(of(level)).toContainEqual(expect.stringMatching(expected))
    // It is also another certificate than the one that WeChat Pay knows.
    expect(code).toBe(1)
  })

  it.each([
    [70_000, 'fail', /^clock: ours is (69|70|71) s ahead of that of 127/, 1],
    [-70_000, 'fail', /^clock: ours is (69|70|71) s behind that of 127/, 1],
    [8_000, 'warn', /^clock: ours is [789] s ahead of that of 127/, 0],
  ] as const)('names a clock that is %i ms wrong', async (aheadMs, level, expected, exitCode) => {
    const clock: Clock = { nowMs: () => systemClock.nowMs() + aheadMs, after: systemClock.after }
    const { code, of } = await examined(written({}), clock)
    expect(of(level)).toEqual([expect.stringMatching(expected), expect.stringMatching(expected)])
    expect(code).toBe(exitCode)
  })

  it('names a clock that WeChat Pay contradicts in Date alone', async () => {
    const { host } = new URL(simulator.url)
    const proxy = await serving((asked, reply) => {
      const { method, url: path, headers } = asked
      const passed = request(`http://${host}${path}`, { method, headers }, (answer) => {
        reply.writeHead(answer.statusCode ?? 500, {
          ...answer.headers,
          date: new Date(systemClock.nowMs() + 600_000).toUTCString(),
        })
        answer.pipe(reply)
      })
      asked.pipe(passed)
    })
    const { code, of } = await examined(written({}, { baseUrl: proxy.url }))
    proxy.close()
    expect(code).toBe(1)
    expect(of('fail')).toEqual([expect.stringMatching(/^clock: ours is (599|600) s behind that of 127/)])
    expect(of('ok')).toContainEqual(expect.stringMatching(/^signed query: ORDER_NOT_EXIST/))
  })

  it('names a host that is not reached, and how far it came', async () => {
    const closed = await serving(() => {})
    closed.close()
    const { code, of } = await examined(written({}, { backupUrl: closed.url }))
    expect(code).toBe(1)
    expect(of('fail')).toEqual([`backup host: ${closed.url} is not reached: TCP failed, ECONNREFUSED`])
    const nowhere = await examined(written({}, { backupUrl: 'https://nowhere.invalid' }))
    expect(nowhere.code).toBe(1)
    expect(nowhere.of('fail')).toEqual([
      expect.stringMatching(/nowhere\.invalid is not reached: DNS failed, E/),
    ])
  })

  it('names a private notify_url for a public host, and one with a query', async () => {
    const baseUrl = 'https://nowhere.invalid'
    const local = await examined(written({}, { baseUrl, backupUrl: undefined }))
    expect(local.code).toBe(1)
    expect(local.of('fail')).toContainEqual(
      expect.stringMatching(
        /^notify_url: notify_url is "http:\/\/127\.0\.0\.1.+expected a complete public address/,
      ),
    )
    const query = await examined(written({}, { notify_url: 'https://pay.example.com/x?y=1' }))
    expect(query.of('fail')).toEqual([expect.stringMatching(/^notify_url: .+ without query parameters/)])
    const plain = await examined(written({}, { notify_url: 'http://pay.example.com/x' }))
    expect(plain.of('fail')).toEqual([expect.stringMatching(/^notify_url: .+ is no https address/)])
  })

  it('names no callback address at all, and one where nobody listens yet', async () => {
    const none = await examined(written({ publicUrl: undefined }))
    expect(none.code).toBe(0)
    expect(none.of('warn')).toEqual([expect.stringMatching(/^notify_url: none: /)])
    const closed = await serving(() => {})
    closed.close()
    const early = await examined(written({ publicUrl: closed.url }))
    expect(early.code).toBe(0)
    expect(early.of('warn')).toEqual([
      expect.stringMatching(/^callback address: .+ TCP failed, ECONNREFUSED$/),
    ])
  })

  it.each([
    ['believes everybody', 200, ''],
    ['sends elsewhere', 302, ''],
    ['wants a login', 401, 'Login'],
    ['has no such path', 404, '{"code":"FAIL"}'],
  ])('names a callback address that %s', async (_, status, body) => {
    const wrong = await serving((_, reply) => reply.writeHead(status).end(body))
    const { code, of } = await examined(written({}, { notify_url: `${wrong.url}${CALLBACKS}` }))
    wrong.close()
    expect(code).toBe(1)
    expect(of('fail')).toEqual([
      `callback address: an unsigned callback is answered HTTP ${status}; expected 401 and {"code": "FAIL"}`,
    ])
  })

  it("names an answer that is signed with another key than the account's", async () => {
    writeFileSync(join(dir, 'their.pem'), pemOf(stranger.publicKey))
    const { code, of } = await examined(written({}, { wechatpayPublicKeyFile: 'their.pem' }))
    expect(code).toBe(1)
    expect(of('fail')).toEqual([
      expect.stringMatching(/^signed query: the answer's signature doesn't verify/),
    ])
  })

  it('names a policy that the guide forbids, and a webhook that leads nowhere', async () => {
    const app = { policy: 'fixed', firstMs: 61_000, everyMs: 4_000, jitterMs: 0, windowMs: 900_000 }
    const webhooks = [{ url: 'https://10.0.0.1/x', secret: `whsec_${Buffer.alloc(32).toString('base64')}` }]
    const { code, of } = await examined(written({ webhooks }, { policies: { app } }))
    expect(code).toBe(1)
    expect(of('fail')).toEqual([
      expect.stringMatching(/^webhook: webhook url is https:\/\/10\.0\.0\.1; expected a public host/),
      expect.stringMatching(/^policies: policy for app: .+guide 1\.12/),
    ])
  })

  it('names a configuration with a secret that others may read', async () => {
    const config = written({})
    chmodSync(config, 0o644)
    const { code, of } = await examined(config)
    expect(code).toBe(0)
    expect(of('warn')).toEqual([expect.stringMatching(/it holds a secret, and others may read it$/)])
  })

  it('looks at the store, while somebody owns it too, and makes none', async () => {
    const file = join(dir, 'owned.db')
    const store = await sqliteStore({ file })
    const owned = await examined(written({ store: 'owned.db' }))
    await store.close()
    expect(owned.of('ok')).toContain(`store: ${file} is a Verdict database and can be read`)

    const other = new DatabaseSync(join(dir, 'other.db'))
    other.exec('CREATE TABLE t (x)')
    other.close()
    expect((await examined(written({ store: 'other.db' }))).of('fail')).toEqual([
      expect.stringMatching(/^store: .+ is another program's database/),
    ])
    expect((await examined(written({ store: 'no/such/verdict.db' }))).of('fail')).toEqual([
      `store: ${join(dir, 'no', 'such')} isn't there`,
    ])
  })

  it('looks at a PostgreSQL, makes no schema in it, and shows no password', async () => {
    const database = await newTestDatabase()
    const empty = await examined(written({ store: database.url }))
    expect(empty.of('ok')).toContainEqual(expect.stringMatching(/^store: .+ will make its schema/))
    const again = await examined(written({ store: database.url }))
    expect(again.of('ok')).toContainEqual(expect.stringMatching(/^store: .+ will make its schema/))
    await (await postgresStore({ url: database.url })).close()
    const full = await examined(written({ store: database.url }))
    expect(full.of('ok')).toContainEqual(
      expect.stringMatching(/^store: .+ holds a Verdict schema of this version/),
    )
    await database.drop()
    const gone = await examined(written({ store: 'postgres://verdict:s3cret@127.0.0.1:1/payments' }))
    expect(gone.of('fail')).toEqual([
      expect.stringMatching(/^store: PostgreSQL can't be used: .*ECONNREFUSED/),
    ])
    expect(JSON.stringify(gone.findings)).not.toContain('s3cret')
  })
})
