import { createPublicKey } from 'node:crypto'
import {
  type Credentials,
  createSimulator,
  type SendResult,
  type SimulatorSettings,
} from '../../src/simulator/index.ts'
import { keysFrom } from '../../src/simulator/keys.ts'
import { verifyMessage } from '../../src/wechatpay/signing.ts'
import { type ForeignReply, foreignClient, placingBody } from './foreign-client.ts'
import { type ReadCallback, type ReceivedCallback, readCallback, receiver } from './foreign-receiver.ts'
import { VirtualClock } from './virtual-clock.ts'
import { cryptographyOf } from './wire.ts'

export type Mode = 'common' | 'institutional'
export const NOTIFY_URL = 'http://127.0.0.1:8080/wechatpay'

export interface SimulatedOptions extends Partial<Omit<SimulatorSettings, 'clock' | 'credentials' | 'send'>> {
  readonly clock?: VirtualClock
  /** What the receiver answers; default 204. */
  readonly answer?: (callback: ReceivedCallback, nth: number) => SendResult | Promise<SendResult>
}

/** A simulator on a virtual clock, with a merchant and a receiver that know nothing but the documents. No sockets. */
export function simulated(credentials: Credentials, options: SimulatedOptions = {}) {
  const { clock = new VirtualClock(), answer = () => ({ status: 204 }), ...settings } = options
  const { send, received } = receiver(() => clock.nowMs(), answer)
  const keys = keysFrom(credentials)
  const { identity, merchantKey, wechatpayKey, platformCertificate } = credentials
  const merchantPublicKey = createPublicKey(credentials.merchantCertificate)
  const cryptography = {
    sign: cryptographyOf(keys).sign,
    verifyCaller: (message: string, signature: string) =>
      verifyMessage(merchantPublicKey, message, signature),
  }
  const simulator = createSimulator({ ...settings, clock, credentials, cryptography, send })
  const call = async (mode: Mode, method: string, url: string, body?: unknown): Promise<ForeignReply> => {
    const mchid = mode === 'common' ? identity.mchid : identity.sp_mchid
    const merchant = {
      mchid,
      serial_no: keys.serial_no,
      privateKey: merchantKey,
      nowMs: () => clock.nowMs(),
    }
    const client = foreignClient(merchant, async (request) => {
      const answer = await simulator.handle(request)
      if ('connection' in answer) throw new Error(answer.connection)
      const headers = Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value])
      return { status: answer.status, text: answer.body, headers: Object.fromEntries(headers) }
    })
    return client.call(method, url, body === undefined ? {} : { body })
  }
  const idsOf = (mode: Mode): Record<string, string> => {
    const { mchid, appid, sp_mchid, sp_appid, sub_mchid } = identity
    return mode === 'common' ? { mchid, appid } : { sp_mchid, sp_appid, sub_mchid }
  }
  const control = async (method: string, path: string, body?: unknown) => {
    const text = body === undefined ? '' : JSON.stringify(body)
    const reply = await simulator.handle({ method, url: `/_sim/${path}`, headers: {}, body: text })
    if ('connection' in reply) throw new Error(reply.connection)
    return { status: reply.status, value: JSON.parse(reply.body) }
  }
  const bySerial = {
    [identity.wechatpayPublicKeyId]: createPublicKey(wechatpayKey),
    [keys.platformCertificateSerial]: platformCertificate,
  }
  return {
    clock,
    simulator,
    received,
    call,
    idsOf,
    control,
    keys,
    /** What the receiver, by the documents, makes of what came. */
    read: (): ReadCallback[] =>
      received.map((callback) => readCallback(callback, { bySerial, apiV3Key: identity.apiV3Key })),
    /** Places a native order; `paid` by its customer unless told otherwise. */
    place: async (
      out_trade_no: string,
      { mode = 'common' as Mode, paid = true, fields = {} as Record<string, unknown> } = {},
    ): Promise<void> => {
      const body = placingBody(keys, mode, 'NATIVE', { out_trade_no, notify_url: NOTIFY_URL, ...fields })
      const reply = await call(mode, 'POST', '/v3/global/transactions/native', body)
      if (reply.status !== 200) throw new Error(reply.text)
      if (paid) await control('POST', `orders/${out_trade_no}/pay`)
    },
    refund: async (
      out_trade_no: string,
      out_refund_no: string,
      refund: number,
      { mode = 'common' as Mode, ...fields }: Record<string, unknown> & { mode?: Mode } = {},
    ) => {
      const amount = { refund, total: 1234, currency: 'HKD' }
      const body = { ...idsOf(mode), out_trade_no, out_refund_no, amount, ...fields }
      const reply = await call(mode, 'POST', '/v3/global/refunds', body)
      return { status: reply.status, value: JSON.parse(reply.text), reply }
    },
  }
}
