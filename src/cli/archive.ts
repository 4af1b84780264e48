import { VerdictError } from '../errors.ts'
import { archivePostgres } from '../store/postgres/index.ts'
import type { Io } from './io.ts'
import { isPostgresUrl } from './store-name.ts'

export interface ArchiveFlags {
  readonly store: string
  /** A month in UTC, as 2026-05. */
  readonly before: string
  readonly json: boolean
}

/** `verdict archive`. @throws OPTION_INVALID and as `archivePostgres` */
export async function runArchive(
  { store, before, json }: ArchiveFlags,
  { say, print, signal }: Io,
): Promise<void> {
  if (!isPostgresUrl(store))
    throw new VerdictError(
      'OPTION_INVALID',
      `--store is ${store}; expected postgres://…: a file keeps its orders`,
    )
  const beforeMs = /^\d{4}-(0[1-9]|1[0-2])$/.test(before) ? Date.parse(`${before}-01T00:00:00Z`) : Number.NaN
  if (Number.isNaN(beforeMs))
    throw new VerdictError('OPTION_INVALID', `--before is ${before}; expected a month, as 2026-05`)
  let said = ''
  const onMoved = (month: string, orders: number): void => {
    if (month !== said) say(`moving to verdict_archive: ${month}, ${orders} orders so far`)
    said = month
  }
  const moved = await archivePostgres({ url: store, beforeMs, onMoved, signal })
  print(json ? JSON.stringify({ moved }) : `${moved} orders were moved to the schema verdict_archive`)
}
