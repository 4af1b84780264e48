import { type KeyObject, randomBytes, sign } from 'node:crypto'
import { holds, type Stamp } from './stamp.ts'

/** The smallest program that talks to a WeChat Pay, for tests of the other one alone. */
export interface Client {
  readonly baseUrl: string
  readonly mchid: string
  readonly serial: string
  readonly secret: KeyObject
  readonly stamps: readonly Stamp[]
  readonly nowMs: () => number
}

export interface Got {
  readonly status: number
  readonly signed: boolean
  readonly json: Readonly<Record<string, unknown>>
}

/** A body makes it a POST. `null`: no answer. */
export async function call(client: Client, path: string, json?: object): Promise<Got | null> {
  const method = json === undefined ? 'GET' : 'POST'
  const body = json === undefined ? '' : JSON.stringify(json)
  const timestamp = String(Math.floor(client.nowMs() / 1_000))
  const nonce = randomBytes(16).toString('hex')
  const text = Buffer.from(`${method}\n${path}\n${timestamp}\n${nonce}\n${body}\n`)
  const signature = sign('RSA-SHA256', text, client.secret).toString('base64')
  const items = { mchid: client.mchid, nonce_str: nonce, timestamp, serial_no: client.serial, signature }
  const said = Object.entries(items).map(([name, value]) => `${name}="${value}"`)
  const headers = {
    Authorization: `WECHATPAY2-SHA256-RSA2048 ${said}`,
    Accept: 'application/json',
    'Content-Type': 'application/json',
    'User-Agent': 'the smallest client',
  }
  try {
    const more = json === undefined ? {} : { body }
    const signal = AbortSignal.timeout(1_000)
    const response = await fetch(client.baseUrl + path, { method, headers, signal, ...more })
    const answer = await response.text()
    const parsed = answer.startsWith('{') ? (JSON.parse(answer) as Record<string, unknown>) : {}
    return { status: response.status, signed: isSigned(client, response.headers, answer), json: parsed }
  } catch {
    return null
  }
}

function isSigned({ stamps }: Client, headers: Headers, body: string): boolean {
  const [timestamp = '', nonce = '', signature = '', serial = ''] = [
    'timestamp',
    'nonce',
    'signature',
    'serial',
  ].map((name) => headers.get(`wechatpay-${name}`) ?? '')
  const stamp = stamps.find((known) => known.serial.toLowerCase() === serial.toLowerCase())
  return stamp !== undefined && holds(stamp, { serial, timestamp, nonce, signature }, body)
}
