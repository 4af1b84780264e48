import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import type { Entry, News } from './books.ts'
import type { Luck } from './chance.ts'
import { oddJson } from './odd-json.ts'
import type { RefundStatus } from './refunds.ts'
import { rsa, type Signed, type Stamp, stamped } from './stamp.ts'
import { momentOf, statement } from './words.ts'

/** What goes to a `notify_url`: section 12, and what somebody sends who wants to be taken for WeChat Pay. */

/** What is wrong with a letter that must be refused, and whether the rest of it is WeChat Pay's own. */
export const TWISTS = [
  'forged',
  'probe',
  'strange serial',
  'unsigned',
  'half signed',
  'two serials',
  'changed body',
  'old',
  'from the future',
  'wrong key',
  'other associated_data',
  'other algorithm',
  'no JSON',
  'other amount',
  'other currency',
  'another merchant',
  'another of our merchants',
  'unknown order',
] as const

export type Twist = (typeof TWISTS)[number]

export interface Event {
  readonly id: string
  readonly entry: Entry
  readonly what: 'payment' | 'refund'
  readonly refund: Extract<News, { what: 'refund' }> | null
  readonly atMs: number
}

export interface Written {
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
}

export interface Hand {
  readonly luck: Luck
  readonly stamp: Stamp
  readonly apiV3Key: string
  readonly nowMs: number
  /** Whose letters go to the same address. */
  readonly other: { readonly owner: Entry['owner']; readonly apiV3Key: string }
}

const stranger = rsa()

/** The same event always gives the same `id`; nonces, times and signatures are new with every letter. */
export function written(event: Event, hand: Hand, twist: Twist | null): Written {
  const { luck, stamp, nowMs } = hand
  const body =
    twist === 'no JSON' ? Buffer.from('<xml>SUCCESS</xml>') : Buffer.from(envelope(event, hand, twist))
  const ageMs = twist === 'old' ? luck.between(420_000, 7_200_000) : 0
  const aheadMs = twist === 'from the future' ? luck.between(420_000, 7_200_000) : 0
  const key = twist === 'forged' ? { ...stamp, secret: stranger.secret } : stamp
  const signed = stamped(key, twist === 'changed body' ? `${body} ` : body, nowMs - ageMs + aheadMs)
  return { headers: headersOf(signed, hand, twist), body }
}

function headersOf(
  signed: Signed,
  { luck }: Hand,
  twist: Twist | null,
): readonly (readonly [string, string])[] {
  const probe = `WECHATPAY/SIGNTEST/${signed.signature.slice(0, 300)}`
  const serial = twist === 'strange serial' ? randomBytes(20).toString('hex').toUpperCase() : signed.serial
  const headers: (readonly [string, string])[] = [
    ['Wechatpay-Timestamp', signed.timestamp],
    ['Wechatpay-Nonce', signed.nonce],
    ['Wechatpay-Signature', twist === 'probe' ? probe : signed.signature],
    ['Wechatpay-Serial', serial],
  ]
  if (twist === 'unsigned') headers.length = 0
  if (twist === 'half signed') headers.splice(Math.floor(luck.between(0, 4)), 1)
  if (twist === 'two serials') headers.push(['Wechatpay-Serial', randomBytes(20).toString('hex')])
  if (luck.chance(0.7)) headers.push(['Wechatpay-Signature-Type', 'WECHATPAY2-SHA256-RSA2048'])
  headers.push(['Request-ID', `08${luck.draw().toString(36).slice(2)}-0`])
  headers.push(['Content-Type', luck.pick(['application/json', 'application/json; charset=utf-8'])])
  headers.push(['Accept', '*/*'], ['User-Agent', 'Mozilla/4.0'])
  return headers
}

