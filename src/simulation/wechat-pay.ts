import {
  type Credentials,
  createSimulator,
  type OrderList,
  type OrderView,
  type Probabilities,
  type SendCallback,
  type SimulatorCore,
} from '../simulator/index.ts'
import type { Cryptography } from './cryptography.ts'
import type { EventClock } from './event-clock.ts'
import { nonceSource } from './nonces.ts'
import type { SeedPlan } from './plan.ts'

/** The simulated WeChat Pay of a world, and the truth about every order. */
export interface WechatPay extends Pick<SimulatorCore, 'handle' | 'keys' | 'close'> {
  /** Its own faults come to an end. */
  calm(): Promise<void>
  order(out_trade_no: string): Promise<OrderView | null>
  orders(): Promise<readonly OrderView[]>
  refundElsewhere(out_trade_no: string, amount: number): Promise<boolean>
  /** A person puts right what went wrong with a refund. */
  mend(out_refund_no: string): Promise<void>
  /** How often each of its faults struck. */
  faults(): Promise<Readonly<Record<string, number>>>
}

export async function openWechatPay(
  plan: SeedPlan,
  clock: EventClock,
  credentials: Credentials,
  cryptography: Cryptography,
  send: SendCallback,
): Promise<WechatPay> {
  const { seed, callbacks, callbackKey } = plan
  const core = createSimulator({
    clock,
    seed,
    credentials,
    customers: 'seeded',
    abnormalShare: plan.abnormalShare,
    callbacks,
    callbackKey,
    cryptography: cryptography.wechatPay,
    nonces: nonceSource(seed, 'WeChat Pay'),
    send,
  })
  const ask = async (method: string, path: string, body: unknown = null) => {
    const text = body === null ? '' : JSON.stringify(body)
    const reply = await core.handle({ method, url: `/_sim/${path}`, headers: {}, body: text })
    if ('connection' in reply) throw new Error(`the control API broke off: ${path}`)
    return { isDone: reply.status === 200, value: JSON.parse(reply.body) as unknown }
  }
  const { value } = await ask('POST', 'faults', { level: 'harsh' })
  const { probabilities: harsh } = value as { readonly probabilities: Probabilities }
  const entries = Object.entries(harsh).map(([name, p]) => [name, Math.min(1, p * plan.faults)])
  await ask('POST', 'faults', { probabilities: Object.fromEntries(entries) })
  return {
    keys: core.keys,
    handle: core.handle,
    close: core.close,
    async calm() {
      await ask('POST', 'faults', { level: 'none' })
    },
    async order(out_trade_no) {
      const { isDone, value: view } = await ask('GET', `orders/${out_trade_no}`)
      return isDone ? (view as OrderView) : null
    },
    async orders() {
      return ((await ask('GET', 'orders')).value as OrderList).orders
    },
    async refundElsewhere(out_trade_no, amount) {
      return (await ask('POST', `orders/${out_trade_no}/refund`, { amount })).isDone
    },
    async mend(out_refund_no) {
      await ask('POST', `refunds/${out_refund_no}/mend`)
    },
    async faults() {
      return ((await ask('GET', 'statistics')).value as { faults: Record<string, number> }).faults
    },
  }
}
