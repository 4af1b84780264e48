import type { BilledDay, ReconciliationClaim, TriedReconciliation } from '../reconciliations.ts'
import { dayCells, triedCells } from '../rows/reconciliations.ts'
import type { Connection } from './connection.ts'
import {
  BEGIN_RECONCILIATIONS,
  CLAIM_RECONCILIATION,
  KEEP_RECONCILIATION,
} from './statements/reconciliations.ts'

/** What was held against WeChat Pay's bills, as it is written. */
export class WrittenReconciliations {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async begin(day: BilledDay): Promise<void> {
    await this.#connection.rows(BEGIN_RECONCILIATIONS, ...dayCells(day))
  }

  async claim({ worker, untilMs, tries, nowMs, ...day }: ReconciliationClaim): Promise<boolean> {
    const cells = [...dayCells(day), worker, untilMs, tries, nowMs]
    return (await this.#connection.rows(CLAIM_RECONCILIATION, ...cells)).length > 0
  }

  async keep(tried: TriedReconciliation): Promise<void> {
    await this.#connection.rows(KEEP_RECONCILIATION, ...triedCells(tried))
  }
}
