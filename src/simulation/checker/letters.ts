import type { Letter } from '../inbox.ts'
import type { Database } from './database.ts'
import type { Findings } from './rules.ts'

/** What the merchant's system is told, held against what is stored at that moment. */
export class LetterChecker {
  readonly #database: Database
  readonly #findings: Findings
  /** The newest message that was understood, by order. */
  readonly #latest = new Map<string, number>()
  /** Messages that were understood at least once. */
  readonly understood = new Set<string>()

  constructor(database: Database, findings: Findings) {
    this.#database = database
    this.#findings = findings
  }

  read({ id, type, out_trade_no, data }: Letter): void {
    const message = this.#database.message(id)
    if (message === null) {
      this.#findings.broke(
        'nothing is told before it is written',
        out_trade_no,
        `${type} ${id} is not stored`,
      )
      return
    }
    const order = this.#database.named(out_trade_no)
    const { state } = data as { readonly state: string }
    if (order?.state !== state) {
      this.#findings.broke(
        'nothing is told before it is written',
        out_trade_no,
        `told ${state}, stored is ${order?.state}`,
      )
    }
    const isFirst = !this.understood.has(id)
    this.understood.add(id)
    if (!isFirst) return
    const latest = this.#latest.get(out_trade_no) ?? 0
    if (message.id < latest) {
      this.#findings.broke('messages keep their sequence', out_trade_no, `${type} came after a later message`)
    }
    this.#latest.set(out_trade_no, Math.max(latest, message.id))
  }
}
