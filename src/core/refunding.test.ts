import { describe, expect, it } from 'vitest'
import { REFUNDS_MAX } from './aftercare.ts'
import { isDue, type Order } from './order.ts'
import { nextStep } from './step.ts'
import {
  at,
  final,
  type Line,
  live,
  lived,
  NO_ANSWER_REASONS,
  noAnswer,
  paid,
  placing,
  refundsOf,
} from './testing.ts'

// The life of a refund as tables; `testing.ts` explains the words. What WeChat Pay's codes lead to is in
// `refund-reaction.test.ts`, who refuses and contradicts in `refund-ends.test.ts`.

function lives(name: string, order: Order, lines: readonly Line[]): void {
  it(name, () => expect(live(order, lines)).toEqual(lines))
}

/** Asked for and accepted: 500 of 8,800. */
const ACCEPTED: readonly Line[] = [
  [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
  [0, 'refund: accepted', 'SUCCESS, r1 processing, queryRefund at 20'],
]

describe('a refund is asked for, sent and asked about', () => {
  lives('4.1 submitted, then confirmed by a query', paid(), [
    [10, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 10'],
    [10, 'refund: accepted', 'SUCCESS, r1 processing, queryRefund at 30'],
    [30, 'queryRefund: PROCESSING', 'SUCCESS, r1 processing, queryRefund at 50'],
    [50, 'queryRefund: SUCCESS', 'SUCCESS, r1 SUCCESS'],
  ])
  lives('4.1 accepted is not refunded: asked about after a quarter of the time, 20 s to 1 h', paid(), [
    ...ACCEPTED,
    [79, 'all queryRefund: PROCESSING', 'SUCCESS, r1 processing, queryRefund at 80'],
    [80, 'queryRefund: PROCESSING', 'SUCCESS, r1 processing, queryRefund at 100'],
    [100, 'queryRefund: PROCESSING', 'SUCCESS, r1 processing, queryRefund at 125'],
    [125, 'queryRefund: PROCESSING', 'SUCCESS, r1 processing, queryRefund at 156.25'],
    [3_600, 'all queryRefund: PROCESSING', 'SUCCESS, r1 processing, queryRefund at 4440.905'],
    [86_400, 'all queryRefund: PROCESSING', 'SUCCESS, r1 processing, queryRefund at 88940.71'],
    [89_742.697, 'queryRefund: SUCCESS', 'SUCCESS, r1 SUCCESS'],
  ])
  lives('the reply itself may say that it is done', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: SUCCESS', 'SUCCESS, r1 SUCCESS'],
  ])
  lives('all that is left, when a part of it went back before', paid(), [
    ...ACCEPTED,
    [20, 'queryRefund: SUCCESS', 'SUCCESS, r1 SUCCESS'],
    [100, 'ask refund all as r2', 'SUCCESS, r1 SUCCESS, r2 queued, refund r2 at 100'],
    [100, 'refund r2: accepted', 'SUCCESS, r1 SUCCESS, r2 processing, queryRefund r2 at 120'],
    [120, 'queryRefund r2: SUCCESS', 'SUCCESS, r1 SUCCESS, r2 SUCCESS'],
    [130, 'ask refund all as r3', 'REFUND_EXCEEDS'],
  ])
  lives('what is not paid can not be refunded', final('CLOSED'), [[0, 'ask refund 500 as r1', 'ORDER_STATE']])
  lives('nor what is not known to be paid yet', placing('native'), [
    [0.5, 'place: code_url', 'waiting, query at 10'],
    [1, 'ask refund 500 as r1', 'ORDER_STATE'],
  ])
})

describe('4.2 the same money goes back once', () => {
  lives('4.2 its part is reserved from the moment it is asked for', paid(), [
    [0, 'ask refund 5000 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'ask refund 3801 as r2', 'REFUND_EXCEEDS'],
    [0, 'ask refund 3800 as r3', 'SUCCESS, r1 queued, r3 queued, refund r1 at 0'],
    [0, 'ask refund all as r4', 'REFUND_EXCEEDS'],
  ])
  lives('a refund whose outcome is open keeps its part', paid(), [
    [0, 'ask refund 8000 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: timeout', 'SUCCESS, r1 requesting, queryRefund at 2'],
    [1, 'ask refund 801 as r2', 'REFUND_EXCEEDS'],
    [2, 'queryRefund: none', 'SUCCESS, r1 queued, refund at 4'],
    [3, 'ask refund 801 as r3', 'REFUND_EXCEEDS'],
    [4, 'refund: NOT_ENOUGH', 'SUCCESS, r1 queued, refund at 604'],
    [5, 'ask refund 801 as r4', 'REFUND_EXCEEDS'],
  ])
  lives('one that was closed gives its part free', paid(), [
    [0, 'ask refund 8000 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: accepted', 'SUCCESS, r1 processing, queryRefund at 20'],
    [20, 'queryRefund: REFUNDCLOSE', 'SUCCESS !refund_closed, r1 CLOSED'],
    [21, 'ask refund 8801 as r2', 'REFUND_EXCEEDS'],
    [21, 'ask refund 8800 as r3', 'SUCCESS !refund_closed, r1 CLOSED, r3 queued, refund r3 at 61'],
  ])
  lives('4.2 the key of a refund that is there gives no second one', paid(), [
    ...ACCEPTED,
    [1, 'ask refund 500 as r1', 'nothing new'],
    [1, 'ask refund all as r1', 'nothing new'],
    [1, 'ask refund 600 as r1', 'REFUND_CONFLICT'],
  ])
  lives('4.2 no answer, and it was accepted: a query tells, and nothing is sent again', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: timeout', 'SUCCESS, r1 requesting, queryRefund at 2'],
    [2, 'queryRefund: PROCESSING', 'SUCCESS, r1 processing, queryRefund at 22'],
    [22, 'queryRefund: SUCCESS', 'SUCCESS, r1 SUCCESS'],
  ])
  lives('4.2 no answer, and WeChat Pay does not know it: the same number is sent again', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: timeout', 'SUCCESS, r1 requesting, queryRefund at 2'],
    [2, 'queryRefund: none', 'SUCCESS, r1 queued, refund at 4'],
    [4, 'refund: server-error', 'SUCCESS, r1 requesting, queryRefund at 8'],
    [8, 'queryRefund: none', 'SUCCESS, r1 queued, refund at 12'],
    [12, 'refund: accepted', 'SUCCESS, r1 processing, queryRefund at 32'],
  ])
  lives('4.2 a crash between intent and request: asked about first, then the same number', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'crash in refund', 'SUCCESS, r1 requesting, queryRefund at 0'],
    [60, 'queryRefund: none', 'SUCCESS, r1 queued, refund at 62'],
    [62, 'refund: accepted', 'SUCCESS, r1 processing, queryRefund at 82'],
  ])
  lives('a crash between intent and request, and it had left: found accepted', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'crash in refund', 'SUCCESS, r1 requesting, queryRefund at 0'],
    [604_800, 'queryRefund: SUCCESS', 'SUCCESS, r1 SUCCESS'],
  ])
  lives(
    'accepted, says a callback while the request is under way: its own reply sends nothing again',
    paid(),
    [
      [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
      [0, 'crash in refund', 'SUCCESS, r1 requesting, queryRefund at 0'],
      [1, 'refund callback: ABNORMAL', 'SUCCESS !refund_abnormal, r1 processing, queryRefund at 3601'],
      [2, 'late refund r1: unreachable', 'SUCCESS !refund_abnormal, r1 processing, queryRefund at 6'],
      [6, 'queryRefund: ABNORMAL', 'SUCCESS !refund_abnormal, r1 processing, queryRefund at 14406'],
    ],
  )

  it('every attempt has the same number, and is written before it leaves', () => {
    const order = lived(paid(), [[0, 'ask refund 500 as r1']])
    expect(isDue(order) && nextStep(order, at(1))).toMatchObject({
      do: 'refund',
      refund: { out_refund_no: 'A42-r1', attempts: 1, sentAtMs: at(1) },
      intent: {
        from: order.version,
        order: { dueAtMs: at(1), aftercare: { refunds: [{ state: 'requesting', attempts: 1 }] } },
        journal: [{ atMs: at(1), event: 'intent', call: 'refund', said: 'A42-r1' }],
      },
    })
    const again = lived(order, [
      [1, 'refund: timeout'],
      [3, 'queryRefund: none'],
      [5, 'refund: timeout'],
    ])
    expect(refundsOf(again)).toMatchObject([{ out_refund_no: 'A42-r1', attempts: 2, amount: 500 }])
  })
})

