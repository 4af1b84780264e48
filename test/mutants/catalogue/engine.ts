import type { Mutant } from '../mutant.ts'

const ORDER_WORK = 'src/engine/order-work.ts'

/** Orders that are forgotten, and work that is lost or done on somebody else's order. */
export const ENGINE: readonly Mutant[] = [
  {
    name: 'released-order-not-woken',
    breaks: 'design 3.5',
    says: 'An order that goes back to the store with a later due time wakes nobody at that time.',
    edits: [
      {
        file: ORDER_WORK,
        find: '    if (claimedUntilMs === null) intake.wake(order.dueAtMs)\n    else {',
        replace: '    if (claimedUntilMs !== null) {',
      },
    ],
  },
  {
    name: 'moved-learning-applied',
    breaks: 'design 3.6',
    says: 'What was decided on an older version is written over the newer one without deciding again.',
    edits: [
      {
        file: ORDER_WORK,
        find: 'current = moved',
        replace: `const rebased = { ...change.order, version: moved.version + 1 }
        await commits.add({ change: { ...change, from: moved.version, order: rebased } })
        this.follow(rebased, null)
        return rebased`,
      },
    ],
  },
  {
    name: 'probe-lost',
    breaks: 'design 3.5',
    says: 'After a probe that got no answer the breaker never lets another out.',
    edits: [
      {
        file: 'src/engine/breaker.ts',
        find: 'nowMs + Math.round(Math.min(PROBE_MS * 2 ** (this.#probes - 1), PROBE_MS_MAX) * (0.75 + chance / 2))',
        replace: 'Number.POSITIVE_INFINITY',
      },
    ],
  },
  {
    name: 'budget-ignored',
    breaks: 'design 3.8',
    says: 'A call leaves whatever the budget says.',
    edits: [
      {
        file: 'src/engine/calls.ts',
        find: 'const waitMs = this.#budget.take(call, nowMs, pulse?.shareOf(account, call, nowMs))',
        replace: 'const waitMs = 0 * nowMs',
      },
    ],
  },
  {
    name: 'learnt-key-not-kept',
    breaks: 'design 3.1',
    says: 'A platform key that was learnt is not kept before the evidence that it signed.',
    edits: [
      {
        file: 'src/engine/engine.ts',
        find: '    await this.#keys.moveTo(this.store)\n',
        replace: '',
      },
    ],
  },
]
