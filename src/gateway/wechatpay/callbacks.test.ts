import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import {
  API_V3_KEY,
  certificateList,
  commonAccount,
  failure,
  institutionalAccount,
  PUBLIC_KEY_ID,
  platform,
  scripted,
  signedReply,
  stranger,
  wechatpay,
} from '../../../test/support/wechatpay.ts'
import { callbackTextOf } from '../../wechatpay/callback-envelope.ts'
import { checkEvidence } from '../../wechatpay/evidence.ts'
import { apiV3Key, encryptResource } from '../../wechatpay/resource.ts'
import { CALLBACK_MS_MAX, type OpenedCallback, type ReceivedCallback } from '../gateway.ts'
import type { WechatPayAccount } from './account.ts'
import { globalV3Gateway } from './global-v3.ts'
import { MISS_MS } from './platform-keys.ts'
import { BODY_BYTES_MAX, type HttpResult } from './transport.ts'

const DAY_MS = 86_400_000
const NOW_MS = new VirtualClock().nowMs()
const TRADE = {
  mchid: '1900000001',
  out_trade_no: 'A42',
  transaction_id: '4200000042',
  trade_state: 'SUCCESS',
  amount: { total: 100, currency: 'HKD' },
}
const REFUND = {
  mchid: '1900000001',
  out_trade_no: 'A42',
  transaction_id: '4200000042',
  out_refund_no: 'R1',
  refund_id: '5000',
  refund_status: 'SUCCESS',
  recv_account: 'x',
  amount: { refund: 40, total: 100, currency: 'HKD' },
}
const HINT = { sub_mchid: null, out_trade_no: 'A42' }

interface Facts {
  /** What it says. */
  readonly said?: object | string
  readonly event_type?: string
  readonly apiV3Key?: string
  /** Fields of `resource` that are changed after the encryption, and of the envelope. */
  readonly resource?: object
  readonly envelope?: object
  /** The body instead of an envelope. It is signed. */
  readonly body?: string | Uint8Array
  readonly signedAtMs?: number
  readonly key?: Parameters<typeof signedReply>[0]['key'] & {}
  readonly serial?: string
  /** Changes it after it was signed. */
  readonly change?: (callback: ReceivedCallback) => ReceivedCallback
}

/** A callback that WeChat Pay sends, but for what the facts say. */
function callback(facts: Facts = {}): ReceivedCallback {
  const { said = TRADE, event_type = 'TRANSACTION.SUCCESS', signedAtMs = NOW_MS, key, serial } = facts
  const text = typeof said === 'string' ? said : JSON.stringify(said)
  const secret = encryptResource(apiV3Key(facts.apiV3Key ?? API_V3_KEY), text, {
    nonce: '0123456789ab',
    associated_data: 'transaction',
  })
  const envelope = {
    id: 'EV-1',
    create_time: '2026-06-08T10:00:00+08:00',
    resource_type: 'encrypt-resource',
    event_type,
    summary: '支付成功',
    resource: { original_type: 'transaction', ...secret, ...facts.resource },
    ...facts.envelope,
  }
  const body = Buffer.from(facts.body ?? JSON.stringify(envelope))
  const by = { ...(key === undefined ? {} : { key }), ...(serial === undefined ? {} : { serial }) }
  const signed = signedReply({ status: 200, body, nowMs: signedAtMs, ...by })
  const headers = Object.entries(signed.headers).flatMap(([name, value]) => [name, String(value)])
  const { change = (same) => same } = facts
  return change({ headers, body })
}

function gatewayOf(account: WechatPayAccount, nowMs = NOW_MS) {
  const clock = new VirtualClock(nowMs)
  return globalV3Gateway({ account, clock, transport: scripted(() => failure('unreachable', false)) })
}

const merchant = gatewayOf(commonAccount())

function inShort(opened: OpenedCallback): string {
  return opened.kind === 'verified' ? opened.kind : `${opened.kind}: ${opened.why}`
}

async function openedAs(facts: Facts): Promise<string> {
  return inShort(await merchant.openCallback(callback(facts)))
}

const without =
  (name: string): NonNullable<Facts['change']> =>
  ({ headers, body }) => ({
    body,
    headers: pairsOf(headers).flatMap((pair) => (pair[0] === name ? [] : pair)),
  })
