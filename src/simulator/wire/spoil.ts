import { type Clock, sleep } from '../../clock.ts'
import type { CallFaultName, Fault } from '../faults.ts'
import { RATE_LIMITED, refusalError, SYSTEM_ERROR } from './api-error.ts'
import type { WireAnswer, WireReply } from './exchange.ts'
import { errorReply } from './perform.ts'
import {
  coveredOf,
  type ReplyKey,
  type ReplySigning,
  signedReply,
  type Unsigned,
  unsignedReply,
} from './sign-reply.ts'

/** What a reply needs on its way out. */
export interface Delivery {
  readonly key: ReplyKey
  readonly signing: ReplySigning
  readonly clock: Clock
}

const BEFORE: ReadonlySet<CallFaultName> = new Set<CallFaultName>([
  'noReplyBefore',
  'resetBefore',
  'systemErrorBefore',
  'badGatewayBefore',
  'rateLimited',
])

/** Whether the fault strikes before anything was done. */
export function isBeforeEffect({ name }: Fault): boolean {
  return BEFORE.has(name)
}

/** An order stays "unknown" to queries no longer than this after its creation. */
export const UNKNOWN_ORDER_MS_MAX = 60_000

type Spoiler = (reply: Unsigned, delivery: Delivery, degree: number) => WireAnswer | Promise<WireAnswer>

const SPOILERS: Readonly<Record<CallFaultName, Spoiler>> = {
  noReplyBefore: () => ({ connection: 'hang' }),
  noReplyAfter: () => ({ connection: 'hang' }),
  resetBefore: () => ({ connection: 'reset' }),
  resetAfter: () => ({ connection: 'reset' }),
  slowReply: slow,
  systemErrorBefore: (_, { key, signing }) => signedReply(errorReply(SYSTEM_ERROR), key, signing),
  systemErrorAfter: (_, { key, signing }) => signedReply(errorReply(SYSTEM_ERROR), key, signing),
  badGatewayBefore: (_, delivery) => page(502, 'Bad Gateway', delivery),
  badGatewayAfter: (_, delivery) => page(502, 'Bad Gateway', delivery),
  rateLimited: (_, { key, signing }) => signedReply(errorReply(RATE_LIMITED), key, signing),
  rateLimitedAfter: (_, { key, signing }) => signedReply(errorReply(RATE_LIMITED), key, signing),
  wrongSignature: (reply, { key, signing }) => signedReply(reply, key, signing, `${coveredOf(reply)} `),
  signatureProbe: probe,
  unreadableBody: unreadable,
  unsignedPage: (_, delivery) => page(200, 'Please log in to the network', delivery),
  unknownOrder: (_, { key, signing }) => signedReply(errorReply(NOT_YET_KNOWN), key, signing),
}

const NOT_YET_KNOWN = refusalError({ code: 'ORDER_NOT_EXIST', message: 'The order does not exist' })

/** The reply as it leaves: whole, or spoiled by the fault. */
export async function deliver(reply: Unsigned, fault: Fault | null, delivery: Delivery): Promise<WireAnswer> {
  if (!fault) return signedReply(reply, delivery.key, delivery.signing)
  return SPOILERS[fault.name](reply, delivery, fault.degree)
}

const SLOW_MS_MIN = 3_000
const SLOW_MS_MAX = 12_000

async function slow(reply: Unsigned, { key, signing, clock }: Delivery, degree: number): Promise<WireReply> {
  const signed = await signedReply(reply, key, signing)
  await sleep(clock, SLOW_MS_MIN + degree * (SLOW_MS_MAX - SLOW_MS_MIN))
  return signed
}

/** WeChat Pay's own test of its callers: a value that is no signature at all. */
async function probe(reply: Unsigned, { key, signing }: Delivery): Promise<WireReply> {
  const signed = await signedReply(reply, key, signing)
  const value = `WECHATPAY/SIGNTEST/${signed.headers['Wechatpay-Signature']?.slice('WECHATPAY/SIGNTEST/'.length)}`
  return { ...signed, headers: { ...signed.headers, 'Wechatpay-Signature': value } }
}

/** JSON that breaks off, or no JSON at all; the signature over it is right. Of a file it is: over the hash of all of it. */
function unreadable(
  { status, body, file }: Unsigned,
  { key, signing }: Delivery,
  degree: number,
): Promise<WireReply> {
  const cut = body.slice(0, Math.floor(body.length * degree))
  if (file !== undefined) return signedReply({ status, body: cut, number: 0, file }, key, signing)
  const broken = degree < 0.5 ? '<xml><return_code>SUCCESS</return_code></xml>' : cut || '{'
  return signedReply({ status: status === 204 ? 200 : status, body: broken, number: 0 }, key, signing)
}

function page(status: number, title: string, { signing }: Delivery): WireReply {
  const body = `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`
  return unsignedReply({ status, body, number: 0 }, signing, 'text/html')
}
