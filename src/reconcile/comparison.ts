import { FINAL_STATES, type FinalOrder, isFinal, type Order, type OrderKey } from '../core/order.ts'
import { shown, VerdictError } from '../errors.ts'
import type { StoreReader } from '../store/store.ts'
import { DAY_MS } from '../wechatpay/beijing.ts'
import { type BillEntry, type BillFile, BillHeadError, type BillLine, openBill } from '../wechatpay/bill.ts'
import type { Unit } from './amount.ts'
import {
  compared,
  DIFFERENCES,
  type DifferenceKind,
  isOfAnotherDay,
  isPaidIn,
  kindOf,
  type LineKind,
  refundsMadeIn,
  type Span,
  transactionIdOf,
} from './compare.ts'
import { Amounts, DIFFERENCES_MAX, Findings, type Place } from './findings.ts'
import type { Difference } from './report.ts'

/** Whose bill of which day. */
export interface BillWish {
  readonly account: string
  readonly mode: 'common' | 'institutional'
  readonly sub_mchid: string | null
  /** `2026-06-08` or `20260608`. */
  readonly date: string
}

/** What of the store is looked at. */
export type Books = Pick<StoreReader, 'findAll' | 'list'>

/** Lets others have their turn, and throws if nobody waits for the result any more. */
export type Pause = () => Promise<void>

/** What came of it. */
export interface ComparisonResult {
  readonly unit: Unit | null
  readonly lines: Readonly<Record<LineKind, number>>
  readonly agreed: number
  readonly differing: Readonly<Partial<Record<DifferenceKind, number>>>
  readonly differences: readonly Difference[]
  readonly toAsk: readonly OrderKey[]
}

/**
 * An order that entered so long before the day can hardly have been paid on it; and one that was tracked, as much as so long
 * after its payment.
 */
const AROUND_MS = 3 * DAY_MS
/** Lines of the bill that are looked up at the same time. */
const AT_ONCE = 100
/** Orders of the store that are read at the same time. */
const PAGE = 500

/** A line that can be compared. */
interface KnownLine {
  readonly kind: LineKind
  readonly line: BillLine
}

/** Gathers what the bill and the store say, and where they differ. */
export class Comparison {
  readonly #wish: BillWish
  readonly #day: Span
  readonly #lines: Record<LineKind, number> = { payment: 0, refund: 0, reversal: 0 }
  /** Lines that were read, and the first reason why one can't be compared. */
  #read = 0
  #why: string | null = null
  /** Lines that say another thing than what is known here. */
  #differing = 0
  /** Payments of another day. */
  #ofOtherDays = 0
  /** Payments of orders that ended unpaid here: a reversal may stand further down. */
  readonly #unpaid: Array<{ readonly line: BillLine; readonly order: Order }> = []
  /** What the bill says: `payment` and the order's name, `refund`, that and one of its numbers. */
  readonly #seen = new Set<string>()
  readonly #toAsk = new Map<string, OrderKey>()
  readonly #amounts = new Amounts()
  readonly #ofLines = new Findings()
  readonly #ofOrders = new Findings()

  /** @param day the bill's */
  constructor(wish: BillWish, day: Span) {
    this.#wish = wish
    this.#day = day
  }

  /** Whether the bill says anything. */
  get hasLines(): boolean {
    return this.#read > 0
  }

