import type { BilledDay, ReconciliationClaim, TriedReconciliation } from '../reconciliations.ts'
import { dayCells, triedCells } from '../rows/reconciliations.ts'
import type { Connection } from './connection.ts'
import {
  BEGIN_RECONCILIATIONS,
  CLAIM_RECONCILIATION,
  KEEP_CLAIMED_RECONCILIATION,
  KEEP_RECONCILIATION,
  RELEASE_RECONCILIATION,
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

  async claim({ worker, untilMs, triedAtMs, nowMs, ...day }: ReconciliationClaim): Promise<boolean> {
    const cells = [...dayCells(day), worker, untilMs, triedAtMs, nowMs]
    return (await this.#connection.rows(CLAIM_RECONCILIATION, ...cells)).length > 0
  }

  async release(day: BilledDay, worker: string): Promise<void> {
    await this.#connection.rows(RELEASE_RECONCILIATION, ...dayCells(day), worker)
  }

  async keep(tried: TriedReconciliation): Promise<void> {
    const cells = triedCells(tried)
    if (tried.worker === null) await this.#connection.rows(KEEP_RECONCILIATION, ...cells)
    else await this.#connection.rows(KEEP_CLAIMED_RECONCILIATION, ...cells, tried.worker)
  }
}
