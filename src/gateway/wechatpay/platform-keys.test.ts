import { beforeEach, expect, it } from 'vitest'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import {
  API_V3_KEY,
  certificateList,
  commonAccount,
  failure,
  PUBLIC_KEY_ID,
  platform,
  scripted,
  signedReply,
  unsignedReply,
} from '../../../test/support/wechatpay.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { CommonAccount } from './account.ts'
import { globalV3Gateway } from './global-v3.ts'
import { type LearntKey, MISS_MS, REFRESH_MS, RETRY_MS } from './platform-keys.ts'
import type { HttpResult } from './transport.ts'

const DAY_MS = 86_400_000
const START_MS = new VirtualClock().nowMs()
const old = platform({ fromMs: START_MS - 1000 * DAY_MS, toMs: START_MS + 2 * DAY_MS })
const next = platform({ fromMs: START_MS - DAY_MS, toMs: START_MS + 1000 * DAY_MS })
const PATH = '/v3/global/certificates'
const ORDER = { account: '1900000001', sub_mchid: null, out_trade_no: 'A42' }
const ONLY_CERTIFICATES = {
  certificates: 'download',
  wechatpayPublicKeyId: undefined,
  wechatpayPublicKey: undefined,
} as const

type Platform = typeof old

let clock: VirtualClock
let listed: readonly Platform[]
/** Signs replies; null: the public key does. */
let signing: Platform | null
let answerDownload: () => HttpResult

beforeEach(() => {
  clock = new VirtualClock(START_MS)
  listed = [old]
  signing = old
  answerDownload = () => signed(certificateList(listed))
})

function signed(body: string, status = 200): HttpResult {
  const by = signing === null ? {} : { key: signing.privateKey, serial: signing.serial }
  return signedReply({ status, body, nowMs: clock.nowMs(), ...by })
}

function setUp(account: Partial<CommonAccount> = ONLY_CERTIFICATES) {
  const keys: LearntKey[] = []
  const transport = scripted(({ path }) =>
    path === PATH ? answerDownload() : signed('{"trade_state":"NOTPAY"}'),
  )
  const gateway = globalV3Gateway({
    account: commonAccount(account),
    clock,
    transport,
    signer: { sign: async () => 'c2lnbg==', signNow: () => 'c2lnbg==' },
    onKey: (key) => keys.push(key),
  })
  const downloads = (): number => transport.requests.filter(({ path }) => path === PATH).length
  const query = async (): Promise<string> => inShort(await gateway.query(ORDER))
  return { gateway, keys, downloads, query, transport }
}

function inShort(outcome: Outcome<unknown>): string {
  return outcome.kind === 'no-answer' ? outcome.reason : outcome.kind
}

it('fetches the certificates before the first call, once for all calls that wait', async () => {
  const { query, downloads, keys, transport } = setUp()
  expect(await Promise.all([query(), query(), query()])).toEqual(['answer', 'answer', 'answer'])
  expect(downloads()).toBe(1)
  expect(keys.map(({ serial }) => serial)).toEqual([old.serial])
  expect(keys[0]?.publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----/)
  expect(
    transport.requests.map(({ path, headers }) => [path === PATH, headers.includes(old.serial)]),
  ).toEqual([
    [true, false],
    [false, true],
    [false, true],
    [false, true],
  ])
})

it('asks for replies signed with the newest certificate in force', async () => {
  listed = [next, old, platform({ fromMs: START_MS + DAY_MS, toMs: START_MS + 1000 * DAY_MS })]
  const { query, transport } = setUp()
  await query()
  expect(transport.requests.at(-1)?.headers).toContain(next.serial)
})

it('a change-over: the new certificate is fetched when it signs first, and both verify', async () => {
  const { query, downloads, keys } = setUp()
  await query()
  listed = [old, next]
  await clock.advance(MISS_MS)
  signing = next
  expect(await query()).toBe('answer')
  signing = old
  expect(await query()).toBe('answer')
  expect(downloads()).toBe(2)
  expect(keys.map(({ serial }) => serial)).toEqual([old.serial, next.serial])
})

it('serial numbers are numbers, with or without zeros before them', async () => {
  const { query, keys } = setUp()
  answerDownload = () => signed(certificateList(listed).replace(`"${old.serial}"`, `"00${old.serial}"`))
  signing = { ...old, serial: `0${old.serial}` }
  expect(await query()).toBe('answer')
  expect(keys.map(({ serial }) => serial)).toEqual([old.serial])
})

it('entries of the list that are of no use take nothing from the others; a list without any is none', async () => {
  const { query } = setUp()
  const list = JSON.parse(certificateList(listed))
  const odd = [null, { ...list.data[0], encrypt_certificate: { algorithm: 'AEAD_SM4_GCM' } }]
  answerDownload = () => signed(JSON.stringify({ data: odd }))
  expect(await query()).toBe('unknown-key')
  await clock.advance(MISS_MS)
  answerDownload = () => signed(JSON.stringify({ data: [...odd, ...list.data] }))
  expect(await query()).toBe('answer')
})

it('an unknown serial costs one download in 60 s', async () => {
  const { query, downloads } = setUp()
  await query()
  signing = next
  for (let i = 0; i < 3; i++) expect(await query()).toBe('unknown-key')
  expect(downloads()).toBe(1)
  await clock.advance(MISS_MS)
  for (let i = 0; i < 3; i++) expect(await query()).toBe('unknown-key')
  expect(downloads()).toBe(2)
})

