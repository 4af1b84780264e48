import type { LeakName } from './leaks.ts'
import type { Handles, Sample } from './sample.ts'

/* What the soak's processes tell each other. */

export interface WeChatPaySettings {
  readonly dir: string
  readonly seed: number
}

export type WordFromWeChatPay = { readonly word: 'open'; readonly url: string }

export interface VerdictSettings {
  readonly storeFile: string
  readonly accountFile: string
  readonly webhook: { readonly url: string; readonly secret: string }
  readonly seed: number
  readonly ordersPerSecond: number
  readonly loadMs: number
  readonly leak: LeakName | null
}

export type WordToVerdict = { readonly do: 'end-load' } | { readonly do: 'close' }

export type WordFromVerdict =
  | { readonly word: 'open' }
  | { readonly word: 'sample'; readonly sample: Sample }
  | { readonly word: 'load-ended'; readonly entered: number }
  /** A rejection that nobody handled, a warning of Node, a failure of the shop: nothing of it may happen. */
  | { readonly word: 'trouble'; readonly sentence: string }
  /** What Verdict tells whoever runs it. */
  | { readonly word: 'notice'; readonly message: string }
  | { readonly word: 'closed'; readonly before: Handles; readonly after: Handles }
