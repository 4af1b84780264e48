import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { type Cells, cellsOf } from '../rows/cells.ts'

/** A statement whose rows become values. */
export class Query<Value> {
  readonly #statement: StatementSync
  readonly #toValue: (cells: Cells) => Value

  constructor(db: DatabaseSync, sql: string, toValue: (cells: Cells) => Value) {
    this.#statement = db.prepare(sql)
    this.#statement.setReturnArrays(true)
    this.#toValue = toValue
  }

  first(...parameters: SQLInputValue[]): Value | null {
    const row = this.#statement.get(...parameters)
    return row === undefined ? null : this.#toValue(cellsOf(row))
  }

  all(...parameters: SQLInputValue[]): Value[] {
    return this.#statement.all(...parameters).map((row) => this.#toValue(cellsOf(row)))
  }
}
