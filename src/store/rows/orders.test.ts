import fc from 'fast-check'
import { expect, it } from 'vitest'
import { rowStores } from '../../../test/support/row-stores.ts'
import { ATTENTION, type AttentionCode } from '../../core/attention.ts'
import { type FinalState, isFinal, KINDS, type Life, type Order } from '../../core/order.ts'
import { TRADE_STATES, type TradeState } from '../../core/trade-state.ts'
import { HELD } from '../testing.ts'
import { stateOf } from './orders.ts'
import { atMs, count, keysOf, maybe, proofWith, record, text } from './testing.ts'

const ending = record({
  phase: fc.constantFrom('ask' as const, 'act' as const, 'confirm' as const),
  calls: count,
  confirmations: count,
  revoke: record({ inFlightAtMs: maybe(atMs), unansweredAtMs: maybe(atMs), accepted: fc.boolean() }),
})

const verdictFacts = record({
  atMs,
  learntBy: fc.constantFrom('place' as const, 'query' as const, 'callback' as const),
  transaction_id: maybe(text),
  success_time: maybe(text),
})

const NOTHING_AFTER = { dueAtMs: null, aftercare: null }

function lifeWith(proof: ReturnType<typeof proofWith>): fc.Arbitrary<Life> {
  const proven = <State extends Exclude<FinalState, 'NOT_CREATED'>>(state: State) =>
    fc
      .tuple(verdictFacts, proof)
      .map(([facts, evidence]) => ({ state, verdict: { state, ...facts, evidence }, ...NOTHING_AFTER }))
  const unknown = fc.tuple(verdictFacts, maybe(proof)).map(([facts, evidence]) => {
    const state = 'NOT_CREATED' as const
    return { state, verdict: { state, ...facts, evidence }, ...NOTHING_AFTER }
  })
  return fc.oneof(
    atMs.map((dueAtMs) => ({ state: 'placing' as const, dueAtMs })),
    atMs.map((dueAtMs) => ({ state: 'waiting' as const, dueAtMs })),
    fc.tuple(atMs, ending).map(([dueAtMs, ending]) => ({ state: 'ending' as const, dueAtMs, ending })),
    proven('SUCCESS'),
    proven('CLOSED'),
    proven('REVOKED'),
    unknown,
  )
}

const factsAndProgress = record({
  account: text,
  sub_mchid: maybe(text),
  out_trade_no: text,
  kind: fc.constantFrom(...KINDS),
  total: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  currency: text,
  origin: fc.constantFrom('placed' as const, 'tracked' as const),
  mayEnd: fc.boolean(),
  purchase: maybe(text),
  createdAtMs: atMs,
  windowEndAtMs: atMs,
  version: fc.nat(),
  queries: count,
  silence: count,
  seen: maybe(fc.constantFrom(...keysOf<TradeState>(TRADE_STATES))),
  placings: count,
  latestPlacingAtMs: atMs,
  declined: fc.boolean(),
  unknownAtMs: maybe(atMs),
  givenUpAtMs: maybe(atMs),
  attention: maybe(fc.constantFrom(...keysOf<AttentionCode>(ATTENTION))),
})

it.each(rowStores())(
  '$name: every order comes back as it was written',
  async ({ hasNul, runs, withStore }) => {
    const lives = lifeWith(proofWith(hasNul))
    const property = fc.asyncProperty(factsAndProgress, lives, (fields, life) =>
      withStore(async (store) => {
        const entered = { ...fields, state: 'placing', dueAtMs: 0 } as const
        const [result] = await store.insert(
          [{ order: entered, fingerprint: '', body: null, journal: [] }],
          HELD,
        )
        if (result?.outcome !== 'inserted') throw new Error('not inserted')
        expect(await store.byId(result.order.id)).toStrictEqual(result.order)

        const order: Order = { ...fields, ...life, id: result.order.id, version: fields.version + 1 }
        const proofs = isFinal(order) && order.verdict.evidence !== null ? [order.verdict.evidence] : []
        await store.commit([
          { change: { from: fields.version, order, journal: [], evidence: proofs, events: [] } },
        ])
        expect(await store.byId(order.id)).toStrictEqual(order)
        expect(await store.evidenceOf(order.id)).toStrictEqual(proofs)
      }),
    )
    await fc.assert(property, { numRuns: runs })
  },
)

it('a word that Verdict never writes is an error, not a default', () => {
  expect(() => stateOf('PAID')).toThrow('a row\'s state is "PAID"')
})
