import type { Clock } from '../../clock.ts'
import { checkNotifyUrl } from '../../core/placement.ts'
import { isPublicAddress, systemResolve } from '../../delivery/addresses.ts'
import { isLocal } from '../../gateway/wechatpay/open-account.ts'
import type { VerdictAccount } from '../../verdict.ts'
import { jsonObjectFrom } from '../../wechatpay/json.ts'
import { type Finding, fail, messageOf, ok, warn } from './finding.ts'
import { timesOf } from './hosts.ts'
import { probe, type Reached } from './probe.ts'

const CHECK = 'notify_url'
const WAY = 'callback address'

/** Whether WeChat Pay may be given this address, and whether what answers there is Verdict. */
export async function examineCallbacks(account: VerdictAccount, clock: Clock): Promise<readonly Finding[]> {
  const { notify_url } = account
  if (notify_url === undefined) {
    const found =
      'none: an order that names none is found paid by asking alone, and only Quick Pay may name none'
    return [warn(CHECK, found, 'set publicUrl, or notify_url with the account')]
  }
  const allowed = examineAddress(notify_url, isLocal(account))
  if (allowed.level === 'fail') return [allowed]
  return [allowed, await examineWay(notify_url, isLocal(account), clock)]
}

function examineAddress(notify_url: string, local: boolean): Finding {
  const todo = 'use an address on the internet: https, with a path, without a query (guide 5.7 to 5.10)'
  try {
    const isPrivate = checkNotifyUrl(notify_url, local).length > 0
    if (isPrivate) return ok(CHECK, `${notify_url}, local like the account's baseUrl`)
  } catch (error) {
    return fail(CHECK, messageOf(error), todo)
  }
  if (notify_url.startsWith('https:')) return ok(CHECK, notify_url)
  return fail(CHECK, `${notify_url} is no https address, which APIv3 wants`, todo)
}

/** An unsigned callback must reach Verdict, and be refused. */
async function examineWay(notify_url: string, local: boolean, clock: Clock): Promise<Finding> {
  const astray = local ? null : await privateAddressOf(new URL(notify_url).hostname)
  if (astray !== null) {
    const found = `${new URL(notify_url).hostname} leads to ${astray}, a private address: WeChat Pay can't reach it`
    return fail(WAY, found, 'let the name lead to a public address')
  }
  const answer = await probe({ url: notify_url, method: 'POST', body: '{}' }, clock)
  if (answer.kind === 'unreached') {
    const found = `${notify_url} is not reached from this machine: ${answer.at} failed, ${answer.why}`
    if (local && answer.at === 'TCP') return warn(WAY, found, 'start verdict serve, and ask again')
    const todo =
      answer.at === 'DNS'
        ? "look at the name in publicUrl or notify_url, and at this machine's name servers"
        : "start verdict serve, and let the internet reach it; if only this machine can't, try from another one"
    return fail(WAY, found, todo)
  }
  return judged(answer)
}

async function privateAddressOf(hostname: string): Promise<string | null> {
  // Without an answer there is nothing to judge; the connection fails by itself, and is told.
  const addresses = await systemResolve(hostname.replace(/^\[|\]$/g, '')).catch(() => [])
  return addresses.find(({ address }) => !isPublicAddress(address))?.address ?? null
}

function judged(answer: Reached): Finding {
  const { status, body } = answer
  const isVerdict = jsonObjectFrom(body)?.code === 'FAIL'
  if (status === 401 && isVerdict) {
    return ok(WAY, `reached and refused as unsigned, as it must be: ${timesOf(answer)}`)
  }
  const found = `an unsigned callback is answered HTTP ${status}; expected 401 and {"code": "FAIL"}`
  return fail(WAY, found, remedyOf(status))
}

function remedyOf(status: number): string {
  if (status < 300)
    return 'something else answers there, or believes everybody: give callbacks to verdict serve'
  if (status < 400) return 'WeChat Pay follows no redirect: name the address that it leads to'
  if (status === 401 || status === 403) return 'take away the login in front of it: callbacks come without'
  return 'let the proxy pass this path to verdict serve, and look whether that runs'
}
