import type { KeyObject } from 'node:crypto'
import { privateKeyFrom, replyMessage, signMessage } from '../../wechatpay/signing.ts'
import type { CallbackFault, CallbackFaultName } from '../faults.ts'
import { type ReplyKey, type ReplySigning, signedReply } from '../wire/sign-reply.ts'
import { envelopeOf, idOf, type Notice } from './notice.ts'

/** One POST. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether it is what WeChat Pay has to say: its acknowledgement ends the callback. */
  readonly genuine: boolean
}

/** The messages of one attempt, one after the other or at the same time. */
export interface Volley {
  readonly messages: readonly Message[]
  readonly atOnce: boolean
}

/** Faults of the messages themselves; the others decide whether and when anything is sent. */
export type MessageFaultName = Exclude<
  CallbackFaultName,
  'callbackLost' | 'callbackLostAtFirst' | 'callbackLate' | 'callbackOutOfOrder'
>

export interface Post {
  readonly notice: Notice
  readonly key: ReplyKey
  readonly signing: ReplySigning
}

type Writer = (post: Post, degree: number) => Promise<Message>

const BAD: Readonly<Record<Exclude<MessageFaultName, 'callbackTwice' | 'callbackParallel'>, Writer>> = {
  callbackForged: forged,
  callbackWrongSerial: (post) =>
    changed(post, { 'Wechatpay-Serial': 'PUB_KEY_ID_0000000000000000000000000000' }),
  callbackChanged: changedBody,
  callbackOldTimestamp: old,
  callbackOtherAmount: (post) => told(post, { amount: otherAmount(post.notice) }),
  callbackOtherCurrency: (post) => told(post, { amount: otherCurrency(post.notice) }),
  callbackUnknownOrder: (post) => genuine(ofAnotherSystem(post)),
  callbackProbe: probe,
}

/** @param fault null for the callback as it should be */
export async function volleyOf(post: Post, fault: CallbackFault | null): Promise<Volley> {
  if (fault === null) return { messages: [await genuine(post)], atOnce: false }
  const name = fault.name
  if (name === 'callbackTwice' || name === 'callbackParallel') {
    const messages = [await genuine(post), await genuine(post)]
    return { messages, atOnce: name === 'callbackParallel' }
  }
  if (!isBad(name)) throw new Error(`${name} is no fault of a message`)
  const message = await BAD[name](post, fault.degree)
  return { messages: [{ ...message, genuine: false }], atOnce: false }
}

function isBad(name: CallbackFaultName): name is keyof typeof BAD {
  return name in BAD
}

async function genuine({ notice, key, signing }: Post): Promise<Message> {
  const body = envelopeOf(notice, signing.keys.apiV3Key, signing.nonce())
  const { headers } = await signedReply({ status: 200, body, number: 0 }, key, signing)
  const { Date: _, ...own } = headers
  return { headers: own, body, genuine: true }
}

async function changed(post: Post, headers: Readonly<Record<string, string>>): Promise<Message> {
  const message = await genuine(post)
  return { ...message, headers: { ...message.headers, ...headers } }
}

/** Rightly signed, but not what happened. */
function told(post: Post, instead: Readonly<Record<string, unknown>>): Promise<Message> {
  const { notice } = post
  return genuine({ ...post, notice: { ...notice, content: { ...notice.content, ...instead } } })
}

/** Somebody else's key signed it: half of them know the APIv3 key, too. Here it is the merchant's own. */
async function forged(post: Post, degree: number): Promise<Message> {
  const message = await genuine(post)
  const body = degree < 0.5 ? message.body : withoutKey(message.body)
  const timestamp = message.headers['Wechatpay-Timestamp'] ?? ''
  const nonce = message.headers['Wechatpay-Nonce'] ?? ''
  const signature = signMessage(strangersKey(post), replyMessage({ timestamp, nonce, body }))
  return { ...message, body, headers: { ...message.headers, 'Wechatpay-Signature': signature } }
}

function strangersKey({ signing }: Post): KeyObject {
  return privateKeyFrom(signing.keys.credentials.merchantKey, 'merchant_key.pem')
}

/** A resource that no key opens. */
function withoutKey(body: string): string {
  const { resource, ...envelope } = JSON.parse(body)
  const ciphertext = Buffer.from(resource.ciphertext, 'base64')
  ciphertext[0] = (ciphertext[0] ?? 0) ^ 1
  return JSON.stringify({ ...envelope, resource: { ...resource, ciphertext: ciphertext.toString('base64') } })
}

/** Changed on the way: the resource itself, or only what stands around it. */
async function changedBody(post: Post, degree: number): Promise<Message> {
  const message = await genuine(post)
  const body =
    degree < 0.5
      ? withoutKey(message.body)
      : message.body.replace('"encrypt-resource"', '"encrypt-resource "')
  return { ...message, body }
}

const OLD_MS_MIN = 301_000
const OLD_MS_MAX = 3_600_000

/** Somebody repeats what he overheard: rightly signed, long ago. */
function old(post: Post, degree: number): Promise<Message> {
  const agoMs = OLD_MS_MIN + degree * (OLD_MS_MAX - OLD_MS_MIN)
  const nowMs = (): number => post.signing.nowMs() - agoMs
  return genuine({ ...post, signing: { ...post.signing, nowMs } })
}

function amountIn({ content }: Notice): Readonly<Record<string, unknown>> {
  return typeof content.amount === 'object' && content.amount !== null ? { ...content.amount } : {}
}

const AMOUNTS = ['total', 'refund', 'payer_total', 'payer_refund', 'settlement_refund']

function otherAmount(notice: Notice): Readonly<Record<string, unknown>> {
  const members = Object.entries(amountIn(notice))
  return Object.fromEntries(
    members.map(([name, value]) => [name, AMOUNTS.includes(name) ? Number(value) + 1 : value]),
  )
}

function otherCurrency(notice: Notice): Readonly<Record<string, unknown>> {
  const amount = amountIn(notice)
  return { ...amount, currency: amount.currency === 'USD' ? 'JPY' : 'USD' }
}

/** The merchant has other systems on the same account, and one of them named our address. */
function ofAnotherSystem(post: Post): Post {
  const { notice } = post
  const number = idOf(`another system's ${notice.id}`)
  const others = { out_trade_no: `OTHER-${number.slice(0, 8)}`, ...theirs(notice, number) }
  return { ...post, notice: { ...notice, id: number, content: { ...notice.content, ...others } } }
}

function theirs({ content }: Notice, number: string): Readonly<Record<string, string>> {
  const digits = BigInt(`0x${number.replaceAll('-', '')}`)
    .toString()
    .slice(0, 18)
  const names = ['id', 'transaction_id', 'refund_id'].filter((name) => name in content)
  const ids = Object.fromEntries(names.map((name) => [name, `4299999999${digits}`]))
  return 'out_refund_no' in content ? { ...ids, out_refund_no: `OTHER-R-${number.slice(0, 8)}` } : ids
}

const PROBE = 'WECHATPAY/SIGNTEST/'

/** WeChat Pay's own test of its receivers: a value that is no signature at all. */
async function probe(post: Post): Promise<Message> {
  const message = await genuine(post)
  const signature = message.headers['Wechatpay-Signature']?.slice(PROBE.length)
  return { ...message, headers: { ...message.headers, 'Wechatpay-Signature': `${PROBE}${signature}` } }
}
