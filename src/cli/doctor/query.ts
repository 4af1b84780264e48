import { randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { NoAnswer, Outcome, TradeStatement } from '../../core/outcome.ts'
import { foldedCode } from '../../core/reaction.ts'
import { cut } from '../../errors.ts'
import { accountName, type WechatPayAccount } from '../../gateway/wechatpay/account.ts'
import { certificatesFrom } from '../../gateway/wechatpay/certificates.ts'
import { globalV3Gateway } from '../../gateway/wechatpay/global-v3.ts'
import { openAccount } from '../../gateway/wechatpay/open-account.ts'
import { readText } from '../../gateway/wechatpay/reply-text.ts'
import { CERTIFICATES_PATH } from '../../gateway/wechatpay/requests.ts'
import type { HttpReply, HttpRequest } from '../../gateway/wechatpay/transport.ts'
import { undiciTransport } from '../../gateway/wechatpay/undici-transport.ts'
import { jsonObjectFrom, textOf } from '../../wechatpay/json.ts'
import { type Finding, fail, ok, validity, warn } from './finding.ts'

const CHECK = 'signed query'
const PLATFORM = 'on the merchant platform, under Account Center > API Security'

/** Asks for an order that nobody has: only with every key right WeChat Pay says, signed, that there is none. */
export async function examineQuery(account: WechatPayAccount, clock: Clock): Promise<readonly Finding[]> {
  if (account.mode === 'institutional' && account.sub_mchid === undefined) {
    const found = 'not made: the account names no sub_mchid, which every query needs'
    return [warn(CHECK, found, 'set sub_mchid, at least for this examination')]
  }
  const asked = await ask(account, clock)
  const findings = [judged(asked, account)]
  if (account.certificates !== 'download') return findings
  // Beside a public key the certificates come in the background: ask once more without it.
  const { wechatpayPublicKey, wechatpayPublicKeyId, ...alone } = account
  const downloading = wechatpayPublicKeyId === undefined ? asked : await ask(alone as WechatPayAccount, clock)
  return [...findings, ...downloaded(downloading.replies, account, clock.nowMs())]
}

interface Asked {
  readonly outcome: Outcome<TradeStatement>
  readonly replies: ReadonlyArray<{ readonly request: HttpRequest; readonly reply: HttpReply }>
}

async function ask(account: WechatPayAccount, clock: Clock): Promise<Asked> {
  const network = undiciTransport({ clock, connectionsMax: 2 })
  const replies: Array<{ request: HttpRequest; reply: HttpReply }> = []
  const gateway = globalV3Gateway({
    account,
    clock,
    transport: Object.assign(
      async (request: HttpRequest) => {
        const result = await network(request)
        if (result.kind === 'reply') replies.push({ request, reply: result })
        return result
      },
      { end: async () => network.end?.() },
    ),
  })
  try {
    const out_trade_no = `doctor-${randomBytes(12).toString('hex')}`
    const sub_mchid = account.mode === 'institutional' ? (account.sub_mchid ?? null) : null
    return {
      outcome: await gateway.query({ account: accountName(account), sub_mchid, out_trade_no }),
      replies,
    }
  } finally {
    await gateway.end()
  }
}

function judged({ outcome, replies }: Asked, account: WechatPayAccount): Finding {
  if (outcome.kind === 'answer') {
    const found = `WeChat Pay knows a number that was made up: ${cut(outcome.value.trade_state)}`
    return fail(CHECK, found, 'look at what answers at baseUrl')
  }
  if (outcome.kind === 'no-answer') return silent(outcome, replies, account)
  const { code, message } = outcome
  if (UNKNOWN.has(foldedCode(code))) {
    return ok(
      CHECK,
      `${code} for a made-up number, signed with ${outcome.evidence.serial}: keys and ids are right`,
    )
  }
  return fail(CHECK, `WeChat Pay refuses it, signed: ${code}, ${cut(message)}`, REFUSALS[code] ?? IDS)
}

const UNKNOWN: ReadonlySet<string> = new Set(['ORDER_NOT_EXIST', 'NOT_FOUND'].map(foldedCode))
const IDS = 'compare mchid, appid and sub_mchid with those on the merchant platform'
const REFUSALS: { readonly [code: string]: string } = {
  NO_AUTH: 'have the product and the API permission opened for this merchant',
}

/** @param replies what came may say more than it proves: for a person it is worth reading */
function silent(outcome: NoAnswer, replies: Asked['replies'], account: WechatPayAccount): Finding {
  const { reason, detail, claims } = outcome
  const last = replies.at(-1)?.reply
  const says = last === undefined ? '' : messageIn(last)
  switch (reason) {
    case 'key-refused': {
      const found = `WeChat Pay refuses our signature: HTTP 401 ${claims ?? ''}${says === '' ? '' : `, "${says}"`}`
      const { serial_no } = openAccount(account)
      const todo = `hold serial_no ${serial_no} and the merchant key against the API certificate ${PLATFORM}, and mchid against the merchant's`
      return fail(CHECK, found, todo)
    }
    case 'forged':
      return fail(
        CHECK,
        "the answer's signature doesn't verify with the key that we have",
        `download it ${PLATFORM}`,
      )
    case 'unknown-key': {
      const todo = `use the key of that number ${PLATFORM}, or certificates "download"`
      return fail(CHECK, detail, todo)
    }
    case 'stale':
      return fail(CHECK, detail, "set this machine's clock right")
    case 'unsigned': {
      const isUnknown = claims !== undefined && UNKNOWN.has(foldedCode(claims))
      if (isUnknown && account.believesUnsignedUnknown === true) {
        return warn(
          CHECK,
          `${claims}, without a signature, which believesUnsignedUnknown accepts`,
          'prefer signed answers',
        )
      }
      const todo = 'look for a proxy on the way that takes the Wechatpay headers away'
      return fail(CHECK, `${detail}${claims === undefined ? '' : `, ${claims}`}`, todo)
    }
    default:
      return fail(CHECK, detail, 'look at the hosts above; ask again later')
  }
}

function messageIn({ body }: HttpReply): string {
  const text = readText(body)
  const message = text === null ? undefined : textOf(jsonObjectFrom(text)?.message)
  return cut((message ?? '').replace(/[\s\p{Cc}]+/gu, ' '))
}

function downloaded(replies: Asked['replies'], account: WechatPayAccount, nowMs: number): readonly Finding[] {
  const check = 'platform certificate'
  const reply = replies.findLast(({ request }) => request.path === CERTIFICATES_PATH)?.reply
  const text = reply === undefined ? null : readText(reply.body)
  if (reply === undefined || text === null) {
    return [fail(check, 'the certificates could not be downloaded', 'look at the hosts above')]
  }
  if (reply.status !== 200) {
    const found = `HTTP ${reply.status} in the place of certificates: ${messageIn(reply)}`
    if (reply.status !== 404) return [fail(check, found, 'see the signed query')]
    return account.wechatpayPublicKeyId === undefined
      ? [fail(check, found, "use WeChat Pay's public key, if this merchant is in public key mode")]
      : [warn(check, found, 'leave certificates out, if this merchant is in public key mode')]
  }
  const certificates = certificatesFrom(text, openAccount(account).apiV3Key)
  if (certificates === null) {
    return [
      fail(check, 'the APIv3 key opens no certificate', `compare the APIv3 key with the one set ${PLATFORM}`),
    ]
  }
  return certificates.map(({ serial, effectiveAtMs: fromMs, expiresAtMs: toMs }) =>
    validity(check, serial, { fromMs, toMs, nowMs }, 'nothing, as long as the next one is in the list, too'),
  )
}
