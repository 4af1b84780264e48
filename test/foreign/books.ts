import { createHash } from 'node:crypto'
import { Luck } from './chance.ts'
import { type Customer, customerOf } from './customer.ts'
import type { OrderName, Refund, RefundAsking, RefundStatus } from './refunds.ts'
import { fateByHand, fateOf, nextTurn, statusOf } from './refunds.ts'

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
  /** Where its callbacks go; never for Quick Pay. */
  readonly notifyUrl: string | null
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
  readonly refunds: Refund[]
  paidAtMs: number | null
  /** When a reverse gave the money back. */
  reversedAtMs: number | null
  /** Reverses refused because the customer types the password. */
  typingRefusals: number
  /** A clerk closes it at this moment, if it is still unpaid. */
  clerkClosesAtMs: number
}

export type Ruling = { readonly ok: true; readonly entry: Entry } | No

export type RefundRuling = { readonly ok: true; readonly entry: Entry; readonly refund: Refund } | No

interface No {
  readonly ok: false
  readonly status: number
  readonly code: string
  readonly message: string
}

/** What happened, for whoever has to tell the merchant. */
export type News =
  | { readonly what: 'born' | 'paid'; readonly entry: Entry; readonly atMs: number }
  | {
      readonly what: 'refund'
      readonly entry: Entry
      readonly refund: Refund
      readonly status: RefundStatus
      readonly atMs: number
    }

const REFUNDS_MAX = 50
const REFUNDS_APART_MS = 60_000

