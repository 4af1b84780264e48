import { createHash, type KeyObject } from 'node:crypto'
import { cut, type VerdictError } from '../errors.ts'
import { isPublicHost, type Reach } from './addresses.ts'
import { signingKeys } from './signature.ts'
import { checkedName, checkedTimeoutMs, EVENT_TYPES, type EventType, optionInvalid } from './target.ts'

export interface WebhookOptions {
  /** Names the target in the store for ever. Default: the URL's host, and a mark of its path. */
  readonly name?: string
  /** Where messages are posted to: https; http only for a private host, with `allowPrivate`. */
  readonly url: string
  /** `whsec_` and 24 to 64 bytes in base64. Several during a rotation, the newest first: each signs. */
  readonly secret: string | readonly string[]
  /** Default: all. */
  readonly events?: readonly EventType[]
  /** Whether the host may be loopback or private. Default: false. */
  readonly allowPrivate?: boolean
  /** For connecting and the whole answer, 100 to 60,000. Default: 15,000. */
  readonly timeoutMs?: number
}

/** The options, checked and complete. */
export interface WebhookSettings {
  readonly name: string
  readonly url: URL
  readonly keys: readonly KeyObject[]
  readonly events: readonly EventType[]
  readonly reach: Reach
  readonly timeoutMs: number
}

const FIELDS = ['name', 'url', 'secret', 'events', 'allowPrivate', 'timeoutMs']
const TIMEOUT_MS = 15_000
const TIMEOUT_MS_MAX = 60_000
const URL_CHARACTERS_MAX = 2_000

/** @throws OPTION_INVALID with one sentence that holds neither a secret nor a URL's login, path or query */
export function webhookSettings(options: WebhookOptions): WebhookSettings {
  const { allowPrivate = false, events = EVENT_TYPES, timeoutMs = TIMEOUT_MS } = options
  const unknown = Object.keys(options).find((field) => !FIELDS.includes(field))
  if (unknown !== undefined) throw invalid(cut(unknown), 'unknown', `one of ${FIELDS.join(', ')}`)
  const url = checkedUrl(options.url)
  const name = checkedName(options.name ?? nameOf(url))
  if (typeof allowPrivate !== 'boolean') throw invalid('allowPrivate', 'no boolean', 'true or false')
  return {
    name,
    url,
    keys: signingKeys(options.secret),
    events: checkedEvents(events),
    reach: checkedReach(url, allowPrivate),
    timeoutMs: checkedTimeoutMs(timeoutMs, TIMEOUT_MS_MAX),
  }
}

function checkedUrl(text: unknown): URL {
  const expected = `an address such as https://shop.example.com/verdict, at most ${URL_CHARACTERS_MAX} characters`
  if (text === undefined) throw invalid('url', 'missing', expected)
  if (typeof text !== 'string' || text.length > URL_CHARACTERS_MAX || !URL.canParse(text)) {
    throw invalid('url', 'no such address', expected)
  }
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw invalid('url', 'neither https nor http', expected)
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('url', `${url.protocol}//…@${url.hostname}`, 'an address without a login')
  }
  return url
}

/** http goes to private addresses only, also where a name that looks private resolves to another one. */
function checkedReach({ protocol, hostname }: URL, allowPrivate: boolean): Reach {
  const isPublic = isPublicHost(hostname)
  if (protocol === 'http:' && (isPublic || !allowPrivate)) {
    throw invalid('url', `http://${hostname}`, 'https; http only for a private host, with allowPrivate')
  }
  if (!isPublic && !allowPrivate)
    throw invalid('url', `https://${hostname}`, 'a public host, or allowPrivate')
  if (protocol === 'http:') return 'private'
  return allowPrivate ? 'any' : 'public'
}

function checkedEvents(events: unknown): readonly EventType[] {
  const expected = `a list of ${EVENT_TYPES.join(', ')}`
  if (!Array.isArray(events) || events.length === 0) throw invalid('events', 'no list of events', expected)
  return events.map((event, i) => {
    const known = EVENT_TYPES.find((type) => type === event)
    if (known === undefined) throw invalid(`events[${i}]`, 'unknown', expected)
    return known
  })
}

/** A path may be a secret, so it only leaves a mark. The query, which changes more easily, leaves none. */
function nameOf({ origin, hostname, pathname }: URL): string {
  const mark = createHash('sha256')
    .update(origin + pathname)
    .digest('hex')
    .slice(0, 8)
  const host = hostname.replace(/^\[|\]$/g, '').replace(/[^0-9a-z.:-]/g, '_')
  return `${host.slice(0, 80)}-${mark}`
}

function invalid(field: string, got: string, expected: string): VerdictError {
  return optionInvalid(`webhook ${field}`, got, expected)
}