const doubled =
  (name: string): NonNullable<Facts['change']> =>
  ({ headers, body }) => ({
    body,
    headers: pairsOf(headers).flatMap((pair) => (pair[0] === name ? [...pair, ...pair] : pair)),
  })
const withHeader =
  (name: string, value: string): NonNullable<Facts['change']> =>
  ({ headers, body }) => ({
    body,
    headers: pairsOf(headers).flatMap((pair) => (pair[0] === name ? [name, value] : pair)),
  })

function pairsOf(flat: readonly string[]): Array<readonly [name: string, value: string]> {
  return flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? ''] as const] : []))
}

/** An envelope of exactly so many bytes. */
function sized(bytes: number): Facts {
  const padded = (padding: number): Facts => ({ envelope: { padding: 'x'.repeat(padding) } })
  return padded(bytes - callback(padded(0)).body.length)
}

const NEEDED = ['wechatpay-serial', 'wechatpay-timestamp', 'wechatpay-nonce', 'wechatpay-signature']

/** Each bad kind beside the twin that differs from it in nothing else and is accepted. */
const KINDS: ReadonlyArray<readonly [kind: string, bad: Facts, outcome: string, twin: Facts]> = [
  ...NEEDED.flatMap((name) => [
    [
      `without ${name}`,
      { change: without(name) },
      'unverified: unsigned',
      { change: without('request-id') },
    ] as const,
    [`with an empty ${name}`, { change: withHeader(name, '') }, 'unverified: unsigned', {}] as const,
    [
      `with two of ${name}`,
      { change: doubled(name) },
      'unverified: forged',
      { change: doubled('request-id') },
    ] as const,
  ]),
  [
    'of another signature type',
    { change: withHeader('wechatpay-signature-type', 'SM3') },
    'unverified: forged',
    { change: without('wechatpay-signature-type') },
  ],
  ['300 s old', { signedAtMs: NOW_MS - 300_000 }, 'unverified: stale', { signedAtMs: NOW_MS - 299_000 }],
  ['300 s ahead', { signedAtMs: NOW_MS + 300_000 }, 'unverified: stale', { signedAtMs: NOW_MS + 299_000 }],
  [
    'old and forged',
    { signedAtMs: NOW_MS - 300_000, key: stranger.privateKey },
    'unverified: stale',
    { signedAtMs: NOW_MS - 299_000 },
  ],
  ['with an unknown serial', { serial: 'ABCDEF' }, 'unverified: unknown-key', { serial: PUBLIC_KEY_ID }],
  ['signed by a stranger', { key: stranger.privateKey }, 'unverified: forged', {}],
  [
    'with one byte of its body changed',
    { change: ({ headers, body }) => ({ headers, body: Buffer.concat([body, Buffer.of(32)]) }) },
    'unverified: forged',
    { change: ({ headers, body }) => ({ headers, body: new Uint8Array(body) }) },
  ],
  [
    'that is a probe',
    { change: withHeader('wechatpay-signature', `WECHATPAY/SIGNTEST/${'A'.repeat(325)}`) },
    'unverified: forged',
    {},
  ],
  ['larger than 1 MiB', sized(BODY_BYTES_MAX + 1), 'unverified: forged', sized(BODY_BYTES_MAX)],
  ['encrypted with another APIv3 key', { apiV3Key: 'b'.repeat(32) }, 'unreadable: undecryptable', {}],
  [
    'with wrong associated_data',
    { resource: { associated_data: 'refund' } },
    'unreadable: undecryptable',
    {},
  ],
  ['with a wrong nonce', { resource: { nonce: '0123456789ac' } }, 'unreadable: undecryptable', {}],
  ['with an empty nonce', { resource: { nonce: '' } }, 'unreadable: undecryptable', {}],
  ['with another algorithm', { resource: { algorithm: 'AEAD_AES_128_GCM' } }, 'unreadable: algorithm', {}],
  ['with an empty body', { body: '' }, 'unreadable: not-json', {}],
  ['that is no JSON', { body: '{"id":' }, 'unreadable: not-json', {}],
  ['that is no object', { body: '[{}]' }, 'unreadable: not-json', {}],
  ['that is not UTF-8', { body: Buffer.of(0x22, 0xff, 0x22) }, 'unreadable: not-json', {}],
  [
    'without id',
    { envelope: { id: undefined } },
    'unreadable: envelope',
    { envelope: { summary: undefined } },
  ],
  ['without event_type', { envelope: { event_type: undefined } }, 'unreadable: envelope', {}],
  ['without resource', { envelope: { resource: undefined } }, 'unreadable: envelope', {}],
  ['without ciphertext', { resource: { ciphertext: undefined } }, 'unreadable: envelope', {}],
  ['that says no JSON', { said: 'SUCCESS' }, 'unreadable: resource', {}],
  ['of a payment without trade_state', { said: { mchid: '1900000001' } }, 'unreadable: resource', {}],
  [
    'of a refund without refund_status',
    { event_type: 'REFUND.SUCCESS', said: { ...REFUND, refund_status: undefined } },
    'unreadable: resource',
    { event_type: 'REFUND.SUCCESS', said: REFUND },
  ],
  [
    'of another merchant',
    { said: { ...TRADE, mchid: '1900000002' } },
    'unreadable: foreign',
    { said: { ...TRADE, mchid: undefined } },
  ],
  [
    'of an institution',
    { said: { ...TRADE, mchid: undefined, sp_mchid: '1900000001', sub_mchid: '1900000109' } },
    'unreadable: foreign',
    {},
  ],
]

