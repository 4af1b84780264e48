import type { KeyObject } from 'node:crypto'
import { Pool } from 'undici'
import type { Clock } from '../clock.ts'
import { type Connecting, openConnecting } from '../connecting.ts'
import { checkedLookup, type Resolve, systemResolve } from './addresses.ts'
import { type Posted, post } from './post.ts'
import { signatureHeader } from './signature.ts'
import { type Delivered, type Message, notDelivered, type Target } from './target.ts'
import { type WebhookOptions, webhookSettings } from './webhook-options.ts'

export interface WebhookEdges {
  readonly clock: Clock
  /** For tests. Default: the machine's own resolver. */
  readonly resolve?: Resolve
}

/**
 * Posts each message to a URL, as Standard Webhooks says. An answer of 2xx in time is a delivery; anything else is none,
 * a redirect and 410 too.
 *
 * @throws OPTION_INVALID with one sentence, nothing secret in it
 */
export function webhookTarget(options: WebhookOptions, edges: WebhookEdges): Target {
  const settings = webhookSettings(options)
  const { clock } = edges
  const { name, url, keys, events, timeoutMs } = settings
  const path = url.pathname + url.search
  const lookup = checkedLookup(settings.reach, edges.resolve ?? systemResolve)
  const connecting = openConnecting({ timeout: timeoutMs, allowH2: false, lookup })
  const pool = openPool(url, connecting)
  return {
    name,
    wants: (type) => events.includes(type),
    async deliver(message) {
      const body = Buffer.from(message.payload)
      const headers = headersOf(message, body, keys, clock.nowMs())
      return judged(await post(pool, clock, { path, headers, body, timeoutMs }))
    },
    async end() {
      await pool.destroy()
      connecting.end()
    },
  }
}

/** Messages under way at once to one target; more wait for a connection, within their own time limit. */
const CONNECTIONS_MAX = 32
const USER_AGENT = 'verdict-pay (Node.js)'

function openPool(url: URL, { connect }: Connecting): Pool {
  return new Pool(url.origin, {
    connections: CONNECTIONS_MAX,
    pipelining: 1,
    allowH2: false,
    // Time limits are the given clock's. This one only clears away a connection attempt that nobody waits for.
    connect,
    headersTimeout: 0,
    bodyTimeout: 0,
  })
}

/** Signed anew at each attempt: receivers refuse an old timestamp. */
function headersOf({ id }: Message, body: Uint8Array, keys: readonly KeyObject[], nowMs: number) {
  const timestamp = Math.floor(nowMs / 1000)
  return {
    'content-type': 'application/json',
    'user-agent': USER_AGENT,
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatureHeader(keys, { id, timestamp, body }),
  }
}

function judged(posted: Posted): Delivered {
  if ('failure' in posted) return notDelivered(posted.failure)
  const { status } = posted
  if (status >= 200 && status < 300) return { ok: true }
  const isRedirect = status >= 300 && status < 400
  return notDelivered(`answered ${status}${isRedirect ? ': redirects are not followed' : ''}`)
}
