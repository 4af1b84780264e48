import { API_ROLES, type ApiKey, type ApiSession } from '../store.ts'
import { type Cells, integer, integerOrNull, oneOf, text, type Value } from './cells.ts'

/* Who may call the service, as rows. */

export const API_KEY_COLUMNS = ['id', 'name', 'role', 'hash', 'created_at', 'revoked_at'] as const

/** For API_KEY_COLUMNS. */
export function apiKeyCells({ id, name, role, hash, createdAtMs, revokedAtMs }: ApiKey): Value[] {
  return [id, name, role, hash, createdAtMs, revokedAtMs]
}

export function apiKeyOf([id, name, role, hash, created_at, revoked_at]: Cells): ApiKey {
  return {
    id: text(id),
    name: text(name),
    role: roleOf(role),
    hash: text(hash),
    createdAtMs: integer(created_at),
    revokedAtMs: integerOrNull(revoked_at),
  }
}

export const SESSION_COLUMNS = ['hash', 'key_id', 'ends_at'] as const

/** For SESSION_COLUMNS. */
export function sessionCells({ hash, keyId, endsAtMs }: ApiSession): Value[] {
  return [hash, keyId, endsAtMs]
}

export function sessionOf([hash, key_id, ends_at]: Cells): ApiSession {
  return { hash: text(hash), keyId: text(key_id), endsAtMs: integer(ends_at) }
}

const roleOf = oneOf('role', API_ROLES)
