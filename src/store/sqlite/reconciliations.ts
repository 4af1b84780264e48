import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { BilledDay, ReconciliationClaim, TriedReconciliation } from '../reconciliations.ts'
import { dayCells, triedCells } from '../rows/reconciliations.ts'
import { BEGIN_RECONCILIATIONS, CLAIM_RECONCILIATION, KEEP_RECONCILIATION } from './statements.ts'

/** What was held against WeChat Pay's bills, as it is written. Whoever calls these has begun a transaction. */
export class WrittenReconciliations {
  readonly #begin: StatementSync
  readonly #claim: StatementSync
  readonly #keep: StatementSync

  constructor(db: DatabaseSync) {
    this.#begin = db.prepare(BEGIN_RECONCILIATIONS)
    this.#claim = db.prepare(CLAIM_RECONCILIATION)
    this.#keep = db.prepare(KEEP_RECONCILIATION)
  }

  begin(day: BilledDay): void {
    this.#begin.run(...dayCells(day))
  }

  claim({ worker, untilMs, tries, nowMs, ...day }: ReconciliationClaim): boolean {
    return this.#claim.run(...dayCells(day), worker, untilMs, tries, nowMs).changes > 0
  }

  keep(tried: TriedReconciliation): void {
    this.#keep.run(...triedCells(tried))
  }
}
