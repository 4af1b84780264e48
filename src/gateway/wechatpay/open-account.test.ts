import { expect, it } from 'vitest'
import {
  commonAccount,
  institutionalAccount,
  merchant,
  pemOf,
  platform,
  stranger,
} from '../../../test/support/wechatpay.ts'
import { selfSigned } from '../../simulator/certificate.ts'
import { serialOf } from '../../wechatpay/signing.ts'
import type { WechatPayAccount } from './account.ts'
import { isLocal, openAccount } from './open-account.ts'

const facts = { commonName: '1900000001', organization: 'Test', fromMs: 0, toMs: 4e12 }
const certificate = selfSigned(merchant.privateKey, facts)

it('opens an account of either mode, with defaults', () => {
  const common = openAccount(commonAccount({ baseUrl: undefined }))
  expect(common).toMatchObject({
    identity: { mode: 'common', account: '1900000001', believesUnsignedUnknown: false },
    origins: ['https://apihk.mch.weixin.qq.com'],
    connectTimeoutMs: 3000,
    readTimeoutMs: 8000,
    downloadsCertificates: false,
  })
  expect(openAccount(institutionalAccount({ sub_mchid: '1900000109' }))).toMatchObject({
    identity: { mode: 'institutional', account: '1900000100' },
    ids: { sp_mchid: '1900000100', sub_mchid: '1900000109' },
  })
})

it('takes the serial number from the certificate, and keys as PEM or KeyObject', () => {
  const { serial_no } = openAccount(commonAccount({ serial_no: undefined, merchantCertificate: certificate }))
  expect(serial_no).toBe(serialOf(certificate, 'certificate'))
  const account = openAccount(commonAccount({ merchantPrivateKey: pemOf(merchant.privateKey) }))
  expect(account.merchantPrivateKey.equals(merchant.privateKey)).toBe(true)
})

it('writes the serial number as WeChat Pay does', () => {
  expect(openAccount(commonAccount({ serial_no: '5f1c72e2a8931b72' })).serial_no).toBe('5F1C72E2A8931B72')
})

/** One mistake each, as a JSON file or a caller without types could make it. */
const MISTAKES: ReadonlyArray<
  readonly [account: Readonly<Record<string, unknown>>, code: string, message: string]
> = [
  [{ mode: 'partner' }, 'OPTION_INVALID', 'mode is "partner"; expected "common"'],
  [{ mchid: '' }, 'OPTION_INVALID', 'mchid is ""; expected 1 to 32 letters and digits'],
  [{ mchid: 1900000001 }, 'OPTION_INVALID', 'mchid is 1900000001; expected'],
  [{ appid: undefined }, 'OPTION_INVALID', 'appid is missing; expected'],
  [{ sp_mchid: '1' }, 'OPTION_INVALID', 'sp_mchid is "1"; expected none'],
  [{ serial_no: 'xyz' }, 'OPTION_INVALID', 'serial_no is "xyz"; expected the hexadecimal serial number'],
  [{ serial_no: undefined }, 'OPTION_INVALID', 'serial_no is missing; expected it, or merchantCertificate'],
  [{ merchantCertificate: certificate }, 'OPTION_INVALID', 'serial_no is "5F1C'],
  [{ merchantPrivateKey: 'my secret' }, 'KEY_INVALID', "merchantPrivateKey can't be read; expected a PEM"],
  [{ merchantPrivateKey: merchant.publicKey }, 'KEY_INVALID', 'merchantPrivateKey is no private key'],
  [{ merchantPrivateKey: undefined }, 'KEY_INVALID', 'merchantPrivateKey is missing; expected PEM text'],
  [
    { merchantPrivateKey: stranger.privateKey, serial_no: undefined, merchantCertificate: certificate },
    'KEY_INVALID',
    'merchantCertificate belongs to another key',
  ],
  [{ merchantCertificate: 'x' }, 'KEY_INVALID', "merchantCertificate can't be read"],
  [{ apiV3Key: 'short' }, 'KEY_INVALID', 'apiV3Key has 5 bytes; expected 32'],
  [{ apiV3Key: undefined }, 'KEY_INVALID', 'apiV3Key is missing'],
  [{ wechatpayPublicKeyId: 'ABC' }, 'OPTION_INVALID', 'wechatpayPublicKeyId is "ABC"; expected the id'],
  [{ wechatpayPublicKeyId: undefined }, 'OPTION_INVALID', 'wechatpayPublicKeyId is missing'],
  [{ wechatpayPublicKey: undefined }, 'KEY_INVALID', 'wechatpayPublicKey is missing'],
  [{ wechatpayPublicKey: pemOf(merchant.privateKey) }, 'KEY_INVALID', 'wechatpayPublicKey is a private key'],
  [
    { wechatpayPublicKeyId: undefined, wechatpayPublicKey: undefined },
    'KEY_INVALID',
    'account 1900000001 has no key of WeChat Pay',
  ],
  [{ certificates: ['x'] }, 'KEY_INVALID', "certificates[0] can't be read"],
  [{ certificates: 'fetch' }, 'OPTION_INVALID', 'certificates is "fetch"; expected "download" or a list'],
  [
    { baseUrl: 'apihk.mch.weixin.qq.com' },
    'OPTION_INVALID',
    'baseUrl is "apihk.mch.weixin.qq.com"; expected',
  ],
  [{ baseUrl: 'http://apihk.mch.weixin.qq.com' }, 'OPTION_INVALID', 'expected https://'],
  [{ baseUrl: 'https://a.example.com/v3' }, 'OPTION_INVALID', 'expected scheme, host and port only'],
  [{ backupUrl: 'https://first.example.com/' }, 'OPTION_INVALID', 'expected another host than baseUrl'],
  [{ mode: Symbol('a') }, 'OPTION_INVALID', 'mode is a symbol; expected "common"'],
  [{ mchid: { self: 1n } }, 'OPTION_INVALID', "mchid is a value that can't be shown; expected 1 to 32"],
  [{ wechatpayPublicKeyId: { toString: 1 } }, 'OPTION_INVALID', 'wechatpayPublicKeyId is {"toString":1}'],
  [{ readTimeoutMs: 8_000n }, 'OPTION_INVALID', 'readTimeoutMs is 8000n; expected a whole number of ms'],
  [
    { baseUrl: 'https://a.example.com:x' },
    'OPTION_INVALID',
    'baseUrl is "https://a.example.com:…"; expected an address',
  ],
  [{ connectTimeoutMs: 0 }, 'OPTION_INVALID', 'connectTimeoutMs is 0; expected a whole number of ms from 10'],
  [{ readTimeoutMs: 60_000 }, 'OPTION_INVALID', 'readTimeoutMs is 60000; expected'],
  [{ merchant_category_code: '54 11' }, 'OPTION_INVALID', 'merchant_category_code is "54 11"'],
  [{ believesUnsignedUnknown: 'no' }, 'OPTION_INVALID', 'believesUnsignedUnknown is "no"; expected true or'],
]

