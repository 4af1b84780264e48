import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Pool } from 'undici'
import {
  authorization,
  privateKeyFrom,
  replyMessage,
  requestMessage,
  signInPool,
  verifyMessage,
} from '../../src/wechatpay/signing.ts'
import { publicKeyOf } from '../keys.ts'
import { type BenchKeys, MCHID } from '../measured.ts'

export interface PeerSettings {
  readonly peer: string
  /** Of PostgreSQL or Redis. */
  readonly url: string
  readonly keys: BenchKeys
  readonly port: number
  readonly orders: number
}

/** Every order is asked again so long after its answer. */
export const AGAIN_MS = 4_000
/** Calls under way at once, as Verdict's default. */
export const CONCURRENCY = 400

/** What signs and verifies for one query, whichever client carries it. */
export interface Signing {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** The header of a signed query. @param sign gives Base64 */
export async function signedQuery(
  out_trade_no: string,
  sign: (message: string) => string | Promise<string>,
): Promise<Signing> {
  const path = `/v3/global/transactions/out-trade-no/${out_trade_no}?mchid=${MCHID}`
  const timestamp = String(Math.floor(Date.now() / 1000))
  const nonce_str = randomBytes(16).toString('hex')
  const message = requestMessage({ method: 'GET', url: path, timestamp, nonce: nonce_str, body: '' })
  const serial_no = '5F1C72E2A8931B72A2E13AF8DEE92471EB397115'
  const signature = await sign(message)
  const fields = { mchid: MCHID, nonce_str, timestamp, serial_no, signature }
  return { path, headers: { Accept: 'application/json', Authorization: authorization(fields) } }
}

/** What an answer's signature covers. */
export function signedText(headers: Readonly<Record<string, unknown>>, body: string): string {
  const [timestamp, nonce] = [String(headers['wechatpay-timestamp']), String(headers['wechatpay-nonce'])]
  return replyMessage({ timestamp, nonce, body })
}

/**
 * The poll as we would write it for any queue: keys read once, signed on the thread pool, undici, verified before parsed.
 * Gives the order's `trade_state`.
 */
export function pollWith({ keys, port }: PeerSettings): (out_trade_no: string) => Promise<string> {
  const key = privateKeyFrom(readFileSync(keys.merchantFile, 'utf8'), 'merchant')
  const theirs = publicKeyOf(keys.wechatpayFile)
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONCURRENCY, pipelining: 1 })
  return async (out_trade_no) => {
    const { path, headers } = await signedQuery(out_trade_no, (message) => signInPool(key, message))
    const answer = await pool.request({ path, method: 'GET', headers })
    const body = await answer.body.text()
    const signature = String(answer.headers['wechatpay-signature'])
    if (!verifyMessage(theirs, signedText(answer.headers, body), signature)) throw new Error('forged')
    return (JSON.parse(body) as { readonly trade_state: string }).trade_state
  }
}