describe('a callback', () => {
  for (const [kind, bad, outcome, twin] of KINDS) {
    it(`${kind} is ${outcome}, its twin is verified`, async () => {
      expect(await openedAs(bad)).toBe(outcome)
      expect(await openedAs(twin)).toBe('verified')
    })
  }

  it('of a payment gives what WeChat Pay states about the order, with its evidence', async () => {
    const received = callback()
    const opened = await merchant.openCallback(received)
    if (opened.kind !== 'verified') throw new Error(inShort(opened))
    const { evidence, ...rest } = opened
    expect(rest).toEqual({
      kind: 'verified',
      id: 'EV-1',
      event_type: 'TRANSACTION.SUCCESS',
      create_time: '2026-06-08T10:00:00+08:00',
      resource: JSON.stringify(TRADE),
      event: { kind: 'payment', trade: TRADE },
    })
    expect(evidence).toMatchObject({
      source: 'callback',
      request: 'callback TRANSACTION.SUCCESS EV-1',
      status: 0,
      serial: PUBLIC_KEY_ID,
      body: Buffer.from(received.body).toString(),
      receivedAtMs: NOW_MS,
    })
    expect(checkEvidence(evidence, commonAccount().wechatpayPublicKey ?? '')).toBe(true)
    expect(callbackTextOf(evidence.body, apiV3Key(API_V3_KEY))).toBe(opened.resource)
  })

  for (const [event_type, refund_status] of [
    ['REFUND.SUCCESS', 'SUCCESS'],
    ['REFUND.ABNORMAL', 'ABNORMAL'],
    ['REFUND.CLOSED', 'CLOSED'],
  ] as const) {
    it(`${event_type} gives what WeChat Pay states about the refund`, async () => {
      const said = { ...REFUND, refund_status }
      const opened = await merchant.openCallback(callback({ event_type, said }))
      const { refund_status: status, recv_account: _, ...refund } = said
      expect(opened).toMatchObject({
        kind: 'verified',
        event: { kind: 'refund', refund: { ...refund, status } },
      })
      expect(opened).not.toHaveProperty('event.refund.recv_account')
    })
  }

  it('of an event that nobody here speaks to is verified, and nothing is read into it', async () => {
    for (const event_type of ['PAYSCORE.USER_OPEN_SERVICE', 'TRANSACTION.CLOSED', 'REFUND.SOMETHING_NEW']) {
      const opened = await merchant.openCallback(callback({ event_type, said: { trade_state: 'SUCCESS' } }))
      expect(opened).toMatchObject({ kind: 'verified', event: { kind: 'other', event_type } })
    }
  })

  it('is read whatever the case of its header names', async () => {
    const { headers, body } = callback()
    const shouting = headers.map((text, i) => (i % 2 === 0 ? text.toUpperCase() : text))
    expect(inShort(await merchant.openCallback({ headers: shouting, body }))).toBe('verified')
  })

  it('of a sub-merchant is opened by its institution alone', async () => {
    const institution = gatewayOf(institutionalAccount())
    const { mchid: _, ...rest } = TRADE
    const said = { ...rest, sp_mchid: '1900000100', sub_mchid: '1900000109' }
    const opened = await institution.openCallback(callback({ said }))
    expect(opened).toMatchObject({ kind: 'verified', event: { trade: said } })
    expect(inShort(await institution.openCallback(callback()))).toBe('unreadable: foreign')
    const other = callback({ said: { ...said, sp_mchid: '1900000101' } })
    expect(inShort(await institution.openCallback(other))).toBe('unreadable: foreign')
    expect(await institution.openCallback(callback({ said, key: stranger.privateKey }))).toMatchObject({
      hint: { sub_mchid: '1900000109', out_trade_no: 'A42' },
    })
  })
})

