/** SQLite's primary result codes that we tell apart (https://sqlite.org/rescode.html). */
export const SQLITE_BUSY = 5
export const SQLITE_CORRUPT = 11
export const SQLITE_NOTADB = 26

/** The primary result code of an error that node:sqlite threw; null for any other error. */
export function resultCodeOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null
  // The lower byte is the primary code, the rest tells more about it.
  return error.errcode & 0xff
}
