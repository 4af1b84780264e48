import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { call } from './client.ts'
import { OtherWechatPay } from './other-wechat-pay.ts'
import { faultOf } from './receiver.ts'
import { rsa } from './stamp.ts'
import { type Merchant, ownerOf } from './wish.ts'

// Both ways between a merchant and the other WeChat Pay, without Verdict.

/** Five simulated minutes, the age of a request at most, are a real second: a busy machine thinks for some tenths of one. */
const SPEED = 300
const ORDERS = 24
const MERCHANT = {
  mode: 'institutional',
  mchid: '1900009292',
  appid: 'wxinst1',
  sub_mchid: '1900009393',
} as const
const API_V3_KEY = 'theInstitutionsKeyOf32Characters'

async function day(harshness: number) {
  const { secret, open } = rsa()
  const merchant: Merchant = { ...MERCHANT, serial: '5A3F', key: open, apiV3Key: API_V3_KEY }
  const startMs = Date.now()
  const other = new OtherWechatPay({
    ...{ seed: 3, merchants: [merchant], harshness, skewMs: 0, rotatesAfterMs: 600_000 },
    anchor: { realMs: startMs, simulatedMs: startMs, speed: SPEED },
    spells: { crowd: [0, 0], mainDown: [0, 0], allDown: [0, 0] },
  })
  const { stamps } = other
  const faults: (string | null)[] = []
  const owner = ownerOf(merchant)
  const orders = Array.from({ length: ORDERS }, (_, i) => ({
    ...{ owner, out_trade_no: `W${i}`, total: 500 + i, currency: 'HKD', refunds: { [`R${i}`]: 100 } },
  }))
  const shop = createServer(async (message, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of message) chunks.push(chunk as Buffer)
    const { rawHeaders } = message
    const pairs = rawHeaders.flatMap((name, i) =>
      i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? ''] as const] : [],
    )
    // A second is long here: how old a letter is, letters.test.ts knows better.
    const nowMs = Number(message.headers['wechatpay-timestamp'] ?? 0) * 1_000
    const letter = { headers: pairs, body: Buffer.concat(chunks) }
    const fault = faultOf(letter, { stamps, apiV3Keys: [API_V3_KEY], orders }, nowMs)
    faults.push(fault)
    response.writeHead(fault === null ? 204 : 401).end()
  })
  shop.listen(0, '127.0.0.1')
  await once(shop, 'listening')
  const hosts = await other.start()
  const client = {
    ...{ baseUrl: hosts.main, mchid: merchant.mchid, serial: merchant.serial, secret, stamps },
    nowMs: () => other.nowMs(),
  }
  const notify_url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/notify`
  const ids = { ...owner, sp_appid: merchant.appid }
  const place = ({ out_trade_no, total }: { out_trade_no: string; total: number }) =>
    call(client, '/v3/global/transactions/native', {
      ...{
        ...ids,
        out_trade_no,
        notify_url,
        trade_type: 'NATIVE',
        description: 'x',
        merchant_category_code: '5812',
      },
      amount: { total, currency: 'HKD' },
    })
  const refund = (i: number, cents = 100) =>
    call(client, '/v3/global/refunds', {
      ...{ ...ids, out_trade_no: `W${i}`, out_refund_no: `R${i}`, reason: '太冷 cold' },
      amount: { refund: cents, total: 500 + i, currency: 'HKD' },
    })
  const stop = async (): Promise<void> => {
    await other.stop()
    shop.closeAllConnections()
    shop.close()
  }
  const query = `sp_mchid=${MERCHANT.mchid}&sub_mchid=${MERCHANT.sub_mchid}`
  return { other, orders, place, refund, get: (path: string) => call(client, path), query, faults, stop }
}

it('without troubles every paid order is told, refunded, and told again', async () => {
  const { other, orders, place, refund, get, query, stop } = await day(0)
  for (const order of orders) expect(await place(order)).toMatchObject({ status: 200, signed: true })
  await expect.poll(() => other.postman.letters.length).toBeGreaterThan(10)
  const paid = other.books.entries.findIndex(
    ({ paidAtMs, refunds }) => paidAtMs !== null && refunds.length === 0,
  )
  // Not sooner: its own watch complains about who asks an empty pool again and again.
  await expect.poll(async () => (await refund(paid))?.status, { interval: 1_000 }).toBe(200)
  expect((await refund(paid, 101))?.json.code).toMatch(/^OUT_?REFUND_?NO_?USED$/)
  // Each question may reach a replica that hasn't heard of the refund yet.
  const heard = (path: string) => expect.poll(async () => await get(path))
  await heard(`/v3/global/refunds/out-refund-no/R${paid}?${query}`).toMatchObject({
    ...{ status: 200, signed: true, json: { out_trade_no: `W${paid}` } },
  })
  const id = other.books.entries[paid]?.refunds[0]?.id
  await heard(`/v3/global/refunds/id/${id}?${query}`).toMatchObject({
    json: { out_refund_no: `R${paid}`, amount: { refund: 100, currency: 'HKD' } },
  })
  await heard(`/v3/global/refunds?out_trade_no=W${paid}&offset=0&count=50&${query}`).toMatchObject({
    json: { total_num: 1, data: [{ out_refund_no: `R${paid}` }] },
  })
  expect((await get(`/v3/global/transactions/out-trade-no/W${paid}?${query}`))?.status).toBe(200)
  await stop()
  expect(other.postman.letters.every(({ answer }) => answer?.status === 204)).toBe(true)
  expect(other.watch.complaints).toEqual([expect.stringMatching(/100 of .* and then .*101 of/)])
})

it('with troubles its letters are accepted or refused as its books say that they deserve', async () => {
  const { other, orders, place, refund, faults, stop } = await day(1)
  // 400: paid before the client heard that it exists.
  for (const order of orders) await expect.poll(async () => (await place(order))?.status).toSatisfy(isPlaced)
  await expect.poll(() => other.postman.letters.length).toBeGreaterThan(20)
  await Promise.all(orders.map((_, i) => refund(i)))
  await expect.poll(() => other.postman.letters.some(({ what }) => what === 'refund')).toBe(true)
  await expect.poll(() => other.postman.busy).toBe(false)
  await stop()
  const answered = other.postman.letters.filter(({ answer }) => answer !== null)
  const young = answered.filter(({ twist }) => twist !== 'old' && twist !== 'from the future')
  expect(
    young.filter(({ deserves, answer }) => (answer?.status === 204) !== (deserves === 'acceptance')),
  ).toEqual([])
  expect(faults.length).toBeGreaterThan(20)
})

function isPlaced(status: number | undefined): boolean {
  return status === 200 || status === 400
}
