import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { VerdictError } from '../errors.ts'
import type { ApiKey, ApiRole, Store } from '../store/store.ts'

/** It stands in journals and on terminals. */
export const KEY_NAME = /^(?=.*\S)[^\p{Cc}\p{Cs}]{1,64}$/u
export const KEY_NAME_EXPECTED = 'expected 1 to 64 characters without control characters, not all blank'

const ID_BYTES = 6
const SECRET_BYTES = 24
const SHAPE = /^vk_([0-9a-f]{12})_([A-Za-z0-9_-]{32})$/
/** A key that was revoked in another process counts here no longer than this. */
const FRESH_MS = 5_000
/** One that isn't known may be new: whoever guesses makes the store read no more often than this. */
const UNKNOWN_FRESH_MS = 250

/** A new key: the text that its owner keeps, and what is stored of it. The secret is drawn, so its plain hash suffices. */
export function newApiKey(name: string, role: ApiRole, nowMs: number): { text: string; key: ApiKey } {
  const id = randomBytes(ID_BYTES).toString('hex')
  const secret = randomBytes(SECRET_BYTES).toString('base64url')
  const key = { id, name, role, hash: hashOf(secret).toString('hex'), createdAtMs: nowMs, revokedAtMs: null }
  return { text: `vk_${id}_${secret}`, key }
}

/** Who may call, as the store knows them. */
export class ApiKeys {
  readonly #store: Pick<Store, 'apiKeys'>
  readonly #clock: Clock
  #known: Promise<ReadonlyMap<string, ApiKey>> | null = null
  #readAtMs = 0

  constructor(store: Pick<Store, 'apiKeys'>, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** The key of an `Authorization`. @throws KEY_MISSING */
  async keyIn(authorization: string): Promise<ApiKey> {
    const [, id = '', secret = ''] = SHAPE.exec(tokenIn(authorization)) ?? []
    const key = id === '' ? null : await this.inForce(id)
    if (key !== null && timingSafeEqual(hashOf(secret), Buffer.from(key.hash, 'hex'))) return key
    throw noKey()
  }

  /** The key of an id; null if there is none, or if it is revoked. */
  async inForce(id: string): Promise<ApiKey | null> {
    const key = (await this.#keys(FRESH_MS)).get(id) ?? (await this.#keys(UNKNOWN_FRESH_MS)).get(id)
    return key === undefined || key.revokedAtMs !== null ? null : key
  }

  /** A key was made or revoked here: that counts at once. */
  readAgain(): void {
    this.#known = null
  }

  /** Requests that come together read once. */
  #keys(freshMs: number): Promise<ReadonlyMap<string, ApiKey>> {
    const nowMs = this.#clock.nowMs()
    // Of either sign: a clock that was set back must not keep a revoked key alive.
    if (this.#known !== null && Math.abs(nowMs - this.#readAtMs) < freshMs) return this.#known
    const known = this.#store.apiKeys().then((keys) => new Map(keys.map((key) => [key.id, key])))
    known.catch(() => {
      if (this.#known === known) this.#known = null
    })
    this.#known = known
    this.#readAtMs = nowMs
    return known
  }
}

export function noKey(): VerdictError {
  const message =
    'there is no valid API key; expected Authorization: Bearer vk_… of a key made with verdict key'
  return new VerdictError('KEY_MISSING', message)
}

function tokenIn(authorization: string): string {
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? ''
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
