import { isFinal, type Order } from '../../src/core/order.ts'
import { nextStep as stepRightly } from '../../src/core/step.ts'
import { VERDICT_FAULTS } from './verdict-faults.ts'
import { decide, deciding, type Fault, isSilent, writing } from './wrong-core.ts'

/* Cores that are wrong on purpose: if the explorer does not find one of them, it proves nothing about the right one. */

const ABOUT_CALLS: readonly Fault[] = [
  {
    name: 'a revoke leaves too early',
    from: 'quick_pay, placing',
    core: writing((order, learnt) =>
      learnt.call === 'give-up' && !isFinal(order) ? { ...order, latestPlacingAtMs: 0 } : order,
    ),
    breaks: /a revoke after/,
  },
  {
    name: 'an order is closed too early',
    from: 'native, placing',
    core: writing((order, learnt) =>
      learnt.call === 'give-up' && !isFinal(order) ? { ...order, latestPlacingAtMs: 0 } : order,
    ),
    breaks: /a close after/,
  },
  {
    name: 'Quick Pay is placed again',
    from: 'quick_pay, placing',
    core: {
      nextStep: (order, nowMs) => {
        const step = stepRightly(order.state === 'placing' ? { ...order, kind: 'native' } : order, nowMs)
        if (step.do !== 'place') return step
        return { ...step, intent: { ...step.intent, order: { ...step.intent.order, kind: order.kind } } }
      },
    },
    breaks: /Quick Pay is placed twice/,
  },
  {
    name: 'a revoke leaves before its intent is written',
    from: 'quick_pay, a revoke got no answer',
    core: {
      nextStep: (order, nowMs) => {
        const step = stepRightly(order, nowMs)
        if (step.do !== 'reverse') return step
        const written = { ...order, version: step.intent.order.version }
        return { ...step, intent: { ...step.intent, order: written } }
      },
    },
    breaks: /a revoke left without its intent/,
  },
]

const ABOUT_BOOKS: readonly Fault[] = [
  {
    name: 'a due time is lost',
    from: 'native, placing',
    core: writing((order, learnt) =>
      learnt.call === 'query' && isSilent(learnt) && !isFinal(order)
        ? { ...order, dueAtMs: null as unknown as number }
        : order,
    ),
    breaks: /an open order is due at null/,
  },
  {
    name: 'a refund that got no answer is not asked about',
    from: 'quick_pay, a refund leaves',
    core: writing((order, learnt) =>
      learnt.call === 'refund' && isSilent(learnt) ? ({ ...order, dueAtMs: null } as Order) : order,
    ),
    breaks: /a final order with work to do has no due time/,
  },
  {
    name: 'a refund that got no answer is sent with a new number',
    from: 'quick_pay, a refund leaves',
    core: writing((order, learnt) => {
      if (learnt.call !== 'refund' || !isSilent(learnt) || !isFinal(order) || order.aftercare === null)
        return order
      const refunds = order.aftercare.refunds.map((one) => ({
        ...one,
        out_refund_no: `${one.out_refund_no}x`,
      }))
      return { ...order, aftercare: { ...order.aftercare, refunds } }
    }),
    breaks: /a refund lost its number/,
  },
  {
    name: 'more is refunded than was paid',
    from: 'quick_pay, paid',
    core: deciding((order, learnt, ...rest) => {
      if (learnt.call !== 'ask-refund') return decide(order, learnt, ...rest)
      const change = decide({ ...order, total: 2 * order.total }, learnt, ...rest)
      return change && { ...change, order: { ...change.order, total: order.total } }
    }),
    breaks: /refunds of/,
  },
  {
    name: 'a verdict is not told',
    from: 'quick_pay, placing',
    core: deciding((...given) => {
      const change = decide(...given)
      return change && given[1].call === 'callback' ? { ...change, events: [] } : change
    }),
    breaks: /the verdict is told 0 times/,
  },
  {
    name: 'two changes have one version',
    from: 'native, a close leaves',
    core: writing((order, learnt, before) =>
      learnt.call === 'close' && isSilent(learnt) ? { ...order, version: before.version } : order,
    ),
    breaks: /version \d+ becomes/,
  },
  {
    name: 'an order is never ended',
    from: 'native, placing',
    core: deciding((order, ...given) => {
      const change = decide(isFinal(order) ? order : { ...order, mayEnd: false, givenUpAtMs: null }, ...given)
      return change && { ...change, order: { ...change.order, mayEnd: order.mayEnd } }
    }),
    breaks: /no end within/,
  },
]

export const FAULTS: readonly Fault[] = [...VERDICT_FAULTS, ...ABOUT_CALLS, ...ABOUT_BOOKS]