describe('silence about a refund', () => {
  it.each(NO_ANSWER_REASONS)('%s: it is neither refunded nor refused', (reason) => {
    const asked = lived(paid(), [[0, 'ask refund 500 as r1']])
    const sent = lived(asked, [[0, `refund: ${reason}`]])
    const crashed = lived(asked, [[0, 'crash in refund']])
    const queried = lived(crashed, [[0, `queryRefund: ${reason}`]])
    const state = noAnswer(reason).sent ? 'requesting' : 'queued'
    expect([refundsOf(sent)[0]?.state, refundsOf(queried)[0]?.state]).toEqual([state, 'requesting'])
    for (const { dueAtMs } of [sent, queried]) expect(dueAtMs).toBeGreaterThan(at(0))
  })
  lives('never left: sent again, without a question', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: unreachable', 'SUCCESS, r1 queued, refund at 2'],
    [2, 'refund: not-sent', 'SUCCESS, r1 queued, refund at 6'],
    [6, 'refund: accepted', 'SUCCESS, r1 processing, queryRefund at 26'],
  ])
  lives('429: whether it was accepted is open, and nothing is asked for 5 s', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: rate-limited', 'SUCCESS, r1 requesting, queryRefund at 5'],
    [5, 'queryRefund: rate-limited', 'SUCCESS, r1 requesting, queryRefund at 10'],
    [10, 'queryRefund: PROCESSING', 'SUCCESS, r1 processing, queryRefund at 30'],
  ])
  lives('for days: asked on, ever more rarely, and shown to a person', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [3_600, 'all calls: timeout', 'SUCCESS, r1 requesting, queryRefund at 4094'],
    [86_400 * 4, 'all calls: timeout', 'SUCCESS, r1 requesting, queryRefund at 346094'],
    [
      86_400 * 4 + 3_600,
      'all calls: timeout',
      'SUCCESS !refund_overdue, r1 requesting, queryRefund at 349694',
    ],
    [86_400 * 5, 'late queryRefund r1: SUCCESS', 'SUCCESS, r1 SUCCESS'],
  ])
  lives('our key is refused: a person is told, and the mark passes', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: key-refused', 'SUCCESS !key_refused, r1 requesting, queryRefund at 2'],
    [2, 'queryRefund: unknown-key', 'SUCCESS !key_unknown, r1 requesting, queryRefund at 6'],
    [6, 'queryRefund: PROCESSING', 'SUCCESS, r1 processing, queryRefund at 26'],
  ])
})

