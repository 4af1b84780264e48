import assert from 'node:assert/strict'
import { VerdictError } from '../../errors.ts'

/** What a database gave: looked at before it is believed. */
export type Cell = unknown
export type Cells = readonly Cell[]

/** What is written. */
export type Value = string | number | null

/** A row whose driver was asked for arrays. */
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
