import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { policiesFrom } from '../config.ts'
import { KINDS, type Kind } from '../core/order.ts'
import { checkNotifyUrl } from '../core/placement.ts'
import { compilePlan, type Plan } from '../core/plan.ts'
import { defaultPolicy, reviewPolicy } from '../core/policy.ts'
import { DEFAULT_LIMITS, type Limits } from '../engine/budget.ts'
import type { EngineAccount } from '../engine/engine.ts'
import type { Notice } from '../engine/report.ts'
import { cut, shown, VerdictError } from '../errors.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { accountName } from '../gateway/wechatpay/account.ts'
import { isLocal } from '../gateway/wechatpay/open-account.ts'
import type { VerdictAccount } from './options.ts'

const CONCURRENCY = 400
/** Below the connections that the transport holds per host, so that no call waits for one. */
const CONCURRENCY_MAX = 500

export type Plans = Readonly<Record<Kind, Plan>>

/** What is doubtful about a policy is only told. @throws POLICY_INVALID */
export function plansOf(name: string, account: VerdictAccount, notify: (notice: Notice) => void): Plans {
  const policies = policiesFrom(account.policies ?? {}, `${name}, policies`)
  const planOf = (kind: Kind): Plan => {
    const policy = policies[kind] ?? defaultPolicy(kind)
    for (const warning of reviewPolicy(kind, policy).warnings) {
      notify({ level: 'warn', message: `${name}, policy for ${kind}: ${warning}` })
    }
    return compilePlan(kind, policy)
  }
  return Object.fromEntries(KINDS.map((kind) => [kind, planOf(kind)])) as Plans
}

/** An account as the engine needs it, with every default filled in. @throws OPTION_INVALID */
export function engineAccount(
  account: VerdictAccount,
  gateway: Gateway,
  plans: Plans,
  notify: (notice: Notice) => void,
): EngineAccount {
  const { mode, merchant_category_code, concurrency = CONCURRENCY, notify_url } = account
  const { unknownCallbacks = 'keep' } = account
  if (!(Number.isSafeInteger(concurrency) && concurrency >= 1 && concurrency <= CONCURRENCY_MAX)) {
    throw new VerdictError(
      'OPTION_INVALID',
      `concurrency is ${shown(concurrency)}; expected 1 to ${CONCURRENCY_MAX}`,
    )
  }
  if (unknownCallbacks !== 'keep' && unknownCallbacks !== 'count') {
    throw new VerdictError(
      'OPTION_INVALID',
      `unknownCallbacks is ${shown(unknownCallbacks)}; expected keep or count`,
    )
  }
  return {
    gateway,
    plans,
    notify_url: notify_url === undefined ? undefined : checkedNotifyUrl(notify_url, account, notify),
    unknownCallbacks,
    limits: checkedLimits(account.limits ?? {}),
    concurrency,
    placing: { mode, isLocal: isLocal(account), merchant_category_code },
    fingerprintKey: fingerprintKeyOf(account.apiV3Key),
  }
}

function checkedLimits(given: Partial<Limits>): Limits {
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw new VerdictError('OPTION_INVALID', `limits is ${shown(given)}; expected an object`)
  }
  const limits = { ...DEFAULT_LIMITS, ...given }
  for (const [call, perSecond] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, call)) {
      const known = Object.keys(DEFAULT_LIMITS).join(', ')
      throw new VerdictError('OPTION_INVALID', `limits names ${cut(call)}; expected ${known}`)
    }
    if (!(typeof perSecond === 'number' && perSecond > 0 && perSecond <= 1_000_000)) {
      throw new VerdictError(
        'OPTION_INVALID',
        `limits.${call} is ${shown(perSecond)}; expected calls per second, above 0`,
      )
    }
  }
  return limits
}

/** @throws OPTION_INVALID for none, and for one that stands there twice */
export function byName(accounts: readonly VerdictAccount[]): ReadonlyMap<string, VerdictAccount> {
  const named = new Map(accounts.map((account) => [accountName(account), account]))
  if (named.size === 0) throw new VerdictError('OPTION_INVALID', 'accounts is empty; expected at least one')
  if (named.size < accounts.length) {
    throw new VerdictError(
      'OPTION_INVALID',
      'accounts names the same mchid or sp_mchid twice; expected each once',
    )
  }
  return named
}

function fingerprintKeyOf(apiV3Key: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', apiV3Key, '', 'verdict fingerprint', 32)))
}

function checkedNotifyUrl(
  notify_url: string,
  account: VerdictAccount,
  notify: (notice: Notice) => void,
): string {
  try {
    for (const message of checkNotifyUrl(notify_url, isLocal(account))) notify({ level: 'warn', message })
    return notify_url
  } catch (error) {
    if (!(error instanceof VerdictError)) throw error
    throw new VerdictError('OPTION_INVALID', `account ${accountName(account)}: ${error.message}`)
  }
}
