import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { isSignedBy } from '../../../test/support/foreign-client.ts'
import { type Mode, simulated } from '../../../test/support/simulated.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { type Credentials, createCredentials } from '../index.ts'
import { publicPem } from '../keys.ts'

let credentials: Credentials
beforeAll(async () => {
  credentials = await createCredentials(new VirtualClock().nowMs())
})

const NEXT_MORNING = 23 * 3_600_000
/** The clock of these tests begins on this day at 10:00 in Beijing. */
const DAY = '20260608'

function billUrl(
  world: ReturnType<typeof simulated>,
  mode: Mode,
  more: Readonly<Record<string, string>> = {},
): string {
  const { mchid, sp_mchid } = world.idsOf(mode)
  const who: Record<string, string> =
    mode === 'common' ? { mchid: String(mchid) } : { sp_mchid: String(sp_mchid) }
  return `/v3/global/statements?${new URLSearchParams({ date: DAY, ...who, ...more })}`
}

/** By the documents alone: the head, and every value behind its backtick. */
function read(text: string): ReadonlyArray<Readonly<Record<string, string>>> {
  const [head = '', ...lines] = text.trimEnd().split('\r\n')
  return lines.map((line) => {
    const values = line.slice(1).split(',`')
    return Object.fromEntries(head.split(',').map((name, i) => [name, values[i] ?? '']))
  })
}