describe('a callback that nobody can verify', () => {
  const hinting: ReadonlyArray<readonly [kind: string, facts: Facts, hint: typeof HINT | null]> = [
    ['but that our APIv3 key opens', {}, HINT],
    ['of a refund', { event_type: 'REFUND.SUCCESS', said: REFUND }, HINT],
    ['of another APIv3 key', { apiV3Key: 'b'.repeat(32) }, null],
    ['of another merchant', { said: { ...TRADE, mchid: '1900000002' } }, null],
    ['that names no merchant', { said: { ...TRADE, mchid: undefined } }, null],
    ['that names no order', { said: { ...TRADE, out_trade_no: undefined } }, null],
    ['that says no JSON', { said: 'A42' }, null],
    ['with another algorithm', { resource: { algorithm: 'x' } }, null],
    ['that is no envelope', { body: JSON.stringify(TRADE) }, null],
    ['that is empty', { body: '' }, null],
    ['of 64 KiB', sized(65_536), HINT],
    ['that is larger', sized(65_537), null],
  ]
  const ways: { readonly [why: string]: (facts: Facts) => ReceivedCallback } = {
    unsigned: (facts) => ({ headers: [], body: callback(facts).body }),
    forged: (facts) => callback({ ...facts, key: stranger.privateKey }),
    stale: (facts) => callback({ ...facts, signedAtMs: NOW_MS - DAY_MS }),
    'unknown-key': (facts) => callback({ ...facts, serial: 'ABCDEF' }),
  }
  for (const [kind, facts, hint] of hinting) {
    it(`${kind} gives ${hint === null ? 'no hint' : 'a hint'}, whyever it cannot be verified`, async () => {
      for (const [why, make] of Object.entries(ways)) {
        expect(await merchant.openCallback(make(facts))).toEqual({ kind: 'unverified', why, hint })
      }
    })
  }
})

