import { createHash } from 'node:crypto'
import { Luck } from './chance.ts'

/** What the other WeChat Pay knows: its orders, and every cent that moved. Nobody outside sees more than replies. */

export type State = 'NOTPAY' | 'USERPAYING' | 'PAYERROR' | 'SUCCESS' | 'REFUND' | 'CLOSED' | 'REVOKED'
export type TradeType = 'MICROPAY' | 'NATIVE' | 'JSAPI' | 'APP' | 'MWEB'

/** `mchid`, or `sp_mchid` and `sub_mchid`. */
export type Owner = Readonly<Record<string, string>>

export interface Movement {
  readonly atMs: number
  /** Above 0: from the customer. Below 0: back. */
  readonly cents: number
  readonly why: string
}

export interface Placing {
  readonly owner: Owner
  readonly number: string
  readonly tradeType: TradeType
  readonly total: number
  readonly currency: string
  readonly attach: string | null
  readonly bytes: string
  readonly expiresAtMs: number | null
}

export interface Entry extends Placing {
  readonly id: string
  readonly bornMs: number
  readonly payUntilMs: number
  readonly customer: Customer
  state: State
  /** What was true when, for replicas that lag. */
  readonly past: { readonly atMs: number; readonly state: State }[]
  readonly movements: Movement[]
  paidAtMs: number | null
  refundedElsewhere: boolean
  /** Reverses refused because the customer types the password. */
  typingRefusals: number
  /** A clerk closes it at this moment, if it is still unpaid. */
  clerkClosesAtMs: number
}

export interface Customer {
  /** ms after creation; Infinity: never. */
  readonly paysAfterMs: number
  /** The bank refuses, so long after creation. */
  readonly failsAfterMs: number
  /** Pays in the very moment in which the order is to be ended. */
  readonly paysAtTheEnd: boolean
  /** How WeChat Pay takes a reverse of a paid order: it returns the money, or refuses ("use refund"). */
  readonly reverseOfPaid: 'returns' | 'refuses'
  /** After a returned payment it shows REFUND for so long before REVOKED. */
  readonly showsRefundMs: number
  /** Refunded by hand on the merchant platform, so long after the payment. */
  readonly refundAfterMs: number
  readonly autoRevokeMs: number
  /** Reverses that are refused with "being paid" first. */
  readonly typing: number
  readonly lagMs: number
  /** What Quick Pay answers at once, instead of an order's state. */
  readonly till: 'as it is' | 'refused, not kept' | 'refused, kept' | 'refused, yet paid'
}

export function customerOf(seed: number, number: string, tradeType: TradeType): Customer {
  const luck = new Luck(seed, 'customer', number)
  const quick = tradeType === 'MICROPAY'
  const kind = luck.draw()
  const soon = quick && kind < 0.3
  const later = kind < 0.7
  return {
    paysAfterMs: soon ? 0 : later ? luck.between(1_000, quick ? 55_000 : 400_000) : Number.POSITIVE_INFINITY,
    failsAfterMs: luck.chance(0.12) ? luck.between(0, 20_000) : Number.POSITIVE_INFINITY,
    paysAtTheEnd: !later && luck.chance(0.4),
    reverseOfPaid: luck.chance(0.5) ? 'returns' : 'refuses',
    showsRefundMs: luck.chance(0.3) ? luck.between(1_000, 25_000) : 0,
    refundAfterMs: luck.chance(0.06) ? luck.between(0, 60_000) : Number.POSITIVE_INFINITY,
    autoRevokeMs: 45_000 + luck.between(-2_000, 60_000),
    typing: luck.chance(0.3) ? Math.ceil(luck.between(0, 4)) : 0,
    lagMs: luck.chance(0.5) ? luck.between(500, 12_000) : 0,
    till: quick && !soon ? luck.pick(TILLS) : 'as it is',
  }
}

const TILLS = [
  'as it is',
  'as it is',
  'as it is',
  'as it is',
  'refused, not kept',
  'refused, kept',
  'refused, yet paid',
] as const

export type Ruling =
  | { readonly ok: true; readonly entry: Entry }
  | { readonly ok: false; readonly status: number; readonly code: string; readonly message: string }

