import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { API_V3_KEY, merchant, PUBLIC_KEY_ID, pemOf, stranger, wechatpay } from '../test/support/wechatpay.ts'
import { type Environment, readServiceConfig } from './service-config.ts'

const folder = mkdtempSync(join(tmpdir(), 'verdict-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(join(folder, 'merchant_key.pem'), pemOf(merchant.privateKey))
writeFileSync(join(folder, 'wechatpay_public_key.pem'), pemOf(wechatpay.publicKey))
writeFileSync(join(folder, 'v3.key'), `${API_V3_KEY}\n`)
writeFileSync(join(folder, 'empty'), '\n')

const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const ACCOUNT = {
  mode: 'common',
  mchid: '1900000001',
  appid: 'wx0000000000000001',
  serial_no: '5F1C72E2A8931B72A2E13AF8DEE92471EB397115',
  apiV3Key: API_V3_KEY,
  wechatpayPublicKeyId: PUBLIC_KEY_ID,
}
const CONFIG = { store: 'verdict.db', accounts: [ACCOUNT] }

function read(config: unknown, env: Environment = {}) {
  const path = join(folder, 'verdict.config.json')
  writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config))
  return readServiceConfig(path, env)
}

describe('verdict.config.json', () => {
  it('has a default for all but store and accounts', async () => {
    expect(await read(CONFIG)).toEqual({
      file: join(folder, 'verdict.config.json'),
      store: join(folder, 'verdict.db'),
      accounts: [
        {
          ...ACCOUNT,
          merchantPrivateKey: pemOf(merchant.privateKey),
          wechatpayPublicKey: pemOf(wechatpay.publicKey),
        },
      ],
      http: {
        host: '127.0.0.1',
        port: 8080,
        callbackPort: null,
        callbackHost: '127.0.0.1',
        trustedProxies: [],
      },
      publicUrl: null,
      reconcileAt: '10:30',
      webhooks: [],
    })
  })

  it('takes text from the environment and from files', async () => {
    const config = await read(
      {
        store: { env: 'DATABASE_URL' },
        publicUrl: { env: 'PUBLIC_URL' },
        accounts: [
          { ...ACCOUNT, apiV3Key: { file: 'v3.key' }, merchantPrivateKey: { file: 'merchant_key.pem' } },
        ],
        webhooks: [{ url: 'https://shop.example.org/verdict', secret: [{ env: 'SECRET' }, WEBHOOK_SECRET] }],
      },
      {
        DATABASE_URL: 'postgres://verdict:secret@db/payments',
        PUBLIC_URL: 'https://pay.example.org/',
        SECRET: WEBHOOK_SECRET,
      },
    )
    expect(config.store).toBe('postgres://verdict:secret@db/payments')
    expect(config.publicUrl).toBe('https://pay.example.org')
    expect(config.accounts[0]).toMatchObject({
      apiV3Key: API_V3_KEY,
      notify_url: 'https://pay.example.org/callbacks/1900000001',
    })
    expect(config.webhooks).toEqual([
      { url: 'https://shop.example.org/verdict', secret: [WEBHOOK_SECRET, WEBHOOK_SECRET] },
    ])
  })

  it('leaves a notify_url of an account as it is', async () => {
    const notify_url = 'https://other.example.org/wechatpay'
    const { accounts } = await read({
      ...CONFIG,
      publicUrl: 'https://pay.example.org',
      accounts: [{ ...ACCOUNT, notify_url }],
    })
    expect(accounts[0]?.notify_url).toBe(notify_url)
  })

  it('lets callbacks have a port of their own', async () => {
    const { http } = await read({
      ...CONFIG,
      http: {
        host: '10.0.0.1',
        callbackPort: 8081,
        callbackHost: '0.0.0.0',
        trustedProxies: ['10.0.0.0/8', '::1'],
      },
    })
    expect(http).toEqual({
      host: '10.0.0.1',
      port: 8080,
      callbackPort: 8081,
      callbackHost: '0.0.0.0',
      trustedProxies: ['10.0.0.0/8', '::1'],
    })
  })

  const account = (more: object) => ({ ...CONFIG, accounts: [{ ...ACCOUNT, ...more }] })
  const webhook = (more: object) => ({
    ...CONFIG,
    webhooks: [{ url: 'https://shop.example.org/x', secret: WEBHOOK_SECRET, ...more }],
  })
  it.each<[string, unknown, RegExp]>([
    ['no JSON', '{"store": "s3cret,\n}', /is no JSON( at line \d column \d+)?; expected a JSON object$/],
    ['a list', [], /the value is a list; expected an object$/],
    ['an unknown field', { ...CONFIG, prot: 1 }, /: prot is unknown; expected one of \$schema, store, http/],
    ['no store', { accounts: [ACCOUNT] }, /: store is missing; expected text, \{"env": "NAME"\} or/],
    [
      'another database',
      { ...CONFIG, store: 'mysql://u:s3cret@h/d' },
      /: store is another address; expected a file, or postgres/,
    ],
    ['a store in memory', { ...CONFIG, store: ':memory:' }, /: store is ":memory:"; expected a file/],
    [
      'a missing variable',
      { ...CONFIG, store: { env: 'X' } },
      /: store is \{"env": "X"\}, which is not set; /,
    ],
    [
      'a missing file',
      account({ apiV3Key: { file: 'nope' } }),
      /: accounts\[0\]\.apiV3Key is \{"file": "nope"\}, which can't be read; /,
    ],
    [
      'an empty file',
      account({ apiV3Key: { file: 'empty' } }),
      /apiV3Key is \{"file": "empty"\}, which is empty/,
    ],
    [
      'a network that is none',
      { ...CONFIG, http: { trustedProxies: ['10.0.0.0/33'] } },
      /: http\.trustedProxies\[0\] is "10\.0\.0\.0\/33"; expected an address or a network/,
    ],
    [
      'a port as text',
      { ...CONFIG, http: { port: '80' } },
      /: http\.port is "80"; expected a whole number from 0/,
    ],
    [
      'a host with a path',
      { ...CONFIG, http: { host: 'a/b' } },
      /: http\.host is "a\/b"; expected a host name/,
    ],
    [
      'one port for both',
      { ...CONFIG, http: { port: 81, callbackPort: 81 } },
      /: http\.callbackPort is 81; expected another port/,
    ],
    [
      'a host for no port',
      { ...CONFIG, http: { callbackHost: '::' } },
      /: http\.callbackHost is "::"; expected none without callbackPort/,
    ],
    [
      'no accounts',
      { ...CONFIG, accounts: [] },
      /: accounts is a list; expected a list with at least one account/,
    ],
    [
      'an unknown mode',
      account({ mode: 'x' }),
      /: accounts\[0\]\.mode is "x"; expected "common" or "institutional"/,
    ],
    [
      'an account without mode',
      { ...CONFIG, accounts: [{}] },
      /: accounts\[0\]\.mode is missing; expected "common"/,
    ],
    ['a number as mchid', account({ mchid: 19 }), /: accounts\[0\]\.mchid is 19; expected text/],
    [
      "the other mode's field",
      account({ sp_mchid: '1' }),
      /: accounts\[0\]\.sp_mchid is unknown; expected one of mode/,
    ],
    [
      'a wrong policy',
      account({ policies: { app: {} } }),
      /: accounts\[0\]\.policies: app\.policy is missing; /,
    ],
    [
      'a policy that the guide forbids',
      account({
        policies: { app: { policy: 'fixed', firstMs: 61_000, everyMs: 1, jitterMs: 0, windowMs: 900_000 } },
      }),
      /: accounts\[0\]: policy for app: /,
    ],
    [
      'a wrong limit',
      account({ limits: { place: 0 } }),
      /: accounts\[0\]\.limits\.place is 0; expected calls per second/,
    ],
    [
      'too much at once',
      account({ concurrency: 501 }),
      /: accounts\[0\]\.concurrency is 501; expected a whole number/,
    ],
    [
      'a key as the file of a key',
      account({ merchantPrivateKeyFile: pemOf(merchant.privateKey) }),
      /: accounts\[0\]\.merchantPrivateKeyFile is PEM text; expected a file name/,
    ],
    [
      'a short APIv3 key',
      account({ apiV3Key: 's3cret' }),
      /: accounts\[0\]: apiV3Key has 6 bytes; expected 32/,
    ],
    [
      'a private notify_url',
      account({ notify_url: 'https://10.0.0.1/x' }),
      /: accounts\[0\]: notify_url is "https:\/\/10\.0\.0\.1\/x"; expected a complete public address/,
    ],
    [
      'an account twice',
      { ...CONFIG, accounts: [ACCOUNT, ACCOUNT] },
      /: accounts name 1900000001 twice; expected each/,
    ],
    [
      'plain http in public',
      { ...CONFIG, publicUrl: 'http://pay.example.org' },
      /: publicUrl is "http:\/\/pay\.exam/,
    ],
    [
      'a login',
      { ...CONFIG, publicUrl: 'https://u:s3cret@pay.example.org' },
      /: publicUrl has a login; expected/,
    ],
    [
      'a bill before it is made',
      { ...CONFIG, reconcileAt: '08:59' },
      /: reconcileAt is "08:59"; expected a time in/,
    ],
    [
      'a time that is none',
      { ...CONFIG, reconcileAt: 630 },
      /: reconcileAt is 630; expected a time such as 10:30/,
    ],
    [
      'an unknown event',
      webhook({ events: ['x'] }),
      /: webhooks\[0\]\.events\[0\] is "x"; expected one of order\.verdict/,
    ],
    ['a weak secret', webhook({ secret: 'whsec_s3cret' }), /: webhooks\[0\]: webhook secret is not base64/],
    ['a secret of another kind', webhook({ secret: 1 }), /: webhooks\[0\]\.secret is 1; expected whsec_…/],
    [
      'one name twice',
      { ...CONFIG, webhooks: [...webhook({}).webhooks, ...webhook({}).webhooks] },
      /: two webhooks are named shop\.example\.org-[0-9a-f]{8}; expected a name for each/,
    ],
  ])('with %s is refused in one sentence that shows no secret', async (_, config, expected) => {
    const error = await read(config).then(
      () => new Error('was read'),
      (thrown: Error) => thrown,
    )
    expect(error.message).toMatch(expected)
    expect(error).toMatchObject({ code: expect.stringMatching(/^(OPTION|KEY|POLICY)_INVALID$/) })
    expect(error.message).not.toMatch(/s3cret|-----BEGIN|\n/)
    expect(error.message).not.toContain(API_V3_KEY)
    expect(error.message).not.toContain(WEBHOOK_SECRET)
  })

  it('shows no secret that stands in the wrong place', async () => {
    for (const wrong of [
      account({ appid: API_V3_KEY }),
      account({ mode: API_V3_KEY }),
      account({ unknownCallbacks: WEBHOOK_SECRET }),
      { ...CONFIG, publicUrl: API_V3_KEY },
      { ...CONFIG, http: { port: API_V3_KEY } },
      { ...CONFIG, http: { host: pemOf(stranger.privateKey) } },
    ]) {
      const error = await read(wrong).catch((thrown: Error) => thrown.message)
      expect(error).toMatch(/expected/)
      expect(error).not.toMatch(/-----BEGIN/)
      expect(error).not.toContain(API_V3_KEY)
      expect(error).not.toContain(WEBHOOK_SECRET)
    }
  })
})
