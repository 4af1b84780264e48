import { isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { VerdictError } from '../errors.ts'
import { API_ROLES, type ApiKey, type ApiRole } from '../store/store.ts'
import { type ApiKeys, noKey } from './api-keys.ts'
import { checkCsrf, checkOrigin, cookieIn, type Sessions } from './sessions.ts'

export interface Caller {
  readonly key: ApiKey
  /** The cookie that he came with; null for a key itself. */
  readonly cookie: string | null
}

/** Who sends a request, and whether he may. */
export class Callers {
  readonly #keys: ApiKeys
  readonly #sessions: Sessions
  readonly #everybody: Caller | null

  /** @param everybody the role of whoever comes from this very machine without a key: in a demo only */
  constructor(keys: ApiKeys, sessions: Sessions, everybody: ApiRole | null) {
    this.#keys = keys
    this.#sessions = sessions
    this.#everybody = everybody === null ? null : { key: withoutKey('demo', everybody), cookie: null }
  }

  /** @throws KEY_MISSING, ROLE_TOO_LOW, CSRF_INVALID */
  async callerOf(request: FastifyRequest, needed: ApiRole): Promise<Caller> {
    const caller = await this.#recognised(request)
    const { name, role } = caller.key
    if (API_ROLES.indexOf(role) >= API_ROLES.indexOf(needed)) return caller
    throw new VerdictError('ROLE_TOO_LOW', `the key "${name}" has the role ${role}; expected ${needed}`)
  }

  /** Whether he may still, as far as anybody can tell: a store that is down says nothing about him. */
  async stillMay(request: FastifyRequest, needed: ApiRole | null): Promise<boolean> {
    try {
      if (needed !== null) await this.callerOf(request, needed)
      return true
    } catch (error) {
      return !(error instanceof VerdictError)
    }
  }

  async #recognised(request: FastifyRequest): Promise<Caller> {
    const { authorization } = request.headers
    if (authorization !== undefined) return { key: await this.#keys.keyIn(authorization), cookie: null }
    const changes = request.method !== 'GET' && request.method !== 'HEAD'
    if (this.#everybody !== null) {
      checkLocal(request)
      if (changes) checkOrigin(request)
      return this.#everybody
    }
    const cookie = cookieIn(request)
    const key = cookie === null ? null : await this.#keyOf(cookie)
    if (cookie === null || key === null) throw noKey()
    if (changes) checkCsrf(request, cookie)
    return { key, cookie }
  }

  async #keyOf(cookie: string): Promise<ApiKey | null> {
    const id = await this.#sessions.keyIdOf(cookie, async (id) => (await this.#keys.inForce(id)) !== null)
    return id === null ? null : this.#keys.inForce(id)
  }
}

/** For what needs no key. */
export function withoutKey(name: string, role: ApiRole): ApiKey {
  return { id: name, name, role, hash: '', createdAtMs: 0, revokedAtMs: null }
}

/**
 * Where nobody needs a key, a browser on this machine is asked by its name alone: a page elsewhere whose name was turned
 * to this machine is not the demo's.
 *
 * @throws KEY_MISSING
 */
function checkLocal({ hostname, ip }: FastifyRequest): void {
  if (isLoopback(ip) && (hostname === 'localhost' || isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')))) return
  throw new VerdictError(
    'KEY_MISSING',
    'only this machine may call without a key; expected localhost as host',
  )
}

export function isLoopback(address: string): boolean {
  return /^(::ffff:)?127(\.\d{1,3}){3}$/i.test(address) || (isIPv6(address) && address === '::1')
}
