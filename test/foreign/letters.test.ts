import { describe, expect, it } from 'vitest'
import { Books, type News } from './books.ts'
import { Luck } from './chance.ts'
import { customerOf } from './customer.ts'
import { type Event, TWISTS, type Twist, written } from './letters.ts'
import { faultOf, type Ledger } from './receiver.ts'
import { certificateStamp, publicKeyStamp } from './stamp.ts'

// What the postman brings has to be what the books say that it is: what deserves acceptance can be accepted, and what
// is wrong with the rest can be seen.

const BORN_MS = 1_760_000_000_000
const NOW_MS = BORN_MS + 7_200_000
const OWNER = { sp_mchid: '1900009292', sub_mchid: '1900009393' }
const OTHER = { owner: { mchid: '1900009191' }, apiV3Key: 'theOtherMerchantsKeyOf32Letters!' }
const API_V3_KEY = 'anotherApiV3KeyOf32Characters!!!'
const stamps = [certificateStamp(NOW_MS), publicKeyStamp('PUB_KEY_ID_1')] as const

const books = new Books(1)
const number = numbers().find((name) => customerOf(1, name, 'NATIVE').paysAfterMs < 60_000) ?? ''
const money = { total: 4_200, currency: 'HKD' }
const placing = { owner: OWNER, number, tradeType: 'NATIVE', ...money, attach: '桌 7', bytes: '' } as const
books.place({ ...placing, expiresAtMs: null, notifyUrl: 'http://127.0.0.1:1/notify' }, BORN_MS)
const asked = { number: 'R1', cents: 1_200, ...money, reason: null, notifyUrl: null }
const asking = { ...asked, order: { by: 'out_trade_no', key: number } } as const
for (let atMs = BORN_MS; atMs < NOW_MS; atMs += 61_000) books.refund(OWNER, asking, atMs)
books.all(NOW_MS)

const ledger: Ledger = {
  stamps,
  apiV3Keys: [API_V3_KEY, OTHER.apiV3Key],
  orders: [{ owner: OWNER, out_trade_no: number, ...money, refunds: { R1: 1_200 } }],
}

function numbers(): string[] {
  return Array.from({ length: 200 }, (_, i) => `L${i}`)
}

function eventOf(news: News): Event {
  const refund = news.what === 'refund' ? news : null
  const what = refund === null ? 'payment' : 'refund'
  return { id: '7f6b3c1e-0000-5000-8000-000000000001', entry: news.entry, what, refund, atMs: news.atMs }
}

const events = books.news.filter(({ what }) => what !== 'born').map(eventOf)

function faults(event: Event, twist: Twist | null): ReadonlySet<string | null> {
  const found = Array.from({ length: 40 }, (_, i) => {
    const luck = new Luck('letter', i, twist ?? '')
    const hand = {
      luck,
      stamp: stamps[i % 2] ?? stamps[0],
      apiV3Key: API_V3_KEY,
      nowMs: NOW_MS,
      other: OTHER,
    }
    return faultOf(written(event, hand, twist), ledger, NOW_MS)
  })
  return new Set(found)
}

describe.each(events.map((event) => [event.what, event] as const))('a letter about a %s', (_, event) => {
  it('can be accepted, however oddly it is written', () => {
    expect([...faults(event, null)]).toEqual([null])
  })

  it.each(TWISTS)('with a twist must be refused: %s', (twist) => {
    expect(faults(event, twist)).not.toContain(null)
  })
})

it('there were letters about a payment and about a refund', () => {
  expect(new Set(events.map(({ what }) => what))).toEqual(new Set(['payment', 'refund']))
})
