import type { Value } from '../rows/cells.ts'

/** Rows as one array for each column, for `unnest`; as many empty ones without rows. */
export function columnwise(rows: ReadonlyArray<readonly Value[]>, width: number): readonly Value[][] {
  return Array.from({ length: width }, (_, column) => rows.map((row) => row[column] ?? null))
}
