import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Luck } from './chance.ts'
import type { Manners, Trouble } from './moods.ts'
import type { Signed } from './stamp.ts'

/** Brings replies onto the wire, in all the ways that HTTP allows, and in some that it doesn't. */

export interface Reply {
  readonly status: number
  readonly body: Buffer
  readonly signed: Signed | null
}

export interface Wire {
  readonly response: ServerResponse
  readonly manners: Manners
  readonly luck: Luck
  readonly nowMs: number
  readonly after: (ms: number, run: () => void) => void
}

export function write(wire: Wire, { status, body, signed }: Reply, trouble: Trouble | null): void {
  const { response, manners, luck, nowMs, after } = wire
  if (response.destroyed) return
  const headers: [string, string][] = [['Request-Id', `08${luck.draw().toString(36).slice(2)}-268435456`]]
  if (signed !== null) {
    headers.push(['Wechatpay-Timestamp', signed.timestamp])
    headers.push(
      ['Wechatpay-Serial', digits(signed.serial, manners)],
      ['Wechatpay-Signature', signed.signature],
    )
    const half = trouble === 'halfSigned' ? luck.pick(['no nonce', 'two serials'] as const) : null
    if (half !== 'no nonce') headers.push(['Wechatpay-Nonce', signed.nonce])
    if (half === 'two serials') headers.push(['Wechatpay-Serial', 'ANOTHER'])
    if (manners.signatureType) headers.push(['Wechatpay-Signature-Type', 'WECHATPAY2-SHA256-RSA2048'])
  }
  const hasBody = status !== 204
  const gzip = hasBody && manners.gzip
  const bytes = gzip ? gzipSync(body) : body
  const drips = trouble === 'dripping' || trouble === 'torn'
  if (hasBody) headers.push(['Content-Type', 'application/json; charset=utf-8'], ['X-Powered-By', 'other'])
  if (gzip) headers.push(['Content-Encoding', 'gzip'])
  if (hasBody && !manners.chunked) headers.push(['Content-Length', String(bytes.length)])
  if (status === 204 && manners.done === '204 with length') headers.push(['Content-Length', '0'])
  if (manners.closing === 'says it') headers.push(['Connection', 'close'])
  response.sendDate = manners.date === 'right'
  if (manners.date === 'hours off') headers.push(['Date', new Date(nowMs + 7_200_000).toUTCString()])
  response.writeHead(
    status,
    headers.flatMap(([name, value]) => [cased(name, manners), value]),
  )
  if (drips && hasBody) drip(wire, bytes, trouble === 'torn')
  else if (hasBody && manners.chunked) {
    const middle = Math.floor(bytes.length / 2)
    response.write(bytes.subarray(0, middle))
    response.end(bytes.subarray(middle))
  } else response.end(hasBody ? bytes : undefined)
  // The worst moment: the client thinks that the connection lives, and puts the next request on it.
  if (manners.closing === 'just does it' && !drips) {
    const { socket } = response
    response.once('finish', () => after(luck.between(0, 2_000), () => socket?.destroy()))
  }
}

/** What a proxy says when nobody stands behind it. */
export function page(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Type': 'text/html' }).end('<html><h1>Bad Gateway</h1></html>')
}

/** Within the client's patience or beyond it, or up to a cut in the middle. */
function drip({ response, luck, after }: Wire, bytes: Buffer, tears: boolean): void {
  const parts = 5
  const pauseMs = luck.pick([300, 900, 3_000])
  const step = Math.ceil(bytes.length / parts)
  const next = (at: number): void => {
    if (response.destroyed) return
    if (tears && at >= 2 * step) {
      response.socket?.destroy()
      return
    }
    if (at >= bytes.length) {
      response.end()
      return
    }
    response.write(bytes.subarray(at, at + step))
    after(pauseMs, () => next(at + step))
  }
  next(0)
}

/** A certificate's serial number in whatever case; the id of a public key is a name. */
function digits(serial: string, { headerCase }: Pick<Manners, 'headerCase'>): string {
  return headerCase === 'lower' && /^[0-9A-F]+$/.test(serial) ? serial.toLowerCase() : serial
}

export function cased(name: string, { headerCase }: Pick<Manners, 'headerCase'>): string {
  if (headerCase === 'Title') return name
  return headerCase === 'UPPER' ? name.toUpperCase() : name.toLowerCase()
}