describe('the bill of a day', () => {
  it.each(['common', 'institutional'] as const)('has payments and refunds, in %s mode', async (mode) => {
    const world = simulated(credentials)
    await world.place('A1', { mode, fields: { attach: 'shelf 4, left' } })
    await world.place('unpaid', { mode, paid: false })
    await world.refund('A1', 'R1', 234, { mode })
    await world.clock.advance(NEXT_MORNING)
    const { status, text, headers } = await world.call(mode, 'GET', billUrl(world, mode))
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8'])
    const { mchid = '', sp_mchid = '', sub_mchid = '' } = world.idsOf(mode)
    const ids = {
      商户号: mchid || sp_mchid,
      子商户号: sub_mchid,
      商户订单号: 'A1',
      交易类型: 'NATIVE',
      商户数据包: 'shelf 4, left',
    }
    const rows = read(text)
    expect(rows).toMatchObject([
      {
        ...ids,
        交易状态: 'SUCCESS',
        交易时间: '2026-06-08 10:00:00',
        '订单金额(标价币种)': '12.34',
        标价币种: 'HKD',
        商户退款单号: '0',
      },
      {
        ...ids,
        交易状态: 'REFUND',
        退款状态: 'SUCCESS',
        商户退款单号: 'R1',
        申请退款金额: '2.34',
        '订单金额(标价币种)': '12.34',
      },
    ])
    expect(Object.keys(rows[0] ?? {})).toHaveLength(38)
  })

  it('is signed by its hash', async () => {
    const world = simulated(credentials)
    await world.place('A1')
    await world.clock.advance(NEXT_MORNING)
    const reply = await world.call('common', 'GET', billUrl(world, 'common'))
    const sha1 = createHash('sha1').update(reply.text).digest('hex')
    expect(reply.headers['wechatpay-statement-sha1']).toBe(sha1)
    const key = publicPem(credentials.wechatpayKey)
    expect(isSignedBy(key, { ...reply, text: `{"sha1":"${sha1}"}` })).toBe(true)
    expect(isSignedBy(key, reply)).toBe(false)
  })

  it('has the reverse of a paid order, and nothing of an unpaid one', async () => {
    const world = simulated(credentials)
    const { mchid } = world.idsOf('common')
    for (const [out_trade_no, total] of [
      ['paid', 1_234],
      ['never', 9_001],
    ] as const) {
      const auth_code = out_trade_no === 'paid' ? '134567890123456789' : '134567890123456780'
      const fields = {
        out_trade_no,
        description: 'Tea',
        merchant_category_code: '5812',
        payer: { auth_code },
      }
      const body = {
        ...world.idsOf('common'),
        ...fields,
        trade_type: 'MICROPAY',
        amount: { total, currency: 'HKD' },
      }
      await world.call('common', 'POST', '/v3/global/micropay/transactions/pay', body)
      await world.clock.advance(20_000)
      await world.call(
        'common',
        'POST',
        `/v3/global/micropay/transactions/out-trade-no/${out_trade_no}/reverse`,
        { mchid },
      )
    }
    await world.clock.advance(NEXT_MORNING)
    const { text } = await world.call('common', 'GET', billUrl(world, 'common'))
    expect(read(text).map(({ 商户订单号: number, 交易状态: state }) => [number, state])).toEqual([
      ['paid', 'SUCCESS'],
      ['paid', 'REVOKED'],
    ])
  })

  it('has what happened on that day in Beijing', async () => {
    const world = simulated(credentials)
    await world.place('A1')
    await world.clock.advance(14 * 3_600_000)
    // The pool of the next day is empty.
    await world.refund('A1', 'R1', 100, { source: 'REFUND_SOURCE_RECHARGE_FUNDS' })
    await world.clock.advance(48 * 3_600_000)
    const of = async (date: string) =>
      (await world.call('common', 'GET', billUrl(world, 'common', { date }))).text
    expect(read(await of('20260608')).map((row) => row.交易状态)).toEqual(['SUCCESS'])
    expect(read(await of('20260609')).map((row) => row.交易状态)).toEqual(['REFUND'])
    expect(JSON.parse(await of('20260607'))).toMatchObject({ code: 'NO_STATEMENT_EXIST' })
  })

  it('is there from 09:00 on the next day on; at once, if wanted', async () => {
    const world = simulated(credentials)
    await world.place('A1')
    await world.clock.advance(NEXT_MORNING - 1)
    const early = await world.call('common', 'GET', billUrl(world, 'common'))
    expect([early.status, JSON.parse(early.text).code]).toEqual([400, 'NO_STATEMENT_EXIST'])
    expect(isSignedBy(publicPem(credentials.wechatpayKey), early)).toBe(true)
    await world.clock.advance(1)
    expect((await world.call('common', 'GET', billUrl(world, 'common'))).status).toBe(200)

    const hasty = simulated(credentials, { bills: 'at-once' })
    await hasty.place('A1')
    expect((await hasty.call('common', 'GET', billUrl(hasty, 'common'))).status).toBe(200)
  })

  it('of an institution is of all its sub-merchants, or of one', async () => {
    const world = simulated(credentials, { bills: 'at-once' })
    await world.place('A1', { mode: 'institutional' })
    await world.place('B1', { mode: 'institutional', fields: { sub_mchid: '1700000077' } })
    const of = async (more: Readonly<Record<string, string>>) =>
      read((await world.call('institutional', 'GET', billUrl(world, 'institutional', more))).text).map(
        (row) => row.商户订单号,
      )
    expect((await of({})).toSorted()).toEqual(['A1', 'B1'])
    expect(await of({ sub_mchid: '1700000077' })).toEqual(['B1'])
  })

  it.each([
    ['no day', { date: '' }, 'PARAM_ERROR'],
    ['a day that is none', { date: '20260231' }, 'PARAM_ERROR'],
    ['a day with dashes', { date: '2026-06-08' }, 'PARAM_ERROR'],
    ['another merchant', { mchid: '1900009999' }, 'NO_AUTH'],
    ['a sub-merchant of a common merchant', { sub_mchid: '1700000001' }, 'PARAM_ERROR'],
  ])('is refused for %s', async (_, more, code) => {
    const world = simulated(credentials, { bills: 'at-once' })
    const { status, text } = await world.call(
      'common',
      'GET',
      billUrl(world, 'common', more as Record<string, string>),
    )
    expect(status).toBeGreaterThanOrEqual(400)
    expect(JSON.parse(text)).toMatchObject({ code })
  })

  it('can be cut on its way: then its hash says so', async () => {
    const world = simulated(credentials, { bills: 'at-once' })
    await world.place('A1')
    await world.control('POST', 'faults', { probabilities: { unreadableBody: 1 } })
    const reply = await world.call('common', 'GET', billUrl(world, 'common'))
    const sha1 = String(reply.headers['wechatpay-statement-sha1'])
    expect(createHash('sha1').update(reply.text).digest('hex')).not.toBe(sha1)
    expect(isSignedBy(publicPem(credentials.wechatpayKey), { ...reply, text: `{"sha1":"${sha1}"}` })).toBe(
      true,
    )
  })
})
