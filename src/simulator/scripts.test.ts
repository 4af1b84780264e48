import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { placingBody } from '../../test/support/foreign-client.ts'
import { type SimulatedOptions, simulated } from '../../test/support/simulated.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { type Credentials, createCredentials } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'verdict-scripts-'))
afterAll(() => rmSync(folder, { recursive: true }))

let credentials: Credentials
beforeAll(async () => {
  credentials = await createCredentials(new VirtualClock().nowMs())
})

const world = (options: SimulatedOptions = {}) => simulated(credentials, options)
type World = ReturnType<typeof world>

let codes = 0

function quickPay({ call, keys }: World, out_trade_no: string) {
  const payer = { auth_code: `13${String(++codes).padStart(16, '0')}` }
  const body = placingBody(keys, 'common', 'MICROPAY', { out_trade_no, payer })
  return call('common', 'POST', '/v3/global/micropay/transactions/pay', body)
}

const query = ({ call, keys }: World, out_trade_no: string) =>
  call('common', 'GET', `/v3/global/transactions/out-trade-no/${out_trade_no}?mchid=${keys.identity.mchid}`)

const stateOf = async (one: World, out_trade_no: string): Promise<string> =>
  JSON.parse((await query(one, out_trade_no)).text).trade_state

const script = (one: World, out_trade_no: string, body: unknown) =>
  one.control('POST', `scripts/${out_trade_no}`, body)

describe('a script', () => {
  it.each(['none', 'seeded'] as const)(
    'lets a Quick Pay wait for its customer (customers %s)',
    async (customers) => {
      const one = world({ customers })
      await script(one, 'Q1', { customer: { does: 'never' } })
      expect((await quickPay(one, 'Q1')).text).toContain('"USERPAYING"')
      await one.clock.advance(20_000)
      expect(await stateOf(one, 'Q1')).toBe('USERPAYING')
      await one.control('POST', 'orders/Q1/pay')
      expect(await stateOf(one, 'Q1')).toBe('SUCCESS')
    },
  )

  it('says when the customer pays, and that the payment call is refused', async () => {
    const one = world()
    await script(one, 'Q1', { customer: { does: 'pay', afterMs: 4_000 } })
    await script(one, 'Q2', { customer: { does: 'refused', code: 'NOT_ENOUGH' } })
    await quickPay(one, 'Q1')
    expect(JSON.parse((await quickPay(one, 'Q2')).text).code).toBe('NOT_ENOUGH')
    await one.clock.advance(3_999)
    expect(await stateOf(one, 'Q1')).toBe('USERPAYING')
    await one.clock.advance(1)
    expect(await stateOf(one, 'Q1')).toBe('SUCCESS')
  })

  it('strikes the attempts that it names, and no others of that call, whatever the faults', async () => {
    const one = world({ faults: { resetBefore: 1 } })
    await script(one, 'Q1', { faults: { place: ['resetAfter'], query: [null, 'systemErrorBefore'] } })
    await expect(quickPay(one, 'Q1')).rejects.toThrow('reset')
    const answers = [await query(one, 'Q1'), await query(one, 'Q1'), await query(one, 'Q1')]
    expect(answers.map(({ status }) => status)).toEqual([200, 500, 200])
    // What it doesn't name is drawn as for everybody.
    const body = { mchid: one.keys.identity.mchid }
    const reversed = one.call(
      'common',
      'POST',
      '/v3/global/micropay/transactions/out-trade-no/Q1/reverse',
      body,
    )
    await expect(reversed).rejects.toThrow('reset')
    const { faults, ordersHit } = (await one.control('GET', 'statistics')).value
    expect(faults).toMatchObject({ resetAfter: 1, systemErrorBefore: 1, resetBefore: 1 })
    expect(ordersHit).toBe(1)
  })

  it('loses the callback of its order, and of no other', async () => {
    const one = world()
    await script(one, 'N1', { callbacks: ['callbackLost'] })
    await one.place('N1')
    await one.place('N2')
    await one.clock.advance(60_000)
    expect(one.received).toHaveLength(1)
    const { callbacks } = (await one.control('GET', 'callbacks')).value
    expect(callbacks).toMatchObject([{ state: 'lost' }, { state: 'acknowledged' }])
  })

  it('is on file', async () => {
    const file = join(folder, 'script.db')
    const before = world({ file })
    await script(before, 'Q1', { customer: { does: 'never' } })
    before.simulator.close()
    const after = world({ file })
    expect((await quickPay(after, 'Q1')).text).toContain('"USERPAYING"')
    after.simulator.close()
  })

  it.each([
    [{ customer: { does: 'pay' } }, 'script.customer.afterMs'],
    [{ customer: { does: 'pay', afterMs: -1 } }, 'is below 0'],
    [{ customer: { does: 'steal' } }, 'script.customer.does'],
    [{ faults: { place: ['callbackLost'] } }, 'script.faults.place.0'],
    [{ faults: { refund: ['resetAfter'] } }, 'refund'],
    [{ callbacks: 'callbackLost' }, 'script.callbacks'],
    [{ callbacks: Array.from({ length: 51 }, () => null) }, 'more than 50'],
    [{ faults: null }, 'script.faults'],
    [{ custumer: {} }, 'custumer'],
  ])('%j is refused, and changes nothing', async (body, named) => {
    const one = world()
    const answer = await script(one, 'Q1', body)
    expect(answer).toMatchObject({ status: 400, value: { code: 'OPTION_INVALID' } })
    expect(answer.value.message).toContain(named)
    expect((await quickPay(one, 'Q1')).text).toContain('"SUCCESS"')
  })

  it('is refused for a number that is placed, or that is none', async () => {
    const one = world()
    await quickPay(one, 'Q1')
    expect((await script(one, 'Q1', {})).value.code).toBe('ORDER_STATE')
    expect((await script(one, 'Q%201', {})).value.code).toBe('OPTION_INVALID')
  })
})

