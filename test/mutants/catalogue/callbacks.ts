import type { Mutant } from '../mutant.ts'

const DESK = 'src/engine/callback-desk.ts'
const GATEWAY = 'src/gateway/wechatpay/callbacks.ts'
const RECEIVER = 'src/callback/receiver.ts'

/** Callbacks that are believed, answered or forgotten wrongly. */
export const CALLBACKS: readonly Mutant[] = [
  {
    name: 'forged-callback-booked',
    breaks: 'design 3.1, guide 2.2',
    says: 'A callback that our APIv3 key opens is believed, though nobody can verify it.',
    edits: [
      {
        file: GATEWAY,
        find: "if (verification.kind !== 'unknown-key') return verification",
        replace: `if (verification.kind === 'forged' && this.#hintIn(body) !== null) {
      const said = (name: string): string => String(headers[\`wechatpay-\${name}\`])
      const signed = { serial: said('serial'), timestamp: said('timestamp'), nonce: said('nonce') }
      return { kind: 'verified', signed: { ...signed, signature: said('signature') } }
    }
    if (verification.kind !== 'unknown-key') return verification`,
      },
    ],
  },
  {
    name: 'forged-callback-acknowledged',
    breaks: 'guide 2.2',
    says: 'A callback that nobody can verify is answered as received.',
    edits: [
      {
        file: RECEIVER,
        find: 'return refused({ desk, account }, 401, WHY[opened.why])',
        replace: 'return RECEIVED',
      },
    ],
  },
  {
    name: 'failed-callback-acknowledged',
    breaks: 'guide 2.5',
    says: 'A callback that could not be written is answered as received.',
    edits: [
      {
        file: RECEIVER,
        find: '.catch((): CallbackReply => FAILED)',
        replace: '.catch((): CallbackReply => RECEIVED)',
      },
    ],
  },
  {
    name: 'slow-callback-acknowledged',
    breaks: 'guide 2.5',
    says: 'A callback that is not written in time is answered as received.',
    edits: [
      {
        file: RECEIVER,
        find: 'return (await within(clock, answerMs, reply)) ?? LATE',
        replace: 'return (await within(clock, answerMs, reply)) ?? RECEIVED',
      },
    ],
  },
  {
    name: 'unknown-order-acknowledged',
    breaks: 'guide 2.3',
    says: 'A callback about a number that we do not have is answered as received.',
    edits: [
      {
        file: RECEIVER,
        find: "return refused({ desk, account }, 404, 'no such order here')",
        replace: 'return RECEIVED',
      },
    ],
  },
  {
    name: 'contradiction-acknowledged',
    breaks: 'guide 2.4',
    says: 'A callback that contradicts the order is answered as received.',
    edits: [
      {
        file: DESK,
        find: "return change.refuses === undefined ? { kind: 'applied' } : { kind: 'refused', why: change.refuses }",
        replace: "return { kind: 'applied' }",
      },
    ],
  },
  {
    name: 'callback-not-compared',
    breaks: 'design 3.1, guide 2.4',
    says: 'Merchant, amount and currency of a callback are not held against the order.',
    edits: [
      {
        file: 'src/core/callback.ts',
        find: 'const fit = fitOf(order, trade)',
        replace: "const fit = { fit: 'names it' }",
      },
    ],
  },
  {
    name: 'foreign-callback-accepted',
    breaks: 'guide 2.3',
    says: 'A callback about another merchant is taken for one of this account.',
    edits: [
      {
        file: GATEWAY,
        find: "if (isForeign(this.#account.ids, said)) return unreadable('foreign')",
        replace: '',
      },
    ],
  },
  {
    name: 'stray-dropped',
    breaks: 'guide 2.3',
    says: 'A verified callback that comes before its order is not kept for it.',
    edits: [{ file: DESK, find: 'await store.keepStray(strayOf(key, callback.id, learnt))', replace: '' }],
  },
  {
    name: 'moved-callback-dropped',
    breaks: 'design 3.6, guide 2.8',
    says: 'A callback about an order that moved on meanwhile is dropped, and answered as received.',
    edits: [
      {
        file: 'src/engine/road.ts',
        find: "if ((await this.write(change, lane, more)) === 'applied') return { order: change.order, change }",
        replace: `await this.write(change, lane, more)
      return { order: change.order, change }`,
      },
    ],
  },
]
