// What many shops have: a loop over the table of orders, axios, and keys as the PEM texts that the SDKs take. Connections
// stay open, a hundred orders go at once, and each result is one statement.

import { sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import axios from 'axios'
import { publicKeyOf } from '../keys.ts'
import { AGAIN_MS, signedQuery, signedText } from './job.ts'
import { resultsIn, WRITE_ONE } from './results.mjs'

const AT_ONCE = 100
const DUE = 'SELECT out_trade_no FROM orders WHERE next_at <= now() ORDER BY next_at LIMIT $1'

export async function start({ url, numbers, keys, port, done }) {
  const pool = await resultsIn(url, numbers)
  await pool.query('CREATE INDEX orders_next ON orders (next_at)')
  const key = readFileSync(keys.merchantFile, 'utf8')
  const theirs = publicKeyOf(keys.wechatpayFile).export({ type: 'spki', format: 'pem' })
  const httpAgent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE })
  const client = axios.create({
    baseURL: `http://127.0.0.1:${port}`,
    httpAgent,
    proxy: false,
    responseType: 'text',
    transformResponse: (text) => text,
  })
  const base64 = (message) => sign('RSA-SHA256', Buffer.from(message), key).toString('base64')
  async function poll(number) {
    const { path, headers } = await signedQuery(number, base64)
    const answer = await client.get(path, { headers })
    const signature = Buffer.from(answer.headers['wechatpay-signature'], 'base64')
    if (!verify('RSA-SHA256', Buffer.from(signedText(answer.headers, answer.data)), theirs, signature))
      throw new Error('forged')
    const said = JSON.parse(answer.data).trade_state
    await pool.query(`${WRITE_ONE} SELECT 1`, [number, said, new Date(Date.now() + AGAIN_MS)])
    done(1)
  }
  async function loop() {
    for (;;) {
      const { rows } = await pool.query(DUE, [AT_ONCE])
      await Promise.all(rows.map(({ out_trade_no }) => poll(out_trade_no)))
      if (rows.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  void loop()
}