  /** @throws BILL_FAILS, and what the store and `pause` throw */
  async readBill(csv: Uint8Array, store: Books, pause: Pause): Promise<void> {
    const file = this.#open(csv)
    let batch: KnownLine[] = []
    for (const entry of file?.entries ?? []) {
      this.#read += 1
      const known = this.#comparable(entry)
      if (known !== null) batch.push(known)
      if (this.#read % AT_ONCE !== 0) continue
      await this.#compare(batch, store)
      await pause()
      batch = []
    }
    await this.#compare(batch, store)
    for (const { line, order } of this.#unpaid) this.#judge(line, order)
    this.#checkIsThisBill()
  }

  /**
   * Looks for what was paid and refunded here in the bill.
   *
   * @param paid the part of the day that the bill surely covers
   * @throws what the store and `pause` throw
   */
  async readStore(paid: Span, store: Books, pause: Pause): Promise<void> {
    const { account, sub_mchid } = this.#wish
    const filter = {
      account,
      ...(sub_mchid !== null && { sub_mchid }),
      states: FINAL_STATES,
      createdFromMs: this.#day.fromMs - AROUND_MS,
      createdToMs: this.#day.toMs + AROUND_MS,
    }
    for (let before: number | null = null; ; ) {
      const orders: readonly Order[] = await store.list(filter, { before, limit: PAGE })
      for (const order of orders) if (isFinal(order)) this.#lookFor(order, paid)
      const last = orders.at(-1)
      if (last === undefined || orders.length < PAGE) return
      before = last.id
      await pause()
    }
  }

  result(): ComparisonResult {
    const amounts = this.#amounts.differing
    const lines = { ...this.#lines }
    const ofLines = [...this.#ofLines.kept, ...amounts.kept].toSorted(
      (a, b) => Number(a.line) - Number(b.line),
    )
    const differences = [...ofLines, ...this.#ofOrders.kept].slice(0, DIFFERENCES_MAX)
    return {
      unit: this.#amounts.unit,
      lines,
      agreed: lines.payment + lines.refund + lines.reversal - this.#differing - amounts.total,
      differing: summed([this.#ofLines.counts, amounts.counts, this.#ofOrders.counts]),
      differences,
      toAsk: [...this.#toAsk.values()],
    }
  }

  /** @throws BILL_FAILS */
  #open(csv: Uint8Array): BillFile | null {
    try {
      const file = openBill(csv)
      const isWhose = this.#wish.mode === 'common' || this.#wish.sub_mchid !== null
      if (file === null || file.namesSubMerchants || isWhose) return file
      throw new BillHeadError(
        'its first line has no column 子商户号; expected one, as it is of all sub-merchants',
      )
    } catch (error) {
      if (!(error instanceof BillHeadError)) throw error
      throw new VerdictError('BILL_FAILS', `the bill can't be read: ${error.message}`)
    }
  }

  /** The line, if it can be compared; else it is told why not. */
  #comparable(entry: BillEntry): KnownLine | null {
    if (entry.kind === 'unreadable') return this.#unreadable(entry.line, entry.why)
    const { line } = entry
    const kind = kindOf(line)
    if (kind === null) return this.#unreadable(line.line, `its state is ${shown(line.trade_state)}`)
    const why = this.#whyForeign(line)
    return why === null ? { kind, line } : this.#unreadable(line.line, why)
  }

  #unreadable(line: number, why: string): null {
    this.#why ??= why
    this.#ofLines.add({ ...NOWHERE, kind: 'unreadable', line, billed: why })
    return null
  }

  #whyForeign(line: BillLine): string | null {
    const { account, sub_mchid } = this.#wish
    if (line.mchid !== null && line.mchid !== account) return `it is about the merchant ${shown(line.mchid)}`
    if (sub_mchid !== null && line.sub_mchid !== null && line.sub_mchid !== sub_mchid)
      return `it is about the sub-merchant ${shown(line.sub_mchid)}`
    return null
  }

  /** Nobody signs which day a bill is of, or whose it is: that, its lines say. @throws BILL_FAILS */
  #checkIsThisBill(): void {
    const { payment, refund, reversal } = this.#lines
    if (this.#read > 0 && payment + refund + reversal === 0)
      throw new VerdictError(
        'BILL_FAILS',
        `none of the bill's ${this.#read} lines can be compared: ${this.#why}`,
      )
    if (payment > 0 && this.#ofOtherDays === payment)
      throw new VerdictError(
        'BILL_FAILS',
        `the bill is of another day: none of its ${payment} payments is of this one`,
      )
  }

  async #compare(batch: readonly KnownLine[], store: Books): Promise<void> {
    const orders = await store.findAll(batch.map(({ line }) => this.#keyOf(line)))
    for (const [i, one] of batch.entries()) this.#compareOne(one, orders[i] ?? null)
  }

  #compareOne({ kind, line }: KnownLine, order: Order | null): void {
    this.#lines[kind] += 1
    if (kind === 'payment' && isOfAnotherDay(line, this.#day)) {
      this.#ofOtherDays += 1
      this.#differs('other_day', line, order)
    } else if (this.#wasSeen(kind, line)) this.#differs('twice', line, order)
    else if (kind === 'payment' && order !== null && isFinal(order) && order.state !== 'SUCCESS')
      this.#unpaid.push({ line, order })
    else this.#judge(line, order)
  }

  #judge(line: BillLine, order: Order | null): void {
    const isReversed = this.#seen.has(`reversal ${this.#nameOf(line)}`)
    const { differs, asks, amount } = compared(line, order, { isReversed, day: this.#day })
    if (asks) this.#toAsk.set(this.#nameOf(line), this.#keyOf(line))
    if (differs !== null) this.#differs(differs, line, order)
    // Nobody is accused, and it is not what is known here either.
    else if (asks) this.#differing += 1
    if (amount !== null) this.#amounts.add(placeOf(line, order), amount)
  }

  #differs(kind: DifferenceKind, line: BillLine, order: Order | null): void {
    this.#differing += 1
    this.#ofLines.add({ ...placeOf(line, order), kind })
  }

  /** Whether the same line stood there before. */
  #wasSeen(kind: LineKind, line: BillLine): boolean {
    const name = `${kind} ${this.#nameOf(line)}`
    const names = kind === 'refund' ? refundNames(name, line) : [name]
    const wasSeen = names.some((one) => this.#seen.has(one))
    for (const one of names) this.#seen.add(ownCopy(one))
    return wasSeen
  }

  #lookFor(order: FinalOrder, paid: Span): void {
    const name = this.#nameOf(order)
    const { sub_mchid, out_trade_no } = order
    const place = { ...NOWHERE, sub_mchid, out_trade_no, transaction_id: transactionIdOf(order) }
    const isThere = this.#seen.has(`payment ${name}`) || this.#seen.has(`reversal ${name}`)
    if (isPaidIn(order, paid) && !isThere)
      this.#ofOrders.add({ ...place, kind: 'not_in_bill', here: inWords(order) })
    for (const { out_refund_no, refund_id, amount } of refundsMadeIn(order, paid)) {
      if ([out_refund_no, refund_id].some((number) => this.#seen.has(`refund ${name} ${number}`))) continue
      const here = `refunded ${amount} ${order.currency}`
      this.#ofOrders.add({ ...place, kind: 'refund_not_in_bill', out_refund_no, here })
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

type Counts = ComparisonResult['differing']

function summed(all: readonly Counts[]): Counts {
  const sums: Partial<Record<DifferenceKind, number>> = {}
  for (const kind of DIFFERENCES) {
    const count = all.reduce((sum, counts) => sum + (counts[kind] ?? 0), 0)
    if (count > 0) sums[kind] = count
  }
  return sums
}

const NOWHERE: Place = {
  ...{ line: null, sub_mchid: null, out_trade_no: null, transaction_id: null, out_refund_no: null },
  ...{ billed: null, here: null },
}

/** What was cut from a line holds all of the line in memory, for as long as it is kept itself. */
function ownCopy(text: string): string {
  return Buffer.from(text).toString()
}

function refundNames(name: string, { refund }: BillLine): readonly string[] {
  const numbers = [refund?.out_refund_no, refund?.refund_id]
  return numbers.flatMap((number) => (number == null ? [] : [`${name} ${number}`]))
}

function placeOf(line: BillLine, order: Order | null): Place {
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
