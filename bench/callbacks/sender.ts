/**
 * WeChat Pay, as it announces payments: every callback is encrypted and signed before the run. argv: SenderSettings. Says
 * 'ready' when all are signed; on a port it sends them there at a steady pace, whatever becomes of the ones before, and
 * says what it found (Sent).
 */
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { apiV3Key, encryptResource } from '../../src/wechatpay/resource.ts'
import { privateKeyFrom, replyMessage, SIGNATURE_TYPE, signInPool } from '../../src/wechatpay/signing.ts'
import { settingsOfChild } from '../children.ts'
import { type BenchKeys, MCHID } from '../measured.ts'
import { nameOfOrder, TOTAL } from '../orders.ts'

export interface SenderSettings {
  readonly keys: BenchKeys
  readonly apiV3Key: string
  readonly callbacks: number
  readonly perSecond: number
}

export interface Sent {
  readonly seconds: number
  /** From the moment at which each was to leave: a sender that waits for answers would hide what is slow. */
  readonly answerMs: readonly number[]
  /** How many got each status; `none` without an answer. */
  readonly statuses: Readonly<Record<string, number>>
}

interface Callback {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const SIGNED_AT_ONCE = 200
const CONNECTIONS = 200

const { keys, apiV3Key: secret, callbacks, perSecond } = settingsOfChild<SenderSettings>()
const sealingKey = apiV3Key(secret)
const privateKey = privateKeyFrom(readFileSync(keys.wechatpayFile, 'utf8'), keys.wechatpayFile)
const signed: Callback[] = []
for (let from = 0; from < callbacks; from += SIGNED_AT_ONCE) {
  const size = Math.min(SIGNED_AT_ONCE, callbacks - from)
  signed.push(...(await Promise.all(Array.from({ length: size }, (_, i) => callbackOf(from + i)))))
}

async function callbackOf(index: number): Promise<Callback> {
  const now = new Date().toISOString()
  const payment = {
    ...{ mchid: MCHID, appid: 'wx0123456789abcdef', out_trade_no: nameOfOrder(index) },
    ...{ transaction_id: String(4_200_000_000_000_000_000n + BigInt(index)), trade_type: 'NATIVE' },
    ...{ trade_state: 'SUCCESS', trade_state_desc: 'paid', bank_type: 'OTHERS', success_time: now },
    payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
    amount: { total: TOTAL, currency: 'HKD', payer_total: TOTAL, payer_currency: 'HKD' },
  }
  const nonce = String(index).padStart(12, '0')
  const sealed = encryptResource(sealingKey, JSON.stringify(payment), {
    ...{ nonce, associated_data: 'transaction' },
  })
  const body = JSON.stringify({
    ...{ id: `EV-${index}`, create_time: now, resource_type: 'encrypt-resource' },
    ...{ event_type: 'TRANSACTION.SUCCESS', summary: '支付成功' },
    resource: { original_type: 'transaction', ...sealed },
  })
  const timestamp = String(Math.floor(Date.now() / 1_000))
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'wechatpay-timestamp': timestamp,
      'wechatpay-nonce': nonce,
      'wechatpay-signature': await signInPool(privateKey, replyMessage({ timestamp, nonce, body })),
      'wechatpay-serial': keys.serial,
      'wechatpay-signature-type': SIGNATURE_TYPE,
    },
  }
}

/** All of them, each at its own moment. */
async function sendTo(port: number): Promise<Sent> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const answerMs: number[] = []
  const statuses: Record<string, number> = {}
  const beganMs = performance.now()
  const answers: Array<Promise<void>> = []
  for (const [index, callback] of signed.entries()) {
    const atMs = beganMs + (index * 1_000) / perSecond
    while (performance.now() < atMs) await new Promise((resolve) => setTimeout(resolve, 1))
    answers.push(
      post(port, agent, callback).then((status) => {
        answerMs.push(performance.now() - atMs)
        statuses[status] = (statuses[status] ?? 0) + 1
      }),
    )
  }
  await Promise.all(answers)
  agent.destroy()
  return { seconds: (performance.now() - beganMs) / 1_000, answerMs, statuses }
}

function post(port: number, agent: Agent, { headers, body }: Callback): Promise<string> {
  return new Promise((resolve) => {
    const sending = request(
      { host: '127.0.0.1', port, agent, method: 'POST', path: `/callbacks/${MCHID}`, headers },
      (reply) => reply.resume().on('end', () => resolve(String(reply.statusCode))),
    )
    sending.on('error', () => resolve('none'))
    sending.end(body)
  })
}

process.on('message', async (port) => process.send?.(await sendTo(Number(port))))
process.on('disconnect', () => process.exit())
process.send?.('ready')
