import { isFinal } from '../../src/core/order.ts'
import { answer, statement } from '../../src/core/testing.ts'
import { END_OF_TIME_MS } from './world.ts'
import { type Fault, isSilent, mistaking, withoutRevoke, writing } from './wrong-core.ts'

/* Cores that make a wrong verdict. */

export const VERDICT_FAULTS: readonly Fault[] = [
  {
    name: 'a timeout counts as closed',
    from: 'native, a close leaves',
    core: mistaking((order, learnt) =>
      learnt.call === 'query' && isSilent(learnt)
        ? [order, { ...learnt, outcome: answer(statement(order, 'CLOSED')) }]
        : [order, learnt],
    ),
    breaks: /its evidence says something else|but WeChat Pay: open/,
  },
  {
    name: 'a verdict rests on a refused placing',
    from: 'quick_pay, placing',
    core: mistaking((order, learnt) =>
      learnt.call === 'place' && learnt.outcome.kind === 'refusal'
        ? [order, { call: 'query', tookMs: 0, outcome: answer(statement(order, 'REVOKED')) }]
        : [order, learnt],
    ),
    breaks: /REVOKED, but WeChat Pay: (none|open)/,
  },
  {
    name: 'SUCCESS is believed while a revoke is open',
    from: 'quick_pay, a revoke leaves',
    core: mistaking((order, learnt) => [learnt.call === 'callback' ? withoutRevoke(order) : order, learnt]),
    breaks: /SUCCESS, but a request may still undo it/,
  },
  {
    name: 'an open revoke is forgotten when it gets no answer',
    from: 'quick_pay, a revoke leaves',
    core: writing((order, learnt) =>
      learnt.call === 'reverse' && isSilent(learnt) ? withoutRevoke(order) : order,
    ),
    breaks: /SUCCESS, but a request may still undo it/,
  },
  {
    name: 'one "no such order" is enough',
    from: 'native, placing',
    core: mistaking((order, learnt) => {
      const age = { unknownAtMs: 0, latestPlacingAtMs: 0 }
      return learnt.call === 'query' && !isFinal(order) ? [{ ...order, ...age }, learnt] : [order, learnt]
    }),
    breaks: /NOT_CREATED, but a request may still undo it/,
  },
  {
    name: 'a person who ends an order makes its verdict',
    from: 'native, nobody answers',
    core: mistaking((order, learnt) =>
      learnt.call === 'resolve'
        ? [order, { call: 'query', tookMs: 0, outcome: answer(statement(order, 'CLOSED')) }]
        : [order, learnt],
    ),
    breaks: /CLOSED from silence|but WeChat Pay: open/,
  },
  {
    name: 'an order is stopped that nobody stopped',
    from: 'native, a close leaves',
    core: writing((order, learnt) =>
      isSilent(learnt) && !isFinal(order) ? { ...order, dueAtMs: END_OF_TIME_MS } : order,
    ),
    breaks: /nobody stopped an order that is stopped/,
  },
  {
    name: 'a verdict falls',
    from: 'quick_pay, a revoke leaves',
    core: writing((order, learnt) =>
      learnt.call === 'callback' && order.state === 'REVOKED'
        ? ({ ...order, state: 'SUCCESS' } as never)
        : order,
    ),
    breaks: /REVOKED becomes SUCCESS/,
  },
]
