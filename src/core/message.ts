import type { EventType } from './change.ts'

/** One message to the merchant's system, as it is sent. */
export interface Message {
  /**
   * The same at every repeat: it makes a repeat harmless. 1 to 64 characters of `A-Z a-z 0-9 _ -`; no dot, because
   * Standard Webhooks joins with dots what is signed.
   */
  readonly id: string
  readonly type: EventType
  /** JSON text `{"type","timestamp","data"}`: exactly these bytes are sent and signed. */
  readonly payload: string
}
