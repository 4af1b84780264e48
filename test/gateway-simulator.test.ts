import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'
import type { OrderKey } from '../src/core/order.ts'
import type { Placement } from '../src/core/placement.ts'
import { accountName, type WechatPayAccount } from '../src/gateway/wechatpay/account.ts'
import { accountsFromFile } from '../src/gateway/wechatpay/account-file.ts'
import { globalV3Gateway } from '../src/gateway/wechatpay/global-v3.ts'
import type { LearntKey } from '../src/gateway/wechatpay/platform-keys.ts'
import { type Simulator, startSimulator } from '../src/simulator/index.ts'
import { checkEvidence } from '../src/wechatpay/evidence.ts'

/** The real gateway and the real simulator over real HTTP: both modes, both kinds of WeChat Pay's keys. */
const dir = mkdtempSync(join(tmpdir(), 'verdict-gateway-'))
let simulator: Simulator
let accounts: readonly WechatPayAccount[]

beforeAll(async () => {
  simulator = await startSimulator({ dir, clock: systemClock })
  accounts = await accountsFromFile(join(dir, 'account.json'))
})
afterAll(async () => {
  await simulator.close()
  rmSync(dir, { recursive: true })
})

const KEYS = {
  'public key': (account: WechatPayAccount) => account,
  certificates: (account: WechatPayAccount): WechatPayAccount => ({
    ...account,
    wechatpayPublicKeyId: undefined,
    wechatpayPublicKey: undefined,
    certificates: 'download',
  }),
  both: (account: WechatPayAccount): WechatPayAccount => ({ ...account, certificates: 'download' }),
} as const

let number = 0

function open(mode: WechatPayAccount['mode'], keys: keyof typeof KEYS) {
  const account = accounts.find((one) => one.mode === mode)
  if (account === undefined) throw new Error(`account.json has no ${mode} account`)
  const learnt: LearntKey[] = []
  const gateway = globalV3Gateway({
    account: KEYS[keys](account),
    clock: systemClock,
    onKey: (key) => learnt.push(key),
  })
  const key: OrderKey = {
    account: accountName(account),
    sub_mchid: account.mode === 'institutional' ? (account.sub_mchid ?? null) : null,
    out_trade_no: `A|${++number}`,
  }
  return { gateway, key, learnt }
}

function placementOf({ sub_mchid, out_trade_no }: OrderKey, more: Partial<Placement> = {}): Placement {
  return {
    kind: 'native',
    sub_mchid,
    out_trade_no,
    description: '茶',
    amount: { total: 100, currency: 'HKD' },
    merchant_category_code: '5411',
    notify_url: 'https://pay.example.com/wechatpay',
    ...more,
  }
}

for (const mode of ['common', 'institutional'] as const) {
  for (const keys of ['public key', 'certificates', 'both'] as const) {
    describe(`${mode} mode, ${keys}`, () => {
      it('places a native order, finds it unpaid, and may not close it before 5 min', async () => {
        const { gateway, key, learnt } = open(mode, keys)
        const body = gateway.draft(placementOf(key))
        const signedAtMs = systemClock.nowMs()
        const placed = await gateway.place({ ...key, kind: 'native', body, signedAtMs })
        expect(placed).toMatchObject({ kind: 'answer', value: { credential: { name: 'code_url' } } })

        const asked = await gateway.query(key)
        if (asked.kind !== 'answer') throw new Error(JSON.stringify(asked))
        expect(asked.value).toMatchObject({ trade_state: 'NOTPAY', out_trade_no: key.out_trade_no })
        const { publicKey = '' } = learnt.find(({ serial }) => serial === asked.evidence.serial) ?? {}
        expect(checkEvidence(asked.evidence, publicKey)).toBe(true)

        expect(await gateway.close(key, systemClock.nowMs())).toMatchObject({ kind: 'refusal', status: 403 })
        await gateway.end()
      })

      it('places Quick Pay, finds it paid under both of its numbers, and asks after one that never was', async () => {
        const { gateway, key } = open(mode, keys)
        const payer = { auth_code: `13456789012345${String(1000 + number)}` }
        const { notify_url: _, ...placement } = placementOf(key, { kind: 'quick_pay', payer })
        const request = { ...key, kind: 'quick_pay', body: gateway.draft(placement) } as const
        const placed = await gateway.place({ ...request, signedAtMs: systemClock.nowMs() })
        expect(placed).toMatchObject({ kind: 'answer', value: { trade: { trade_state: 'SUCCESS' } } })
        const asked = await gateway.query(key)
        if (asked.kind !== 'answer') throw new Error(JSON.stringify(asked))
        expect(asked.value).toMatchObject({ trade_state: 'SUCCESS', amount: { total: 100, currency: 'HKD' } })
        const { transaction_id = '' } = asked.value
        expect(await gateway.queryById(key, transaction_id)).toMatchObject({ value: asked.value })
        expect(await gateway.query({ ...key, out_trade_no: 'NEVER' })).toMatchObject({
          kind: 'refusal',
          code: 'ORDER_NOT_EXIST',
          status: 404,
        })
        await gateway.end()
      })
    })
  }
}

it('learns from WeChat Pay that its own key is refused', async () => {
  const account = accounts[0]
  if (account === undefined) throw new Error('no account')
  const merchantPrivateKey = readFileSync(join(dir, 'wechatpay_private_key.pem'), 'utf8')
  const gateway = globalV3Gateway({
    account: {
      ...account,
      merchantPrivateKey,
      merchantCertificate: undefined,
      serial_no: simulator.keys.serial_no,
    },
    clock: systemClock,
  })
  const key = { account: accountName(account), sub_mchid: null, out_trade_no: 'A1' }
  expect(await gateway.query(key)).toMatchObject({ reason: 'key-refused', status: 401, claims: 'SIGN_ERROR' })
  await gateway.end()
})

it('goes to the backup host when the first is down', async () => {
  const account = accounts[0]
  if (account === undefined) throw new Error('no account')
  const gateway = globalV3Gateway({
    account: { ...account, baseUrl: 'http://127.0.0.1:9', backupUrl: simulator.backupUrl },
    clock: systemClock,
  })
  const key = { account: accountName(account), sub_mchid: null, out_trade_no: 'NEVER' }
  expect(await gateway.query(key)).toMatchObject({ kind: 'refusal', code: 'ORDER_NOT_EXIST' })
  await gateway.end()
})
