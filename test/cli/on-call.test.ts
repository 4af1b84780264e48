import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OrderSeen } from '../../src/http/views.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import { enterFree, settled } from '../../src/store/testing.ts'
import { TestService } from '../support/http-service.ts'
import { type Ended, folder, run, startWith } from './cli.ts'

/** Each command is a process of its own. */
const LONG_MS = 60_000

let service: TestService
let url: string
let numbers = 0
const number = (): string => `C${++numbers}`

beforeAll(async () => {
  service = await TestService.open()
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
}, 30_000)

afterAll(() => service.close())

const onCall = (...args: readonly string[]): Promise<Ended> =>
  startWith({ VERDICT_SERVICE: url, VERDICT_API_KEY: service.keys.operate }, ...args).ended

/** Somebody refunds a cent on the merchant platform. */
function elsewhere(out_trade_no: string) {
  const url = `/_sim/orders/${out_trade_no}/refund`
  return { method: 'POST', url, headers: {}, body: JSON.stringify({ amount: 1 }) }
}

async function placed(): Promise<string> {
  const out_trade_no = number()
  expect((await service.place(out_trade_no)).status).toBe(201)
  return out_trade_no
}

describe('with a service', { timeout: LONG_MS }, () => {
  it('an order is asked about, refunded, told and verified', async () => {
    const out_trade_no = await placed()
    await service.pay(out_trade_no)
    const asked = await onCall('query', out_trade_no)
    expect(asked).toMatchObject({ code: 0, stderr: '' })
    expect(asked.stdout).toMatch(/asked at once: the operate key\n[\s\S]*verdict SUCCESS/)

    const refund = ['refund', out_trade_no, '--key', 'return 1', '--amount', '300', '--reason', 'Cold']
    const first = JSON.parse((await onCall(...refund, '--json')).stdout)
    expect(first).toMatchObject({ amount: 300, reason: 'Cold', idempotencyKey: 'return 1' })
    const again = await onCall(...refund)
    expect(again.stdout).toContain(`HKD 3.00 of ${service.simulator.keys.identity.mchid}/${out_trade_no}`)
    expect(again.stdout).toContain(first.out_refund_no)

    const told = await onCall('order', out_trade_no, '--verify')
    expect(told.stdout).toMatch(/refund: HKD 3\.00, [\s\S]*\nverified: /)
    const json = JSON.parse((await onCall('order', out_trade_no, '--json')).stdout)
    expect(json).toMatchObject({ order: { out_trade_no }, refunds: [{ amount: 300 }] })
  })

  it('an order is given up, and listed', async () => {
    const out_trade_no = await placed()
    const given = JSON.parse((await onCall('give-up', out_trade_no, '--json')).stdout)
    expect(given).toMatchObject({ out_trade_no, state: 'ending', givenUpAt: expect.any(String) })
    const listed = await onCall('orders', '--open', '--json', '--limit', '1')
    expect(JSON.parse(listed.stdout)).toMatchObject({ out_trade_no })
    expect((await onCall('attention')).stderr).toBe('there is none\n')
    expect((await onCall('deliveries')).stderr).toBe('there is none\n')
  })

  it('evidence is accepted of the amount that is named, or told, and of no other', async () => {
    const id = await service.paidWithAnotherAmount(number())
    const { out_trade_no } = (await service.ask<OrderSeen>(`/v1/orders/${id}`)).json
    const accept = (...more: readonly string[]) =>
      onCall('resolve', out_trade_no, '--action', 'accept_evidence', '--note', 'the tip', ...more)
    expect((await onCall('attention')).stdout).toContain(
      'accept_evidence (HKD 90.00: --amount 9000), stop_tracking',
    )
    for (const other of ['8800', '9000CNY']) {
      const refused = await accept('--amount', other)
      expect(refused).toMatchObject({ code: 2, stdout: '' })
      expect(refused.stderr).toMatch(/WeChat Pay states 9000 HKD of .*: look again \(ORDER_STATE\)/)
    }
    const accepted = await accept('--amount', '9000')
    expect(accepted).toMatchObject({ code: 0, stderr: '' })
    expect(accepted.stdout).toContain('the amount is corrected: HKD 90.00, not HKD 88.00')
    const told = await service.paidWithAnotherAmount(number())
    const { out_trade_no: other } = (await service.ask<OrderSeen>(`/v1/orders/${told}`)).json
    expect(await onCall('resolve', other, '--action', 'accept_evidence', '--note', 'the tip')).toMatchObject({
      code: 0,
      stderr: 'accepting HKD 90.00, which WeChat Pay signed, in the place of HKD 88.00\n',
    })
  })

  it.each([
    [
      'an amount with a point',
      'accept_evidence',
      '90.00',
      /--amount is "90\.00"; expected the amount that you saw/,
    ],
    ['an amount of nothing', 'accept_evidence', '0', /--amount is "0"; expected/],
    ['an amount that no number holds', 'accept_evidence', '9007199254740993', /--amount is "9007/],
    ['an amount with an answer that accepts none', 'seen', '9000', /--amount is given with --action seen/],
  ])('%s is refused before anything is asked', async (_, action, amount, expected) => {
    const ended = await onCall('resolve', 'NOBODY', '--action', action, '--note', 'why', '--amount', amount)
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toMatch(expected)
  })

  it('a day is held against its bill: 0 if nothing differs, 3 if something does', async () => {
    const account = service.simulator.keys.identity.mchid
    const out_trade_no = await placed()
    await service.pay(out_trade_no)
    const { verdict } = JSON.parse((await onCall('query', out_trade_no, '--json')).stdout)
    const date = String(verdict.success_time).slice(0, 'yyyy-mm-dd'.length)
    const day = ['reconcile', '--account', account, '--date', date]
    // What other tests paid may still be on its way here.
    const before = JSON.parse((await onCall(...day, '--json')).stdout)
    expect(before.lines.payment).toBeGreaterThan(0)
    await service.simulator.handle(elsewhere(out_trade_no))
    const found = await onCall(...day)
    expect(found).toMatchObject({ code: 3, stderr: '' })
    expect(found.stdout).toMatch(
      /^\S+, \d+: \d+ payments, \d+ refunds, 0 reversals; \d+ of \d+ lines agree$/m,
    )
    expect(found.stdout).toMatch(
      /^ {2}unknown_refund {2}line \d+: .*the bill: refund \w+ 0\.01 HKD; here: SUCCESS /m,
    )
    const quiet = await onCall('reconcile', '--account', account, '--date', '2026-01-01')
    expect(quiet).toMatchObject({ code: 0, stderr: '' })
    expect(quiet.stdout).toMatch(/WeChat Pay has no bill of this day\nnothing differs\n$/)
  })

  it.each([
    ['an order that is not there', ['query', 'NOBODY'], /NOBODY is not in the store.*\(ORDER_UNKNOWN\)/],
    ['a mark that is none', ['resolve', 'OPEN', '--action', 'seen', '--note', 'why'], /\(ORDER_STATE\)/],
    ['a refund of what is not paid', ['refund', 'OPEN', '--key', 'k'], /\(ORDER_STATE\)/],
    ['a message that is not there', ['resend', 'dlv_999'], /\(DELIVERY_UNKNOWN\)/],
    [
      'a day that is none',
      ['reconcile', '--account', 'ACCOUNT', '--date', 'today'],
      /date is "today"; expected a day/,
    ],
    ['a message that is none', ['resend', 'ord_1'], /the delivery is "ord_1"; expected its id, as dlv_42/],
    ['files of keys, which are not there', ['order', 'OPEN', '--export', 'x'], /expected --store/],
  ])('%s is refused in one sentence', async (_, args, expected) => {
    const open = await placed()
    const ended = await onCall(
      ...args.map((arg) => ({ OPEN: open, ACCOUNT: service.simulator.keys.identity.mchid })[arg] ?? arg),
    )
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toMatch(expected)
  })

  it.each([
    ['nobody answers there', 'http://127.0.0.1:1', 'vk_x', /127\.0\.0\.1:1 does not answer/],
    ['it is no address', 'localhost', 'vk_x', /--service is "localhost"; expected/],
    ['there is no key', 'http://127.0.0.1:1', '', /VERDICT_API_KEY is not set/],
  ])('and in one sentence if %s', async (_, at, key, expected) => {
    const ended = await startWith({ VERDICT_API_KEY: key }, 'orders', '--service', at).ended
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toMatch(expected)
    expect(ended.stderr).not.toContain('vk_x')
  })
})

describe('straight on a store', { timeout: LONG_MS }, () => {
  it('what is asked for is written, for whoever follows the orders, with the name of who asked', async () => {
    const dir = folder()
    expect((await run('init', '--simulator', '--dir', dir)).code).toBe(0)
    const config = join(dir, 'verdict.config.json')
    const [account] = JSON.parse(readFileSync(join(dir, 'wechatpay', 'account.json'), 'utf8')).accounts
    const file = join(dir, 'verdict.db')
    const store = await sqliteStore({ file })
    await enterFree(store, [
      { account: account.mchid, out_trade_no: 'OPEN', attention: 'number_used' },
      { account: account.mchid, out_trade_no: 'LEFT' },
    ])
    await settled(store, 'SUCCESS', { account: account.mchid, out_trade_no: 'PAID' })

    const owned = await run('query', 'OPEN', '--config', config)
    expect(owned).toMatchObject({ code: 2, stderr: expect.stringContaining('(STORE_IN_USE)') })
    await store.close()

    const answer = ['--action', 'seen', '--note', 'it is ours', '--config', config]
    const resolved = await run('resolve', 'OPEN', ...answer)
    expect(resolved).toMatchObject({ code: 0 })
    expect(resolved.stdout).toMatch(/answered by a person: seen: \S+: it is ours$/m)
    expect((await run('give-up', 'LEFT', '--config', config)).stdout).toMatch(
      /given up by the merchant: \S+$/m,
    )
    const refund = await run('refund', 'PAID', '--key', 'k', '--config', config, '--json')
    expect(JSON.parse(refund.stdout)).toMatchObject({ state: 'queued', idempotencyKey: 'k' })
    // Money is written as people read it, and whoever asked for it is named.
    const { stdout: told } = await run('order', 'PAID', '--store', file)
    expect(told).toMatch(/refund queued: PAID-R\w+: HKD 1\.00, by \S+$/m)
    const listed = await run('orders', '--store', file, '--json')
    const orders = listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(orders.map(({ out_trade_no, state }) => [out_trade_no, state])).toEqual([
      ['PAID', 'SUCCESS'],
      ['LEFT', 'ending'],
      ['OPEN', 'waiting'],
    ])
  })
})