for (const [mistake, code, message] of MISTAKES) {
  it(`refuses: ${message}`, () => {
    const account: unknown = { ...commonAccount(), ...mistake }
    expect(() => openAccount(account as WechatPayAccount)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    )
  })
}

it('names no secret', () => {
  for (const mistake of [
    { apiV3Key: 'mySecret' },
    { merchantPrivateKey: 'mySecret' },
    { baseUrl: 'https://shop:mySecret@proxy.example.com' },
    { backupUrl: 'https://:mySecret@proxy.example.com' },
    { baseUrl: 'https://shop:mySecret@proxy .example.com' },
    { backupUrl: 'https://shop:mySecret@proxy.example.com:x' },
    { backupUrl: ['https://shop:mySecret@proxy.example.com'] },
    // The right key in the wrong place, and a wrong one in the right place.
    { merchant_category_code: 'mySecret'.repeat(4) },
    { serial_no: 'mySecret'.repeat(4) },
    { baseUrl: ['mySecret'.repeat(4)] },
    { mchid: 'mySecret'.repeat(4), wechatpayPublicKeyId: undefined, wechatpayPublicKey: undefined },
    { mode: '-----BEGIN PRIVATE KEY-----mySecret' },
    { mchid: ['-----BEGIN PRIVATE KEY-----mySecret'] },
  ]) {
    // Refused, and with another message: a name that nobody refuses would tell nothing.
    const account: unknown = { ...commonAccount(), ...mistake }
    expect(() => openAccount(account as WechatPayAccount)).toThrow(/^(?!.*mySecret).*expected/)
  }
})

it.each([
  'mode',
  'mchid',
  'appid',
  'sp_mchid',
  'serial_no',
  'wechatpayPublicKeyId',
  'certificates',
  'baseUrl',
  'merchant_category_code',
  'readTimeoutMs',
  'believesUnsignedUnknown',
])('an apiV3Key that stands in %s, too, is told without being shown', (field) => {
  const { apiV3Key, ...account } = commonAccount()
  for (const secret of [apiV3Key, 'a"quote\\and a:b@c, 32 bytes long'])
    for (const value of [secret, [secret], ` ${secret}\n`]) {
      const wrong: unknown = { ...account, apiV3Key: secret, [field]: value }
      expect(() => openAccount(wrong as WechatPayAccount)).toThrow(
        expect.objectContaining({
          code: 'OPTION_INVALID',
          message: `${field} holds the apiV3Key; expected it in apiV3Key alone`,
        }),
      )
    }
})

it('refuses an institution that is its own sub-merchant, or carries the mchid family', () => {
  expect(() => openAccount(institutionalAccount({ sub_mchid: '1900000100' }))).toThrow(/another number/)
  const both: unknown = { ...institutionalAccount(), mchid: '1900000001' }
  expect(() => openAccount(both as WechatPayAccount)).toThrow(/mchid is "1900000001"; expected none/)
})

it('takes given platform certificates instead of a public key', () => {
  const { pem, serial } = platform({ fromMs: 0, toMs: 4e12 })
  const account = commonAccount({
    wechatpayPublicKeyId: undefined,
    wechatpayPublicKey: undefined,
    certificates: [pem],
  })
  expect(openAccount(account).certificates.map((one) => one.serial)).toEqual([serial])
})

it('takes http only for a private host, and knows what is local', () => {
  for (const [baseUrl, local] of [
    ['http://127.0.0.1:8080', true],
    ['http://localhost:8080', true],
    ['http://[::1]:8080', true],
    ['http://simulator:8080', false],
    ['http://10.0.0.7', false],
    ['https://apihk.mch.weixin.qq.com', false],
  ] as const) {
    expect(openAccount(commonAccount({ baseUrl })).origins).toEqual([baseUrl])
    expect(isLocal(commonAccount({ baseUrl }))).toBe(local)
  }
})
