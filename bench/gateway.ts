/**
 * WeChat Pay's part in the benchmark, in a process of its own: the answers are signed before the run begins, one per
 * order, and only looked up and written during it, so that its cost stays small and known. Speaks just enough HTTP/1.1
 * for a keep-alive client that sends one request at a time per connection.
 *
 * argv: GatewaySettings. Says { port } when it serves, and its CPU time when asked.
 */
import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
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
const key = privateKeyFrom(readFileSync(keys.wechatpayFile, 'utf8'), keys.wechatpayFile)
const answers = new Map<string, Buffer>()

/** A batch at a time on the thread pool. */
const SIGNED_AT_ONCE = 200
for (let from = 0; from < orders; from += SIGNED_AT_ONCE) {
  const size = Math.min(SIGNED_AT_ONCE, orders - from)
  await Promise.all(Array.from({ length: size }, (_, i) => addAnswer(mchid, nameOfOrder(from + i))))
}

async function addAnswer(mchid: string, out_trade_no: string): Promise<Buffer> {
  const body = JSON.stringify({
    mchid,
    out_trade_no,
    trade_state: 'NOTPAY',
    trade_state_desc: 'not paid',
    amount: { total: TOTAL, currency: 'HKD' },
  })
  const timestamp = String(Math.floor(Date.now() / 1000))
  const nonce = `bench${answers.size}`
  const signature = await signInPool(key, replyMessage({ timestamp, nonce, body }))
  const answer = reply(body, { timestamp, nonce, signature })
  answers.set(`${mchid} ${out_trade_no}`, answer)
  return answer
}

function reply(body: string, signed: { timestamp: string; nonce: string; signature: string }): Buffer {
  return Buffer.from(
    [
      'HTTP/1.1 200 OK',
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

function answerOn(socket: Socket): (chunk: string) => void {
  let pending = ''
  return (chunk) => {
    pending += chunk
    if (!pending.endsWith('\r\n\r\n')) return
    const from = pending.indexOf(PATH) + PATH.length
    const queryAt = pending.indexOf('?', from)
    const out_trade_no = pending.slice(from, queryAt)
    const mchid = pending.slice(queryAt + MCHID_PARAMETER.length, pending.indexOf(' ', queryAt))
    pending = ''
    const answer = answers.get(`${mchid} ${out_trade_no}`)
    if (answer === undefined) void addAnswer(mchid, out_trade_no).then((signed) => write(socket, signed))
    else write(socket, answer)
  }
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