export class Books {
  readonly #entries = new Map<string, Entry>()
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = seed
  }

  all(nowMs: number): Entry[] {
    const entries = [...this.#entries.values()]
    for (const entry of entries) this.#live(entry, nowMs)
    return entries
  }

  find(owner: Owner, number: string, nowMs: number): Entry | null {
    const entry = this.#entries.get(nameOf(owner, number)) ?? null
    if (entry !== null) this.#live(entry, nowMs)
    return entry
  }

  place(placing: Placing, nowMs: number): Ruling {
    const known = this.find(placing.owner, placing.number, nowMs)
    if (known !== null) return replaced(known, placing)
    const customer = customerOf(this.#seed, placing.number, placing.tradeType)
    if (customer.till === 'refused, not kept') {
      const luck = new Luck(this.#seed, 'till', placing.number)
      return no(403, luck.pick(['AUTHCODEEXPIRE', 'AUTH_CODE_INVALID', 'NOTENOUGH']), 'refused at the till')
    }
    const quick = placing.tradeType === 'MICROPAY'
    const entry: Entry = {
      ...placing,
      id: `4200${createHash('sha256').update(nameOf(placing.owner, placing.number)).digest('hex').replace(/\D/g, '').slice(0, 24)}`,
      bornMs: nowMs,
      payUntilMs: quick
        ? nowMs + customer.autoRevokeMs
        : Math.max(placing.expiresAtMs ?? nowMs + 7_200_000, nowMs + 60_000),
      customer,
      state: quick ? 'USERPAYING' : 'NOTPAY',
      past: [],
      movements: [],
      paidAtMs: null,
      refundedElsewhere: false,
      typingRefusals: 0,
      clerkClosesAtMs: Number.POSITIVE_INFINITY,
    }
    if (customer.till === 'refused, kept') entry.state = 'NOTPAY'
    entry.past.push({ atMs: nowMs, state: entry.state })
    this.#entries.set(nameOf(placing.owner, placing.number), entry)
    if (customer.till === 'refused, yet paid') pay(entry, nowMs)
    this.#live(entry, nowMs)
    if (customer.till === 'as it is') return { ok: true, entry }
    return no(403, 'TRADE_ERROR', 'the bank says no')
  }

  close(owner: Owner, number: string, nowMs: number): Ruling {
    const entry = this.find(owner, number, nowMs)
    if (entry === null) return missing(number)
    if (entry.tradeType === 'MICROPAY') return no(400, 'INVALID_REQUEST', 'reverse it instead')
    if (nowMs - entry.bornMs < 300_000) return no(403, 'RULE_LIMIT', 'not within 5 minutes')
    if (entry.customer.paysAtTheEnd && isUnpaid(entry) && nowMs < entry.payUntilMs) pay(entry, nowMs)
    if (entry.state === 'SUCCESS' || entry.state === 'REFUND') return no(400, 'ORDERPAID', 'order paid')
    if (entry.state === 'CLOSED') {
      return new Luck(number).chance(0.5) ? { ok: true, entry } : no(400, 'ORDER_CLOSED', 'closed already')
    }
    turn(entry, 'CLOSED', nowMs)
    return { ok: true, entry }
  }

  reverse(owner: Owner, number: string, nowMs: number): Ruling {
    const entry = this.find(owner, number, nowMs)
    if (entry === null) return missing(number)
    if (entry.tradeType !== 'MICROPAY') return no(400, 'INVALID_REQUEST', 'close it instead')
    if (nowMs - entry.bornMs < 15_000) {
      return no(400, new Luck(number).pick(['INVALID_REQUEST', 'RULELIMIT', 'TRADE_ERROR']), 'too early')
    }
    if (isUnpaid(entry) && entry.typingRefusals < entry.customer.typing) {
      entry.typingRefusals += 1
      return no(400, 'USERPAYING', 'order is being paid')
    }
    if (entry.customer.paysAtTheEnd && isUnpaid(entry)) pay(entry, nowMs)
    if (entry.state === 'REVOKED') {
      return new Luck(number).chance(0.5) ? { ok: true, entry } : no(400, 'ORDERREVERSED', 'reversed already')
    }
    if (entry.state === 'REFUND') return { ok: true, entry }
    if (entry.state === 'SUCCESS') {
      if (entry.customer.reverseOfPaid === 'refuses') return no(400, 'ORDER_PAID', 'use refund')
      giveBack(entry, nowMs, 'reverse')
      if (entry.customer.showsRefundMs > 0) {
        turn(entry, 'REFUND', nowMs)
        return { ok: true, entry }
      }
    }
    turn(entry, 'REVOKED', nowMs)
    return { ok: true, entry }
  }

  /** Lets the time pass for an order: customers, banks, clerks and the clock all act on their own. */
  #live(entry: Entry, nowMs: number): void {
    const { customer, bornMs, tradeType, payUntilMs } = entry
    for (;;) {
      const acts: [number, () => void][] = []
      const act = (atMs: number, run: () => void): void => {
        if (atMs <= nowMs) acts.push([atMs, run])
      }
      if (isUnpaid(entry)) {
        const paysAtMs = bornMs + customer.paysAfterMs
        if (paysAtMs < payUntilMs && entry.state !== 'PAYERROR') act(paysAtMs, () => pay(entry, paysAtMs))
        const failsAtMs = bornMs + customer.failsAfterMs
        if (entry.state !== 'PAYERROR' && tradeType === 'MICROPAY')
          act(failsAtMs, () => turn(entry, 'PAYERROR', failsAtMs))
        if (tradeType === 'MICROPAY') act(payUntilMs, () => turn(entry, 'REVOKED', payUntilMs))
        act(entry.clerkClosesAtMs, () => turn(entry, 'CLOSED', entry.clerkClosesAtMs))
      }
      if (entry.state === 'SUCCESS' && entry.paidAtMs !== null) {
        const refundAtMs = entry.paidAtMs + customer.refundAfterMs
        act(refundAtMs, () => {
          entry.refundedElsewhere = true
          giveBack(entry, refundAtMs, 'merchant platform')
          turn(entry, 'REFUND', refundAtMs)
        })
      }
      if (entry.state === 'REFUND' && !entry.refundedElsewhere) {
        const shownUntilMs = (entry.past.at(-1)?.atMs ?? 0) + customer.showsRefundMs
        act(shownUntilMs, () => turn(entry, 'REVOKED', shownUntilMs))
      }
      acts.sort(([a], [b]) => a - b)
      const [first] = acts
      if (first === undefined) return
      first[1]()
    }
  }
}

/** What a replica that lags shows: null before it heard of the order. */
export function shown({ past }: Entry, atMs: number): State | null {
  return past.findLast((line) => line.atMs <= atMs)?.state ?? null
}

export function kept({ movements }: Entry): number {
  return movements.reduce((sum, { cents }) => sum + cents, 0)
}

export function nameOf(owner: Owner, number: string): string {
  return [...Object.values(owner), number].join('/')
}

export function isUnpaid({ state }: Entry): boolean {
  return state === 'NOTPAY' || state === 'USERPAYING' || state === 'PAYERROR'
}

function pay(entry: Entry, atMs: number): void {
  entry.paidAtMs = atMs
  entry.movements.push({ atMs, cents: entry.total, why: 'payment' })
  turn(entry, 'SUCCESS', atMs)
}

function giveBack(entry: Entry, atMs: number, why: string): void {
  entry.movements.push({ atMs, cents: -entry.total, why })
}

function turn(entry: Entry, state: State, atMs: number): void {
  entry.state = state
  entry.past.push({ atMs, state })
}

function replaced(known: Entry, placing: Placing): Ruling {
  if (known.bytes !== placing.bytes) return no(403, 'OUT_TRADE_NO_USED', 'other parameters')
  if (known.state === 'CLOSED') return no(400, 'ORDERCLOSED', 'closed')
  if (!isUnpaid(known)) return no(400, 'ORDERPAID', 'paid')
  return { ok: true, entry: known }
}

function missing(number: string): Ruling {
  const code = new Luck('missing', number).pick(['ORDER_NOT_EXIST', 'ORDERNOTEXIST', 'NOT_FOUND'])
  return no(404, code, 'no such order')
}

function no(status: number, code: string, message: string): Ruling {
  return { ok: false, status, code, message }
}
