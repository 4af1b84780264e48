import { shown, VerdictError } from '../errors.ts'
import { KINDS, type Kind, type OrderKey } from './order.ts'

/** A placing request in WeChat Pay's own words (Global v3, sections 3 and 4 of its order pages). */
export interface Placement {
  readonly kind: Kind
  readonly sub_mchid: string | null
  /** 1 to 32 characters: letters, digits and `_-|*@`. */
  readonly out_trade_no: string
  /** 1 to 127 characters, shown to the customer. */
  readonly description: string
  readonly amount: {
    /** In the smallest unit of `currency`: an integer above 0. */
    readonly total: number
    /** ISO 4217, such as `HKD`. */
    readonly currency: string
  }
  readonly payer?: {
    /** Quick Pay: the 18 digits of the customer's payment code. Never stored. */
    readonly auth_code?: string
    /** JSAPI and mini program in common mode. */
    readonly openid?: string
    /** JSAPI and mini program in institutional mode: one of these two. */
    readonly sp_openid?: string
    readonly sub_openid?: string
  }
  /** Where WeChat Pay announces the payment. Required for every kind but Quick Pay, which has no callbacks. */
  readonly notify_url?: string
  /** RFC 3339: until when the customer may pay. Not for Quick Pay. Default: the end of the policy's window. */
  readonly time_expire?: string
  /** MCC; the account's own by default. */
  readonly merchant_category_code?: string
  /** Instead of the account's own `appid` (common mode), or the sub-merchant's (institutional mode). */
  readonly appid?: string
  readonly sub_appid?: string
  readonly attach?: string
  readonly goods_tag?: string
  readonly limit_pay?: string
  /** H5 needs `payer_client_ip` and `store_info`. */
  readonly scene_info?: { readonly [field: string]: unknown }
  /** What JSON holds, nested 32 deep at most, as `scene_info`. */
  readonly detail?: readonly unknown[]
}

/** What an order of each kind is called on the wire (`trade_type`). */
export const TRADE_TYPES = {
  quick_pay: 'MICROPAY',
  native: 'NATIVE',
  jsapi: 'JSAPI',
  mini_program: 'JSAPI',
  app: 'APP',
  h5: 'MWEB',
} as const satisfies Record<Kind, string>

/** What the checks need to know of the account that places the order. */
export interface PlacingAccount {
  readonly mode: 'common' | 'institutional'
  /** Whether the account's own `baseUrl` is loopback: then a private `notify_url` is allowed, with a warning. */
  readonly isLocal: boolean
  readonly merchant_category_code: string | undefined
}

/**
 * Checks a placement before anything is written or sent. Source: Global v3, order pages; guide page 5.
 *
 * @returns warnings, each one sentence
 * @throws ORDER_INVALID with one sentence that names the field, its value and what is expected
 */
export function checkPlacement(
  placement: Placement,
  account: PlacingAccount,
  nowMs: number,
): readonly string[] {
  checkKind(placement.kind)
  checkOutTradeNo(placement.out_trade_no)
  checkAmount(placement.amount)
  checkText('description', placement.description, 127)
  for (const [name, max] of [
    ['attach', 127],
    ['goods_tag', 32],
    ['limit_pay', 32],
    ['appid', 32],
    ['sub_appid', 32],
  ] as const) {
    if (placement[name] !== undefined) checkText(name, placement[name], max)
  }
  checkSubMchid(placement.sub_mchid, account.mode)
  const mcc = placement.merchant_category_code ?? account.merchant_category_code
  if (mcc === undefined)
    throw invalid('merchant_category_code', mcc, 'a merchant category code, here or with the account')
  checkText('merchant_category_code', mcc, 16)
  checkPayer(placement, account.mode)
  checkNested('scene_info', placement.scene_info)
  checkNested('detail', placement.detail)
  if (placement.kind === 'quick_pay') {
    if (placement.time_expire !== undefined)
      throw invalid('time_expire', placement.time_expire, 'none: a Quick Pay order lives 45 s')
    return []
  }
  if (placement.kind === 'h5') checkSceneOfH5(placement.scene_info)
  if (placement.time_expire !== undefined) checkTimeExpire(placement.time_expire, nowMs)
  return checkNotifyUrl(placement.notify_url, account.isLocal)
}

