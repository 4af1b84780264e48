import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type CallOptions,
  certificateFrom,
  type ForeignClient,
  type ForeignReply,
  foreignClient,
  isSignedBy,
  placingBody,
} from '../../../test/support/foreign-client.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { type Credentials, createCredentials, createSimulator, type SimulatorCore } from '../index.ts'
import { publicPem } from '../keys.ts'

let credentials: Credentials
let simulator: SimulatorCore
let clock: VirtualClock
let common: ForeignClient
let institution: ForeignClient

beforeAll(async () => {
  clock = new VirtualClock()
  credentials = await createCredentials(clock.nowMs())
  simulator = createSimulator({ clock, credentials })
  common = clientOf(simulator, credentials.identity.mchid)
  institution = clientOf(simulator, credentials.identity.sp_mchid)
  return () => simulator.close()
})

function clientOf(target: SimulatorCore, mchid: string): ForeignClient {
  const { serial_no } = target.keys
  const merchant = { mchid, serial_no, privateKey: credentials.merchantKey, nowMs: () => clock.nowMs() }
  return foreignClient(merchant, async (request) => {
    const answer = await target.handle(request)
    if ('connection' in answer) throw new Error(answer.connection)
    const headers = Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value])
    return { status: answer.status, text: answer.body, headers: Object.fromEntries(headers) }
  })
}

async function control(method: string, path: string, body?: unknown) {
  const reply = await simulator.handle({
    method,
    url: `/_sim/${path}`,
    headers: {},
    body: JSON.stringify(body) ?? '',
  })
  if ('connection' in reply) throw new Error(reply.connection)
  return { status: reply.status, value: JSON.parse(reply.body) }
}

const PATHS = {
  MICROPAY: '/v3/global/micropay/transactions/pay',
  JSAPI: '/v3/global/transactions/jsapi',
  NATIVE: '/v3/global/transactions/native',
  APP: '/v3/global/transactions/app',
  MWEB: '/v3/global/transactions/mweb',
} as const
type TradeType = keyof typeof PATHS
type Mode = 'common' | 'institutional'

let numbers = 0
const nextNumber = (): string => `W${++numbers}`
const nextCode = (): string => `13${String(++numbers).padStart(16, '0')}`

/** Places an order; `fields` replace those of the smallest body. */
function place(mode: Mode, trade_type: TradeType, fields: Record<string, unknown>): Promise<ForeignReply> {
  const payer = trade_type === 'MICROPAY' ? { payer: { auth_code: nextCode() } } : {}
  const body = placingBody(simulator.keys, mode, trade_type, { ...payer, ...fields })
  return (mode === 'common' ? common : institution).call('POST', PATHS[trade_type], { body })
}

function ids(mode: Mode): Record<string, string> {
  const { mchid, sp_mchid, sub_mchid } = simulator.keys.identity
  return mode === 'common' ? { mchid } : { sp_mchid, sub_mchid }
}

function query(mode: Mode, out_trade_no: string, given = ids(mode)): Promise<ForeignReply> {
  const client = mode === 'common' ? common : institution
  const url = `/v3/global/transactions/out-trade-no/${encodeURIComponent(out_trade_no)}`
  return client.call('GET', `${url}?${new URLSearchParams(given)}`)
}

function end(mode: Mode, out_trade_no: string, how: 'close' | 'reverse'): Promise<ForeignReply> {
  const client = mode === 'common' ? common : institution
  const family = how === 'close' ? 'transactions' : 'micropay/transactions'
  const url = `/v3/global/${family}/out-trade-no/${encodeURIComponent(out_trade_no)}/${how}`
  return client.call('POST', url, { body: ids(mode) })
}

const publicKey = (): string => publicPem(credentials.wechatpayKey)
const code = ({ text }: ForeignReply): string => JSON.parse(text).code