describe('4.8 NOT_ENOUGH means later', () => {
  lives('4.2, 4.8 the same number again after 10, 20, 40, … minutes, at most 4 h, and never final', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: NOT_ENOUGH', 'SUCCESS, r1 queued, refund at 600'],
    [600, 'refund: NOTENOUGH', 'SUCCESS, r1 queued, refund at 1800'],
    [1_800, 'refund: NOT_ENOUGH', 'SUCCESS, r1 queued, refund at 4200'],
    [4_200, 'refund: NOT_ENOUGH', 'SUCCESS, r1 queued, refund at 9000'],
    [9_000, 'refund: NOT_ENOUGH', 'SUCCESS, r1 queued, refund at 18600'],
    [18_600, 'refund: NOT_ENOUGH', 'SUCCESS, r1 queued, refund at 33000'],
    [33_000, 'refund: NOT_ENOUGH', 'SUCCESS, r1 queued, refund at 47400'],
    [47_400, 'refund: accepted', 'SUCCESS, r1 processing, queryRefund at 47420'],
  ])
  lives('the pauses begin anew, however long nothing was answered before', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [3_600, 'all calls: timeout', 'SUCCESS, r1 requesting, queryRefund at 4094'],
    [4_094, 'queryRefund: none', 'SUCCESS, r1 queued, refund at 6142'],
    [7_694, 'refund: NOT_ENOUGH', 'SUCCESS, r1 queued, refund at 8294'],
  ])
  lives('nor do silences between two of them make the pauses longer, and those begin anew too', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: NOT_ENOUGH', 'SUCCESS, r1 queued, refund at 600'],
    [600, 'refund: NOT_ENOUGH', 'SUCCESS, r1 queued, refund at 1800'],
    [1_800, 'refund: timeout', 'SUCCESS, r1 requesting, queryRefund at 1802'],
    [1_802, 'queryRefund: timeout', 'SUCCESS, r1 requesting, queryRefund at 1806'],
    [1_806, 'queryRefund: none', 'SUCCESS, r1 queued, refund at 1810'],
    [1_810, 'refund: NOT_ENOUGH', 'SUCCESS, r1 queued, refund at 2410'],
    [2_410, 'refund: not-sent', 'SUCCESS, r1 queued, refund at 2412'],
    [2_412, 'refund: NOT_ENOUGH', 'SUCCESS, r1 queued, refund at 3012'],
    [3_012, 'refund: NOT_ENOUGH', 'SUCCESS, r1 queued, refund at 4212'],
  ])
  lives('4.9 an institution tries again for its sub-merchant', paid({ sub_mchid: '1900000009' }), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: NOT_ENOUGH', 'SUCCESS, r1 queued, refund at 600'],
    [600, 'refund: accepted', 'SUCCESS, r1 processing, queryRefund at 620'],
  ])
  lives('for days: a person is told, and it goes on', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [86_400 * 5, 'all refund: NOT_ENOUGH', 'SUCCESS !refund_overdue, r1 queued, refund at 436200'],
    [436_200, 'refund: SUCCESS', 'SUCCESS, r1 SUCCESS'],
  ])
  lives('another refund of the order is tried meanwhile', paid(), [
    [0, 'ask refund 8000 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'ask refund 100 as r2', 'SUCCESS, r1 queued, r2 queued, refund r1 at 0'],
    [0, 'refund r1: NOT_ENOUGH', 'SUCCESS, r1 queued, r2 queued, refund r2 at 61'],
    [61, 'refund r2: accepted', 'SUCCESS, r1 queued, r2 processing, queryRefund r2 at 81'],
  ])
})