/** @throws ORDER_INVALID unless it names an order as WeChat Pay allows it */
export function checkKey({ account, sub_mchid, out_trade_no }: OrderKey): void {
  if (!isMchid(account)) throw invalid('account', account, 'an mchid or sp_mchid')
  if (sub_mchid !== null && !isMchid(sub_mchid))
    throw invalid('sub_mchid', sub_mchid, '1 to 32 letters and digits')
  checkOutTradeNo(out_trade_no)
}

function isMchid(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9A-Za-z]{1,32}$/.test(value)
}

export function checkAmount(amount: Placement['amount']): void {
  const { total, currency } = amount ?? {}
  if (!Number.isSafeInteger(total) || total <= 0 || total > AMOUNT_MAX) {
    throw invalid(
      'amount.total',
      total,
      `an integer from 1 to ${AMOUNT_MAX}, in the smallest unit of the currency`,
    )
  }
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) {
    throw invalid('amount.currency', currency, 'three capital letters (ISO 4217), such as HKD')
  }
}

export function checkKind(kind: unknown): asserts kind is Kind {
  if (!KINDS.some((known) => known === kind)) throw invalid('kind', kind, `one of ${KINDS.join(', ')}`)
}

export function checkSubMchid(sub_mchid: string | null, mode: PlacingAccount['mode']): void {
  if (mode === 'common' && sub_mchid !== null) {
    throw invalid('sub_mchid', sub_mchid, 'none: this account is a merchant of its own (common mode)')
  }
  if (mode === 'institutional' && !isMchid(sub_mchid)) {
    throw invalid('sub_mchid', sub_mchid, 'the sub-merchant, 1 to 32 letters and digits (institutional mode)')
  }
}

function checkOutTradeNo(out_trade_no: unknown): void {
  if (typeof out_trade_no !== 'string' || !/^[0-9A-Za-z_\-|*@]{1,32}$/.test(out_trade_no)) {
    throw invalid('out_trade_no', out_trade_no, '1 to 32 letters, digits or _ - | * @')
  }
}

/** Text that WeChat Pay takes: characters of 1 to 3 bytes in UTF-8 (no emoji), no control characters. */
function checkText(name: string, text: unknown, charactersMax: number): void {
  if (typeof text !== 'string' || text.length < 1 || text.length > charactersMax) {
    throw invalid(name, text, `1 to ${charactersMax} characters`)
  }
  if (/[\p{Cc}\p{Cs}\u{10000}-\u{10FFFF}]/u.test(text)) {
    throw invalid(
      name,
      text,
      'characters of 1 to 3 bytes in UTF-8: no emoji, no control characters (guide 6.8)',
    )
  }
}

/** The texts inside a structure, keys included; its shape is WeChat Pay's to judge. */
function checkNested(name: string, value: unknown): void {
  if (value === undefined) return
  const json = isDeeper(value, NESTED_MAX) ? null : jsonOf(value)
  if (json === null) throw invalid(name, value, `what JSON holds, nested ${NESTED_MAX} deep at most`)
  if (/[\u{10000}-\u{10FFFF}]/u.test(json)) {
    throw invalid(name, value, 'characters of 1 to 3 bytes in UTF-8: no emoji (guide 6.8)')
  }
}

/** Far beyond WeChat Pay's own structures, far from the end of the stack. */
const NESTED_MAX = 32

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1))
}

/** Null for what JSON doesn't hold: a bigint, a symbol, a function. */
function jsonOf(value: unknown): string | null {
  try {
    return JSON.stringify(value) ?? null
  } catch {
    return null
  }
}

function checkPayer(placement: Placement, mode: PlacingAccount['mode']): void {
  const { kind } = placement
  const payer = placement.payer ?? {}
  const { auth_code } = payer
  if (kind === 'quick_pay') {
    if (typeof auth_code !== 'string' || !/^1[0-5][0-9]{16}$/.test(auth_code)) {
      // The code itself is money: the message tells its length and prefix only.
      const got =
        typeof auth_code === 'string'
          ? `has ${auth_code.length} characters beginning "${auth_code.slice(0, 2)}"`
          : 'is missing'
      throw new VerdictError(
        'ORDER_INVALID',
        `payer.auth_code ${got}; expected 18 digits beginning with 10 to 15 (guide 5.1, 5.2)`,
      )
    }
    return
  }
  // It would be written down with the request's bytes; a payment code never is.
  if (auth_code !== undefined) {
    throw new VerdictError(
      'ORDER_INVALID',
      `payer.auth_code is given; expected none: it is for quick_pay, not ${kind}`,
    )
  }
  if (kind !== 'jsapi' && kind !== 'mini_program') return
  if (mode === 'common') {
    checkText('payer.openid', payer.openid, 128)
  } else {
    checkText('payer.sp_openid or payer.sub_openid', payer.sp_openid ?? payer.sub_openid, 128)
  }
}

