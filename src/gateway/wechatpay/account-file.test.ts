import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { API_V3_KEY, merchant, PUBLIC_KEY_ID, pemOf, wechatpay } from '../../../test/support/wechatpay.ts'
import { selfSigned } from '../../simulator/certificate.ts'
import { serialOf } from '../../wechatpay/signing.ts'
import { accountsFromFile } from './account-file.ts'
import { openAccount } from './open-account.ts'

const dir = mkdtempSync(join(tmpdir(), 'verdict-account-'))
afterAll(() => rmSync(dir, { recursive: true }))

const certificate = selfSigned(merchant.privateKey, {
  commonName: '1900000001',
  organization: 'Test',
  fromMs: 0,
  toMs: 4e12,
})
const shared = {
  apiV3Key: API_V3_KEY,
  wechatpayPublicKeyId: PUBLIC_KEY_ID,
  baseUrl: 'http://127.0.0.1:8080',
  merchant_category_code: '5411',
}
const common = { mode: 'common', mchid: '1900000001', appid: 'wx1', ...shared }
const institution = { mode: 'institutional', sp_mchid: '1900000100', sp_appid: 'wx2', ...shared }

write('merchant_key.pem', pemOf(merchant.privateKey))
write('merchant_cert.pem', certificate)
write('wechatpay_public_key.pem', pemOf(wechatpay.publicKey))

function write(name: string, content: string): string {
  writeFileSync(join(dir, name), content)
  return join(dir, name)
}

it('reads both accounts with the PEM files that lie beside them', async () => {
  const accounts = await accountsFromFile(
    write('account.json', JSON.stringify({ accounts: [common, institution] })),
  )
  const opened = accounts.map(openAccount)
  expect(opened.map(({ identity }) => identity.account)).toEqual(['1900000001', '1900000100'])
  expect(opened[0]?.serial_no).toBe(serialOf(certificate, 'certificate'))
  expect(opened[1]?.publicKey?.key.equals(wechatpay.publicKey)).toBe(true)
})

it('reads the files that it names', async () => {
  write('other.pem', pemOf(merchant.privateKey))
  const entry = { ...common, serial_no: 'ABCDEF0123', merchantPrivateKeyFile: 'other.pem' }
  const accounts = await accountsFromFile(write('named.json', JSON.stringify({ accounts: [entry] })))
  expect(accounts.map(openAccount)).toMatchObject([{ serial_no: 'ABCDEF0123' }])
})

for (const [fact, content, message] of [
  ['no JSON', '{', 'has no accounts; expected'],
  ['no accounts', '{"accounts":[]}', 'has no accounts; expected'],
  ['an account that is no object', '{"accounts":[7]}', 'accounts[0] is no object'],
  ['a mistake', JSON.stringify({ accounts: [{ ...common, mchid: 'a b' }] }), 'accounts[0]: mchid is "a b"'],
  [
    'a file name that is none',
    JSON.stringify({ accounts: [{ ...common, merchantPrivateKeyFile: 7 }] }),
    'accounts[0].merchantPrivateKeyFile is 7; expected a file name',
  ],
  [
    'a key in the place of a file name',
    JSON.stringify({ accounts: [{ ...common, merchantPrivateKeyFile: '-----BEGIN PRIVATE KEY-----' }] }),
    'accounts[0].merchantPrivateKeyFile is PEM text; expected a file name',
  ],
  [
    'a file that is not there',
    JSON.stringify({ accounts: [{ ...common, merchantPrivateKeyFile: 'no.pem' }] }),
    "no.pem can't be read; expected a file",
  ],
] as const) {
  it(`refuses ${fact} and says where`, async () => {
    await expect(accountsFromFile(write('wrong.json', content))).rejects.toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })
}

it('refuses a path where there is nothing', async () => {
  await expect(accountsFromFile(join(dir, 'nothing.json'))).rejects.toThrow(/nothing.json can't be read/)
})
