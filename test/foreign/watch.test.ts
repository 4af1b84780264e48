import { expect, it } from 'vitest'
import { Books } from './books.ts'
import { Luck } from './chance.ts'
import { customerOf } from './customer.ts'
import { fateOf } from './refunds.ts'
import { Watch } from './watch.ts'
import type { Wish } from './wish.ts'

// What a client of the other WeChat Pay may not do with refunds, however it is answered.

const OWNER = { mchid: '1900009191' }
const BORN_MS = 1_760_000_000_000
const PAID_MS = BORN_MS + 400_000

/** Its first two refunds are accepted at once, and go well. */
function number(): string {
  const found = Array.from({ length: 5_000 }, (_, i) => `W${i}`).find((name) => {
    const { paysAfterMs, handRefunds } = customerOf(1, name, 'NATIVE')
    const fates = [1, 2].map((nth) => fateOf(new Luck(1, 'refund', name, nth)))
    const goesWell = fates.every((fate) => fate.poolEmptyMs === 0 && fate.turns[0]?.status === 'SUCCESS')
    return paysAfterMs < 300_000 && handRefunds.length === 0 && goesWell
  })
  return found ?? ''
}

function watched(asked: readonly (readonly [string, number, number])[]): readonly string[] {
  const books = new Books(1)
  const order = { owner: OWNER, number: number(), total: 1_000, currency: 'HKD' }
  const placing = { ...order, tradeType: 'NATIVE', attach: null, bytes: '', notifyUrl: null } as const
  books.place({ ...placing, expiresAtMs: null }, BORN_MS)
  const watch = new Watch(books, 1)
  for (const [refundNumber, cents, afterMs] of asked) {
    const named = { by: 'out_trade_no', key: order.number } as const
    const money = { cents, total: 1_000, currency: 'HKD', reason: null, notifyUrl: null }
    const wish: Wish = {
      do: 'refund',
      owner: OWNER,
      asking: { order: named, number: refundNumber, ...money },
    }
    watch.see(wish, refundNumber, PAID_MS + afterMs)
    books.refund(OWNER, wish.asking, PAID_MS + afterMs)
    if (refundNumber === 'empty') watch.toldPoolEmpty(refundNumber, PAID_MS + afterMs)
  }
  return watch.complaints
}

it.each([
  [
    'two refunds within a minute',
    [
      ['R1', 1, 0],
      ['R2', 1, 30_000],
    ],
    /R2 came 30000 ms after R1/,
  ],
  [
    'more than was paid',
    [
      ['R1', 600, 0],
      ['R2', 500, 90_000],
    ],
    /R2 makes it 1100 of 1000/,
  ],
  [
    'two amounts under one number',
    [
      ['R1', 600, 0],
      ['R1', 500, 90_000],
    ],
    /600 of .*, and then .* 500 of/,
  ],
  [
    'a question to an empty pool again and again',
    [
      ['empty', 1, 0],
      ['empty', 1, 9_000],
    ],
    /again 9000 ms after/,
  ],
] as const)('complains about %s', (_, asked, complaint) => {
  expect(watched(asked).join('\n')).toMatch(complaint)
})

it('has nothing to say about repeats, parts a minute apart, and what was refused', () => {
  expect(
    watched([
      ['R1', 600, 0],
      ['R1', 600, 1_000],
      ['R1', 600, 59_000],
      ['R2', 400, 61_000],
    ]),
  ).toEqual([])
})
