import { describe, expect, it } from 'vitest'
import { diaryFaults } from './audit-diary.ts'
import { letterFaults } from './audit-letters.ts'
import { type RefundCase, refundFaults } from './audit-refunds.ts'
import { Books, type Entry } from './books.ts'
import { Luck } from './chance.ts'
import { customerOf } from './customer.ts'
import type { DiaryLine } from './diary.ts'
import type { Letter } from './postman.ts'
import { fateOf } from './refunds.ts'
import type { ReportedOrder, ReportedRefund } from './shop.ts'

// The twins of foreign.test.ts for refunds, callbacks and deliveries: what these audits can't find, nobody would find.

const BORN_MS = 1_760_000_000_000
const PAID_MS = BORN_MS + 400_000
const DAY_MS = 86_400_000
const OWNER = { mchid: '1900009191' }

/** An order of 1000, paid, with one refund of 400 under R1 that succeeded. */
function paidEntry(): Entry {
  const number = Array.from({ length: 500 }, (_, i) => `A${i}`).find((name) => {
    const { paysAfterMs, handRefunds } = customerOf(1, name, 'NATIVE')
    const { poolEmptyMs, turns } = fateOf(new Luck(1, 'refund', name, 1))
    const goesWell = poolEmptyMs === 0 && turns[0]?.status === 'SUCCESS'
    return paysAfterMs < 300_000 && handRefunds.length === 0 && goesWell
  })
  const books = new Books(1)
  const order = { owner: OWNER, number: number ?? '', total: 1_000, currency: 'HKD' }
  const placing = { ...order, tradeType: 'NATIVE', attach: null, bytes: '', notifyUrl: null } as const
  books.place({ ...placing, expiresAtMs: null }, BORN_MS)
  const asked = { number: 'R1', cents: 400, total: 1_000, currency: 'HKD', reason: null, notifyUrl: null }
  books.refund(OWNER, { ...asked, order: { by: 'out_trade_no', key: order.number } }, PAID_MS)
  const entry = books.find(OWNER, order.number, PAID_MS + DAY_MS)
  if (entry === null) throw new Error('no such order')
  return entry
}

const entry = paidEntry()
const R1: ReportedRefund = {
  ...{ out_refund_no: 'R1', key: 'k1', origin: 'asked', amount: 400, state: 'SUCCESS' },
  ...{ said: 'SUCCESS', dueAtMs: null },
}

function reported(more: Partial<ReportedOrder> = {}): ReportedOrder {
  return {
    ...{
      ref: { out_trade_no: entry.number },
      kind: 'native',
      state: 'SUCCESS',
      attention: null,
      total: 1_000,
    },
    ...{ proof: { holds: true, because: '' }, late: null, refunds: [R1], journal: [], evidence: [] },
    ...more,
  }
}

function asked(key: string, out_refund_no: string, amount: number | null = 400): DiaryLine {
  return { atMs: 0, what: 'asked', order: entry.number, key, amount, got: { out_refund_no, amount: 400 } }
}

const VERDICT: DiaryLine = {
  ...{ atMs: 0, what: 'verdict', order: entry.number, id: 'm1', state: 'SUCCESS', taken: true },
}
const REFUND: DiaryLine = {
  ...{ atMs: 0, what: 'refund', order: entry.number, id: 'm2', out_refund_no: 'R1', state: 'SUCCESS' },
  taken: true,
}
const END_MS = 600_000
const GAVE_UP = { event: 'give-up', atMs: 0 }

