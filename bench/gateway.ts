/**
 * WeChat Pay's part in the benchmark, in a process of its own: the answers are signed before the run begins, one per
 * order, and only looked up and written during it, so that its cost stays small and known. Speaks just enough HTTP/1.1
 * for a keep-alive client that sends one request at a time per connection.
 *
 * argv: GatewaySettings. Says { port } when it serves, and its CPU time when asked.
 */
import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { PLACING_PATHS } from '../src/gateway/wechatpay/requests.ts'
import { privateKeyFrom, replyMessage, SIGNATURE_TYPE, signInPool } from '../src/wechatpay/signing.ts'
import { settingsOfChild } from './children.ts'
import type { BenchKeys } from './measured.ts'
import { nameOfOrder, TOTAL } from './orders.ts'

export interface GatewaySettings {
  readonly keys: BenchKeys
  readonly mchid: string
  /** So many orders have an answer before the run; that of another, or of another account, is signed when it is asked for. */
  readonly orders: number
  readonly delayMs: number
}

const { keys, mchid, orders, delayMs } = settingsOfChild<GatewaySettings>()
const privateKey = privateKeyFrom(readFileSync(keys.wechatpayFile, 'utf8'), keys.wechatpayFile)
const answers = new Map<string, Buffer>()
const closed = new Set<string>()

/** A batch at a time on the thread pool. */
const SIGNED_AT_ONCE = 200
for (let from = 0; from < orders; from += SIGNED_AT_ONCE) {
  const size = Math.min(SIGNED_AT_ONCE, orders - from)
  await Promise.all(Array.from({ length: size }, (_, i) => addAnswer(mchid, nameOfOrder(from + i))))
}

async function addAnswer(mchid: string, out_trade_no: string): Promise<Buffer> {
  const key = `${mchid} ${out_trade_no}`
  const body = JSON.stringify({
    mchid,
    out_trade_no,
    ...(closed.has(key)
      ? { trade_state: 'CLOSED', trade_state_desc: 'closed' }
      : { trade_state: 'NOTPAY', trade_state_desc: 'not paid' }),
    amount: { total: TOTAL, currency: 'HKD' },
  })
  const answer = await signed('200 OK', body)
  answers.set(key, answer)
  return answer
}

async function signed(status: string, body: string): Promise<Buffer> {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const nonce = `bench${answers.size}`
  const signature = await signInPool(privateKey, replyMessage({ timestamp, nonce, body }))
  return reply(status, body, { timestamp, nonce, signature })
}

function reply(
  status: string,
  body: string,
  signed: { timestamp: string; nonce: string; signature: string },
): Buffer {
  return Buffer.from(
    [
      `HTTP/1.1 ${status}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: keep-alive',
      'Request-ID: 08BENCH-0',
      `Wechatpay-Nonce: ${signed.nonce}`,
      `Wechatpay-Serial: ${keys.serial}`,
      `Wechatpay-Signature: ${signed.signature}`,
      `Wechatpay-Signature-Type: ${SIGNATURE_TYPE}`,
      `Wechatpay-Timestamp: ${signed.timestamp}`,
      '',
      body,
    ].join('\r\n'),
  )
}

const PATH = '/v3/global/transactions/out-trade-no/'
const MCHID_PARAMETER = '?mchid='
const END = '\r\n\r\n'

/** Every request with a body is a close, or places a Quick Pay order, whose customer is not done for now. */
function answerOn(socket: Socket): (chunk: string) => void {
  let pending = ''
  return (chunk) => {
    pending += chunk
    const hasBody = pending.startsWith('POST')
    if (hasBody ? !/\r\n\r\n.*\}$/s.test(pending) : !pending.endsWith(END)) return
    const request = pending
    pending = ''
    if (hasBody) void answerTo(request).then((answer) => write(socket, answer))
    else answerQuery(socket, request)
  }
}

function answerQuery(socket: Socket, request: string): void {
  const from = request.indexOf(PATH) + PATH.length
  const queryAt = request.indexOf('?', from)
  const out_trade_no = request.slice(from, queryAt)
  const mchid = request.slice(queryAt + MCHID_PARAMETER.length, request.indexOf(' ', queryAt))
  const answer = answers.get(`${mchid} ${out_trade_no}`)
  if (answer === undefined) void addAnswer(mchid, out_trade_no).then((signed) => write(socket, signed))
  else write(socket, answer)
}

function answerTo(request: string): Promise<Buffer> {
  if (request.startsWith(`POST ${PLACING_PATHS.quick_pay} `))
    return signed('200 OK', JSON.stringify({ trade_state: 'USERPAYING' }))
  return close(request)
}

function close(request: string): Promise<Buffer> {
  const from = request.indexOf(PATH) + PATH.length
  const { mchid } = JSON.parse(request.slice(request.indexOf(END))) as { readonly mchid: string }
  const key = `${mchid} ${request.slice(from, request.indexOf('/close', from))}`
  closed.add(key)
  answers.delete(key)
  return signed('204 No Content', '')
}

function write(socket: Socket, answer: Buffer): void {
  if (delayMs > 0) setTimeout(() => socket.write(answer), delayMs)
  else socket.write(answer)
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.setEncoding('latin1')
  socket.on('data', answerOn(socket))
  socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 })
})
process.on('message', () => process.send?.(process.cpuUsage()))
process.on('disconnect', () => process.exit())
