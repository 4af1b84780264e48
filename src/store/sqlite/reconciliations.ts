import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { BilledDay, ReconciliationClaim, TriedReconciliation } from '../reconciliations.ts'
import { dayCells, triedCells } from '../rows/reconciliations.ts'
import {
  BEGIN_RECONCILIATIONS,
  CLAIM_RECONCILIATION,
  KEEP_CLAIMED_RECONCILIATION,
  KEEP_RECONCILIATION,
  RELEASE_RECONCILIATION,
} from './statements.ts'

/** What was held against WeChat Pay's bills, as it is written. Whoever calls these has begun a transaction. */
export class WrittenReconciliations {
  readonly #begin: StatementSync
  readonly #claim: StatementSync
  readonly #release: StatementSync
  readonly #keep: StatementSync
  readonly #keepClaimed: StatementSync

  constructor(db: DatabaseSync) {
    this.#begin = db.prepare(BEGIN_RECONCILIATIONS)
    this.#claim = db.prepare(CLAIM_RECONCILIATION)
    this.#release = db.prepare(RELEASE_RECONCILIATION)
    this.#keep = db.prepare(KEEP_RECONCILIATION)
    this.#keepClaimed = db.prepare(KEEP_CLAIMED_RECONCILIATION)
  }

  begin(day: BilledDay): void {
    this.#begin.run(...dayCells(day))
  }

  claim({ worker, untilMs, triedAtMs, nowMs, ...day }: ReconciliationClaim): boolean {
    return this.#claim.run(...dayCells(day), worker, untilMs, triedAtMs, nowMs).changes > 0
  }

  release(day: BilledDay, worker: string): void {
    this.#release.run(...dayCells(day), worker)
  }

  keep(tried: TriedReconciliation): void {
    if (tried.worker === null) this.#keep.run(...triedCells(tried))
    else this.#keepClaimed.run(...triedCells(tried), tried.worker)
  }
}
