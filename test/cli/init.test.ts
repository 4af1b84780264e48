import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { askAccount } from '../../src/cli/init/account.ts'
import { terminal } from '../../src/cli/init/answers.ts'
import { readServiceConfig } from '../../src/service-config.ts'
import { commonAccount, merchant, PUBLIC_KEY_ID, pemOf, stranger, wechatpay } from '../support/wechatpay.ts'
import { folder, run, start } from './cli.ts'

const { serial_no = '', apiV3Key } = commonAccount()

/** A folder with the two keys that a merchant has. */
function withKeys(): string {
  const dir = folder()
  writeFileSync(join(dir, 'apiclient_key.pem'), pemOf(merchant.privateKey))
  writeFileSync(join(dir, 'pub_key.pem'), pemOf(wechatpay.publicKey))
  return dir
}

const IDS = ['--mchid', '1900000001', '--appid', 'wx0000000000000001', '--serial-no', serial_no]

describe('verdict init', () => {
  it('writes what doctor and serve can use at once, with a simulator', async () => {
    const dir = join(folder(), 'shop')
    const made = await run('init', '--simulator', '--dir', dir)
    expect(made).toMatchObject({ code: 0, stdout: '' })
    const file = join(dir, 'verdict.config.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const config = await readServiceConfig(file, {})
    expect(config).toMatchObject({ store: join(dir, 'verdict.db'), publicUrl: 'http://127.0.0.1:8080' })

    const simulator = start('simulate', '--dir', join(dir, 'wechatpay'))
    await simulator.heard(/\/_sim\/advance\n/)
    const doctor = await run('doctor', '--config', file, '--json')
    expect(JSON.parse(doctor.stdout)).toMatchObject({ ok: true, failed: 0 })
    expect(doctor.code).toBe(0)
    simulator.process.kill('SIGTERM')
    await simulator.ended

    const text = readFileSync(file, 'utf8')
    const again = await run('init', '--simulator', '--dir', dir)
    expect(again).toMatchObject({ code: 2, stdout: '' })
    expect(again.stderr).toMatch(
      /^verdict: .+ is there already; expected none, or --force \(OPTION_INVALID\)\n$/,
    )
    expect(readFileSync(file, 'utf8')).toBe(text)
    const forced = await run('init', '--simulator', '--mode', 'institutional', '--dir', dir, '--force')
    expect(forced.code).toBe(0)
    expect((await readServiceConfig(file, {})).accounts[0]?.mode).toBe('institutional')
  })

  it('writes an own account from flags alone, without a secret', async () => {
    const dir = withKeys()
    const keys = [
      '--public-key-id',
      PUBLIC_KEY_ID,
      '--mcc',
      '5311',
      '--public-url',
      'https://pay.example.org',
    ]
    const store = ['--store', 'postgres://verdict:s3cret@db.example.org/payments', '--port', '9000']
    const { code, stderr } = await run('init', '--dir', dir, ...IDS, ...keys, ...store)
    expect(code).toBe(0)
    expect(stderr).toMatch(/set VERDICT_STORE to it\n[\s\S]+set WECHATPAY_APIV3_KEY to the APIv3 key/)
    expect(stderr).not.toContain('s3cret')
    const file = join(dir, 'verdict.config.json')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      $schema: './node_modules/verdict-pay/docs/verdict.config.schema.json',
      store: { env: 'VERDICT_STORE' },
      http: { port: 9000 },
      publicUrl: 'https://pay.example.org',
      accounts: [
        {
          mode: 'common',
          mchid: '1900000001',
          appid: 'wx0000000000000001',
          merchantPrivateKeyFile: 'apiclient_key.pem',
          serial_no,
          apiV3Key: { env: 'WECHATPAY_APIV3_KEY' },
          wechatpayPublicKeyId: PUBLIC_KEY_ID,
          wechatpayPublicKeyFile: 'pub_key.pem',
          backupUrl: 'https://api.mch.weixin.qq.com',
          merchant_category_code: '5311',
        },
      ],
    })
    const config = await readServiceConfig(file, {
      WECHATPAY_APIV3_KEY: apiV3Key,
      VERDICT_STORE: 'postgres://db/payments',
    })
    expect(config.accounts[0]?.notify_url).toBe('https://pay.example.org/callbacks/1900000001')
  })

  it.each([
    ['no mchid', ['--appid', 'wx1'], /^verdict: --mchid is missing; expected the mchid \(OPTION_INVALID\)/],
    ['an unknown mode', ['--mode', 'x'], /^verdict: --mode is "x"; expected common or institutional/],
    [
      'a file that is not there',
      [...IDS, '--key-file', 'no.pem'],
      /^verdict: --key-file is "no\.pem", which isn't there/,
    ],
    ['no key as a key', [...IDS, '--key-file', 'wrong.pem'], /merchantPrivateKey .+ \(KEY_INVALID\)/],
    [
      'the key in the place of its name',
      [...IDS, '--apiv3-key-env', apiV3Key],
      /^verdict: --apiv3-key-env is no name; expected the name of an environment variable, not the key/,
    ],
    [
      'a private publicUrl',
      [...IDS, '--public-url', 'https://10.0.0.1'],
      /notify_url is "https:\/\/10\.0\.0\.1/,
    ],
  ])('with %s writes nothing', async (_, flags, expected) => {
    const dir = withKeys()
    writeFileSync(join(dir, 'wrong.pem'), 'nothing')
    const { code, stdout, stderr } = await run('init', '--dir', dir, ...flags)
    expect(stderr).toMatch(expected)
    expect(stderr).not.toContain(apiV3Key)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(existsSync(join(dir, 'verdict.config.json'))).toBe(false)
    expect(existsSync(join(dir, '.verdict.config.json.new'))).toBe(false)
  })

  it('asks on a terminal for what no flag gives', async () => {
    const dir = withKeys()
    mkdirSync(join(dir, 'keys'))
    writeFileSync(join(dir, 'keys', 'own.pem'), pemOf(stranger.privateKey))
    const [input, output] = [new PassThrough(), new PassThrough()]
    const answers = terminal(input, output, new AbortController().signal)
    const asked: string[] = []
    const typed = ['institutional', '', '1900000100', 'wx100', '', 'keys/own.pem', '', '', '5311']
    output.setEncoding('utf8').on('data', (text: string) => {
      if (!text.endsWith(': ')) return
      asked.push(text)
      input.write(`${typed.shift()}\n`)
    })
    const account = await askAccount({ serialNo: serial_no }, answers, dir)
    answers.close()
    expect(typed).toEqual([])
    expect(asked[0]).toMatch(/^common .+ or institutional .+ \[common\]: $/)
    expect(account).toEqual({
      mode: 'institutional',
      sp_mchid: '1900000100',
      sp_appid: 'wx100',
      merchantPrivateKeyFile: 'keys/own.pem',
      serial_no,
      apiV3Key: { env: 'WECHATPAY_APIV3_KEY' },
      certificates: 'download',
      backupUrl: 'https://api.mch.weixin.qq.com',
      merchant_category_code: '5311',
    })
  })

  it('ends when the terminal ends', async () => {
    const [input, output] = [new PassThrough(), new PassThrough()]
    const answers = terminal(input, output, new AbortController().signal)
    const asking = askAccount({}, answers, folder())
    input.end()
    await expect(asking).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })
})
