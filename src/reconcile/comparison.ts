import { type FinalOrder, isFinal, type Order, type OrderKey } from '../core/order.ts'
import { shown, VerdictError } from '../errors.ts'
import type { StoreReader } from '../store/store.ts'
import { DAY_MS } from '../wechatpay/beijing.ts'
import { BillHeadError, type BillLine, billEntries } from '../wechatpay/bill.ts'
import { amountIn, type Unit } from './amount.ts'
import {
  type BilledAmount,
  compared,
  type DifferenceKind,
  isPaidIn,
  kindOf,
  type LineKind,
  refundsMadeIn,
  type Span,
} from './compare.ts'
import type { Difference } from './report.ts'

export interface BillWish {
  readonly account: string
  readonly mode: 'common' | 'institutional'
  readonly sub_mchid: string | null
  /** `2026-06-08` or `20260608`. */
  readonly date: string
}

/** What of the store is looked at. */
export type Books = Pick<StoreReader, 'find' | 'list'>

/** An order that entered so long before the day can hardly have been paid on it. */
const LOOK_BACK_MS = 3 * DAY_MS
/** Lines of the bill that are looked up at the same time. */
const AT_ONCE = 100
/** Orders of the store that are read at the same time. */
const PAGE = 500
const DIFFERENCES_MAX = 1_000

/** Gathers what the bill and the store say, and where they differ. */
export class Comparison {
  readonly #wish: BillWish
  readonly #day: Span
  readonly #lines: Record<LineKind, number> = { payment: 0, refund: 0, reversal: 0 }
  readonly #reversed = new Set<string>()
  /** Payments of orders that are revoked here: a reversal may stand further down. */
  readonly #revoked: Array<{ readonly line: BillLine; readonly order: Order }> = []
  /** Of payments and reversals the order's name, of refunds theirs too. */
  readonly #seen = new Set<string>()
  readonly #toAsk = new Map<string, OrderKey>()
  readonly #amounts = new Amounts()
  readonly #found = new Findings()

  constructor(wish: BillWish, day: Span) {
    this.#wish = wish
    this.#day = day
  }

  get hasLines(): boolean {
    return this.#lines.payment + this.#lines.refund + this.#lines.reversal > 0
  }

