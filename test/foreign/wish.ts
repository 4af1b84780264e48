import type { KeyObject } from 'node:crypto'
import type { Owner, Placing } from './books.ts'
import type { OrderName, RefundAsking } from './refunds.ts'

/** What a request asks for, read as strictly as the documents are written. */
export type Wish =
  | { readonly do: 'place'; readonly owner: Owner; readonly number: string; readonly placing: Placing }
  | { readonly do: 'query' | 'close' | 'reverse'; readonly owner: Owner; readonly number: string }
  | { readonly do: 'refund'; readonly owner: Owner; readonly asking: RefundAsking }
  | {
      readonly do: 'refund query'
      readonly owner: Owner
      readonly by: 'out_refund_no' | 'id'
      readonly key: string
    }
  | {
      readonly do: 'refund list'
      readonly owner: Owner
      readonly order: OrderName
      readonly offset: number
      readonly count: number
    }
  | { readonly do: 'certificates' }

export interface Merchant {
  readonly mchid: string
  readonly mode: 'common' | 'institutional'
  readonly appid: string
  readonly sub_mchid: string | null
  readonly serial: string
  readonly key: KeyObject
  /** With which callbacks and certificates are sealed. */
  readonly apiV3Key: string
}

export type Read =
  | { readonly wish: Wish; readonly merchant: Merchant }
  | { readonly fault: string; readonly status: number }

export function ownerOf({ mode, mchid, sub_mchid }: Merchant): Owner {
  return mode === 'common' ? { mchid } : { sp_mchid: mchid, sub_mchid: sub_mchid ?? '' }
}

/** Exactly the ids of the merchant's own mode, and no others. */
export function strangeOwner(ids: Readonly<Record<string, unknown>>, merchant: Merchant): string | null {
  const expected = ownerOf(merchant)
  const fits =
    Object.keys(ids).length === Object.keys(expected).length &&
    Object.entries(expected).every(([name, id]) => ids[name] === id)
  return fits ? null : `expected ${JSON.stringify(expected)}, got ${JSON.stringify(ids)}`
}

/** Complete, and without parameters. */
export function isNotifyUrl(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 255 && /^https?:\/\/[^/?#\s]+\/[^?#\s]*$/.test(text)
}

export function inner(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

export function wrong(status: number, fault: string): Read {
  return { fault, status }
}