describe('the key of a callback', () => {
  const certificate = platform({ fromMs: NOW_MS - DAY_MS, toMs: NOW_MS + 1000 * DAY_MS })
  const byCertificate = { key: certificate.privateKey, serial: certificate.serial }
  const only = { wechatpayPublicKeyId: undefined, wechatpayPublicKey: undefined }

  it('may be the public key, a given certificate, or either of both during a switch', async () => {
    const [publicKey, certificates, both] = [
      {},
      { ...only, certificates: [certificate.pem] },
      { certificates: [certificate.pem] },
    ].map((keys) => gatewayOf(commonAccount(keys)))
    const outcomes = async (gateway = merchant) =>
      [await gateway.openCallback(callback()), await gateway.openCallback(callback(byCertificate))].map(
        inShort,
      )
    expect(await outcomes(publicKey)).toEqual(['verified', 'unverified: unknown-key'])
    expect(await outcomes(certificates)).toEqual(['unverified: unknown-key', 'verified'])
    expect(await outcomes(both)).toEqual(['verified', 'verified'])
  })

  function downloading(answer: () => HttpResult | Promise<HttpResult>, keys: object = only) {
    const clock = new VirtualClock(NOW_MS)
    const transport = scripted(answer)
    const account = commonAccount({ ...keys, certificates: 'download' })
    // Real signing takes real time, and here only the clock's counts.
    const signer = { sign: async () => 'c2lnbg==', signNow: () => 'c2lnbg==' }
    const gateway = globalV3Gateway({ account, clock, transport, signer })
    const open = (facts: Facts) =>
      gateway.openCallback(callback({ signedAtMs: clock.nowMs(), ...byCertificate, ...facts }))
    return { clock, transport, open }
  }
  const list = (): HttpResult =>
    signedReply({ status: 200, body: certificateList([certificate]), nowMs: NOW_MS, ...byCertificate })

  it('is downloaded once if it is not known, in either mode', async () => {
    for (const keys of [only, {}]) {
      const { open, transport } = downloading(list, keys)
      const opened = await Promise.all([open({}), open({}), open({})])
      expect(opened.map(inShort)).toEqual(['verified', 'verified', 'verified'])
      expect(inShort(await open({ serial: 'ABCDEF' }))).toBe('unverified: unknown-key')
      expect(inShort(await open({ key: stranger.privateKey }))).toBe('unverified: forged')
      expect(transport.requests).toHaveLength(1)
    }
  })

  it('is not downloaded for what is old or not signed, and for made-up serials once a minute at most', async () => {
    const { open, transport, clock } = downloading(list)
    await open({ signedAtMs: NOW_MS - DAY_MS })
    await open({ change: without('wechatpay-nonce') })
    expect(transport.requests).toHaveLength(0)
    for (let i = 0; i < 5; i++) await open({ serial: `ABCDE${i}` })
    expect(transport.requests).toHaveLength(1)
    await clock.advance(MISS_MS)
    await open({ serial: 'ABCDEF' })
    expect(transport.requests).toHaveLength(2)
  })

  it('is waited for no longer than the answer to WeChat Pay can wait', async () => {
    let answer = (_: HttpResult): void => {}
    const { open, clock } = downloading(() => new Promise<HttpResult>((resolve) => (answer = resolve)))
    let opened: OpenedCallback | null = null
    const opening = open({}).then((result) => (opened = result))
    await clock.advance(CALLBACK_MS_MAX - 1)
    expect(opened).toBe(null)
    await clock.advance(1)
    expect(opened).toMatchObject({ why: 'unknown-key', hint: HINT })
    await opening
    answer(list())
    await clock.advance(13_000)
    expect(inShort(await open({}))).toBe('verified')
    expect(clock.timers).toBe(0)
  })

  it('is renewed in the background by callbacks alone, where no call is made', async () => {
    const { open, transport, clock } = downloading(list, {})
    const byPublicKey = { key: wechatpay.privateKey, serial: PUBLIC_KEY_ID }
    expect(inShort(await open({ ...byPublicKey, key: stranger.privateKey }))).toBe('unverified: forged')
    await clock.advance(0)
    expect(transport.requests).toHaveLength(0)
    expect(inShort(await open(byPublicKey))).toBe('verified')
    await clock.advance(0)
    expect(transport.requests.map(({ path }) => path)).toEqual(['/v3/global/certificates'])
  })
})

describe('published callbacks', () => {
  const vectors = JSON.parse(
    readFileSync(new URL('../../../test/vectors/vectors.json', import.meta.url), 'utf8'),
  )
  const open = (vector: Vector, changed: Partial<WechatPayAccount> = {}, laterMs = 0) => {
    const account = institutionalAccount({
      wechatpayPublicKeyId: undefined,
      wechatpayPublicKey: undefined,
      certificates: [vectors.keys[vector.key].pem],
      ...(changed as object),
    })
    const gateway = gatewayOf(account, Number(vector.headers['Wechatpay-Timestamp']) * 1000 + laterMs)
    return gateway.openCallback({
      headers: Object.entries(vector.headers).flat(),
      body: Buffer.from(vector.raw_body),
    })
  }

  interface Vector {
    readonly key: string
    readonly headers: { readonly [name: string]: string }
    readonly raw_body: string
    readonly plaintext: string
  }

  it('constructed.callback_transaction_success', async () => {
    const vector: Vector = vectors.constructed.callback_transaction_success
    expect(await open(vector)).toMatchObject({
      kind: 'verified',
      id: 'EV-20250624163726000001',
      event_type: 'TRANSACTION.SUCCESS',
      create_time: '2025-06-24T16:37:26+08:00',
      resource: vector.plaintext,
      evidence: { source: 'callback', serial: 'D7CE59D1F522D701', body: vector.raw_body },
      event: {
        kind: 'payment',
        trade: {
          sp_mchid: '1900000100',
          sub_mchid: '1900000109',
          out_trade_no: '20150806125346',
          transaction_id: '1217752501201407033233368018',
          trade_state: 'SUCCESS',
          amount: { total: 528800, currency: 'HKD', payer_total: 518799 },
        },
      },
    })
    const body = vector.raw_body.replace('支付成功', '支付失败')
    expect(inShort(await open({ ...vector, raw_body: body }))).toBe('unverified: forged')
    expect(inShort(await open(vector, {}, 300_000))).toBe('unverified: stale')
    expect(inShort(await open(vector, { sp_mchid: '1900000101' }))).toBe('unreadable: foreign')
  })

  it('constructed.callback_refund_success', async () => {
    const vector: Vector = vectors.constructed.callback_refund_success
    expect(await open(vector)).toMatchObject({
      kind: 'verified',
      resource: vector.plaintext,
      event: {
        kind: 'refund',
        refund: {
          sp_mchid: '1900000100',
          sub_mchid: '1900000109',
          out_trade_no: '20150806125346',
          transaction_id: '1217752501201407033233368018',
          out_refund_no: 'R-20150806125346-1',
          refund_id: '50000000382019052709732678859',
          status: 'SUCCESS',
          success_time: '2025-06-24T16:40:26+08:00',
          amount: {
            total: 528800,
            refund: 528800,
            currency: 'HKD',
            payer_refund: 518799,
            payer_currency: 'CNY',
          },
        },
      },
    })
    expect(inShort(await open(vector, { apiV3Key: 'b'.repeat(32) }))).toBe('unreadable: undecryptable')
  })

  it('lifted.callback_full: its signature holds; its 16-byte key is none of an account', async () => {
    const vector: Vector = vectors.lifted.callback_full
    expect(inShort(await open(vector))).toBe('unreadable: undecryptable')
    const body = vector.raw_body.replace('签约成功', '签约失败')
    expect(inShort(await open({ ...vector, raw_body: body }))).toBe('unverified: forged')
    expect(inShort(await open(vector, {}, 300_000))).toBe('unverified: stale')
  })
})

