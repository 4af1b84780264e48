import type { Reconciliation } from '../reconcile/report.ts'

/** Whose bill of which day: of all of an account's orders, or of one sub-merchant's. */
export type BilledDay = Pick<Reconciliation, 'account' | 'sub_mchid' | 'date'>

/** What a day's bill came to, without the single differences. */
export type Found = Omit<Reconciliation, keyof BilledDay | 'differences'>

/** What is known of a day. */
export interface KeptReconciliation extends BilledDay {
  readonly id: number
  /** How often in a row it was tried by itself and came to nothing; null: only because somebody asked. */
  readonly tries: number | null
  /** How often it was tried by itself and something was found. */
  readonly finds: number
  /** When the latest try ended; null: none did yet. */
  readonly triedAtMs: number | null
  /** Why that one came to nothing; null: it didn't. */
  readonly failure: string | null
  /** What the latest one found that came to something, and when. */
  readonly found: Found | null
  readonly foundAtMs: number | null
}

/** What came of a try. */
export interface TriedReconciliation extends BilledDay {
  readonly atMs: number
  /** Who had claimed the day, as nobody asked: it is counted then, and the claim ends. Null: somebody asked. */
  readonly worker: string | null
  readonly outcome: { readonly failure: string } | { readonly found: Reconciliation }
}

export interface ReconciliationClaim extends BilledDay {
  readonly worker: string
  readonly nowMs: number
  readonly untilMs: number
  /** When the latest try had ended, as whoever claims it has read. */
  readonly triedAtMs: number | null
}

export interface ReconciliationFilter {
  readonly account?: string
  /** Null: those of all orders of an account. */
  readonly sub_mchid?: string | null
  /** Up to this day. */
  readonly until?: string
}

export interface ReconciliationPage {
  /** Only what stands behind this row; null: from the first on. */
  readonly after: number | null
  /** 1 to 1000. */
  readonly limit: number
}

/** The part of a store that keeps what was held against WeChat Pay's bills. */
export interface Reconciliations {
  /** From this day on an account's days are tried by themselves. */
  beginReconciliations(day: BilledDay): Promise<void>
  /**
   * Gives a day to one caller: false if it was tried meanwhile, or if another is at it. It stays with the worker until he keeps
   * or releases it, or `untilMs` has passed. A claim that ends later than the one that is wanted is of somebody whose clock is
   * ahead, and counts for nothing.
   */
  claimReconciliation(claim: ReconciliationClaim): Promise<boolean>
  /** The worker does not come to an end with it; nothing if it is no longer his. */
  releaseReconciliation(day: BilledDay, worker: string): Promise<void>
  /**
   * Writes what came of a try. What was found before stays until something else is found. Of a worker whose claim was given to
   * another it writes nothing.
   */
  keepReconciliation(tried: TriedReconciliation): Promise<void>
  /** The latest day first, and of one day what was written last. */
  reconciliations(
    filter: ReconciliationFilter,
    page: ReconciliationPage,
  ): Promise<readonly KeptReconciliation[]>
  /** With the differences that the latest try found which came to something; null if there was none of this day. */
  reconciliation(day: BilledDay): Promise<Reconciliation | null>
}
