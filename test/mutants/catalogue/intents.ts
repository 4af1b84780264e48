import type { Mutant } from '../mutant.ts'

const ENTRANCE = 'src/engine/entrance.ts'
const ORDER_WORK = 'src/engine/order-work.ts'
const STEP = 'src/core/step.ts'

/** What is sent before it is written, or once more. */
export const INTENTS: readonly Mutant[] = [
  {
    name: 'placing-before-intent',
    breaks: 'design 3.4',
    says: 'A placing request leaves before the order is written.',
    edits: [
      {
        file: ENTRANCE,
        find: 'const inserted = await this.#insert(lane, { order, fingerprint, body: kept, journal })',
        replace: `const sent = lane.gateway.place({ ...order, body, signedAtMs: nowMs })
    const inserted = await this.#insert(lane, { order, fingerprint, body: kept, journal })`,
      },
      {
        file: ENTRANCE,
        find: 'const placed = await lane.place(inserted.order, body, inserted.claimedUntilMs)',
        replace: `const outcome = await sent
    const tookMs = this.#edges.clock.nowMs() - nowMs
    const placed = await lane.learn(inserted.order, { call: 'place', outcome, tookMs }, inserted.claimedUntilMs)`,
      },
    ],
  },
  {
    name: 'act-before-intent',
    breaks: 'design 3.4',
    says: 'A revoke, close or refund leaves while its intent is still being written.',
    edits: [
      {
        file: ORDER_WORK,
        find: "(await commits.add({ change: step.intent, keepClaim: true }, SOON_MS)) === 'moved'",
        replace:
          '(void commits.add({ change: step.intent, keepClaim: true }, SOON_MS).catch(() => {}), false)',
      },
    ],
  },
  {
    name: 'unwritten-intent-sent',
    breaks: 'design 3.4, 3.6',
    says: 'A revoke, close or refund leaves though the order moved on and its intent was not written.',
    edits: [
      {
        file: ORDER_WORK,
        find: "(await commits.add({ change: step.intent, keepClaim: true }, SOON_MS)) === 'moved'",
        replace: '(await commits.add({ change: step.intent, keepClaim: true }, SOON_MS)) === null',
      },
    ],
  },
  {
    name: 'quick-pay-repeated-after-silence',
    breaks: 'design 2, guide 6.9',
    says: 'A Quick Pay request without a reply is sent once more.',
    edits: [
      {
        file: 'src/engine/requests.ts',
        find: "return { call: 'place', outcome, tookMs }",
        replace: `if (kind === 'quick_pay' && outcome.kind === 'no-answer' && order.silence === 0)
      return this.place({ ...order, silence: 1 }, body)
    return { call: 'place', outcome, tookMs }`,
      },
    ],
  },
  {
    name: 'quick-pay-repeated-after-crash',
    breaks: 'design 2, 3.9',
    says: 'A Quick Pay request is kept, and sent again by whoever finds the order placing.',
    edits: [
      {
        file: STEP,
        find: "return kind !== 'quick_pay' && placings < PLACINGS_MAX && nowMs < windowEndAtMs",
        replace: 'return placings < PLACINGS_MAX && nowMs < windowEndAtMs',
      },
      {
        file: ENTRANCE,
        find: "const kept = placement.kind === 'quick_pay' ? null : body",
        replace: 'const kept = body',
      },
    ],
  },
  {
    name: 'auth-code-stored',
    breaks: 'design 3.9',
    says: "A Quick Pay request is kept with the order, the customer's auth_code in it.",
    edits: [
      {
        file: ENTRANCE,
        find: "const kept = placement.kind === 'quick_pay' ? null : body",
        replace: 'const kept = body',
      },
    ],
  },
]
