import { expect, it } from 'vitest'
import { Books, kept, left } from './books.ts'
import { Luck } from './chance.ts'
import { customerOf } from './customer.ts'
import { type Fate, fateOf, statusOf } from './refunds.ts'

// Section 8 of the documents, in the books of the other WeChat Pay.

const SEED = 7
const OWNER = { mchid: '1900009191' }
const BORN_MS = 1_760_000_000_000
const PAID_MS = BORN_MS + 400_000
const MINUTE_MS = 60_000
const TOTAL = 1_000

/** A paid order that no clerk touches, whose first refund fares as wanted, and the second one well. */
function paid(wanted: (fate: Fate) => boolean) {
  const number = Array.from({ length: 5_000 }, (_, i) => `B${i}`).find((name) => {
    const { paysAfterMs, handRefunds } = customerOf(SEED, name, 'NATIVE')
    const [first, second] = [1, 2].map((nth) => fateOf(new Luck(SEED, 'refund', name, nth)))
    return paysAfterMs < 300_000 && handRefunds.length === 0 && is(first, wanted) && is(second, soon)
  })
  if (number === undefined) throw new Error('no such order')
  const books = new Books(SEED)
  const order = { owner: OWNER, number, total: TOTAL, currency: 'HKD' }
  const placing = { ...order, tradeType: 'NATIVE', attach: null, bytes: '', notifyUrl: null } as const
  books.place({ ...placing, expiresAtMs: null }, BORN_MS)
  const find = () => {
    const entry = books.find(OWNER, number, PAID_MS)
    if (entry === null) throw new Error('no such order')
    return entry
  }
  /** `null`, or with what it was refused. */
  const refund = (refundNumber: string, cents: number, atMs: number, more: object = {}) => {
    const asking = {
      number: refundNumber,
      cents,
      total: TOTAL,
      currency: 'HKD',
      reason: null,
      notifyUrl: null,
    }
    const named = { ...asking, order: { by: 'out_trade_no', key: number }, ...more } as const
    const ruling = books.refund(OWNER, named, atMs)
    return ruling.ok ? null : ruling.code
  }
  return { books, find, refund }
}

function is(fate: Fate | undefined, wanted: (fate: Fate) => boolean): boolean {
  return fate !== undefined && wanted(fate)
}

const soon = ({ poolEmptyMs, turns }: Fate): boolean => poolEmptyMs === 0 && turns[0]?.status === 'SUCCESS'
const TOO_SOON = expect.stringMatching(/^(RULE_LIMIT|FREQUENCY_LIMITED)$/)
const TOO_MUCH = expect.stringMatching(/^(INVALID_REQUEST|PARAM_ERROR)$/)

it('parts are refunded a minute apart, and never more than was paid', () => {
  const { refund, find } = paid(soon)
  expect(refund('R1', 600, PAID_MS)).toBe(null)
  expect(refund('R2', 300, PAID_MS + MINUTE_MS - 1)).toEqual(TOO_SOON)
  expect(refund('R2', 401, PAID_MS + MINUTE_MS)).toEqual(TOO_MUCH)
  expect(refund('R2', 400, PAID_MS + MINUTE_MS)).toBe(null)
  expect(refund('R3', 1, PAID_MS + 2 * MINUTE_MS)).toEqual(TOO_MUCH)
  expect([left(find()), find().refunds.length]).toEqual([0, 2])
})

it('the same number with the same amounts is the same refund, with others it is used', () => {
  const { refund, find } = paid(soon)
  expect([refund('R1', 600, PAID_MS), refund('R1', 600, PAID_MS + 1)]).toEqual([null, null])
  expect(refund('R1', 601, PAID_MS + 2)).toBe('OUT_REFUND_NO_USED')
  expect(find().refunds.length).toBe(1)
})

it('another total is a wrong parameter, and an order that is not paid has nothing to refund', () => {
  const { refund } = paid(soon)
  expect(refund('R1', 100, BORN_MS)).toBe('RESOURCE_NOT_EXISTS')
  expect(refund('R1', 100, PAID_MS, { total: TOTAL + 1 })).toBe('PARAM_ERROR')
})

it('an empty pool refuses until it is full again', () => {
  const { refund } = paid(({ poolEmptyMs }) => poolEmptyMs > 200_000)
  expect([0, 1, 3].map((minute) => refund('R1', 100, PAID_MS + minute * MINUTE_MS))).toEqual(
    Array.from({ length: 3 }, () => 'NOT_ENOUGH'),
  )
  expect(refund('R1', 100, PAID_MS + 61 * MINUTE_MS)).toBe(null)
})

it('the money moves when a refund succeeds, and stays when it is closed', () => {
  const day = PAID_MS + 86_400_000
  const good = paid(soon)
  good.refund('R1', 600, PAID_MS)
  good.books.all(day)
  expect([kept(good.find()), good.find().state]).toEqual([400, 'REFUND'])
  const bad = paid(({ poolEmptyMs, turns }) => poolEmptyMs === 0 && turns[0]?.status === 'REFUNDCLOSE')
  bad.refund('R1', 600, PAID_MS)
  bad.books.all(day)
  const statuses = bad.find().refunds.map(statusOf)
  expect([kept(bad.find()), left(bad.find()), statuses]).toEqual([TOTAL, TOTAL, ['REFUNDCLOSE']])
})
