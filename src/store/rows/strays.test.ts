import fc from 'fast-check'
import { expect, it } from 'vitest'
import { rowStores } from '../../../test/support/row-stores.ts'
import { strayOf } from './strays.ts'
import { count, maybe, proofWith, record, text } from './testing.ts'

/** WeChat Pay may leave any field out. */
const some = <Fields extends object>(fields: { [Key in keyof Fields]: fc.Arbitrary<Fields[Key]> }) =>
  fc.record(fields, { requiredKeys: [], noNullPrototype: true })

const trade = fc
  .tuple(record({ trade_state: text }), some({ mchid: text, sub_mchid: text, transaction_id: text }))
  .map(([state, more]) => ({ ...state, ...more }))
const refund = some({
  ...{ out_trade_no: text, out_refund_no: text, refund_id: text, status: text, success_time: text },
  amount: some({ total: count, refund: count, currency: text }),
})

const strayWith = (hasNul: boolean) =>
  record({
    account: text,
    sub_mchid: maybe(text),
    out_trade_no: text,
    eventId: text,
    said: fc.oneof(
      record({ about: fc.constant('payment' as const), statement: trade }),
      record({ about: fc.constant('refund' as const), statement: refund }),
    ),
    evidence: proofWith(hasNul),
  })

it.each(rowStores())(
  '$name: every callback without an order comes back as it came',
  async ({ hasNul, runs, withStore }) => {
    const property = fc.asyncProperty(strayWith(hasNul), (stray) =>
      withStore(async (store) => {
        await store.keepStray(stray)
        const [kept] = await store.straysOf(stray)
        expect(kept).toStrictEqual({ ...stray, id: kept?.id, toldAtMs: null })
        expect(await store.strays(1)).toStrictEqual([kept])
      }),
    )
    await fc.assert(property, { numRuns: runs })
  },
)

it.each(['x', '', 'null', '[]', '"{}"', '7'])('a statement that is %j was not written by us', (statement) => {
  const cells = [1, '1900000001', '', 'A42', 'EV', 'payment', statement, null]
  expect(() => strayOf(cells)).toThrow(expect.objectContaining({ code: 'STORE_INVALID' }))
})
