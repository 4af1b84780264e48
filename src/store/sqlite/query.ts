import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { type Cells, cellsOf } from '../rows/cells.ts'

/** A statement whose rows become values. */
export class Query<Value> {
  readonly #db: DatabaseSync
  readonly #sql: string
  #statement: StatementSync | null = null
  readonly #toValue: (cells: Cells) => Value

  constructor(db: DatabaseSync, sql: string, toValue: (cells: Cells) => Value) {
    this.#db = db
    this.#sql = sql
    this.#toValue = toValue
  }

  first(...parameters: SQLInputValue[]): Value | null {
    const row = this.#prepared().get(...parameters)
    return row === undefined ? null : this.#toValue(cellsOf(row))
  }

  all(...parameters: SQLInputValue[]): Value[] {
    return this.#prepared()
      .all(...parameters)
      .map((row) => this.#toValue(cellsOf(row)))
  }

  /** When it is needed first: a process asks few of the questions that there are. */
  #prepared(): StatementSync {
    if (this.#statement !== null) return this.#statement
    const statement = this.#db.prepare(this.#sql)
    statement.setReturnArrays(true)
    this.#statement = statement
    return statement
  }
}
