/**
 * WeChat Pay's part in the benchmark, in a process of its own: every answer is signed before the run begins, one per
 * order, and only looked up and written during it, so that its cost stays small and known. Speaks just enough HTTP/1.1
 * for a keep-alive client that sends one request at a time per connection.
 *
 * argv: { orders, mchid, serial, keyFile, delayMs }. Reports { port } when it serves, and its CPU time on request.
 */
import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { privateKeyFrom, replyMessage, SIGNATURE_TYPE, signInPool } from '../src/wechatpay/signing.ts'
import { nameOfOrder, TOTAL } from './orders.ts'

interface Settings {
  readonly orders: number
  readonly mchid: string
  readonly serial: string
  readonly keyFile: string
  readonly delayMs: number
}

const settings = JSON.parse(process.argv[2] ?? '{}') as Settings
const answers = await signedAnswers(settings)

/** All answers of the run, by order number. Signed a batch at a time on the thread pool. */
async function signedAnswers({
  orders,
  mchid,
  serial,
  keyFile,
}: Settings): Promise<ReadonlyMap<string, Buffer>> {
  const key = privateKeyFrom(readFileSync(keyFile, 'utf8'), keyFile)
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signed = new Map<string, Buffer>()
  const numbers = Array.from({ length: orders }, (_, i) => nameOfOrder(i))
  for (let from = 0; from < orders; from += 200) {
    await Promise.all(
      numbers.slice(from, from + 200).map(async (out_trade_no, i) => {
        const body = JSON.stringify({
          mchid,
          out_trade_no,
          trade_state: 'NOTPAY',
          trade_state_desc: 'not paid',
          amount: { total: TOTAL, currency: 'HKD' },
        })
        const nonce = `bench${from + i}`
        const signature = await signInPool(key, replyMessage({ timestamp, nonce, body }))
        signed.set(out_trade_no, reply(body, { timestamp, nonce, serial, signature }))
      }),
    )
  }
  return signed
}

function reply(
  body: string,
  signed: { timestamp: string; nonce: string; serial: string; signature: string },
): Buffer {
  return Buffer.from(
    [
      'HTTP/1.1 200 OK',
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: keep-alive',
      'Request-ID: 08BENCH-0',
      `Wechatpay-Nonce: ${signed.nonce}`,
      `Wechatpay-Serial: ${signed.serial}`,
      `Wechatpay-Signature: ${signed.signature}`,
      `Wechatpay-Signature-Type: ${SIGNATURE_TYPE}`,
      `Wechatpay-Timestamp: ${signed.timestamp}`,
      '',
      body,
    ].join('\r\n'),
  )
}

const PATH = '/v3/global/transactions/out-trade-no/'

function answerOn(socket: Socket): (chunk: string) => void {
  let pending = ''
  return (chunk) => {
    pending += chunk
    if (!pending.endsWith('\r\n\r\n')) return
    const from = pending.indexOf(PATH) + PATH.length
    const answer = answers.get(pending.slice(from, pending.indexOf('?', from)))
    pending = ''
    if (answer === undefined) socket.destroy()
    else if (settings.delayMs > 0) setTimeout(() => socket.write(answer), settings.delayMs)
    else socket.write(answer)
  }
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