function checkSceneOfH5(scene: Placement['scene_info']): void {
  const store = scene?.store_info
  const { name, address } =
    typeof store === 'object' && store !== null ? { name: '', address: '', ...store } : {}
  if (typeof scene?.payer_client_ip !== 'string' || !name || !address) {
    throw invalid('scene_info', scene, 'payer_client_ip and store_info with name and address (H5)')
  }
}

function checkTimeExpire(time_expire: unknown, nowMs: number): void {
  const atMs = typeof time_expire === 'string' ? expiryMs(time_expire) : null
  if (atMs === null)
    throw invalid('time_expire', time_expire, 'a moment such as 2026-06-08T10:34:56+08:00 (RFC 3339)')
  if (atMs <= nowMs)
    throw invalid('time_expire', time_expire, `a moment after now, ${new Date(nowMs).toISOString()}`)
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/

/** Epoch ms of an RFC 3339 moment; null if it is none. */
export function expiryMs(time_expire: string): number | null {
  const atMs = RFC_3339.test(time_expire) ? Date.parse(time_expire) : Number.NaN
  if (Number.isNaN(atMs)) return null
  // The 30th of February would be read as the 2nd of March.
  const day = time_expire.slice(0, 'yyyy-mm-dd'.length)
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day) ? atMs : null
}

/**
 * Guide 5.7 to 5.10.
 *
 * @returns warnings
 * @throws ORDER_INVALID
 */
export function checkNotifyUrl(notify_url: string | undefined, isLocal: boolean): readonly string[] {
  const expected = 'a complete public address such as https://pay.example.com/wechatpay (guide 5.8)'
  // The parser forgives blanks and backslashes; WeChat Pay is sent the text as it is.
  if (
    typeof notify_url !== 'string' ||
    !/^https?:\/\/[!-[\]-~]+$/.test(notify_url) ||
    !URL.canParse(notify_url)
  ) {
    throw invalid('notify_url', notify_url, expected)
  }
  const url = new URL(notify_url)
  // A login is a secret: the message doesn't repeat it.
  if (url.username !== '' || url.password !== '') {
    throw invalid('notify_url', `${url.protocol}//…@${url.host}${url.pathname}`, 'an address without a login')
  }
  if (url.search !== '' || url.hash !== '' || notify_url.includes('?')) {
    throw invalid('notify_url', notify_url, 'an address without query parameters (guide 5.9)')
  }
  if (url.pathname === '/') throw invalid('notify_url', notify_url, 'an address with a path (guide 5.10)')
  if (notify_url.length > NOTIFY_URL_MAX)
    throw invalid('notify_url', notify_url, `at most ${NOTIFY_URL_MAX} characters`)
  if (isPublicHost(url.hostname)) return []
  if (!isLocal) throw invalid('notify_url', notify_url, expected)
  return [
    `notify_url is ${notify_url}: WeChat Pay itself could not reach it; allowed because this account's baseUrl is loopback`,
  ]
}

/** WeChat Pay's mainland limit; Global names none. */
const NOTIFY_URL_MAX = 255
/** Far above any payment, far below what a double can't count. */
const AMOUNT_MAX = 100_000_000_000

/** Whether a host name can be reached from the internet, as far as the name tells. */
export function isPublicHost(hostname: string): boolean {
  const host = hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
  if (host.includes(':'))
    return !/^(::|::1|f[cd][0-9a-f]{2}:.*|fe[89ab][0-9a-f]:.*|::ffff:.*|64:ff9b:.*)$/.test(host)
  const octets = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host)?.slice(1).map(Number)
  if (octets === undefined)
    return (
      host.includes('.') && !/(^|\.)(localhost|local|internal|lan|home|corp|test|invalid|example)$/.test(host)
    )
  const [a = 0, b = 0] = octets
  const isPrivate =
    a === 0 ||
    a === 10 ||
    a === 127 ||
    a >= 224 ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b <= 31)
  return !isPrivate && !(a === 192 && b === 168) && !(a === 100 && b >= 64 && b <= 127)
}

function invalid(field: string, value: unknown, expected: string): VerdictError {
  return new VerdictError('ORDER_INVALID', `${field} is ${shown(value ?? undefined)}; expected ${expected}`)
}
