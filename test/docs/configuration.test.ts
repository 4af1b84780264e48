import { globSync } from 'node:fs'
import { expect, it } from 'vitest'
import { QUICK_PAY_POLICY, TWO_PERIOD_POLICY } from '../../src/core/policy.ts'
import { DEFAULT_LIMITS } from '../../src/engine/budget.ts'
import type { WechatPayAccount } from '../../src/gateway/wechatpay/account.ts'
import { openAccount } from '../../src/gateway/wechatpay/open-account.ts'
import { CONFIG } from '../../src/service-config/schema.ts'
import type { VerdictAccount } from '../../src/verdict.ts'
import { commonAccount, institutionalAccount } from '../support/wechatpay.ts'
import { blocks, codesIn, root, rows, section, textOf } from './markdown.ts'

const text = textOf('docs/configuration.md')

it('shows the default policies as they are', () => {
  const shown = blocks(section(text, 'Policies'), 'json').map((json) => JSON.parse(json))
  expect(shown).toEqual([QUICK_PAY_POLICY, TWO_PERIOD_POLICY])
})

it('shows the default limits as they are', () => {
  const shown = rows(section(text, 'Limits and concurrency')).map(([call = '', perSecond]) => [
    codesIn(call)[0],
    Number(perSecond),
  ])
  expect(Object.fromEntries(shown)).toEqual(DEFAULT_LIMITS)
})

type AllKeys<T> = T extends unknown ? keyof T : never

/** Every field that an account can have. The compiler misses none here: a new field needs a line. */
const FIELDS: Readonly<Record<AllKeys<VerdictAccount>, true>> = {
  mode: true,
  mchid: true,
  appid: true,
  sp_mchid: true,
  sp_appid: true,
  sub_mchid: true,
  sub_appid: true,
  merchantPrivateKey: true,
  serial_no: true,
  merchantCertificate: true,
  apiV3Key: true,
  wechatpayPublicKeyId: true,
  wechatpayPublicKey: true,
  certificates: true,
  baseUrl: true,
  backupUrl: true,
  merchant_category_code: true,
  connectTimeoutMs: true,
  readTimeoutMs: true,
  believesUnsignedUnknown: true,
  policies: true,
  limits: true,
  concurrency: true,
  notify_url: true,
  unknownCallbacks: true,
}

it('has every field of an account, and no other', () => {
  const told = rows(section(text, 'Account')).flatMap(([field = '']) => codesIn(field))
  expect(told.toSorted()).toEqual(Object.keys(FIELDS).toSorted())
})

it('tells the default of the base address and of the timeouts', () => {
  const { baseUrl: _, ...account } = commonAccount()
  const { origins, connectTimeoutMs, readTimeoutMs } = openAccount(account as WechatPayAccount)
  const byField = new Map(rows(section(text, 'Account')).map(([field = '', , value = '']) => [field, value]))
  expect(byField.get('`baseUrl`')).toContain(origins[0])
  expect(byField.get('`connectTimeoutMs`')).toBe(String(connectTimeoutMs))
  expect(byField.get('`readTimeoutMs`')).toBe(String(readTimeoutMs))
})

it('tells rightly that ids of the other mode are refused', () => {
  const mixed = { ...institutionalAccount(), mchid: '1900000001' } as WechatPayAccount
  expect(() => openAccount(mixed)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
})

it('has every field of verdict.config.json, and no other', () => {
  const told = rows(section(text, 'verdict.config.json')).flatMap(([field = '']) => codesIn(field))
  const { http, ...shape } = CONFIG.shape
  const ofHttp = Object.keys(http.unwrap().shape).map((field) => `http.${field}`)
  expect(told.toSorted()).toEqual([...Object.keys(shape), ...ofHttp].toSorted())
})

it('shows a verdict.config.json of the right shape', () => {
  const [shown = ''] = blocks(section(text, 'verdict.config.json'), 'json')
  expect(CONFIG.safeParse(JSON.parse(shown)).error).toBeUndefined()
})

it('has every option of verdict init, and no other', () => {
  const [, command = ''] = /\.command\('init'\)([\s\S]*?)\.action\(/.exec(textOf('src/cli/main.ts')) ?? []
  const options = [...command.matchAll(/\.option\(\s*'(--[\w-]+)/g)].map(([, option]) => option)
  const told = rows(section(text, 'verdict init')).map(([option = '']) => codesIn(option)[0]?.split(' ')[0])
  expect(told.toSorted()).toEqual(options.toSorted())
})

it('has every check of verdict doctor, and no other', () => {
  const told = rows(section(text, 'verdict doctor')).flatMap(([check = '']) => codesIn(check))
  const sources = globSync('src/cli/doctor/*.ts', { cwd: root }).map(textOf).join('\n')
  const named = [
    ...sources.matchAll(/(?:\bok|\bwarn|\bfail|validity)\(\s*(['"])(.+?)\1/g),
    ...sources.matchAll(/\b(?:check|CHECK|WAY) = (['"])(.+?)\1/g),
    ...sources.matchAll(/examineHost\((['"])(.+?)\1/g),
  ]
  expect(told.toSorted()).toEqual([...new Set(named.map(([, , name]) => name))].toSorted())
})