  /**
   * @param pause lets others have their turn: a large bill takes seconds
   * @throws BILL_FAILS, and what the store throws
   */
  async readBill(csv: Uint8Array, store: Books, pause: () => Promise<void>): Promise<void> {
    let batch: BillLine[] = []
    for (const line of this.#readable(csv, (one, why) => this.#found.add(unreadable(one, why)))) {
      batch.push(line)
      if (batch.length < AT_ONCE) continue
      await this.#compare(batch, store)
      await pause()
      batch = []
    }
    await this.#compare(batch, store)
    for (const { line, order } of this.#revoked)
      this.#judge(line, order, this.#reversed.has(this.#nameOf(line)))
  }

  async readStore(store: Books): Promise<void> {
    const { account, sub_mchid } = this.#wish
    const filter = {
      account,
      ...(sub_mchid !== null && { sub_mchid }),
      states: ['SUCCESS'],
      createdFromMs: this.#day.fromMs - LOOK_BACK_MS,
    } as const
    for (let before: number | null = null; ; ) {
      const orders: readonly Order[] = await store.list(filter, { before, limit: PAGE })
      for (const order of orders) if (isFinal(order)) this.#lookFor(order)
      const last = orders.at(-1)
      if (last === undefined || orders.length < PAGE) return
      before = last.id
    }
  }

  result() {
    const unit = this.#amounts.unit
    for (const { difference, amount } of this.#amounts.differing)
      this.#found.add({ ...difference, kind: amount.differs })
    const { counts, differences } = this.#found
    const ofLines = differences.filter(({ line }) => line !== null)
    const lines = { ...this.#lines }
    return {
      unit,
      lines,
      agreed: lines.payment + lines.refund + lines.reversal - this.#found.lines,
      differing: counts,
      differences: [
        ...ofLines.toSorted((a, b) => Number(a.line) - Number(b.line)),
        ...differences.filter(({ line }) => line === null),
      ],
      toAsk: [...this.#toAsk.values()],
    }
  }

  /** The lines that can be compared; the others are told. @throws BILL_FAILS */
  *#readable(csv: Uint8Array, tell: (line: number, why: string) => void): Generator<BillLine> {
    try {
      for (const entry of billEntries(csv)) {
        if (entry.kind === 'unreadable') tell(entry.line, entry.why)
        else if (this.#isForeign(entry.line))
          tell(entry.line.line, `it is about the merchant ${shown(entry.line.mchid)}`)
        else if (kindOf(entry.line) === null)
          tell(entry.line.line, `its state is ${shown(entry.line.trade_state)}`)
        else yield entry.line
      }
    } catch (error) {
      if (!(error instanceof BillHeadError)) throw error
      throw new VerdictError('BILL_FAILS', `the bill can't be read: ${error.message}`)
    }
  }

  #isForeign({ mchid }: BillLine): boolean {
    return mchid !== null && mchid !== this.#wish.account
  }

  async #compare(batch: readonly BillLine[], store: Books): Promise<void> {
    const orders = await Promise.all(batch.map((line) => store.find(this.#keyOf(line))))
    for (const [i, line] of batch.entries()) this.#compareOne(line, orders[i] ?? null)
  }

  #compareOne(line: BillLine, order: Order | null): void {
    const kind = kindOf(line)
    if (kind === null) return
    this.#lines[kind] += 1
    if (this.#isSeen(kind, line)) {
      this.#found.add({ ...differenceOf(line, order), kind: 'twice' })
      return
    }
    if (kind === 'reversal') this.#reversed.add(this.#nameOf(line))
    if (kind === 'payment' && order?.state === 'REVOKED') this.#revoked.push({ line, order })
    else this.#judge(line, order, false)
  }

  #judge(line: BillLine, order: Order | null, isReversed: boolean): void {
    const difference = differenceOf(line, order)
    const { differs, amount } = compared(line, order, isReversed)
    if (differs !== null) this.#found.add({ ...difference, kind: differs })
    if (amount !== null) this.#amounts.add(difference, amount)
    if (differs === 'order_open' || differs === 'order_unpaid')
      this.#toAsk.set(this.#nameOf(line), this.#keyOf(line))
  }

  /** Whether the same line stood there before. */
  #isSeen(kind: LineKind, line: BillLine): boolean {
    const name = `${kind} ${this.#nameOf(line)}`
    const names = kind === 'refund' ? refundNames(name, line) : [name]
    const isSeen = names.some((one) => this.#seen.has(one))
    for (const one of names) this.#seen.add(one)
    return isSeen
  }

  #lookFor(order: FinalOrder): void {
    const name = this.#nameOf(order)
    const base = { line: null, sub_mchid: order.sub_mchid, out_trade_no: order.out_trade_no, billed: null }
    const { transaction_id } = order.verdict
    if (isPaidIn(order, this.#day) && !this.#seen.has(`payment ${name}`)) {
      this.#found.add({
        ...base,
        kind: 'not_in_bill',
        transaction_id,
        out_refund_no: null,
        here: inWords(order),
      })
    }
    for (const { out_refund_no, refund_id, amount } of refundsMadeIn(order, this.#day)) {
      const names = [out_refund_no, refund_id].map((number) => `refund ${name} ${number}`)
      if (names.some((one) => this.#seen.has(one))) continue
      const here = `refunded ${amount} ${order.currency}`
      this.#found.add({ ...base, kind: 'refund_not_in_bill', transaction_id, out_refund_no, here })
    }
  }

  #keyOf({ sub_mchid, out_trade_no }: Pick<BillLine, 'sub_mchid' | 'out_trade_no'>): OrderKey {
    const { account, mode } = this.#wish
    return {
      account,
      sub_mchid: mode === 'common' ? null : (sub_mchid ?? this.#wish.sub_mchid),
      out_trade_no,
    }
  }

  #nameOf(line: Pick<BillLine, 'sub_mchid' | 'out_trade_no'>): string {
    const { sub_mchid, out_trade_no } = this.#keyOf(line)
    return `${sub_mchid ?? ''}/${out_trade_no}`
  }
}

function refundNames(name: string, { refund }: BillLine): readonly string[] {
  const numbers = [refund?.out_refund_no, refund?.refund_id]
  return numbers.flatMap((number) => (number == null ? [] : [`${name} ${number}`]))
}

/** In which unit the bill writes its amounts, and which of them differ from ours then. */
class Amounts {
  readonly #pending: Array<{ readonly difference: Place; readonly amount: BilledAmount }> = []
  #fits: Record<Unit, number> = { minor: 0, major: 0 }
  #hasFraction = false

  add(difference: Place, amount: BilledAmount): void {
    const { billed, ours, currency } = amount
    this.#hasFraction ||= billed.includes('.')
    const fits = UNITS.filter((unit) => amountIn(billed, currency, unit) === ours)
    for (const unit of fits) this.#fits[unit] += 1
    // Of a currency without a smaller unit both are the same.
    if (fits.length < UNITS.length) this.#pending.push({ difference, amount })
  }

  /** A fraction says it; else what fits more of the orders. Null without any amount that could tell. */
  get unit(): Unit | null {
    if (this.#hasFraction) return 'major'
    const { minor, major } = this.#fits
    if (minor === 0 && major === 0) return null
    return major > minor ? 'major' : 'minor'
  }

  get differing() {
    const unit = this.unit ?? 'minor'
    return this.#pending.filter(
      ({ amount: { billed, ours, currency } }) => amountIn(billed, currency, unit) !== ours,
    )
  }
}

const UNITS: readonly Unit[] = ['minor', 'major']

type Place = Omit<Difference, 'kind'>

class Findings {
  readonly differences: Difference[] = []
  readonly counts: Partial<Record<DifferenceKind, number>> = {}
  /** Lines of the bill, of those that can be compared, that differ. */
  lines = 0

  add(difference: Difference): void {
    const { kind, line } = difference
    this.counts[kind] = (this.counts[kind] ?? 0) + 1
    if (line !== null && kind !== 'unreadable') this.lines += 1
    if (this.differences.length < DIFFERENCES_MAX) this.differences.push(difference)
  }
}

function unreadable(line: number, why: string): Difference {
  const nothing = {
    sub_mchid: null,
    out_trade_no: null,
    transaction_id: null,
    out_refund_no: null,
    here: null,
  }
  return { kind: 'unreadable', line, ...nothing, billed: why }
}

function differenceOf(line: BillLine, order: Order | null): Place {
  const { sub_mchid, out_trade_no, transaction_id, refund, trade_state, currency } = line
  const amount = [refund?.amount ?? line.total, currency].filter((part) => part !== null).join(' ')
  const billed =
    refund === null ? `${trade_state} ${amount}` : `refund ${refund.status ?? trade_state} ${amount}`
  return {
    line: line.line,
    ...{ sub_mchid, out_trade_no, transaction_id, billed },
    out_refund_no: refund?.out_refund_no ?? null,
    here: order === null ? null : inWords(order),
  }
}

function inWords({ state, total, currency }: Order): string {
  return `${state} ${total} ${currency}`
}
