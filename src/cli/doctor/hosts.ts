import type { Clock } from '../../clock.ts'
import { DEFAULT_BASE_URL, type WechatPayAccount } from '../../gateway/wechatpay/account.ts'
import { isLocal } from '../../gateway/wechatpay/open-account.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { type Probe, probe, type Reached } from './probe.ts'

/** Apart by more, requests may already be refused elsewhere; by 300 s, WeChat Pay refuses all. */
const APART_WARN_MS = 5_000
const APART_FAIL_MS = 60_000
const SET_CLOCK = "let a time service set this machine's clock (chrony, systemd-timesyncd)"

/** Whether both hosts of WeChat Pay are reached, how fast, and whether they have our time. */
export async function examineHosts(account: WechatPayAccount, clock: Clock): Promise<readonly Finding[]> {
  const { baseUrl = DEFAULT_BASE_URL, backupUrl } = account
  const findings = [...(await examineHost('host', baseUrl, clock))]
  if (backupUrl !== undefined) findings.push(...(await examineHost('backup host', backupUrl, clock)))
  else if (!isLocal(account)) {
    findings.push(
      warn('backup host', 'none (guide 7.2)', 'set backupUrl, such as https://api.mch.weixin.qq.com'),
    )
  }
  return findings
}

async function examineHost(check: string, origin: string, clock: Clock): Promise<readonly Finding[]> {
  if (!URL.canParse(origin)) return []
  const found = await probe({ url: `${new URL(origin).origin}/`, method: 'GET' }, clock)
  if (found.kind === 'unreached') {
    return [fail(check, `${origin} is not reached: ${found.at} failed, ${found.why}`, REMEDIES[found.at])]
  }
  return [ok(check, `${origin}: ${timesOf(found)}`), ...examineClock(origin, found)]
}

const REMEDIES: Readonly<Record<Extract<Probe, { kind: 'unreached' }>['at'], string>> = {
  DNS: "look at the name, and at this machine's name servers",
  TCP: 'look at the address and port, and let this machine connect there through the firewall',
  TLS: "look for a proxy that opens TLS on the way, and at the machine's certificates",
  'first byte': 'look for a proxy on the way; ask again later',
}

/** `DNS 3 ms, TCP 41 ms, TLS 44 ms, first byte 43 ms`, as the guide wants them measured (7.4). */
export function timesOf({ dnsMs, tcpMs, tlsMs, firstByteMs }: Reached): string {
  const steps = [
    ['DNS', dnsMs],
    ['TCP', tcpMs],
    ['TLS', tlsMs],
    ['first byte', firstByteMs],
  ] as const
  return steps.flatMap(([name, ms]) => (ms === null ? [] : [`${name} ${ms} ms`])).join(', ')
}

function examineClock(origin: string, { dateMs, askedAtMs, answeredAtMs }: Reached): readonly Finding[] {
  const check = 'clock'
  const whose = `that of ${new URL(origin).host}`
  if (dateMs === null) {
    return [warn(check, `${origin} sent no Date`, "compare this machine's clock with another one by hand")]
  }
  // The header has whole seconds, of a moment between our question and the answer.
  const aheadMs = dateMs > answeredAtMs ? dateMs - answeredAtMs : Math.min(0, dateMs + 1_000 - askedAtMs)
  const apartMs = Math.abs(aheadMs)
  const found = `ours is ${Math.round(apartMs / 1_000)} s ${aheadMs > 0 ? 'behind' : 'ahead of'} ${whose}`
  if (apartMs > APART_FAIL_MS) return [fail(check, found, SET_CLOCK)]
  if (apartMs > APART_WARN_MS) return [warn(check, found, SET_CLOCK)]
  return [ok(check, `within ${Math.max(1, Math.ceil(apartMs / 1_000))} s of ${whose}`)]
}
