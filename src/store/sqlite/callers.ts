import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { apiKeyCells, sessionCells, sessionOf } from '../rows/api-keys.ts'
import { text } from '../rows/cells.ts'
import { type ApiKey, type ApiSession, type CallerRequest, REQUEST_KEPT_MS } from '../store.ts'
import { Query } from './query.ts'
import {
  CLAIM_REQUEST,
  DROP_REQUESTS,
  DROP_SESSIONS,
  INSERT_API_KEY,
  INSERT_SESSION,
  SELECT_REQUEST,
  SELECT_SESSION,
} from './statements.ts'

/** Who calls the service, and what for: the rows of it. Whoever calls these has begun a transaction. */
export class Callers {
  readonly #insertApiKey: StatementSync
  readonly #revokeApiKey: StatementSync
  readonly #insertSession: StatementSync
  readonly #dropSessions: StatementSync
  readonly #endSession: StatementSync
  readonly #session: Query<ApiSession>
  readonly #claimRequest: StatementSync
  readonly #dropRequests: StatementSync
  readonly #requestHash: Query<string>

  constructor(db: DatabaseSync) {
    this.#insertApiKey = db.prepare(INSERT_API_KEY)
    this.#revokeApiKey = db.prepare('UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL')
    this.#insertSession = db.prepare(INSERT_SESSION)
    this.#dropSessions = db.prepare(DROP_SESSIONS)
    this.#endSession = db.prepare('DELETE FROM sessions WHERE hash = ?')
    this.#session = new Query(db, SELECT_SESSION, sessionOf)
    this.#claimRequest = db.prepare(CLAIM_REQUEST)
    this.#dropRequests = db.prepare(DROP_REQUESTS)
    this.#requestHash = new Query(db, SELECT_REQUEST, ([cell]) => text(cell))
  }

  keepKey(key: ApiKey): void {
    this.#insertApiKey.run(...apiKeyCells(key))
  }

  revokeKey(id: string, nowMs: number): boolean {
    return this.#revokeApiKey.run(nowMs, id).changes > 0
  }

  keepSession(session: ApiSession, nowMs: number): void {
    this.#insertSession.run(...sessionCells(session))
    this.#dropSessions.run(nowMs)
  }

  /** Needs no transaction. */
  session(hash: string, nowMs: number): ApiSession | null {
    return this.#session.first(hash, nowMs)
  }

  endSession(hash: string): void {
    this.#endSession.run(hash)
  }

  claim({ caller, key, hash, nowMs, keptMs = REQUEST_KEPT_MS }: CallerRequest): 'new' | 'same' | 'other' {
    const overMs = nowMs - keptMs
    const isNew = this.#claimRequest.run(caller, key, hash, nowMs, overMs).changes > 0
    if (!isNew) return this.#requestHash.first(caller, key) === hash ? 'same' : 'other'
    this.#dropRequests.run(overMs)
    return 'new'
  }
}
