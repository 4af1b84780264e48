import assert from 'node:assert/strict'
import type { SQLOutputValue } from 'node:sqlite'
import { VerdictError } from '../../errors.ts'

export type Cell = SQLOutputValue | undefined
export type Cells = readonly SQLOutputValue[]

/** What `StatementSync` gives after `setReturnArrays(true)`. Its types don't know that mode. */
export function cellsOf(row: unknown): Cells {
  assert(Array.isArray(row))
  return row
}

export function text(cell: Cell): string {
  assert(typeof cell === 'string')
  return cell
}

export function integer(cell: Cell): number {
  assert(typeof cell === 'number')
  return cell
}

export function textOrNull(cell: Cell): string | null {
  return cell === null ? null : text(cell)
}

export function integerOrNull(cell: Cell): number | null {
  return cell === null ? null : integer(cell)
}

export function flag(cell: Cell): boolean {
  return integer(cell) === 1
}

/** A word that our own code never writes means that somebody else did. */
export function oneOf<Word extends string>(what: string, words: readonly Word[]): (cell: Cell) => Word {
  const known = new Map<Cell, Word>(words.map((word) => [word, word]))
  return (cell) => {
    const word = known.get(cell)
    if (word !== undefined) return word
    throw new VerdictError(
      'STORE_INVALID',
      `a row's ${what} is ${JSON.stringify(cell)}, expected one of ${words.join(', ')}`,
    )
  }
}

export function insertInto(table: string, columns: readonly string[]): string {
  return `INSERT INTO ${table} (${columns}) VALUES (${columns.map(() => '?')})`
}
