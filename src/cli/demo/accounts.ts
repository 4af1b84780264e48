import { KINDS } from '../../core/order.ts'
import { type Policy, TWO_PERIOD_POLICY } from '../../core/policy.ts'
import type { WebhookOptions } from '../../delivery/webhook-options.ts'
import type { WechatPayAccount } from '../../gateway/wechatpay/account.ts'
import type { VerdictAccount } from '../../verdict.ts'
import { demoSecret } from './back-office.ts'

/** Where the shop's system listens for WeChat Pay and for Verdict. */
export const CALLBACKS = '/callbacks'
export const WEBHOOKS = '/shop/webhooks'
/** Real time: the machine doesn't write faster because time runs faster. */
export const ANSWER_MS = 4_000

export interface DemoAccountOptions {
  /** The address of the shop's system. */
  readonly own: string
  readonly queriesBeforeCallback: boolean
}

/** Other systems of the merchant use the account, too: some callbacks are about their orders. */
export function demoAccount(
  account: WechatPayAccount,
  { own, queriesBeforeCallback }: DemoAccountOptions,
): VerdictAccount {
  const policies = queriesBeforeCallback
    ? {}
    : Object.fromEntries(WITH_CALLBACKS.map((kind) => [kind, PATIENT]))
  return { ...account, notify_url: `${own}${CALLBACKS}`, unknownCallbacks: 'count', policies }
}

const WITH_CALLBACKS = KINDS.filter((kind) => kind !== 'quick_pay')

/** As patient as the guide allows: period 1 is a minute (1.12), and hardly anything follows it. */
const PATIENT: Policy = { ...TWO_PERIOD_POLICY, firstMs: 60_000, queriesAtMs: [], thenEveryMs: 600_000 }

/** How Verdict tells the shop's system. */
export function demoWebhook(own: string, accounts: readonly WechatPayAccount[]): WebhookOptions {
  const secret = demoSecret(accounts[0]?.apiV3Key ?? '')
  return { name: 'shop', url: `${own}${WEBHOOKS}`, secret, allowPrivate: true, timeoutMs: 60_000 }
}
