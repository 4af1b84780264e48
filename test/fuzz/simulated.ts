import { createHash } from 'node:crypto'
import type { Clock } from '../../src/clock.ts'
import {
  type Credentials,
  createSimulator,
  type SimulatorCore,
  type WireAnswer,
  type WireRequest,
} from '../../src/simulator/index.ts'
import { authorization, requestMessage } from '../../src/wechatpay/signing.ts'
import type { Chance } from './chance.ts'
import {
  API_V3_KEY,
  COMMON,
  INSTITUTION,
  NOW_MS,
  OTHER_CERTIFICATE,
  OTHER_KEY_PEM,
  PLATFORM_CERTIFICATES,
  SERIAL,
  WECHATPAY_KEY_PEM,
} from './wechat-pay.ts'

/** The simulator as foreign clients meet it, with signatures that cost nothing and the same keys for ever. */
const CREDENTIALS: Credentials = {
  identity: {
    mchid: COMMON.mchid,
    appid: COMMON.appid,
    sp_mchid: INSTITUTION.sp_mchid,
    sp_appid: INSTITUTION.sp_appid,
    sub_mchid: '1700000001',
    sub_appid: 'wx0000000000000003',
    apiV3Key: API_V3_KEY,
    wechatpayPublicKeyId: SERIAL,
  },
  merchantKey: OTHER_KEY_PEM,
  merchantCertificate: OTHER_CERTIFICATE,
  wechatpayKey: WECHATPAY_KEY_PEM,
  platformKey: WECHATPAY_KEY_PEM,
  platformCertificate: PLATFORM_CERTIFICATES[0],
}

const cheap = (message: string): string => createHash('sha256').update(message).digest('base64')

export type Believes = (message: string, signature: string) => boolean

/** @param verifyCaller what a twin puts in the place of the check */
export function openSimulator(clock: Clock, verifyCaller: Believes = isCheap): SimulatorCore {
  let nonces = 0
  return createSimulator({
    clock,
    credentials: CREDENTIALS,
    cryptography: { sign: async (_, message) => cheap(message), verifyCaller },
    nonces: () => String(++nonces).padStart(32, '0'),
    send: async () => ({ status: 204 }),
  })
}

function isCheap(message: string, signature: string): boolean {
  return signature === cheap(message)
}

export type Mode = 'common' | 'institutional'

export interface Call {
  readonly method: string
  readonly url: string
  readonly body: string
}

/** A request, rightly signed by the merchant of its mode. */
export function signedRequest(mode: Mode, { method, url, body }: Call, nowMs = NOW_MS): WireRequest {
  const fields = { timestamp: String(Math.floor(nowMs / 1_000)), nonce: 'n' }
  const header = authorization({
    mchid: mode === 'common' ? COMMON.mchid : INSTITUTION.sp_mchid,
    nonce_str: fields.nonce,
    timestamp: fields.timestamp,
    serial_no: SERIAL_NO,
    signature: cheap(requestMessage({ method, url, body, ...fields })),
  })
  const headers = { authorization: header, accept: '*/*', 'user-agent': 'fuzz' }
  return { method, url, body, headers: { ...headers, 'content-type': 'application/json' } }
}

const SERIAL_NO = '5F1C72E2A8931B72A2E13AF8DEE92471EB397115'

/** The clock of a simulator: moves when it is told to, and does later what is then due. */
export class SteppedClock implements Clock {
  #nowMs = NOW_MS
  #tasks: Array<{ readonly atMs: number; readonly task: () => void }> = []

  nowMs(): number {
    return this.#nowMs
  }

  after(ms: number, task: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, ms), task }
    this.#tasks.push(timer)
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== timer)
    }
  }

  step(ms: number): void {
    this.#nowMs += ms
    const due = this.#tasks.filter(({ atMs }) => atMs <= this.#nowMs)
    this.#tasks = this.#tasks.filter(({ atMs }) => atMs > this.#nowMs)
    for (const { task } of due) task()
  }
}

export function describedAnswer(answer: WireAnswer): string {
  return 'connection' in answer ? answer.connection : String(answer.status)
}

export function pathOf(chance: Chance, mode: Mode, number: string): string {
  const who =
    mode === 'common' ? `mchid=${COMMON.mchid}` : `sp_mchid=${INSTITUTION.sp_mchid}&sub_mchid=1700000001`
  const named = encodeURIComponent(number)
  return chance.pick([
    `/v3/global/transactions/out-trade-no/${named}?${who}`,
    `/v3/global/transactions/id/${named}?${who}`,
    `/v3/global/refunds/out-refund-no/${named}?${who}`,
    `/v3/global/refunds?out_trade_no=${named}&offset=0&count=20&${who}`,
    '/v3/global/certificates',
  ])
}
