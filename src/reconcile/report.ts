import type { Evidence } from '../core/outcome.ts'
import type { Unit } from './amount.ts'
import type { DifferenceKind, LineKind } from './compare.ts'

/** One day of one account, in WeChat Pay's books and in ours. */
export interface Reconciliation {
  readonly account: string
  /** The sub-merchant whose bill it is; null: everybody's. */
  readonly sub_mchid: string | null
  /** A calendar day of Beijing, `2026-06-08`. */
  readonly date: string
  /** Null: WeChat Pay signed that there is no bill, as for a day without trades. */
  readonly bill: BillFacts | null
  readonly lines: Readonly<Record<LineKind, number>>
  /** Lines that say what is known here. */
  readonly agreed: number
  /** How many differences of each kind there are. */
  readonly differing: Readonly<Partial<Record<DifferenceKind, number>>>
  /** The differences, at most 1,000: first those of the bill's lines, in their sequence. */
  readonly differences: readonly Difference[]
  /**
   * Orders that are due to be asked about at once because of the bill: those that are open or ended unpaid here, and paid
   * there, or have a refund there that is not known here, or not as made. Whoever works on the store asks.
   */
  readonly asked: number
}

export interface BillFacts {
  readonly sha1: string
  readonly bytes: number
  /** In which unit its amounts are written; null where no line could tell. */
  readonly unit: Unit | null
  /** What WeChat Pay signed: the bill's hash. */
  readonly evidence: Evidence
}

export interface Difference {
  readonly kind: DifferenceKind
  /** Of the bill, its head being 1; null where the bill has none. */
  readonly line: number | null
  readonly sub_mchid: string | null
  readonly out_trade_no: string | null
  readonly transaction_id: string | null
  readonly out_refund_no: string | null
  /** What the bill says, in its own words; null where it says nothing. */
  readonly billed: string | null
  /** What is known here; null where nothing is. */
  readonly here: string | null
}
