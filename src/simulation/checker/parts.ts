import type { KeyObject } from 'node:crypto'
import type { WorldParts } from '../world.ts'
import type { Database } from './database.ts'
import type { Findings } from './rules.ts'

/** What every part of the checker looks at, and where it writes what it finds. */
export interface CheckerParts {
  readonly world: WorldParts
  readonly database: Database
  readonly findings: Findings
  /** WeChat Pay's public keys by their serials. */
  readonly keys: Readonly<Record<string, KeyObject>>
}