describe('a host that was taken down', () => {
  it('breaks every connection until it is up again, and counts as an outage', async () => {
    const one = world()
    await quickPay(one, 'Q1')
    expect((await one.control('POST', 'hosts', { primary: 'down' })).value).toEqual({
      primary: 'down',
      backup: 'up',
    })
    await expect(query(one, 'Q1')).rejects.toThrow('reset')
    await one.clock.advance(3_600_000)
    await expect(query(one, 'Q1')).rejects.toThrow('reset')
    await one.control('POST', 'hosts', { backup: 'down' })
    await expect(query(one, 'Q1')).rejects.toThrow('reset')
    expect((await one.control('POST', 'hosts', { primary: 'up', backup: 'up' })).value).toEqual({
      primary: 'up',
      backup: 'up',
    })
    expect((await query(one, 'Q1')).status).toBe(200)
    const { faults } = (await one.control('GET', 'statistics')).value
    expect(faults).toMatchObject({ outagePrimary: 2, outageAll: 1 })
  })

  it('stays down when the simulator starts again', async () => {
    const file = join(folder, 'hosts.db')
    const before = world({ file })
    await before.control('POST', 'hosts', { primary: 'down' })
    before.simulator.close()
    const after = world({ file })
    expect((await after.control('GET', 'hosts')).value).toEqual({ primary: 'down', backup: 'up' })
    after.simulator.close()
  })

  it.each([{ primary: 'sideways' }, { third: 'down' }, { primary: 'down', backup: 1 }])(
    '%j is refused, and changes nothing',
    async (body) => {
      const one = world()
      expect(await one.control('POST', 'hosts', body)).toMatchObject({
        status: 400,
        value: { code: 'OPTION_INVALID' },
      })
      expect((await one.control('GET', 'hosts')).value).toEqual({ primary: 'up', backup: 'up' })
    },
  )
})