it('renews the list after 11 h in the background', async () => {
  const { query, downloads } = setUp()
  await query()
  await clock.advance(REFRESH_MS - 1)
  await query()
  expect(downloads()).toBe(1)
  await clock.advance(1)
  listed = [old, next]
  expect(await query()).toBe('answer')
  await clock.advance(0)
  expect(downloads()).toBe(2)
  signing = next
  expect(await query()).toBe('answer')
  expect(downloads()).toBe(2)
})

it('does not believe an expired certificate, nor one before its time', async () => {
  const future = platform({ fromMs: START_MS + DAY_MS, toMs: START_MS + 1000 * DAY_MS })
  listed = [old, future]
  const { query } = setUp()
  expect(await query()).toBe('answer')
  signing = future
  expect(await query()).toBe('unknown-key')
  await clock.advance(DAY_MS)
  expect(await query()).toBe('answer')
  signing = old
  await clock.advance(DAY_MS)
  expect(await query()).toBe('unknown-key')
})

it('an expiry that the list brings forward counts', async () => {
  const { toMs, ...rest } = old
  listed = [{ ...rest, toMs: START_MS + 1000 }]
  const { query } = setUp()
  expect(await query()).toBe('answer')
  await clock.advance(1000)
  expect(await query()).toBe('unknown-key')
})

it('believes no list whose own signature does not fit, is not decrypted by our key, or lies about a serial', async () => {
  const wrong: ReadonlyArray<() => HttpResult> = [
    () => unsignedReply(200, certificateList([old])),
    () =>
      signedReply({ status: 200, body: certificateList([old]), nowMs: clock.nowMs(), serial: old.serial }),
    () => signed(certificateList([old], API_V3_KEY.replace('a', 'b'))),
    () => signed(certificateList([{ ...old, serial: next.serial }])),
    () => signed('{"data":{}}'),
    () => signed('{"code":"SYSTEM_ERROR"}', 500),
    () => failure('timeout', true),
  ]
  for (const answer of wrong) {
    answerDownload = answer
    const { query, keys, downloads } = setUp()
    expect(await query()).toBe('unknown-key')
    expect(await query()).toBe('unknown-key')
    expect([keys.length, downloads()]).toEqual([0, 1])
    answerDownload = () => signed(certificateList([old]))
    await clock.advance(RETRY_MS)
    expect(await query()).toBe('answer')
  }
})

it('a download that cannot even be signed harms nothing but itself', async () => {
  let signatures = 0
  const gateway = globalV3Gateway({
    account: commonAccount({ certificates: 'download' }),
    clock,
    transport: scripted(() =>
      signedReply({ status: 200, body: '{"trade_state":"NOTPAY"}', nowMs: START_MS }),
    ),
    signer: {
      sign: async () => (++signatures === 2 ? Promise.reject(new Error('no key')) : 'c2lnbg=='),
      signNow: () => 'c2lnbg==',
    },
  })
  expect(inShort(await gateway.query(ORDER))).toBe('answer')
  await clock.advance(0)
  expect(inShort(await gateway.query(ORDER))).toBe('answer')
  expect(signatures).toBe(3)
})

it('public key and certificates work at once', async () => {
  const { query, downloads, keys, transport } = setUp({ certificates: 'download' })
  signing = null
  expect(await query()).toBe('answer')
  signing = old
  expect(await query()).toBe('answer')
  expect(keys.map(({ serial }) => serial)).toEqual([PUBLIC_KEY_ID, old.serial])
  expect(transport.requests[0]?.headers).toContain(PUBLIC_KEY_ID)
  // The first reply began the background renewal that the second one waited for.
  expect(downloads()).toBe(1)
})

it('a merchant in public key mode only is not asked for certificates again', async () => {
  signing = null
  answerDownload = () => signed('{"code":"RESOURCE_NOT_EXISTS","message":"无可用的平台证书"}', 404)
  const { query, downloads } = setUp({ certificates: 'download' })
  expect(await query()).toBe('answer')
  await clock.advance(REFRESH_MS - 60_000)
  expect(await query()).toBe('answer')
  expect(downloads()).toBe(1)
})

it.each([
  ['unsigned, with a public key', { certificates: 'download' } as const],
  ['for an account without any other key', ONLY_CERTIFICATES],
])('"no certificates" does not stop the downloads when it is %s', async (_, account) => {
  const list = answerDownload
  answerDownload = () => unsignedReply(404, '{"code":"RESOURCE_NOT_EXISTS"}')
  const { query, downloads } = setUp(account)
  expect(await query()).toBe('unknown-key')
  answerDownload = list
  await clock.advance(RETRY_MS)
  expect(await query()).toBe('answer')
  expect(downloads()).toBe(2)
})

it('certificates that are given need no download', async () => {
  const { query, downloads, keys } = setUp({ ...ONLY_CERTIFICATES, certificates: [old.pem, next.pem] })
  expect(keys).toHaveLength(2)
  for (signing of [old, next]) expect(await query()).toBe('answer')
  signing = platform(old)
  expect(await query()).toBe('unknown-key')
  expect(downloads()).toBe(0)
})
