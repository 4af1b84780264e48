import type { EventType } from '../core/change.ts'
import type { Message } from '../core/message.ts'
import { VerdictError } from '../errors.ts'

export { EVENT_TYPES, type EventType } from '../core/change.ts'
export type { Message } from '../core/message.ts'

/** Where events are delivered to: what the delivery loop of the engine needs of a webhook or a handler. */

export type Delivered =
  | { readonly ok: true }
  | {
      readonly ok: false
      /** One sentence for people, nothing secret, at most 200 characters. */
      readonly why: string
    }

export interface Target {
  /** Names it in the store for ever: pending deliveries belong to a name. */
  readonly name: string
  wants(type: EventType): boolean
  /** Never rejects. Ends within its own time limit. */
  deliver(message: Message): Promise<Delivered>
  /** What is under way is no longer awaited and ends as not delivered, and so does whatever comes afterwards. */
  end(): Promise<void>
}

export const WHY_CHARACTERS_MAX = 200

/** Not delivered: `why` on one line, and cut to its limit. */
export function notDelivered(why: string): Delivered {
  const line = why.replace(/\s+/g, ' ').trim()
  const isLong = line.length > WHY_CHARACTERS_MAX
  // A cut may go through a character of two halves, which no database takes.
  return { ok: false, why: (isLong ? `${line.slice(0, WHY_CHARACTERS_MAX - 1)}…` : line).toWellFormed() }
}

/** @throws OPTION_INVALID unless the store can keep it as a target's name */
export function checkedName(name: unknown): string {
  if (typeof name === 'string' && /^[0-9A-Za-z._:-]{1,100}$/.test(name)) return name
  const got = name === undefined ? 'missing' : 'unfit'
  throw optionInvalid('the name of a target', got, '1 to 100 characters of A-Z a-z 0-9 . _ : -')
}

const TIMEOUT_MS_MIN = 100

/** @throws OPTION_INVALID unless it is a whole number of ms from 100 to `max` */
export function checkedTimeoutMs(timeoutMs: unknown, max: number): number {
  const ms = Number.isInteger(timeoutMs) ? Number(timeoutMs) : Number.NaN
  if (ms >= TIMEOUT_MS_MIN && ms <= max) return ms
  // Anything but a number may be a secret in the wrong place.
  const got = typeof timeoutMs === 'number' ? String(timeoutMs) : 'no number'
  throw optionInvalid('timeoutMs', got, `a whole number from ${TIMEOUT_MS_MIN} to ${max}`)
}

/** `got` is a description where the value may hold a secret. */
export function optionInvalid(field: string, got: string, expected: string): VerdictError {
  return new VerdictError('OPTION_INVALID', `${field} is ${got}; expected ${expected}`)
}
