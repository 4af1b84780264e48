import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import { VerdictError } from '../errors.ts'
import type { ApiKey, Store } from '../store/store.ts'

/*
 * A browser keeps no API key: it signs in with one and gets a cookie that no script can read. A session is in the store,
 * by the hash of its cookie, so that it outlives a restart, counts in every process, and can be ended; it ends with its
 * key, too. The key's id stands in the cookie: whoever invents cookies makes the store read nothing.
 */

/**
 * By TLS a browser takes a cookie of this name from this very host alone, and only `Secure`: no other host of the domain,
 * and nobody on a line without TLS, can put a session of his own in its place.
 */
export const TLS_COOKIE = '__Host-verdict_session'
/** Without TLS, as on one's own machine, a browser wouldn't take that one, nor send what is `Secure`. */
export const PLAIN_COOKIE = 'verdict_session'
export const CSRF_HEADER = 'x-verdict-csrf'
/** A working day and what it takes longer: who comes next morning signs in again. */
export const SESSION_MS = 12 * 3_600_000

const SHAPE = /^vs_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/
const SECRET_BYTES = 32

export class Sessions {
  readonly #store: Pick<Store, 'keepSession' | 'sessionOf' | 'endSession'>
  readonly #clock: Pick<Clock, 'nowMs'>

  constructor(store: Pick<Store, 'keepSession' | 'sessionOf' | 'endSession'>, clock: Pick<Clock, 'nowMs'>) {
    this.#store = store
    this.#clock = clock
  }

  /** Signs in; returns the cookie's value. */
  async begin({ id }: ApiKey): Promise<string> {
    const cookie = `vs_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`
    const nowMs = this.#clock.nowMs()
    await this.#store.keepSession({ hash: hashOf(cookie), keyId: id, endsAtMs: nowMs + SESSION_MS }, nowMs)
    return cookie
  }

  /** The id of the key that signed in with this cookie; null if nobody did, or no longer. */
  async keyIdOf(cookie: string, isKey: (id: string) => Promise<boolean>): Promise<string | null> {
    const [, id = ''] = SHAPE.exec(cookie) ?? []
    if (id === '' || !(await isKey(id))) return null
    const session = await this.#store.sessionOf(hashOf(cookie), this.#clock.nowMs())
    return session?.keyId === id ? id : null
  }

  async end(cookie: string): Promise<void> {
    if (SHAPE.test(cookie)) await this.#store.endSession(hashOf(cookie))
  }
}

type Protocol = Pick<FastifyRequest, 'protocol'>

/** The session's cookie that a request brings, by the one name that it has there; null without one. */
export function cookieIn(request: Pick<FastifyRequest, 'headers'> & Protocol): string | null {
  const name = isTls(request) ? TLS_COOKIE : PLAIN_COOKIE
  // No other space than this: one that a browser takes for a letter would make a name without the prefix ours.
  for (const pair of (request.headers.cookie ?? '').split(/; */)) {
    const at = pair.indexOf('=')
    if (pair.slice(0, at) === name) return pair.slice(at + 1)
  }
  return null
}

/** `Set-Cookie` for a value; null takes the cookie away. */
export function setCookie(value: string | null, request: Protocol): string {
  const maxAgeS = value === null ? 0 : SESSION_MS / 1_000
  const [name, secure] = isTls(request) ? [TLS_COOKIE, '; Secure'] : [PLAIN_COOKIE, '']
  return `${name}=${value ?? ''}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${secure}`
}

function isTls({ protocol }: Protocol): boolean {
  return protocol === 'https'
}

/** What only a page that this session's answers reach can know. It says nothing about the cookie. */
export function csrfOf(cookie: string): string {
  return createHmac('sha256', cookie).update('csrf').digest('base64url')
}

/** @throws CSRF_INVALID unless the request brings the session's token, and comes from a page of ours */
export function checkCsrf(request: FastifyRequest, cookie: string): void {
  checkOrigin(request)
  const given = Buffer.from(String(request.headers[CSRF_HEADER] ?? ''))
  const wanted = Buffer.from(csrfOf(cookie))
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return
  throw new VerdictError(
    'CSRF_INVALID',
    `the header ${CSRF_HEADER} is not this session's; expected csrf of GET /v1/session`,
  )
}

/**
 * A browser says whose page sends a request; other programs say nothing, and no cookie of somebody else's is theirs to send.
 *
 * @throws CSRF_INVALID for another site's page
 */
export function checkOrigin({ headers, host }: FastifyRequest): void {
  const site = headers['sec-fetch-site']
  const { origin } = headers
  const isOurs =
    site === undefined
      ? origin === undefined || hostOf(origin) === host
      : site === 'same-origin' || site === 'none'
  if (!isOurs)
    throw new VerdictError('CSRF_INVALID', 'the request comes from the page of another site; expected ours')
}

function hostOf(origin: string): string | null {
  return URL.parse(origin)?.host ?? null
}

function hashOf(cookie: string): string {
  return createHash('sha256').update(cookie).digest('hex')
}
