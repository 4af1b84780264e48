import { apiKeyCells, sessionCells, sessionOf } from '../rows/api-keys.ts'
import { text } from '../rows/cells.ts'
import { type ApiKey, type ApiSession, type CallerRequest, REQUEST_KEPT_MS } from '../store.ts'
import type { Connection } from './connection.ts'
import {
  CLAIM_REQUEST,
  DELETE_SESSION,
  INSERT_API_KEY,
  INSERT_SESSION,
  REVOKE_API_KEY,
  SELECT_REQUEST,
  SELECT_SESSION,
} from './statements/beside.ts'

/** Who calls the service, and what for: the rows of it. */
export class Callers {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async keepKey(key: ApiKey): Promise<void> {
    await this.#connection.rows(INSERT_API_KEY, ...apiKeyCells(key))
  }

  async revokeKey(id: string, nowMs: number): Promise<boolean> {
    return (await this.#connection.rows(REVOKE_API_KEY, nowMs, id)).length > 0
  }

  async keepSession(session: ApiSession, nowMs: number): Promise<void> {
    await this.#connection.rows(INSERT_SESSION, ...sessionCells(session), nowMs)
  }

  async session(hash: string, nowMs: number): Promise<ApiSession | null> {
    const [row] = await this.#connection.rows(SELECT_SESSION, hash, nowMs)
    return row === undefined ? null : sessionOf(row)
  }

  async endSession(hash: string): Promise<void> {
    await this.#connection.rows(DELETE_SESSION, hash)
  }

  async claim(request: CallerRequest): Promise<'new' | 'same' | 'other'> {
    const { caller, key, hash, nowMs, keptMs = REQUEST_KEPT_MS } = request
    const claimed = await this.#connection.rows(CLAIM_REQUEST, caller, key, hash, nowMs, nowMs - keptMs)
    if (claimed.length > 0) return 'new'
    // In a statement of its own: the one before doesn't see what another process has written since it began.
    const [row] = await this.#connection.rows(SELECT_REQUEST, caller, key)
    // Dropped in between by somebody whose clock is ahead.
    if (row === undefined) return this.claim(request)
    return text(row[0]) === hash ? 'same' : 'other'
  }
}