describe.each(['common', 'institutional'] as const)('in %s mode', (mode) => {
  it.each([
    ['JSAPI', 'prepay_id', /^wx\d{14}[0-9a-f]{20}$/],
    ['NATIVE', 'code_url', /^weixin:\/\/wxpay\/bizpayurl\?pr=/],
    ['APP', 'prepay_id', /^wx\d{14}[0-9a-f]{20}$/],
    ['MWEB', 'mweb_url', /^https:\/\/wx\.tenpay\.com\//],
  ] as const)(
    '%s is placed, queried, paid by its customer and then refuses to close',
    async (trade_type, field, form) => {
      const out_trade_no = nextNumber()
      const placed = await place(mode, trade_type, { out_trade_no, attach: 'till 7' })
      expect(placed.status).toBe(200)
      expect(JSON.parse(placed.text)).toEqual({ [field]: expect.stringMatching(form) })
      expect(isSignedBy(publicKey(), placed)).toBe(true)

      const unpaid = JSON.parse((await query(mode, out_trade_no)).text)
      expect(unpaid).toMatchObject({
        ...ids(mode),
        out_trade_no,
        trade_type,
        trade_state: 'NOTPAY',
        attach: 'till 7',
      })
      expect(unpaid).not.toHaveProperty('success_time')

      await control('POST', `orders/${out_trade_no}/pay`, { at: 'now' })
      const paid = await query(mode, out_trade_no)
      expect(isSignedBy(publicKey(), paid)).toBe(true)
      expect(JSON.parse(paid.text)).toMatchObject({
        id: unpaid.id,
        trade_state: 'SUCCESS',
        success_time: '2026-06-08T10:00:00+08:00',
        amount: { total: 1234, currency: 'HKD', payer_total: 1234, payer_currency: 'HKD' },
      })
      expect(code(await end(mode, out_trade_no, 'close'))).toBe('ORDERPAID')
    },
  )

  it('Quick Pay succeeds at once and is given back by a reverse after 15 s', async () => {
    const out_trade_no = nextNumber()
    const paid = await place(mode, 'MICROPAY', { out_trade_no })
    expect(JSON.parse(paid.text)).toMatchObject({ ...ids(mode), out_trade_no, trade_state: 'SUCCESS' })
    expect(code(await end(mode, out_trade_no, 'reverse'))).toBe('RULE_LIMIT')

    await control('POST', 'advance', { ms: 15_000 })
    const reversed = await end(mode, out_trade_no, 'reverse')
    expect({ status: reversed.status, text: reversed.text }).toEqual({ status: 204, text: '' })
    expect(isSignedBy(publicKey(), reversed)).toBe(true)
    expect(JSON.parse((await query(mode, out_trade_no)).text).trade_state).toBe('REVOKED')
    const truth = await control('GET', `orders/${out_trade_no}`)
    expect(truth.value).toMatchObject({
      trade_state: 'REVOKED',
      paid: true,
      moneyReturned: true,
      received: 1,
    })
  })

  it('an unpaid order closes after 5 minutes, by either of its numbers', async () => {
    const [one, other] = [nextNumber(), nextNumber()]
    for (const out_trade_no of [one, other]) await place(mode, 'NATIVE', { out_trade_no })
    expect(code(await end(mode, one, 'close'))).toBe('RULE_LIMIT')
    await control('POST', 'advance', { ms: 300_000 })
    expect((await end(mode, one, 'close')).status).toBe(204)
    expect((await end(mode, one, 'close')).status).toBe(204)

    const { id } = JSON.parse((await query(mode, other)).text)
    const client = mode === 'common' ? common : institution
    const closed = await client.call('POST', `/v3/global/transactions/id/${id}/close`, { body: ids(mode) })
    expect(closed.status).toBe(204)
    const byId = await client.call(
      'GET',
      `/v3/global/transactions/id/${id}?${new URLSearchParams(ids(mode))}`,
    )
    expect(JSON.parse(byId.text)).toMatchObject({ out_trade_no: other, trade_state: 'CLOSED' })
  })
})

describe('a number', () => {
  it('with | * @ is found however it is percent-encoded', async () => {
    const out_trade_no = `${nextNumber()}|a*b@c`
    await place('common', 'NATIVE', { out_trade_no })
    expect((await query('common', out_trade_no)).status).toBe(200)
    expect(
      (await common.call('GET', `/v3/global/transactions/out-trade-no/${out_trade_no}?mchid=${common.mchid}`))
        .status,
    ).toBe(200)
  })

  it('is unknown to every merchant but its own', async () => {
    const out_trade_no = nextNumber()
    await place('institutional', 'NATIVE', { out_trade_no })
    expect(code(await query('common', out_trade_no))).toBe('ORDER_NOT_EXIST')
    const other = { ...ids('institutional'), sub_mchid: '1700000000' }
    expect(code(await query('institutional', out_trade_no, other))).toBe('ORDER_NOT_EXIST')
    expect((await query('institutional', out_trade_no)).status).toBe(200)
  })

  it('can be used by the merchant, the institution and another sub-merchant at once', async () => {
    const out_trade_no = nextNumber()
    await place('common', 'NATIVE', { out_trade_no })
    await place('institutional', 'NATIVE', { out_trade_no })
    const sub_mchid = '1700000000'
    expect((await place('institutional', 'NATIVE', { out_trade_no, sub_mchid })).status).toBe(200)
    const ambiguous = await control('GET', `orders/${out_trade_no}`)
    expect(ambiguous).toMatchObject({ status: 409, value: { code: 'ORDER_AMBIGUOUS' } })
    const chosen = await control('GET', `orders/${out_trade_no}?sub_mchid=${sub_mchid}`)
    expect(chosen.value).toMatchObject({ mode: 'institutional', sub_mchid })
  })

  it('placed twice gives the same credential; with another amount it is refused', async () => {
    const out_trade_no = nextNumber()
    const first = await place('common', 'JSAPI', { out_trade_no })
    const second = await place('common', 'JSAPI', { out_trade_no })
    expect(second.text).toBe(first.text)
    const nulls = { attach: null, sp_mchid: null, scene_info: null }
    const spelled = await place('common', 'JSAPI', { out_trade_no, ...nulls })
    expect(spelled.text).toBe(first.text)
    const other = await place('common', 'JSAPI', { out_trade_no, amount: { total: 1, currency: 'HKD' } })
    expect({ status: other.status, code: code(other) }).toEqual({ status: 403, code: 'OUT_TRADE_NO_USED' })
  })

  it('of Quick Pay sent twice is charged once, and the second request is counted', async () => {
    const out_trade_no = nextNumber()
    const before = (await control('GET', 'statistics')).value.quickPayReceivedTwice
    const payer = { auth_code: nextCode() }
    const first = await place('common', 'MICROPAY', { out_trade_no, payer })
    const second = await place('common', 'MICROPAY', { out_trade_no, payer })
    expect(second.text).toBe(first.text)
    expect((await control('GET', `orders/${out_trade_no}`)).value.received).toBe(2)
    expect((await control('GET', 'statistics')).value.quickPayReceivedTwice).toBe(before + 1)
  })

  it('of a second order with a used payment code is refused', async () => {
    const payer = { auth_code: nextCode() }
    await place('common', 'MICROPAY', { out_trade_no: nextNumber(), payer })
    expect(code(await place('common', 'MICROPAY', { out_trade_no: nextNumber(), payer }))).toBe(
      'AUTH_CODE_INVALID',
    )
  })
})

describe('an answer is signed', () => {
  const url = (): string => `/v3/global/transactions/out-trade-no/NOBODY?mchid=${common.mchid}`

  it('errors too', async () => {
    const reply = await common.call('GET', url())
    expect(code(reply)).toBe('ORDER_NOT_EXIST')
    expect(isSignedBy(publicKey(), reply)).toBe(true)
    expect(reply.headers['request-id']).toMatch(/^[0-9A-Z]+-268512771$/)
    expect(reply.headers.date).toBe('Mon, 08 Jun 2026 02:00:00 GMT')
  })

  it('over its very bytes', async () => {
    const reply = await common.call('GET', url())
    expect(isSignedBy(publicKey(), { ...reply, text: reply.text.replace('NOBODY', 'NOBODX') })).toBe(false)
  })

  it('with the key that the request names', async () => {
    const certificate = credentials.platformCertificate
    const byCertificate = await common.call('GET', url(), {
      headers: { 'wechatpay-serial': simulator.keys.platformCertificateSerial },
    })
    expect(byCertificate.headers['wechatpay-serial']).toBe(simulator.keys.platformCertificateSerial)
    expect(isSignedBy(certificate, byCertificate)).toBe(true)
    expect(isSignedBy(publicKey(), byCertificate)).toBe(false)

    const id = simulator.keys.identity.wechatpayPublicKeyId
    const byId = await common.call('GET', url(), { headers: { 'wechatpay-serial': id } })
    expect(byId.headers['wechatpay-serial']).toBe(id)
    expect(isSignedBy(publicKey(), byId)).toBe(true)
  })

  it('with the certificate for a client that downloaded it, and for no other', async () => {
    const headers = { 'user-agent': 'certificate-client/1' }
    const download = await common.call('GET', '/v3/global/certificates', { headers })
    const { pem, serial_no } = certificateFrom(download.text, simulator.keys.identity.apiV3Key)
    expect(new X509Certificate(pem).serialNumber).toBe(serial_no)
    expect(isSignedBy(pem, download)).toBe(true)
    expect(isSignedBy(pem, await common.call('GET', url(), { headers }))).toBe(true)
    expect(isSignedBy(publicKey(), await common.call('GET', url()))).toBe(true)
  })
})

describe('a merchant', () => {
  const downloads = '/v3/global/certificates'
  const named = (): Record<string, string> => ({
    'wechatpay-serial': simulator.keys.identity.wechatpayPublicKeyId,
  })

  it("with the platform certificate alone is answered with it, even if he asks for the public key's", async () => {
    const other = createSimulator({ clock, credentials, replyKey: 'certificate' })
    const client = clientOf(other, common.mchid)
    for (const headers of [{}, named()]) {
      const reply = await client.call('GET', '/v3/global/transactions/id/1', { headers })
      expect(isSignedBy(credentials.platformCertificate, reply)).toBe(true)
      expect(reply.headers['wechatpay-serial']).toBe(other.keys.platformCertificateSerial)
    }
    other.close()
  })

  it('with the public key alone has no certificate to download', async () => {
    const other = createSimulator({ clock, credentials, replyKey: 'public-key' })
    const client = clientOf(other, common.mchid)
    const refused = await client.call('GET', downloads)
    expect({ status: refused.status, code: code(refused) }).toEqual({
      status: 404,
      code: 'RESOURCE_NOT_EXISTS',
    })
    const headers = { 'wechatpay-serial': other.keys.platformCertificateSerial }
    for (const reply of [refused, await client.call('GET', downloads, { headers })]) {
      expect(isSignedBy(publicKey(), reply)).toBe(true)
    }
    other.close()
  })
})

describe('a request is refused with 401 SIGN_ERROR', () => {
  // Not the certificates: who downloads them is answered with the certificate from then on.
  const url = '/v3/global/transactions/id/1'
  const refused: ReadonlyArray<[why: string, options: CallOptions, message: RegExp]> = [
    ['without Authorization', { headers: { authorization: '' } }, /header is missing/],
    ['with another scheme', { headers: { authorization: 'Bearer x' } }, /scheme is unsupported/],
    [
      'with a malformed header',
      { headers: { authorization: 'WECHATPAY2-SHA256-RSA2048 mchid=1' } },
      /malformed/,
    ],
    ['for an unknown mchid', { mchid: '1234567890' }, /mchid 1234567890 is unknown/],
    ['with an unknown serial number', { serial_no: 'AB12' }, /serial_no AB12 is unknown/],
    [
      'with a timestamp 301 s old',
      { timestamp: Date.UTC(2026, 5, 8, 2, 0, 0) / 1000 - 301 },
      /more than 300 s/,
    ],
    ['with a signature over other bytes', { signedBody: ' ' }, /signature is wrong: compare/],
    ['with a body that was no UTF-8', { body: '{"a":"\u{FFFD}"}', signedBody: 'é' }, /body is no UTF-8/],
  ]

  it.each(refused)('%s', async (_, options, message) => {
    const reply = await common.call('GET', url, options)
    expect({ status: reply.status, code: code(reply) }).toEqual({ status: 401, code: 'SIGN_ERROR' })
    expect(JSON.parse(reply.text).message).toMatch(message)
    expect(reply.headers).not.toHaveProperty('wechatpay-signature')
  })

  it('that shows what should have been signed', async () => {
    const body = placingBody(simulator.keys, 'common', 'NATIVE', { out_trade_no: 'WRONG' })
    const signedBody = JSON.stringify(body).replace('1234', '1235')
    const reply = await common.call('POST', PATHS.NATIVE, { body, signedBody })
    const { sign_information } = JSON.parse(reply.text).detail
    expect(sign_information).toMatchObject({ method: 'POST', url: PATHS.NATIVE })
    expect(sign_information.truncated_sign_message).toMatch(
      /^POST\n\/v3\/global\/transactions\/native\n\d{10}\n/,
    )
    expect(code(await query('common', 'WRONG'))).toBe('ORDER_NOT_EXIST')
  })

  it('but not with a timestamp 300 s old', async () => {
    const timestamp = clock.nowMs() / 1000 - 300
    expect(code(await common.call('GET', `${url}?mchid=${common.mchid}`, { timestamp }))).toBe(
      'ORDER_NOT_EXIST',
    )
  })
})

describe('a wrong field is named', () => {
  const fields: ReadonlyArray<
    [what: string, kind: TradeType, fields: Record<string, unknown>, field: string]
  > = [
    ['an amount of 0', 'NATIVE', { amount: { total: 0, currency: 'HKD' } }, '/amount/total'],
    ['an amount with a fraction', 'NATIVE', { amount: { total: 1.5, currency: 'HKD' } }, '/amount/total'],
    ['an amount as text', 'NATIVE', { amount: { total: '1', currency: 'HKD' } }, '/amount/total'],
    [
      'a payment code of 17 digits',
      'MICROPAY',
      { payer: { auth_code: '13000000000000001' } },
      '/payer/auth_code',
    ],
    [
      'a payment code of another wallet',
      'MICROPAY',
      { payer: { auth_code: '280000000000000001' } },
      '/payer/auth_code',
    ],
    ['no description', 'NATIVE', { description: undefined }, '/description'],
    ['a description of 128 characters', 'NATIVE', { description: 'x'.repeat(128) }, '/description'],
    ['an emoji', 'NATIVE', { description: 'tea 🍵' }, '/description'],
    ['a number with a blank', 'NATIVE', { out_trade_no: 'a b' }, '/out_trade_no'],
    ['a number of 33 characters', 'NATIVE', { out_trade_no: 'x'.repeat(33) }, '/out_trade_no'],
    ['no notify_url', 'NATIVE', { notify_url: undefined }, '/notify_url'],
    ['a notify_url with a query', 'NATIVE', { notify_url: 'https://shop.example.com/?a=1' }, '/notify_url'],
    ['a relative notify_url', 'NATIVE', { notify_url: './PayNotify.aspx' }, '/notify_url'],
    ['the trade_type of another kind', 'NATIVE', { trade_type: 'APP' }, '/trade_type'],
    ['JSAPI without openid', 'JSAPI', { payer: {} }, '/payer/openid'],
    ['H5 without scene', 'MWEB', { scene_info: undefined }, '/scene_info'],
    ['a time_expire that is no time', 'NATIVE', { time_expire: 'tomorrow' }, '/time_expire'],
    ['a day that no month has', 'NATIVE', { time_expire: '2026-02-30T10:00:00+08:00' }, '/time_expire'],
    ['ids of both modes', 'NATIVE', { sub_mchid: '1700000000' }, '/sub_mchid'],
    ['an appid that has no text', 'NATIVE', { appid: [{ toString: 1 }] }, '/appid'],
  ]

  it.each(fields)('%s', async (_, trade_type, given, field) => {
    const reply = await place('common', trade_type, { out_trade_no: nextNumber(), ...given })
    expect(reply.status).toBe(400)
    expect(JSON.parse(reply.text)).toMatchObject({ code: 'PARAM_ERROR', detail: { field, location: 'body' } })
    expect(isSignedBy(publicKey(), reply)).toBe(true)
  })

  it.each([
    ['no JSON', '{"mchid":'],
    ['another JSON value', '[]'],
    ['nested more than 100 deep', `{"detail":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
  ])('a body that is %s', async (what, body) => {
    const reply = await common.call('POST', PATHS.NATIVE, { body })
    expect(reply.status).toBe(400)
    expect(JSON.parse(reply.text)).toMatchObject({
      code: 'PARAM_ERROR',
      detail: { issue: `the body is ${what}, no JSON object` },
    })
    expect(isSignedBy(publicKey(), reply)).toBe(true)
  })

  it('a field that is null and required, as one that is missing', async () => {
    const amount = { total: null, currency: 'HKD' }
    const reply = await place('common', 'NATIVE', { out_trade_no: nextNumber(), amount })
    expect(JSON.parse(reply.text).detail).toMatchObject({ field: '/amount/total', issue: 'is required' })
  })

  it('a request without Accept, in a signed answer, where headers are required', async () => {
    const other = createSimulator({ clock, credentials, headers: 'required' })
    const url = '/v3/global/certificates'
    const ask = { headers: { accept: '' } }
    const reply = await clientOf(other, common.mchid).call('GET', url, ask)
    const detail = { field: 'Accept', value: null, issue: 'is required', location: 'header' }
    expect(JSON.parse(reply.text)).toMatchObject({ code: 'PARAM_ERROR', detail })
    expect(isSignedBy(credentials.wechatpayKey, reply)).toBe(true)
    expect((await common.call('GET', url, ask)).status).toBe(200)
    other.close()
  })

  it('a query without its sub_mchid', async () => {
    const { sp_mchid } = simulator.keys.identity
    const reply = await query('institutional', 'A1', { sp_mchid })
    expect(JSON.parse(reply.text)).toMatchObject({
      code: 'PARAM_ERROR',
      detail: { field: 'sub_mchid', location: 'query' },
    })
  })

  it('ids of another merchant than the one that signed', async () => {
    expect(code(await query('common', 'A1', { mchid: '1234567890' }))).toBe('NO_AUTH')
  })

  it('and unknown extra fields, a loopback notify_url and a payment code of Hong Kong are no fault', async () => {
    const notify_url = 'http://127.0.0.1:9/notify'
    expect(
      (await place('common', 'NATIVE', { out_trade_no: nextNumber(), notify_url, more: 1 })).status,
    ).toBe(200)
    const payer = { auth_code: '150000000000000001' }
    expect((await place('common', 'MICROPAY', { out_trade_no: nextNumber(), payer })).status).toBe(200)
  })
})

describe('an address that does not exist', () => {
  it.each([
    ['GET', '/v3/global/settle/settlements', /this simulator has placing, query/],
    ['PUT', '/v3/global/refunds', /PUT is not the method/],
    ['GET', '/v3/pay/transactions/id/1', /no Global APIv3 address/],
    ['GET', '/v3/global/transactions/native', /GET is not the method/],
    ['POST', 'constructor', /no Global APIv3 address/],
    ['POST', '__proto__', /no Global APIv3 address/],
  ])('%s %s is answered with 404 and a hint', async (method, url, message) => {
    const reply = await common.call(method, url)
    expect(reply.status).toBe(404)
    expect(JSON.parse(reply.text).message).toMatch(message)
  })
})

describe('time_expire', () => {
  it('ends the payment, also for orders that an advance made older', async () => {
    const out_trade_no = nextNumber()
    const time_expire = new Date(clock.nowMs() + 600_000).toISOString()
    await place('common', 'NATIVE', { out_trade_no, time_expire })
    await control('POST', 'advance', { ms: 599_999 })
    await control('POST', 'advance', { ms: 1 })
    const late = await control('POST', `orders/${out_trade_no}/pay`)
    expect(late).toMatchObject({ status: 409, value: { code: 'ORDER_STATE' } })
    expect(JSON.parse((await query('common', out_trade_no)).text).trade_state).toBe('NOTPAY')
  })
})

describe('a field that its kind does not have says nothing, whatever it is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'verdict-wire-'))
  let onFile: SimulatorCore
  let client: ForeignClient

  // On file: a value that no row can hold ends the simulator, and in memory it would not.
  beforeAll(() => {
    onFile = createSimulator({ clock, credentials, file: join(folder, 'truth.db') })
    client = clientOf(onFile, credentials.identity.mchid)
    return () => {
      onFile.close()
      rmSync(folder, { recursive: true })
    }
  })

  const asks = (trade_type: TradeType, fields: Record<string, unknown>): Promise<ForeignReply> =>
    client.call('POST', PATHS[trade_type], { body: placingBody(onFile.keys, 'common', trade_type, fields) })

  it.each([[{}], [[]], [nextCode()]])('payer.auth_code %j of Native uses up no code', async (auth_code) => {
    expect((await asks('NATIVE', { out_trade_no: nextNumber(), payer: { auth_code } })).status).toBe(200)
    const payer = { auth_code: typeof auth_code === 'string' ? auth_code : nextCode() }
    expect((await asks('MICROPAY', { out_trade_no: nextNumber(), payer })).status).toBe(200)
  })

  it('notify_url of Quick Pay, when its refund ends', async () => {
    const out_trade_no = nextNumber()
    const payer = { auth_code: nextCode() }
    await asks('MICROPAY', { out_trade_no, payer, notify_url: { toString: 1 } })
    const { mchid, appid } = credentials.identity
    const amount = { refund: 1, total: 1234, currency: 'HKD' }
    const body = { mchid, appid, out_trade_no, out_refund_no: nextNumber(), amount }
    expect((await client.call('POST', '/v3/global/refunds', { body })).status).toBe(200)
    await clock.advance(3_600_000)
    expect((await asks('NATIVE', { out_trade_no: nextNumber() })).status).toBe(200)
  })
})
