import { createDecipheriv } from 'node:crypto'
import type { Written } from './letters.ts'
import { holds, type Stamp } from './stamp.ts'

/**
 * What the documents want of one who gets callbacks, in the smallest form: it shows that our true letters can be
 * accepted, and that what is wrong with the others can be seen.
 */

export interface Ledger {
  readonly stamps: readonly Stamp[]
  readonly apiV3Keys: readonly string[]
  readonly orders: readonly {
    readonly owner: Readonly<Record<string, string>>
    readonly out_trade_no: string
    readonly total: number
    readonly currency: string
    readonly refunds: Readonly<Record<string, number>>
  }[]
}

const NAMES = ['timestamp', 'nonce', 'signature', 'serial'] as const

/** `null`: to be accepted. */
export function faultOf({ headers, body }: Written, ledger: Ledger, nowMs: number): string | null {
  const [timestamp, nonce, signature, serial] = NAMES.map((name) => {
    const values = headers.filter(([header]) => header.toLowerCase() === `wechatpay-${name}`)
    return values.length === 1 ? values[0]?.[1] : undefined
  })
  if (!timestamp || !nonce || !signature || !serial) return 'headers'
  if (Math.abs(nowMs - Number(timestamp) * 1_000) > 300_000) return 'timestamp'
  const stamp = ledger.stamps.find((known) => known.serial === serial)
  if (stamp === undefined) return 'serial'
  if (!holds(stamp, { serial, timestamp, nonce, signature }, body.toString('utf8'))) return 'signature'
  const content = opened(body.toString('utf8'), ledger.apiV3Keys)
  return content === null ? 'resource' : contentFault(content as Content, ledger)
}

/** What is in a letter, if one of the keys opens it. */
export function opened(body: string, apiV3Keys: readonly string[]): Readonly<Record<string, unknown>> | null {
  if (!body.startsWith('{')) return null
  const { resource } = JSON.parse(body) as { resource?: Resource }
  if (resource === undefined) return null
  const text = apiV3Keys.map((key) => decrypted(resource, key)).find((plain) => plain !== null)
  return text === undefined || text === null ? null : (JSON.parse(text) as Record<string, unknown>)
}

interface Resource {
  readonly algorithm: string
  readonly ciphertext: string
  readonly associated_data?: string
  readonly nonce: string
}

function decrypted(
  { algorithm, ciphertext, associated_data = '', nonce }: Resource,
  key: string,
): string | null {
  if (algorithm !== 'AEAD_AES_256_GCM') return null
  const bytes = Buffer.from(ciphertext, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key), nonce)
  decipher.setAAD(Buffer.from(associated_data))
  decipher.setAuthTag(bytes.subarray(-16))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

type Content = Readonly<Record<string, unknown>> & {
  readonly out_trade_no: string
  readonly out_refund_no?: string
  readonly amount: { readonly total: number; readonly currency: string; readonly refund?: number }
}

function contentFault(content: Content, { orders }: Ledger): string | null {
  const order = orders.find(
    ({ owner, out_trade_no }) =>
      out_trade_no === content.out_trade_no &&
      Object.entries(owner).every(([name, id]) => content[name] === id),
  )
  if (order === undefined) return 'order'
  const { total, currency, refund } = content.amount
  if (total !== order.total || currency !== order.currency) return 'amount'
  const cents = order.refunds[content.out_refund_no ?? '']
  return refund === undefined || cents === undefined || cents === refund ? null : 'refund'
}