export class Books {
  /** Read and emptied by whoever tells it. */
  readonly news: News[] = []
  readonly #entries = new Map<string, Entry>()
  /** When each refund was first asked for, and which of its order's it is: its fate hangs on no merchant's number. */
  readonly #asked = new Map<string, { readonly atMs: number; readonly order: string; readonly nth: number }>()
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = seed
  }

  /** As they were when somebody last looked. */
  get entries(): readonly Entry[] {
    return [...this.#entries.values()]
  }

  all(nowMs: number): readonly Entry[] {
    const { entries } = this
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
      id: `4200${digits(nameOf(placing.owner, placing.number))}`,
      bornMs: nowMs,
      payUntilMs: quick
        ? nowMs + customer.autoRevokeMs
        : Math.max(placing.expiresAtMs ?? nowMs + 7_200_000, nowMs + 60_000),
      customer,
      state: quick ? 'USERPAYING' : 'NOTPAY',
      past: [],
      movements: [],
      refunds: [],
      paidAtMs: null,
      reversedAtMs: null,
      typingRefusals: 0,
      clerkClosesAtMs: Number.POSITIVE_INFINITY,
    }
    if (customer.till === 'refused, kept') entry.state = 'NOTPAY'
    entry.past.push({ atMs: nowMs, state: entry.state })
    this.#entries.set(nameOf(placing.owner, placing.number), entry)
    this.news.push({ what: 'born', entry, atMs: nowMs })
    if (customer.till === 'refused, yet paid') this.#pay(entry, nowMs)
    this.#live(entry, nowMs)
    if (customer.till === 'as it is') return { ok: true, entry }
    return no(403, 'TRADE_ERROR', 'the bank says no')
  }

  close(owner: Owner, number: string, nowMs: number): Ruling {
    const entry = this.find(owner, number, nowMs)
    if (entry === null) return missing(number)
    if (entry.tradeType === 'MICROPAY') return no(400, 'INVALID_REQUEST', 'reverse it instead')
    if (nowMs - entry.bornMs < 300_000) return no(403, 'RULE_LIMIT', 'not within 5 minutes')
    if (entry.customer.paysAtTheEnd && isUnpaid(entry) && nowMs < entry.payUntilMs) this.#pay(entry, nowMs)
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
    if (entry.customer.paysAtTheEnd && isUnpaid(entry)) this.#pay(entry, nowMs)
    if (entry.state === 'REVOKED') {
      return new Luck(number).chance(0.5) ? { ok: true, entry } : no(400, 'ORDERREVERSED', 'reversed already')
    }
    if (entry.reversedAtMs !== null) return { ok: true, entry }
    if (entry.state === 'SUCCESS' || entry.state === 'REFUND') {
      const refuses = entry.refunds.length > 0 || entry.customer.reverseOfPaid === 'refuses'
      if (refuses) return no(400, 'ORDER_PAID', 'use refund')
      entry.reversedAtMs = nowMs
      entry.movements.push({ atMs: nowMs, cents: -entry.total, why: 'reverse' })
      if (entry.customer.showsRefundMs > 0) {
        turn(entry, 'REFUND', nowMs)
        return { ok: true, entry }
      }
    }
    turn(entry, 'REVOKED', nowMs)
    return { ok: true, entry }
  }

  refund(owner: Owner, asking: RefundAsking, nowMs: number): RefundRuling {
    const entry = this.named(owner, asking.order, nowMs)
    if (entry === null) return missing(asking.order.key)
    const { number, cents } = asking
    const { refund: known } = this.findRefund(owner, { by: 'out_refund_no', key: number }, nowMs) ?? {}
    if (known !== undefined) {
      const same = entry.refunds.includes(known) && known.cents === cents && fits(entry, asking)
      return same ? { ok: true, entry, refund: known } : no(403, 'OUT_REFUND_NO_USED', 'other parameters')
    }
    const { nth, atMs } = this.#firstAsked(entry, number, nowMs)
    const luck = new Luck(this.#seed, 'refund', entry.number, nth)
    const fate = fateOf(luck)
    const refusal = this.#refundRefusal(entry, asking, nowMs, luck)
    if (refusal !== null) return refusal
    if (nowMs < atMs + fate.poolEmptyMs) return no(403, 'NOT_ENOUGH', 'the CNY pool is too small')
    const { reason, notifyUrl } = asking
    return { ok: true, entry, refund: this.#accept(entry, { number, cents, reason, notifyUrl }, fate, nowMs) }
  }

  #refundRefusal(entry: Entry, asking: RefundAsking, nowMs: number, luck: Luck): No | null {
    if (entry.paidAtMs === null) return no(404, 'RESOURCE_NOT_EXISTS', 'not paid')
    if (!fits(entry, asking)) return no(400, 'PARAM_ERROR', 'total or currency')
    const code = luck.pick(['INVALID_REQUEST', 'PARAM_ERROR'])
    if (asking.cents > left(entry)) return no(400, code, 'more than is left')
    if (entry.refunds.length >= REFUNDS_MAX) return no(403, 'RULE_LIMIT', 'too many refunds')
    const lastMs = entry.refunds.at(-1)?.bornMs ?? Number.NEGATIVE_INFINITY
    if (nowMs - lastMs >= REFUNDS_APART_MS) return null
    return luck.chance(0.5)
      ? no(403, 'RULE_LIMIT', 'one refund a minute')
      : no(429, 'FREQUENCY_LIMITED', 'one refund a minute')
  }

  #firstAsked(entry: Entry, number: string, nowMs: number): { readonly atMs: number; readonly nth: number } {
    const order = nameOf(entry.owner, entry.number)
    const name = nameOf(entry.owner, number)
    const known = this.#asked.get(name)
    if (known?.order === order) return known
    const nth = [...this.#asked.values()].filter((asked) => asked.order === order).length + 1
    const first = { atMs: nowMs, order, nth }
    this.#asked.set(name, first)
    return first
  }

  #accept(
    entry: Entry,
    asked: Pick<Refund, 'number' | 'cents' | 'reason' | 'notifyUrl'>,
    fate: Refund['fate'],
    nowMs: number,
    byHand = false,
  ): Refund {
    const id = `5030${digits(nameOf(entry.owner, asked.number))}`
    const past = [{ atMs: nowMs, status: 'PROCESSING' }] as const
    const refund: Refund = { ...asked, id, bornMs: nowMs, byHand, fate, past: [...past] }
    entry.refunds.push(refund)
    if (entry.state === 'SUCCESS' && entry.customer.showsRefundWhen === 'accepted')
      turn(entry, 'REFUND', nowMs)
    return refund
  }

  /** What a refund's draws hang on: its order and its rank there, or the number itself while nobody asked for it. */
  subjectOf(owner: Owner, number: string): string {
    const asked = this.#asked.get(nameOf(owner, number))
    return asked === undefined ? nameOf(owner, number) : `${asked.order} refund ${asked.nth}`
  }

  named(owner: Owner, { by, key }: OrderName, nowMs: number): Entry | null {
    if (by === 'out_trade_no') return this.find(owner, key, nowMs)
    const entry = this.entries.find(({ id }) => id === key)
    return entry === undefined ? null : this.find(owner, entry.number, nowMs)
  }

  findRefund(
    owner: Owner,
    { by, key }: { readonly by: 'out_refund_no' | 'id'; readonly key: string },
    nowMs: number,
  ): { readonly entry: Entry; readonly refund: Refund } | null {
    for (const candidate of this.#entries.values()) {
      const refund = candidate.refunds.find(({ number, id }) => key === (by === 'id' ? id : number))
      const entry = refund === undefined ? null : this.find(owner, candidate.number, nowMs)
      if (refund !== undefined && entry !== null) return { entry, refund }
    }
    return null
  }

  #pay(entry: Entry, atMs: number): void {
    entry.paidAtMs = atMs
    entry.movements.push({ atMs, cents: entry.total, why: 'payment' })
    turn(entry, 'SUCCESS', atMs)
    this.news.push({ what: 'paid', entry, atMs })
  }

  #refundByHand(entry: Entry, cents: number, nth: number, atMs: number): void {
    const number = `hand${digits(`${nameOf(entry.owner, entry.number)} ${nth}`)}`
    const luck = new Luck(this.#seed, 'by hand', entry.number, nth)
    this.#accept(entry, { number, cents, reason: null, notifyUrl: null }, fateByHand(luck), atMs, true)
  }

  #turnRefund(entry: Entry, refund: Refund, status: RefundStatus, atMs: number): void {
    refund.past.push({ atMs, status })
    this.news.push({ what: 'refund', entry, refund, status, atMs })
    if (status !== 'SUCCESS') return
    entry.movements.push({ atMs, cents: -refund.cents, why: `refund ${refund.number}` })
    if (entry.state === 'SUCCESS') turn(entry, 'REFUND', atMs)
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
        if (paysAtMs < payUntilMs && entry.state !== 'PAYERROR')
          act(paysAtMs, () => this.#pay(entry, paysAtMs))
        const failsAtMs = bornMs + customer.failsAfterMs
        if (entry.state !== 'PAYERROR' && tradeType === 'MICROPAY')
          act(failsAtMs, () => turn(entry, 'PAYERROR', failsAtMs))
        if (tradeType === 'MICROPAY') act(payUntilMs, () => turn(entry, 'REVOKED', payUntilMs))
        act(entry.clerkClosesAtMs, () => turn(entry, 'CLOSED', entry.clerkClosesAtMs))
      }
      const nth = entry.refunds.filter(({ byHand }) => byHand).length
      const byHand = customer.handRefunds[nth]
      if (entry.paidAtMs !== null && byHand !== undefined && left(entry) > 0) {
        const atMs = entry.paidAtMs + byHand.afterMs
        act(atMs, () => {
          const cents = Math.min(left(entry), Math.ceil(byHand.share * entry.total))
          this.#refundByHand(entry, cents, nth, atMs)
        })
      }
      for (const refund of entry.refunds) {
        const next = nextTurn(refund)
        if (next !== null) act(next.atMs, () => this.#turnRefund(entry, refund, next.status, next.atMs))
      }
      if (entry.state === 'REFUND' && entry.reversedAtMs !== null) {
        const shownUntilMs = entry.reversedAtMs + customer.showsRefundMs
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

/** What may still be refunded: what is under way is no longer there. */
export function left({ paidAtMs, reversedAtMs, total, refunds }: Entry): number {
  if (paidAtMs === null || reversedAtMs !== null) return 0
  const going = refunds.filter((refund) => statusOf(refund) !== 'REFUNDCLOSE')
  return total - going.reduce((sum, { cents }) => sum + cents, 0)
}

function fits(entry: Entry, { total, currency }: RefundAsking): boolean {
  return total === entry.total && currency === entry.currency
}

function digits(name: string): string {
  return createHash('sha256').update(name).digest('hex').replace(/\D/g, '').slice(0, 24)
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

function missing(number: string): No {
  const code = new Luck('missing', number).pick(['ORDER_NOT_EXIST', 'ORDERNOTEXIST', 'NOT_FOUND'])
  return no(404, code, 'no such order')
}

function no(status: number, code: string, message: string): No {
  return { ok: false, status, code, message }
}
