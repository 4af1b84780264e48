import type { Evidence, Order, PlatformKey } from '../../api/types.ts'

/*
 * Checks stored evidence again, here in the browser: WeChat Pay's signature with WebCrypto, and what the signed text says
 * about this order. Believes the service nothing but which public key belongs to WeChat Pay, and, for a callback, what its
 * encrypted text says: the APIv3 key that opens it never leaves the service.
 */

export type Result = 'right' | 'wrong' | 'absent'

export interface Check {
  readonly what: 'signature' | 'number' | 'merchant' | 'amount'
  readonly result: Result
  /** What the signed text says, where it says anything. */
  readonly found: string | null
}

export interface Checked {
  /** What the statement is about: nothing that can be read, an order, a refund, or a refusal with its code. */
  readonly about: 'order' | 'refund' | 'refusal' | 'nothing'
  /** A `trade_state`, a refund's status, or a code. */
  readonly says: string | null
  readonly checks: readonly Check[]
  /** Of a callback the signature covers the encrypted text; that this is what it says, is the service's word. */
  readonly openedByService: boolean
  /** SHA-256 of the public key, to be compared with the merchant platform's; null without a key. */
  readonly fingerprint: string | null
}

/** Whether all signatures hold and the verdict follows from them; `because` names the first thing that doesn't. */
export interface Outcome {
  readonly pieces: readonly Checked[]
  /** Which piece states the verdict; null for none. */
  readonly provenBy: number | null
  readonly because: 'proven' | 'no-verdict' | 'broken' | 'contradicted' | 'unstated'
}

/** Only pages from https or from the machine itself may use cryptography. */
export function canVerify(): boolean {
  return globalThis.crypto?.subtle !== undefined
}

export async function verifyAll(
  order: Order,
  evidence: readonly Evidence[],
  keys: readonly PlatformKey[],
): Promise<Outcome> {
  const pieces = await Promise.all(evidence.map((piece) => check(order, piece, keys)))
  const { verdict } = order
  if (verdict === null) return { pieces, provenBy: null, because: isBroken(pieces) ? 'broken' : 'no-verdict' }
  if (isBroken(pieces)) return { pieces, provenBy: null, because: 'broken' }
  // What came after the verdict can't have made it: late money is a story of its own.
  const before = (i: number): boolean => (evidence[i]?.receivedAt ?? '') <= verdict.at
  if (verdict.state === 'NOT_CREATED') return absence(pieces, before)
  const final = pieces.findLastIndex(
    ({ about, says }, i) => before(i) && about === 'order' && finalMeaning(says) !== null && names(pieces[i]),
  )
  const meaning = finalMeaning(pieces[final]?.says ?? null)
  if (meaning === null) return { pieces, provenBy: null, because: 'unstated' }
  if (meaning !== verdict.state) return { pieces, provenBy: null, because: 'contradicted' }
  return { pieces, provenBy: final, because: 'proven' }
}

function isBroken(pieces: readonly Checked[]): boolean {
  return pieces.some(({ checks }) =>
    checks.some(({ what, result }) => what === 'signature' && result !== 'right'),
  )
}

/** A final statement counts only if its signed text names this very order. */
function names(piece: Checked | undefined): boolean {
  return (
    piece?.checks.every(
      ({ result, what }) => result === 'right' || (what === 'amount' && result === 'absent'),
    ) ?? false
  )
}

/** Two signed "no such order", and no statement that it was ever there. When they count, the service checks. */
function absence(pieces: readonly Checked[], before: (i: number) => boolean): Outcome {
  const stated = pieces.some(({ about }, i) => about === 'order' && before(i))
  const denials = pieces.flatMap(({ says }, i) => (before(i) && NO_SUCH_ORDER.has(says ?? '') ? [i] : []))
  if (stated) return { pieces, provenBy: null, because: 'contradicted' }
  if (denials.length < 2) return { pieces, provenBy: null, because: 'unstated' }
  return { pieces, provenBy: denials.at(-1) ?? null, because: 'proven' }
}

const NO_SUCH_ORDER: ReadonlySet<string> = new Set(['ORDER_NOT_EXIST', 'NOT_FOUND'])

