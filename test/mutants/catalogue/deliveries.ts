import type { Mutant } from '../mutant.ts'

const DELIVERER = 'src/engine/deliverer.ts'
const ENGINE = 'src/engine/engine.ts'

/** Messages to the merchant's system that get lost, change, or overtake each other. */
export const DELIVERIES: readonly Mutant[] = [
  {
    name: 'outbox-in-second-commit',
    breaks: 'design 3.7',
    says: 'A message is written in a commit of its own, after the one of the verdict.',
    edits: [
      {
        file: ENGINE,
        find: '.commit(commits.map((commit) => this.#outbox.filled(commit)))',
        replace: '.commit(commits)',
      },
      {
        file: ENGINE,
        find: "      if (results[i] !== 'applied') continue\n",
        replace: `      if (results[i] !== 'applied') continue
      const { deliveries } = this.#outbox.filled(commits[i])
      if (deliveries !== undefined) {
        const { order: told } = change
        const next = { ...told, version: told.version + 1 }
        const more = { from: told.version, order: next, journal: [], evidence: [], events: [] }
        await this.store.commit([{ change: more, keepClaim: true, deliveries }])
        this.#outbox.wake()
      }
`,
      },
    ],
  },
  {
    name: 'callback-verdict-not-told',
    breaks: 'design 3.7',
    says: 'A verdict that a callback made is not told to anybody.',
    edits: [
      {
        file: 'src/engine/road.ts',
        find: 'commits.add({ change, keepClaim: true, tell: true, ...more }, SOON_MS)',
        replace: 'commits.add({ change: { ...change, events: [] }, keepClaim: true, ...more }, SOON_MS)',
      },
    ],
  },
  {
    name: 'next-message-overtakes',
    breaks: 'design 3.7',
    says: 'A message is due at once, though an earlier one about the same order has not arrived.',
    edits: [
      {
        file: 'src/store/sqlite/deliveries.ts',
        find: 'const isFirst = this.#isFirst.first(orderId, target) === null',
        replace: 'const isFirst = true',
      },
    ],
  },
  {
    name: 'missed-message-marked-sent',
    breaks: 'design 3.7',
    says: 'A message that was attempted counts as sent.',
    edits: [
      {
        file: DELIVERER,
        find: "delivered.ok ? ({ state: 'sent' } as const) : this.#missed(attempts, delivered.why)",
        replace: "({ state: 'sent' } as const)",
      },
    ],
  },
  {
    name: 'new-id-at-each-attempt',
    breaks: 'design 3.7',
    says: 'A message that is sent again bears another id.',
    edits: [
      {
        file: DELIVERER,
        find: 'attempted(target, delivery.message)',
        replace: `attempted(target, {
      ...delivery.message,
      id: \`\${delivery.message.id}_\${delivery.attempts}\`,
    })`,
      },
    ],
  },
  {
    name: 'no-delivery-after-restart',
    breaks: 'design 3.7',
    says: 'A process that starts does not look for messages that an earlier one left.',
    edits: [{ file: DELIVERER, find: '    this.#lost()\n    this.wake()\n', replace: '    this.#lost()\n' }],
  },
  {
    name: 'missed-message-not-woken',
    breaks: 'design 3.7',
    says: 'Nobody wakes when a message that did not arrive is due again.',
    edits: [
      {
        file: DELIVERER,
        find: 'this.#wakeAt(Math.min(Math.max(nextMs, soonestMs), lostMs))',
        replace: '',
      },
    ],
  },
]
