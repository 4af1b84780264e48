import { beforeEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../../test/support/virtual-clock.ts'
import { seededRandom } from '../../../random.ts'
import type { OrderView } from '../../../simulator/index.ts'
import { Phone, type PhoneAct, SLOW_MS } from './phone.ts'

const QUICK = { out_trade_no: 'T1', kind: 'quick_pay', total: 8_800, currency: 'HKD' } as const
const NATIVE = { ...QUICK, kind: 'native' } as const

let clock: VirtualClock
let sent: string[]
let refuses: string | null
let phone: Phone

beforeEach(() => {
  clock = new VirtualClock()
  sent = []
  refuses = null
  const send = async (act: PhoneAct, out_trade_no: string): Promise<void> => {
    sent.push(`${act} ${out_trade_no}`)
    if (refuses !== null) throw new Error(refuses)
  }
  phone = new Phone({ clock, random: seededRandom(1), send })
})

/** What WeChat Pay knows of T1. */
function truth(facts: Partial<OrderView>): OrderView {
  const nothing = { open: true, paid: false, charged: 0, refunded: 0 }
  return { ...nothing, out_trade_no: 'T1', trade_state: 'USERPAYING', ...facts } as OrderView
}
const PAID = { trade_state: 'SUCCESS', open: false, paid: true, charged: 8_800 } as const

const screen = (): string => phone.view.screen

describe('the phone', () => {
  it('shows a payment code that is good for one payment', () => {
    const { code, screen, payment } = phone.view
    expect({ screen, payment }).toEqual({ screen: 'code', payment: null })
    expect(code).toMatch(/^13\d{16}$/)
    phone.meet(QUICK)
    expect(phone.view.code).not.toBe(code)
  })

  it('asks for the password of a Quick Pay once WeChat Pay knows the order, and of a QR code at once', () => {
    phone.meet(QUICK)
    expect(screen()).toBe('code')
    phone.learn(truth({}))
    expect(screen()).toBe('asks')
    phone.meet(NATIVE)
    expect(screen()).toBe('asks')
  })

  it('pays at once, or after a while of typing', async () => {
    phone.meet(NATIVE)
    await phone.pay()
    expect(sent).toEqual(['pay T1'])
    phone.learn(truth(PAID))
    expect(screen()).toBe('paid')

    phone.meet(NATIVE)
    await phone.pay({ slowly: true })
    await clock.advance(SLOW_MS - 1)
    expect({ screen: screen(), times: sent.length }).toEqual({ screen: 'typing', times: 1 })
    await clock.advance(1)
    expect(sent).toEqual(['pay T1', 'pay T1'])
  })

  it('refuses', async () => {
    phone.meet(QUICK)
    phone.learn(truth({}))
    await phone.refuse()
    expect(sent).toEqual(['refuse T1'])
    phone.learn(truth({ trade_state: 'PAYERROR' }))
    expect(screen()).toBe('refused')
  })

  it('without a network keeps what the customer did, and hears nothing; both come when it is back', async () => {
    phone.meet(NATIVE)
    await phone.setNetwork(false)
    await phone.pay()
    phone.learn(truth(PAID))
    expect({ screen: screen(), sent }).toEqual({ screen: 'sending', sent: [] })
    await phone.setNetwork(true)
    expect(sent).toEqual(['pay T1'])
    phone.learn(truth(PAID))
    expect(screen()).toBe('paid')
  })

  it('is not asked for a Quick Pay while it has no network', async () => {
    await phone.setNetwork(false)
    phone.meet(QUICK)
    phone.learn(truth({}))
    expect(screen()).toBe('code')
  })

  it('says why WeChat Pay took nothing', async () => {
    phone.meet(QUICK)
    phone.learn(truth({}))
    refuses = 'its 45 s are over'
    await phone.pay()
    expect(phone.view).toMatchObject({ screen: 'failed', why: 'its 45 s are over' })
  })

  it('shows that an order ended without it, and money that came back', () => {
    phone.meet(NATIVE)
    phone.learn(truth({ trade_state: 'CLOSED', open: false }))
    expect(screen()).toBe('over')
    phone.learn(truth({ ...PAID, trade_state: 'REVOKED', refunded: 8_800 }))
    expect(screen()).toBe('returned')
  })

  it('takes no word about another order, and forgets what it typed for the last one', async () => {
    phone.meet(QUICK)
    await phone.pay({ slowly: true })
    phone.meet({ ...NATIVE, out_trade_no: 'T2' })
    phone.learn(truth(PAID))
    await clock.advance(SLOW_MS)
    expect({ screen: screen(), sent }).toEqual({ screen: 'asks', sent: [] })
  })
})
