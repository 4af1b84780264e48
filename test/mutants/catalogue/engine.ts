import type { Mutant } from '../mutant.ts'

const INTAKE = 'src/engine/intake.ts'
const LANE = 'src/engine/lane.ts'

/** Orders that are forgotten, and work that is lost or done on somebody else's order. */
export const ENGINE: readonly Mutant[] = [
  {
    name: 'released-order-not-woken',
    breaks: 'design 3.5',
    says: 'An order that goes back to the store with a later due time wakes nobody at that time.',
    edits: [
      {
        file: LANE,
        find: '    if (claimedUntilMs === null) this.wake(order.dueAtMs)\n    else {',
        replace: '    if (claimedUntilMs !== null) {',
      },
    ],
  },
  {
    name: 'given-back-not-woken',
    breaks: 'design 3.5',
    says: 'An order whose claim is given back wakes nobody.',
    edits: [
      {
        file: INTAKE,
        find: 'this.wake(Math.min(...orders.map(({ dueAtMs }) => dueAtMs)))',
        replace: '',
      },
    ],
  },
  {
    // Budget, breaker or a stopped process made it wait until its claim no longer outlasts a call.
    name: 'stale-entry-dropped',
    breaks: 'design 3.5',
    says: 'An order that waited until its claim became too old leaves the agenda, and nobody hears of it.',
    edits: [
      {
        file: LANE,
        find: 'if (stale !== null) void this.#track(this.#intake.giveBack(ordersOf(stale)))',
        replace: '',
      },
    ],
  },
  {
    // Another process has the order by the time that the call is carried out.
    name: 'claim-not-held-against-call',
    breaks: 'design 3.6',
    says: 'A call leaves as long as the claim lasts, though the claim may end before the call.',
    edits: [
      {
        file: LANE,
        find: 'if (entry.claimedUntilMs - nowMs < this.gateway.callMsMax + LEASE_MARGIN_MS) {',
        replace: 'if (entry.claimedUntilMs < nowMs) {',
      },
    ],
  },
  {
    name: 'failed-write-forgets-order',
    breaks: 'design 3.5',
    says: 'An order whose write failed keeps its claim, and nobody works on it.',
    edits: [
      {
        file: LANE,
        find: 'await this.#failed(error, order)',
        replace: 'this.#edges.report.storeFailed(error)',
      },
    ],
  },
  {
    name: 'learning-not-tried-again',
    breaks: 'design 3.5',
    says: 'What was learnt is dropped when its first write fails, and the order with it.',
    edits: [
      {
        file: LANE,
        find: '        failures += 1\n',
        replace: '        this.#edges.report.storeFailed(error)\n        return null\n',
      },
    ],
  },
  {
    name: 'moved-learning-dropped',
    breaks: 'design 3.6',
    says: 'What was learnt about an order that moved on meanwhile is dropped, and its claim kept.',
    edits: [{ file: LANE, find: 'current = moved', replace: 'return moved' }],
  },
  {
    name: 'moved-learning-applied',
    breaks: 'design 3.6',
    says: 'What was decided on an older version is written over the newer one without deciding again.',
    edits: [
      {
        file: LANE,
        find: 'current = moved',
        replace: `const rebased = { ...change.order, version: moved.version + 1 }
        await commits.add({ change: { ...change, from: moved.version, order: rebased } })
        this.#follow(rebased, null)
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
      { file: 'src/engine/calls.ts', find: 'return this.#budget.take(call, nowMs)', replace: 'return 0' },
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
