import type { Luck } from './chance.ts'

/** What goes wrong with one request. The shares are of all requests; the rest is served well. */
const TROUBLES = {
  /** Cut before anything happened. */
  deaf: 0.03,
  /** Done, and then cut. */
  mute: 0.04,
  /** Done, and cut in the middle of the body. */
  torn: 0.03,
  /** Done, and never answered. */
  hanging: 0.02,
  /** Taken now, done up to a minute later; nobody reads the answer by then. */
  dawdling: 0.02,
  /** Done, and told a few bytes at a time. */
  dripping: 0.03,
  /** 500, 502 or 503, signed or not, done or not. */
  broken: 0.05,
  /** 429, signed or not; a refund may be accepted nevertheless. */
  crowded: 0.02,
  /** Done; the right answer with no signature at all. */
  unsigned: 0.03,
  /** Done; signed over something else, or `WECHATPAY/SIGNTEST/`. */
  forged: 0.03,
  /** Done; one of the four headers twice, or without its nonce. */
  halfSigned: 0.01,
  /** Query: what was said about another order or refund, well signed. */
  swapped: 0.01,
  /** Query: an earlier reply to the same question, byte for byte. */
  replayed: 0.04,
  /** Query: a word that nobody knows. */
  strange: 0.02,
  /** Query: amounts as text, ids missing. */
  sloppy: 0.03,
  /** Query, in the first minute of an order or a refund, and refund, in the first minute of a payment: no such thing. */
  forgetful: 0.04,
  /** Query: 202 and no more than USERPAYING. Refund: 202, done or not. */
  accepted: 0.02,
} as const

export type Trouble = keyof typeof TROUBLES

export function troubleOf(luck: Luck, harshness: number): Trouble | null {
  const trouble = luck.weighted(TROUBLES)
  return trouble !== null && luck.chance(harshness) ? trouble : null
}

/** How a reply looks, whatever it says: all of this is allowed, and differs from reply to reply. */
export interface Manners {
  readonly headerCase: 'Title' | 'lower' | 'UPPER'
  readonly signatureType: boolean
  readonly gzip: boolean
  readonly chunked: boolean
  readonly closing: 'keeps' | 'says it' | 'just does it'
  readonly date: 'right' | 'hours off' | 'none'
  /** Which of the two names WeChat Pay's own number has. */
  readonly idName: 'id' | 'transaction_id'
  readonly done: '204' | '204 with length' | '200 empty object' | '200 with code'
}

export function mannersOf(luck: Luck): Manners {
  return {
    headerCase: luck.pick(['Title', 'Title', 'lower', 'UPPER']),
    signatureType: luck.chance(0.5),
    gzip: luck.chance(0.25),
    chunked: luck.chance(0.3),
    closing: luck.pick(['keeps', 'keeps', 'keeps', 'keeps', 'keeps', 'says it', 'just does it']),
    date: luck.pick(['right', 'right', 'hours off', 'none']),
    idName: luck.pick(['id', 'transaction_id']),
    done: luck.pick(['204', '204 with length', '200 empty object', '200 with code']),
  }
}
