import { createCipheriv, randomBytes, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { startSimulator } from '../../src/simulator/index.ts'
import { folder, run, type Started, start } from './cli.ts'

// A receiver alone, and a sender that knows nothing but the files of the folder and the public documents.

interface Account {
  readonly mode: 'common' | 'institutional'
  readonly apiV3Key: string
  readonly wechatpayPublicKeyId: string
  readonly platformCertificateSerial: string
  readonly mchid?: string
  readonly sp_mchid?: string
  readonly sub_mchid?: string
}

const dir = join(folder(), 'wechatpay')
let accounts: readonly Account[]
let listening: Started
let url: string

beforeAll(async () => {
  const simulator = await startSimulator({ dir, clock: systemClock })
  accounts = JSON.parse(readFileSync(join(dir, 'account.json'), 'utf8')).accounts
  // Alone: no WeChat Pay is there to be asked.
  await simulator.close()
  listening = start(
    'listen',
    '--dir',
    dir,
    '--expect',
    'A42:8800:HKD',
    '--expect',
    'B|7:1:JPY',
    '--expect',
    'C1:5:HKD',
    '--json',
  )
  url = (await listening.heard(/answered at (http:\S+) /))[1] ?? ''
})

interface Sent {
  readonly mode?: Account['mode']
  readonly key?: 'public key' | 'certificate' | 'merchant'
  readonly said?: object
  readonly ageS?: number
  readonly serial?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly change?: (body: string) => string
}

const KEY_FILES = {
  'public key': 'wechatpay_private_key.pem',
  certificate: 'wechatpay_platform_key.pem',
  merchant: 'merchant_key.pem',
}

async function send(sent: Sent = {}): Promise<number> {
  const { mode = 'common', key = 'public key', ageS = 0, path = '', change = (body) => body } = sent
  const account = accounts.find((one) => one.mode === mode) as Account
  const ids =
    mode === 'common'
      ? { mchid: account.mchid }
      : { sp_mchid: account.sp_mchid, sub_mchid: account.sub_mchid }
  const paid = {
    ...ids,
    out_trade_no: 'A42',
    transaction_id: '4200000001202611250000000001',
    trade_type: 'NATIVE',
    trade_state: 'SUCCESS',
    success_time: '2026-11-25T20:34:56+08:00',
    payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
    amount: { total: 8800, currency: 'HKD', payer_total: 8000, payer_currency: 'CNY' },
    ...sent.said,
  }
  const nonce = randomBytes(6).toString('hex')
  const cipher = createCipheriv('aes-256-gcm', account.apiV3Key, nonce)
  cipher.setAAD(Buffer.from('transaction'))
  const sealed = Buffer.concat([cipher.update(JSON.stringify(paid)), cipher.final(), cipher.getAuthTag()])
  const body = JSON.stringify({
    id: 'EV-2018022511223320873',
    create_time: '2026-11-25T20:34:57+08:00',
    event_type: 'TRANSACTION.SUCCESS',
    resource_type: 'encrypt-resource',
    summary: '支付成功',
    resource: {
      original_type: 'transaction',
      algorithm: 'AEAD_AES_256_GCM',
      ciphertext: sealed.toString('base64'),
      associated_data: 'transaction',
      nonce,
    },
  })
  const timestamp = String(Math.floor(Date.now() / 1000) - ageS)
  const message = `${timestamp}\nheader-nonce\n${body}\n`
  const pem = readFileSync(join(dir, KEY_FILES[key]))
  const serial = key === 'certificate' ? account.platformCertificateSerial : account.wechatpayPublicKeyId
  const reply = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'Wechatpay-Serial': sent.serial ?? serial,
      'Wechatpay-Timestamp': timestamp,
      'Wechatpay-Nonce': 'header-nonce',
      'Wechatpay-Signature': sign('RSA-SHA256', Buffer.from(message), pem).toString('base64'),
      ...sent.headers,
    },
    body: change(body),
  })
  const text = await reply.text()
  expect(reply.ok ? text : JSON.parse(text).code).toBe(reply.ok ? '' : 'FAIL')
  return reply.status
}

describe('verdict listen', () => {
  it.each<[string, Sent]>([
    ['in common mode, with the public key', {}],
    ['in institutional mode', { mode: 'institutional' }],
    ['with a platform certificate, while the public key is used too', { key: 'certificate' }],
    ['at any path', { path: 'callbacks/x/y' }],
    ['again', {}],
    ['that was signed four minutes ago', { ageS: 240 }],
    [
      'with an order number that has special characters',
      { said: { out_trade_no: 'B|7', amount: { total: 1, currency: 'JPY' } } },
    ],
    [
      'whose number of WeChat Pay is called id',
      { said: { transaction_id: undefined, id: '4200000001202611250000000001' } },
    ],
  ])('accepts a rightly signed callback %s', async (_, sent) => {
    expect(await send(sent)).toBe(204)
  })

  it.each<[string, Sent, number]>([
    ['signed by somebody else', { key: 'merchant' }, 401],
    ['changed on the way', { change: (body) => body.replace('encrypt-resource', 'encrypt-resourse') }, 401],
    ['with one blank more', { change: (body) => `${body} ` }, 401],
    ['six minutes old', { ageS: 360 }, 401],
    ['six minutes ahead', { ageS: -360 }, 401],
    ['of an unknown serial', { serial: 'PUB_KEY_ID_0000000000' }, 401],
    ['that is a probe', { headers: { 'Wechatpay-Signature': 'WECHATPAY/SIGNTEST/abc' } }, 401],
    ['without a signature', { headers: { 'Wechatpay-Signature': '' } }, 401],
    ['with another amount', { said: { amount: { total: 8801, currency: 'HKD' } } }, 409],
    ['with another currency', { said: { amount: { total: 8800, currency: 'USD' } } }, 409],
    ['without an amount', { said: { out_trade_no: 'C1', amount: undefined } }, 409],
    ['without a currency', { said: { out_trade_no: 'C1', amount: { total: 5 } } }, 409],
    [
      'without the merchant',
      { said: { out_trade_no: 'C1', amount: { total: 5, currency: 'HKD' }, mchid: undefined } },
      409,
    ],
    ['that is not paid', { said: { trade_state: 'NOTPAY' } }, 409],
    ['about an order that nobody expects', { said: { out_trade_no: 'A43' } }, 404],
    ['about another merchant', { said: { mchid: '1900009999' } }, 403],
    [
      'signed with another type of signature',
      { headers: { 'Wechatpay-Signature-Type': 'WECHATPAY2-SM2' } },
      401,
    ],
  ])('refuses one %s', async (_, sent, status) => {
    expect(await send(sent)).toBe(status)
  })

  it('tells each answer in a line of JSON, and ends on SIGTERM', async () => {
    listening.process.kill('SIGTERM')
    const { stdout, stderr } = await listening.ended
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ status }) => status)).toContain(204)
    expect(lines.at(-1).callbacks.received).toBe(lines.length)
    expect(stdout + stderr).not.toContain('oUpF8uMuAJO')
  })

  it.each([
    [['--expect', 'A42'], /out_trade_no:total:currency/],
    [['--expect', 'A42:12.5:HKD'], /out_trade_no:total:currency/],
    [['--expect', 'A42:0:HKD'], /amount.total/],
    [['--port', '70000'], /0 to 65535/],
  ])('%j is bad input', async (more, sentence) => {
    const { code, stderr } = await run('listen', '--dir', dir, ...more)
    expect([code, stderr]).toEqual([2, expect.stringMatching(sentence)])
  })
})