function envelope(event: Event, hand: Hand, twist: Twist | null): string {
  const { luck, nowMs } = hand
  const { what, refund } = event
  const type = what === 'payment' ? 'transaction' : 'refund'
  const word = refund === null ? 'SUCCESS' : wordOf(refund.status)
  const text = oddJson(what === 'payment' ? payment(event, hand, twist) : refunded(event, hand, twist), luck)
  return oddJson(
    {
      id: event.id,
      create_time: momentOf(nowMs, luck),
      resource_type: 'encrypt-resource',
      event_type: `${type.toUpperCase()}.${word}`,
      summary: luck.pick(['支付成功', '退款成功', 'paid']),
      resource: encrypted(text, type, hand, twist),
      ...(luck.chance(0.3) && { trace: { hops: ['sz', 'hk'], retried: null } }),
    },
    luck,
  )
}

function encrypted(text: string, type: string, hand: Hand, twist: Twist | null): object {
  const { luck, other } = hand
  const apiV3Key = twist === 'another of our merchants' && luck.chance(0.5) ? other.apiV3Key : hand.apiV3Key
  const nonce = randomBytes(6).toString('hex')
  const associated_data = luck.pick([type, type, '', null])
  const key = createHash('sha256').update(apiV3Key).digest()
  const cipher = createCipheriv('aes-256-gcm', twist === 'wrong key' ? key : Buffer.from(apiV3Key), nonce)
  cipher.setAAD(Buffer.from(associated_data ?? ''))
  const bytes = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
  const told = twist === 'other associated_data' ? 'certificate' : associated_data
  return {
    original_type: type,
    algorithm: twist === 'other algorithm' ? 'AEAD_SM4_GCM' : 'AEAD_AES_256_GCM',
    ciphertext: bytes.toString('base64'),
    ...(told !== null && { associated_data: told }),
    nonce,
  }
}

function payment(event: Event, hand: Hand, twist: Twist | null): object {
  const { luck } = hand
  const { entry } = event
  // What is told of an order that nobody paid is a lie, and has to look like the truth.
  const paid = { ...entry, paidAtMs: entry.paidAtMs ?? event.atMs, ...twistedOrder(entry, hand, twist) }
  const manners = { idName: luck.pick(['id', 'transaction_id'] as const) }
  return JSON.parse(statement({ luck, manners }, paid, 'SUCCESS', null)) as object
}

function refunded({ entry, refund: news }: Event, hand: Hand, twist: Twist | null): object {
  const { luck } = hand
  if (news === null) throw new Error('no refund')
  const { refund, status, atMs } = news
  const { owner, number, currency } = { ...entry, ...twistedOrder(entry, hand, twist) }
  const cents = refund.cents + (twist === 'other amount' ? 1 : 0)
  const money = { payer_total: entry.total * 9, payer_refund: cents * 9, payer_currency: 'CNY' }
  return {
    ...owner,
    out_trade_no: number,
    transaction_id: entry.id,
    out_refund_no: refund.number,
    [luck.pick(['refund_id', 'refund_id', 'id'])]: refund.id,
    refund_status: wordOf(status),
    success_time: status === 'SUCCESS' ? momentOf(atMs, luck) : null,
    [luck.pick(['recv_account', 'user_received_account'])]: '招商银行信用卡0403',
    amount: { total: entry.total, refund: cents, currency, ...money },
    ...(luck.chance(0.3) && { x_more: [{}] }),
  }
}

function twistedOrder(
  { owner, number, total, currency }: Entry,
  { luck, other }: Hand,
  twist: Twist | null,
): Pick<Entry, 'owner' | 'number' | 'total' | 'currency'> {
  const same = { owner, number, total, currency }
  switch (twist) {
    case 'other amount':
      return { ...same, total: luck.pick([total + 1, total * 100, total + 10_000]) }
    case 'other currency':
      return { ...same, currency: currency === 'USD' ? 'HKD' : 'USD' }
    case 'another merchant': {
      const names = Object.keys(owner)
      const name = luck.pick(names as [string, ...string[]])
      return { ...same, owner: { ...owner, [name]: '1900005555' } }
    }
    case 'another of our merchants':
      return { ...same, owner: other.owner }
    case 'unknown order':
      return { ...same, number: `N${createHash('sha256').update(number).digest('hex').slice(0, 20)}` }
    default:
      return same
  }
}

/** Callbacks say CLOSED where queries say REFUNDCLOSE. */
export function wordOf(status: RefundStatus): string {
  return status === 'REFUNDCLOSE' ? 'CLOSED' : status
}