describe('whatever comes', () => {
  const good = callback()

  it('garbage is never verified, and nothing is thrown', async () => {
    const name = fc.oneof(fc.constantFrom(...NEEDED, 'wechatpay-signature-type', '__proto__'), fc.string())
    const value = fc.oneof(fc.constantFrom(...good.headers), fc.string({ unit: 'binary' }))
    const body = fc.oneof(
      fc.constant(good.body),
      fc.uint8Array({ maxLength: 400 }),
      fc.json().map((text) => Buffer.from(text)),
      fc.json().map((text) => callback({ said: text }).body),
    )
    const headers = fc.array(fc.oneof(name, value), { maxLength: 16 })
    await fc.assert(
      fc.asyncProperty(headers, body, async (headers, body) => {
        expect((await merchant.openCallback({ headers, body })).kind).toBe('unverified')
      }),
      { numRuns: 100 },
    )
  })

  it('one changed byte or one changed header undoes the proof', async () => {
    const changedBody = fc
      .tuple(fc.nat(good.body.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, mask]) => {
        const body = Buffer.from(good.body)
        body[at] = (body[at] ?? 0) ^ mask
        return { headers: good.headers, body }
      })
    const changedHeader = fc
      .tuple(fc.constantFrom(...NEEDED, 'wechatpay-signature-type'), fc.string({ unit: 'binary' }))
      .map(([name, value]) => withHeader(name, value)(good))
    await fc.assert(
      fc.asyncProperty(fc.oneof(changedBody, changedHeader), async (received) => {
        expect((await merchant.openCallback(received)).kind).toBe('unverified')
      }),
      { numRuns: 200 },
    )
  })

  it('signed nonsense is unreadable or an event, and nothing is thrown', async () => {
    const event_type = fc.constantFrom('TRANSACTION.SUCCESS', 'REFUND.CLOSED', 'X')
    const said = fc.oneof(
      fc.json(),
      fc.record({
        mchid: fc.jsonValue(),
        trade_state: fc.jsonValue(),
        id: fc.jsonValue(),
        amount: fc.jsonValue(),
      }),
    )
    const facts = fc.oneof(
      fc.record({ body: fc.oneof(fc.json(), fc.string(), fc.uint8Array({ maxLength: 200 })) }),
      fc.record({ event_type, said }),
      fc.record({ resource: fc.record({ nonce: fc.string(), ciphertext: fc.string() }) }),
    )
    await fc.assert(
      fc.asyncProperty(facts, async (facts) => {
        const opened = await merchant.openCallback(callback(facts))
        expect(opened.kind).not.toBe('unverified')
        if ('body' in facts || 'resource' in facts) expect(opened.kind).toBe('unreadable')
      }),
      { numRuns: 150 },
    )
  })
})
