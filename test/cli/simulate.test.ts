import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { accountsFromFile, Verdict } from '../../src/index.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import { pemOf, stranger } from '../support/wechatpay.ts'
import { folder, run, start } from './cli.ts'

const SECRETS = [
  'merchant_key.pem',
  'merchant_cert.pem',
  'wechatpay_public_key.pem',
  'wechatpay_private_key.pem',
]

describe('verdict simulate', () => {
  it('makes its folder, says what it is, ends on SIGTERM, and comes back with the same keys and port', async () => {
    const dir = join(folder(), 'made', 'by', 'it')
    const first = start('simulate', '--dir', dir)
    const [, url] = await first.heard(/serves on (http:\S+) /)
    await first.heard(/\/_sim\/advance\n/)
    const account = readFileSync(join(dir, 'account.json'), 'utf8')
    const { accounts } = JSON.parse(account)
    expect(accounts.map(({ mode }: { mode: string }) => mode)).toEqual(['common', 'institutional'])
    expect(accounts[0].baseUrl).toBe(url)
    for (const { serial_no, apiV3Key, wechatpayPublicKeyId } of accounts)
      expect([serial_no, apiV3Key, wechatpayPublicKeyId].every((value) => typeof value === 'string')).toBe(
        true,
      )
    const keys = SECRETS.map((name) => readFileSync(join(dir, name), 'utf8'))

    const second = await run('simulate', '--dir', dir)
    expect(second).toMatchObject({ code: 2, stdout: '' })
    expect(second.stderr).toMatch(/^verdict: .+ is used by another simulator; .+ \(STORE_IN_USE\)\n$/)

    first.process.kill('SIGTERM')
    expect((await first.ended).stderr).not.toMatch(/ at .*\.ts:/)
    const third = start('simulate', '--dir', dir)
    await third.heard(/\/_sim\/advance\n/)
    expect(readFileSync(join(dir, 'account.json'), 'utf8')).toBe(account)
    expect(SECRETS.map((name) => readFileSync(join(dir, name), 'utf8'))).toEqual(keys)
    third.process.kill('SIGINT')
    await third.ended
  })

  it('refuses a port that is taken', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const address = taken.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    const simulator = await run('simulate', '--dir', folder(), '--port', port)
    const demo = await run('demo', '--once', '--store', join(folder(), 'verdict.db'), '--port', port)
    taken.close()
    for (const { code, stdout, stderr } of [simulator, demo]) {
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(
        new RegExp(`verdict: port ${port} of 127.0.0.1 can't be used: .+ \\(OPTION_INVALID\\)\\n$`),
      )
    }
  })

  it('refuses a folder whose keys are broken, and a wrong key on either side is told from a lost reply', async () => {
    const dir = folder()
    const simulator = start('simulate', '--dir', dir)
    await simulator.heard(/\/_sim\/advance\n/)
    const [account] = await accountsFromFile(join(dir, 'account.json'))
    if (account?.mode !== 'common') throw new Error('expected the account in common mode')

    const heard: string[] = []
    const store = await sqliteStore({ file: ':memory:' })
    const wrongKey = {
      ...account,
      merchantPrivateKey: pemOf(stranger.privateKey),
      merchantCertificate: undefined,
    }
    const verdict = await Verdict.open({
      store,
      accounts: [wrongKey],
      notify: ({ message }) => heard.push(message),
    })
    const placing = verdict.place({
      kind: 'native',
      out_trade_no: 'A42',
      description: 'Tea',
      amount: { total: 100, currency: 'HKD' },
      notify_url: 'http://10.0.0.1/notify',
    })
    placing.catch(() => {})
    while (!heard.some((message) => /refuses our signature/.test(message)))
      await new Promise((resolve) => setTimeout(resolve, 20))
    // Whatever comes of it, nothing final does.
    expect((await verdict.order({ out_trade_no: 'A42' })).order.state).toMatch(/placing|waiting/)
    await verdict.close()
    await store.close()

    const honest = await sqliteStore({ file: ':memory:' })
    const right = await Verdict.open({ store: honest, accounts: [account] })
    const placed = await right.place({
      kind: 'native',
      out_trade_no: 'A43',
      description: 'Tea',
      amount: { total: 100, currency: 'HKD' },
      notify_url: 'http://10.0.0.1/notify',
    })
    expect(placed.credential?.name).toBe('code_url')
    expect(placed.warnings).toEqual([expect.stringMatching(/^notify_url is http:\/\/10\.0\.0\.1.+loopback$/)])
    await right.close()
    await honest.close()

    writeFileSync(join(dir, 'merchant_key.pem'), pemOf(stranger.privateKey))
    await expect(accountsFromFile(join(dir, 'account.json'))).rejects.toMatchObject({ code: 'KEY_INVALID' })
    simulator.process.kill('SIGTERM')
    await simulator.ended
    writeFileSync(join(dir, 'wechatpay_private_key.pem'), 'broken')
    const files = readdirSync(dir)
    const broken = await run('simulate', '--dir', dir)
    expect(broken).toMatchObject({ code: 2, stdout: '' })
    expect(broken.stderr).toMatch(/^verdict: wechatpay_private_key\.pem .+ \(KEY_INVALID\)\n$/)
    expect(readdirSync(dir)).toEqual(files)
    expect(existsSync(join(dir, 'account.json'))).toBe(true)
  })
})