describe('the audit of refunds', () => {
  const found = (order: Partial<ReportedOrder>, more: Partial<RefundCase> = {}): string => {
    const endMs = PAID_MS + DAY_MS
    const all = { order: reported(order), errand: undefined, entry, diary: [asked('k1', 'R1')], endMs }
    return refundFaults({ ...all, isDoubtful: false, ...more }).join('\n')
  }
  const refund = (more: Partial<ReportedRefund>): Partial<ReportedOrder> => ({
    refunds: [{ ...R1, ...more }],
  })

  it('finds nothing where nothing is wrong', () => {
    expect(found({})).toBe('')
  })

  it.each([
    ['a refund that nobody knows', { refunds: [] }, /Verdict doesn't know it/],
    ['a refund that never was', { refunds: [R1, { ...R1, out_refund_no: 'R2' }] }, /never had it/],
    ['another amount', refund({ amount: 401 }), /has it with 400/],
    ['a refund that is called closed', refund({ state: 'CLOSED' }), /CLOSED, but it is SUCCESS/],
    ['a refund that is called refused', refund({ state: 'REFUSED' }), /REFUSED, but WeChat Pay has it/],
    ['a refund that nobody follows', refund({ state: 'processing' }), /nobody will look/],
    ['a refund that is followed for ever', refund({ state: 'processing', dueAtMs: 1 }), /still processing/],
    ['other money', { refunds: [R1, { ...R1, out_refund_no: 'R2' }] }, /keeps 200, the books keep 600/],
    ['late money that nobody noticed', { journal: [GAVE_UP] }, /nobody noticed/],
    ['late money that stayed', { journal: [GAVE_UP], late: 'asked' }, /600 did not go back/],
  ] as const)('finds %s', (_, order, fault) => {
    expect(found(order)).toMatch(fault)
  })

  it('finds a key with two refunds, a refund with two keys, another amount, and one that was never asked for', () => {
    expect(found({}, { diary: [asked('k1', 'R1'), asked('k1', 'R2')] })).toMatch(/key k1 got R1,R2/)
    expect(found({}, { diary: [asked('k1', 'R1'), asked('k2', 'R1')] })).toMatch(/R1 has two keys/)
    expect(found({}, { diary: [asked('k1', 'R1', 500)] })).toMatch(/500 wanted, 400 got/)
    const errand = { atMs: 0, giveUpAtMs: null, refunds: [{ key: 'k1', amount: 400, reason: null }] }
    expect(found({}, { diary: [], errand })).toMatch(/never asked for k1/)
    const refused = { ...asked('k1', 'R1'), got: { code: 'REFUND_EXCEEDS' } } as DiaryLine
    expect(found({}, { diary: [refused] })).toMatch(/refused with REFUND_EXCEEDS/)
  })
})

describe('the audit of letters', () => {
  const letter = (more: Partial<Letter>): Letter => {
    const about = { event: 'e1', owner: OWNER, out_trade_no: entry.number, what: 'payment' } as const
    const answer = { status: 204, body: '', atMs: 10 }
    const fate = { twist: null, deserves: 'acceptance', why: '', serial: 'S', sentMs: 5, answer } as const
    return { ...about, out_refund_no: null, refund_status: null, ...fate, ...more }
  }
  const forged = { twist: 'forged', deserves: 'refusal' } as const
  const refused = { status: 401, body: '{"code":"FAIL"}', atMs: 10 }

  it('finds nothing where nothing is wrong', () => {
    const letters = [
      letter({ answer: refused }),
      letter({ sentMs: 20 }),
      letter({ ...forged, answer: refused }),
    ]
    expect(letterFaults(letters, [])).toEqual([])
  })

  it.each([
    ['a forged one that was accepted', [letter(forged)], /forged, and yet accepted/],
    ['an answer that says nothing', [letter({ answer: { ...refused, body: '' } })], /refused with 401/],
    ['an answer that is neither', [letter({ answer: { ...refused, status: 302 } })], /answered with 302/],
    [
      'an accepted one that was refused later',
      [letter({}), letter({ sentMs: 20, answer: refused })],
      /and then/,
    ],
    ['a true one that was never accepted', [letter({ answer: refused })], /never accepted/],
  ] as const)('finds %s', (_, letters, fault) => {
    expect(letterFaults(letters, [reported({ state: 'CLOSED' })]).join('\n')).toMatch(fault)
  })

  it('lets a letter with another amount pass only when what it tells is processed', () => {
    const other = letter({ twist: 'other amount', deserves: 'refusal', sentMs: 60_000 })
    const learnt = (atMs: number): ReportedOrder[] => [reported({ journal: [{ event: 'verdict', atMs }] })]
    expect(letterFaults([other], learnt(0))).toEqual([])
    expect(letterFaults([other], learnt(90_000)).join()).toMatch(/other amount, and yet accepted/)
  })
})

describe('the audit of deliveries', () => {
  it('finds nothing where nothing is wrong', () => {
    expect(diaryFaults(reported(), [{ ...VERDICT, taken: false }, VERDICT, REFUND, VERDICT], END_MS)).toEqual(
      [],
    )
  })

  it.each([
    ['a verdict that never came', [REFUND], /never heard the verdict/],
    ['a verdict that the shop never took', [{ ...VERDICT, taken: false }, REFUND], /never heard the verdict/],
    ['another verdict', [{ ...VERDICT, state: 'CLOSED' }, VERDICT, REFUND], /heard CLOSED,SUCCESS/],
    ['a refund that never came', [VERDICT], /never heard that refund R1 is SUCCESS/],
    ['a refund before the verdict', [REFUND, VERDICT], /took refund first/],
    ['a refund that overtook', [{ ...VERDICT, taken: false }, REFUND, VERDICT], /took refund before verdict/],
  ] as const)('finds %s', (_, diary, fault) => {
    expect(diaryFaults(reported(), diary as readonly DiaryLine[], END_MS).join('\n')).toMatch(fault)
  })

  it('lets a message that failed in the last moment come after the end of the day', () => {
    const failed = { ...REFUND, taken: false, atMs: END_MS - 1_000 } as DiaryLine
    expect(diaryFaults(reported(), [VERDICT, failed], END_MS)).toEqual([])
  })

  it('finds late money of which the shop never heard', () => {
    expect(diaryFaults(reported({ late: 'returned' }), [VERDICT, REFUND], END_MS)).toEqual([
      'the shop never heard of the late money',
    ])
  })
})