describe('several refunds of an order', () => {
  lives('are sent a minute apart', paid(), [
    [0, 'ask refund 100 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'ask refund 100 as r2', 'SUCCESS, r1 queued, r2 queued, refund r1 at 0'],
    [0, 'ask refund 100 as r3', 'SUCCESS, r1 queued, r2 queued, r3 queued, refund r1 at 0'],
    [0, 'refund r1: SUCCESS', 'SUCCESS, r1 SUCCESS, r2 queued, r3 queued, refund r2 at 61'],
    [61, 'refund r2: SUCCESS', 'SUCCESS, r1 SUCCESS, r2 SUCCESS, r3 queued, refund r3 at 122'],
    [122, 'refund r3: SUCCESS', 'SUCCESS, r1 SUCCESS, r2 SUCCESS, r3 SUCCESS'],
  ])
  lives('are sent one after the other: while the outcome of one is open, the next waits', paid(), [
    [0, 'ask refund 100 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'ask refund 100 as r2', 'SUCCESS, r1 queued, r2 queued, refund r1 at 0'],
    [0, 'refund r1: timeout', 'SUCCESS, r1 requesting, r2 queued, queryRefund r1 at 2'],
    [100, 'all queryRefund: timeout', 'SUCCESS, r1 requesting, r2 queued, queryRefund r1 at 126'],
    [126, 'queryRefund r1: PROCESSING', 'SUCCESS, r1 processing, r2 queued, refund r2 at 61'],
    [126, 'refund r2: accepted', 'SUCCESS, r1 processing, r2 processing, queryRefund r2 at 146'],
  ])
  lives('the same number may come again at once, another waits for its minute', paid(), [
    [0, 'ask refund 100 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'ask refund 100 as r2', 'SUCCESS, r1 queued, r2 queued, refund r1 at 0'],
    [0, 'refund r1: unreachable', 'SUCCESS, r1 queued, r2 queued, refund r1 at 2'],
    [2, 'refund r1: unreachable', 'SUCCESS, r1 queued, r2 queued, refund r1 at 6'],
    [6, 'refund r1: accepted', 'SUCCESS, r1 processing, r2 queued, queryRefund r1 at 26'],
    [26, 'queryRefund r1: SUCCESS', 'SUCCESS, r1 SUCCESS, r2 queued, refund r2 at 67'],
    [67, 'refund r2: accepted', 'SUCCESS, r1 SUCCESS, r2 processing, queryRefund r2 at 87'],
  ])
  lives('one that was refused counts for the minute as well', paid(), [
    [0, 'ask refund 100 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'ask refund 100 as r2', 'SUCCESS, r1 queued, r2 queued, refund r1 at 0'],
    [0, 'refund r1: TRADE_OVERDUE', 'SUCCESS, r1 requesting, r2 queued, queryRefund r1 at 0'],
    [0, 'queryRefund r1: none', 'SUCCESS !refund_refused, r1 REFUSED, r2 queued, queryRefunds at 0'],
    [0, 'queryRefunds: none', 'SUCCESS !refund_refused, r1 REFUSED, r2 queued, refund r2 at 61'],
    [61, 'refund r2: accepted', 'SUCCESS !refund_refused, r1 REFUSED, r2 processing, queryRefund r2 at 81'],
  ])

  it('are at most 50, closed and refused ones included: the 51st is refused', () => {
    const wishes = Array.from({ length: REFUNDS_MAX }, (_, i) => [0, `ask refund 1 as r${i}`] as const)
    const full = lived(paid(), wishes)
    const ended = lived(full, [
      [0, 'refund r0: REFUNDCLOSE'],
      [61, 'refund r1: TRADE_OVERDUE'],
      [61, 'queryRefund r1: none'],
    ])
    expect(refundsOf(ended).map(({ state }) => state)).toEqual(expect.arrayContaining(['CLOSED', 'REFUSED']))
    for (const order of [full, ended]) {
      const one: Line = [62, 'ask refund 1 as r50', 'REFUNDS_TOO_MANY']
      expect(live(order, [one])).toEqual([one])
    }
    const twin = lived(paid(), wishes.slice(1))
    expect(refundsOf(lived(twin, [[0, 'ask refund 1 as r50']]))).toHaveLength(REFUNDS_MAX)
  })
})

describe('what WeChat Pay says of a refund', () => {
  lives('ABNORMAL is not final: marked, asked about every 1 to 6 h, and mended', paid(), [
    ...ACCEPTED,
    [20, 'queryRefund: ABNORMAL', 'SUCCESS !refund_abnormal, r1 processing, queryRefund at 3620'],
    [3_620, 'queryRefund: ABNORMAL', 'SUCCESS !refund_abnormal, r1 processing, queryRefund at 10820'],
    [10_820, 'queryRefund: ABNORMAL', 'SUCCESS !refund_abnormal, r1 processing, queryRefund at 25220'],
    [25_220, 'queryRefund: ABNORMAL', 'SUCCESS !refund_abnormal, r1 processing, queryRefund at 46820'],
    [
      86_400 * 5,
      'all queryRefund: ABNORMAL',
      'SUCCESS !refund_abnormal, r1 processing, queryRefund at 435620',
    ],
    [435_620, 'queryRefund: SUCCESS', 'SUCCESS, r1 SUCCESS'],
  ])
  lives('ABNORMAL, and then closed', paid(), [
    ...ACCEPTED,
    [20, 'queryRefund: ABNORMAL', 'SUCCESS !refund_abnormal, r1 processing, queryRefund at 3620'],
    [3_620, 'queryRefund: CLOSED', 'SUCCESS !refund_closed, r1 CLOSED'],
  ])
  lives('mended while another is open: the mark waits for that one, too', paid(), [
    ...ACCEPTED,
    [1, 'ask refund 600 as r2', 'SUCCESS, r1 processing, r2 queued, queryRefund r1 at 20'],
    [20, 'queryRefund r1: ABNORMAL', 'SUCCESS !refund_abnormal, r1 processing, r2 queued, refund r2 at 61'],
    [
      61,
      'refund r2: accepted',
      'SUCCESS !refund_abnormal, r1 processing, r2 processing, queryRefund r2 at 81',
    ],
    [
      70,
      'late queryRefund r1: SUCCESS',
      'SUCCESS !refund_abnormal, r1 SUCCESS, r2 processing, queryRefund r2 at 81',
    ],
    [81, 'queryRefund r2: SUCCESS', 'SUCCESS, r1 SUCCESS, r2 SUCCESS'],
  ])
  for (const status of ['REFUNDCLOSE', 'CLOSED']) {
    lives(`${status} is final for its number, and shown to a person`, paid(), [
      ...ACCEPTED,
      [20, `queryRefund: ${status}`, 'SUCCESS !refund_closed, r1 CLOSED'],
    ])
  }
  lives('a word that nobody knows: marked, and asked about in the same rhythm', paid(), [
    ...ACCEPTED,
    [20, 'queryRefund: CHANGE', 'SUCCESS !unknown_refund_status, r1 processing, queryRefund at 40'],
    [40, 'queryRefund: PROCESSING', 'SUCCESS, r1 processing, queryRefund at 60'],
    [60, 'queryRefund: SUCCESS', 'SUCCESS, r1 SUCCESS'],
  ])
  lives('PROCESSING for more than four days is shown to a person', paid(), [
    ...ACCEPTED,
    [
      86_400 * 4 + 3_700,
      'all queryRefund: PROCESSING',
      'SUCCESS !refund_overdue, r1 processing, queryRefund at 351740.71',
    ],
    [86_400 * 5, 'late queryRefund r1: SUCCESS', 'SUCCESS, r1 SUCCESS'],
  ])
  lives('it does not know one that it accepted: marked, asked about slowly, and never sent again', paid(), [
    ...ACCEPTED,
    [20, 'queryRefund: none', 'SUCCESS !vanished, r1 processing, queryRefund at 320'],
    [320, 'queryRefund: none', 'SUCCESS !vanished, r1 processing, queryRefund at 920'],
    [920, 'queryRefund: PROCESSING', 'SUCCESS, r1 processing, queryRefund at 1150'],
  ])
  lives('a query that is refused is asked again slowly, and a person is told', paid(), [
    ...ACCEPTED,
    [20, 'queryRefund: NO_AUTH', 'SUCCESS !call_refused, r1 processing, queryRefund at 320'],
    [320, 'queryRefund: PARAM_ERROR', 'SUCCESS !call_refused, r1 processing, queryRefund at 920'],
    [920, 'queryRefund: SUCCESS', 'SUCCESS, r1 SUCCESS'],
  ])
  lives(
    'a query that is refused by a system error, or as too many, is asked again, and nobody is told',
    paid(),
    [
      ...ACCEPTED,
      [20, 'queryRefund: SYSTEM_ERROR', 'SUCCESS, r1 processing, queryRefund at 22'],
      [22, 'queryRefund: FREQUENCY_LIMITED', 'SUCCESS, r1 processing, queryRefund at 26'],
      [26, 'queryRefund: PROCESSING', 'SUCCESS, r1 processing, queryRefund at 46'],
    ],
  )
})

describe('a mark that only a person takes away', () => {
  lives('is not lost behind one that passes', paid(), [
    ...ACCEPTED,
    [20, 'queryRefund: REFUNDCLOSE', 'SUCCESS !refund_closed, r1 CLOSED'],
    [30, 'ask refund 500 as r2', 'SUCCESS !refund_closed, r1 CLOSED, r2 queued, refund r2 at 61'],
    [61, 'refund r2: NO_AUTH', 'SUCCESS !refund_closed, r1 CLOSED, r2 requesting, queryRefund r2 at 361'],
    [361, 'queryRefund r2: SUCCESS', 'SUCCESS !refund_closed, r1 CLOSED, r2 SUCCESS'],
  ])
  lives('nor behind one that a later success takes away', paid(), [
    ...ACCEPTED,
    [20, 'queryRefund: REFUNDCLOSE', 'SUCCESS !refund_closed, r1 CLOSED'],
    [30, 'ask refund 500 as r2', 'SUCCESS !refund_closed, r1 CLOSED, r2 queued, refund r2 at 61'],
    [61, 'refund r2: ABNORMAL', 'SUCCESS !refund_closed, r1 CLOSED, r2 processing, queryRefund r2 at 3661'],
    [3_661, 'queryRefund r2: SUCCESS', 'SUCCESS !refund_closed, r1 CLOSED, r2 SUCCESS'],
  ])
})
