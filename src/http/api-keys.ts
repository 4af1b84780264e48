import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { VerdictError } from '../errors.ts'
import type { ApiKey, Store } from '../store/store.ts'

/** Each may do what those before it may. */
export const ROLES = ['read', 'operate', 'admin'] as const
export type Role = (typeof ROLES)[number]

const ID_BYTES = 6
const SECRET_BYTES = 24
const SHAPE = /^vk_([0-9a-f]{12})_([A-Za-z0-9_-]{32})$/
/** A key that was revoked, or made, in another process counts here after so long. */
const FRESH_MS = 5_000

/** A new key: the text that its owner keeps, and what is stored of it. The secret is drawn, so its plain hash suffices. */
export function newApiKey(name: string, role: Role, nowMs: number): { text: string; key: ApiKey } {
  const id = randomBytes(ID_BYTES).toString('hex')
  const secret = randomBytes(SECRET_BYTES).toString('base64url')
  const key = { id, name, role, hash: hashOf(secret).toString('hex'), createdAtMs: nowMs, revokedAtMs: null }
  return { text: `vk_${id}_${secret}`, key }
}

/** Who may call, as the store knows them. */
export class ApiKeys {
  readonly #store: Pick<Store, 'apiKeys'>
  readonly #clock: Clock
  #known: ReadonlyMap<string, ApiKey> = new Map()
  #readAtMs = Number.NEGATIVE_INFINITY

  constructor(store: Pick<Store, 'apiKeys'>, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /**
   * Who sent this `Authorization`, if his role may do it.
   *
   * @throws KEY_MISSING, ROLE_TOO_LOW
   */
  async callerOf(authorization: string | undefined, needed: Role): Promise<ApiKey> {
    const [, id = '', secret = ''] = SHAPE.exec(authorization?.replace(/^Bearer +/i, '') ?? '') ?? []
    const key = (await this.#keys()).get(id)
    const isRight = key !== undefined && timingSafeEqual(hashOf(secret), Buffer.from(key.hash, 'hex'))
    if (!isRight || key.revokedAtMs !== null) {
      const message =
        'there is no valid API key; expected Authorization: Bearer vk_… of a key made with verdict key'
      throw new VerdictError('KEY_MISSING', message)
    }
    if (ROLES.indexOf(key.role) < ROLES.indexOf(needed)) {
      throw new VerdictError(
        'ROLE_TOO_LOW',
        `the key "${key.name}" has the role ${key.role}; expected ${needed}`,
      )
    }
    return key
  }

  async #keys(): Promise<ReadonlyMap<string, ApiKey>> {
    const nowMs = this.#clock.nowMs()
    if (nowMs - this.#readAtMs < FRESH_MS) return this.#known
    this.#known = new Map((await this.#store.apiKeys()).map((key) => [key.id, key]))
    this.#readAtMs = nowMs
    return this.#known
  }
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