function finalMeaning(says: string | null): string | null {
  switch (says) {
    case 'SUCCESS':
    case 'REFUND':
      return 'SUCCESS'
    case 'CLOSED':
    case 'REVOKED':
      return says
    default:
      return null
  }
}

async function check(order: Order, piece: Evidence, keys: readonly PlatformKey[]): Promise<Checked> {
  const pem = keys.find(({ serial }) => serial === piece.serial)?.publicKey
  const der = pem === undefined ? null : derOf(pem)
  const signature: Check = {
    what: 'signature',
    result: der === null ? 'absent' : (await isSigned(piece, der)) ? 'right' : 'wrong',
    found: piece.serial,
  }
  const said = objectIn(piece.opened)
  return {
    ...meaningOf(said),
    checks: [signature, ...(said === null ? [] : comparisons(order, said, piece))],
    openedByService: piece.source === 'callback',
    fingerprint: der === null ? null : await fingerprintOf(der),
  }
}

/** RSASSA-PKCS1-v1_5 with SHA-256 over `timestamp\nnonce\nbody\n`. */
async function isSigned(
  { timestamp, nonce, body, signature }: Evidence,
  der: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  // Without line ends in the first two parts there is one way only to cut the signed message into three.
  if (!/^\d{1,12}$/.test(timestamp) || /[\r\n]/.test(nonce)) return false
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  try {
    const key = await crypto.subtle.importKey('spki', der, algorithm, false, ['verify'])
    const message = new TextEncoder().encode(`${timestamp}\n${nonce}\n${body}\n`)
    return await crypto.subtle.verify(algorithm, key, bytesOf(signature), message)
  } catch {
    // A key or signature that can't be read verifies nothing.
    return false
  }
}

type Said = Readonly<Record<string, unknown>>

function meaningOf(said: Said | null): Pick<Checked, 'about' | 'says'> {
  if (said === null) return { about: 'nothing', says: null }
  if (typeof said.trade_state === 'string') return { about: 'order', says: said.trade_state }
  if (said.out_refund_no !== undefined || said.refund_id !== undefined || said.total_num !== undefined)
    return { about: 'refund', says: text(said.status) ?? text(said.refund_status) }
  return typeof said.code === 'string'
    ? { about: 'refusal', says: said.code }
    : { about: 'nothing', says: null }
}

function comparisons(order: Order, said: Said, { request }: Evidence): readonly Check[] {
  const { about } = meaningOf(said)
  // A refusal's text names nothing; our own question does, and nobody signed that.
  if (about === 'refusal' || about === 'nothing')
    return [{ what: 'number', result: 'absent', found: request }]
  const number = compared('number', order.out_trade_no, text(said.out_trade_no))
  const theirs = order.sub_mchid === null ? [said.mchid] : [said.sp_mchid, said.sub_mchid]
  const ours = order.sub_mchid === null ? [order.account] : [order.account, order.sub_mchid]
  const merchant = compared(
    'merchant',
    ours.join(' / '),
    theirs.some((id) => text(id) === null) ? null : theirs.join(' / '),
  )
  const amount = typeof said.amount === 'object' && said.amount !== null ? (said.amount as Said) : {}
  const { total, currency } = order.amount
  const found = amount.total === undefined ? null : `${amount.total} ${amount.currency ?? ''}`.trim()
  return [
    number,
    merchant,
    compared('amount', amount.currency === undefined ? `${total}` : `${total} ${currency}`, found),
  ]
}

function compared(what: Check['what'], expected: string, found: string | null): Check {
  return { what, result: found === null ? 'absent' : found === expected ? 'right' : 'wrong', found }
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function objectIn(json: string | null): Said | null {
  try {
    // A byte order mark before it is no part of it, as in the core.
    const value: unknown = JSON.parse((json ?? '').replace(/^\uFEFF/, ''))
    return typeof value === 'object' && value !== null ? (value as Said) : null
  } catch {
    return null
  }
}

function derOf(pem: string): Uint8Array<ArrayBuffer> | null {
  const [, base64] = /-----BEGIN PUBLIC KEY-----([\sA-Za-z0-9+/=]+)-----END PUBLIC KEY-----/.exec(pem) ?? []
  return base64 === undefined ? null : bytesOf(base64)
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64.replaceAll(/\s/g, '')), (letter) => letter.charCodeAt(0))
}

async function fingerprintOf(der: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', der))
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
