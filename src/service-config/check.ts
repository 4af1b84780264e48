import { policiesFrom } from '../config.ts'
import { KINDS } from '../core/order.ts'
import { checkNotifyUrl, isPublicHost } from '../core/placement.ts'
import { compilePlan } from '../core/plan.ts'
import { webhookSettings } from '../delivery/webhook-options.ts'
import { VerdictError } from '../errors.ts'
import { accountName } from '../gateway/wechatpay/account.ts'
import { isLocal, openAccount } from '../gateway/wechatpay/open-account.ts'
import { dailyMs } from '../reconcile/days.ts'
import type { ServiceConfig } from '../service-config.ts'
import type { VerdictAccount } from '../verdict.ts'
import { invalid, told } from './sentences.ts'

/**
 * Holds what the file says against everything that `Verdict.open` will want, before anything is opened.
 *
 * @param where what the sentence of an error begins with
 * @throws OPTION_INVALID, KEY_INVALID, POLICY_INVALID with one sentence that names the field and what is expected
 */
export function checkServiceConfig({ accounts, webhooks, reconcileAt }: ServiceConfig, where: string): void {
  if (reconcileAt !== null) at(where, () => dailyMs(reconcileAt))
  for (const [i, account] of accounts.entries()) {
    at(`${where}: accounts[${i}]`, () => checkAccount(account))
  }
  const twice = repeated(accounts.map(accountName))
  if (twice !== undefined) {
    throw invalid(`${where}: accounts name ${twice} twice; expected each mchid or sp_mchid once`)
  }
  const names = webhooks.map((webhook, i) =>
    at(`${where}: webhooks[${i}]`, () => webhookSettings(webhook).name),
  )
  const same = repeated(names)
  if (same !== undefined) throw invalid(`${where}: two webhooks are named ${same}; expected a name for each`)
}

function checkAccount(account: VerdictAccount): void {
  openAccount(account)
  checkPlans(account)
  if (account.notify_url !== undefined) checkNotifyUrl(account.notify_url, isLocal(account))
}

/** @throws OPTION_INVALID, POLICY_INVALID */
export function checkPlans({ policies = {} }: VerdictAccount): void {
  const known = policiesFrom(policies, 'policies')
  for (const kind of KINDS) {
    const policy = known[kind]
    if (policy !== undefined) compilePlan(kind, policy)
  }
}

/** Where WeChat Pay reaches us, without a slash at its end. @throws OPTION_INVALID */
export function checkedPublicUrl(text: string, where: string): string {
  const expected = 'an address such as https://pay.example.com (http:// only for a private host)'
  const wrong = (): VerdictError => invalid(`${where}: publicUrl is ${told(text)}; expected ${expected}`)
  if (!/^https?:\/\/[!-[\]-~]+$/.test(text) || !URL.canParse(text)) throw wrong()
  const { protocol, hostname, username, password, search, hash } = new URL(text)
  if (username !== '' || password !== '') {
    throw invalid(`${where}: publicUrl has a login; expected ${expected}`)
  }
  if (search !== '' || hash !== '' || text.includes('?')) throw wrong()
  if (protocol === 'http:' && isPublicHost(hostname)) throw wrong()
  return text.replace(/\/+$/, '')
}

/** What went wrong in a part, told with the part's name. */
function at<Result>(where: string, check: () => Result): Result {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof VerdictError)) throw error
    const code = error.code === 'ORDER_INVALID' ? 'OPTION_INVALID' : error.code
    throw new VerdictError(code, `${where}: ${error.message}`, { cause: error })
  }
}

function repeated(names: readonly string[]): string | undefined {
  return names.find((name, i) => names.indexOf(name) !== i)
}
