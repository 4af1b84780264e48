import { UNKNOWN_MS, USABLE_MS } from './core/decide.ts'
import { type FinalOrder, isFinal, nameOf, type Order } from './core/order.ts'
import type { Evidence, TradeStatement } from './core/outcome.ts'
import { reactionTo } from './core/reaction.ts'
import { type Amount, amountStated } from './core/resolving.ts'
import { spokenAtMs } from './core/scene.ts'
import { fitOf } from './core/statement.ts'
import { meaningOf, type TradeMeaning } from './core/trade-state.ts'
import { VerdictError } from './errors.ts'
import type { PlatformKey } from './store/store.ts'
import { callbackTextOf } from './wechatpay/callback-envelope.ts'
import { checkEvidence } from './wechatpay/evidence.ts'
import { jsonObjectFrom, textOf } from './wechatpay/json.ts'
import { apiV3Key } from './wechatpay/resource.ts'
import { CLOCK_SKEW_MS_MAX } from './wechatpay/signing.ts'
import { tradeStatementFrom } from './wechatpay/trade-statement.ts'

/** Whether stored evidence proves an order's verdict, and in words why. */
export interface Proof {
  readonly holds: boolean
  readonly because: string
}

/**
 * Checks an order's verdict again, offline: the signature over the stored bytes with the stored public key, and that
 * the signed bytes state this verdict for this order. Believes nothing that the order's own row says about its evidence.
 *
 * @param keyOfCallbacks the account's APIv3 key of the time of the verdict: a verdict that was learnt by a callback rests on an
 * encrypted statement, and doesn't hold without it
 * @throws KEY_INVALID if it is no APIv3 key
 */
export function proofOf(
  order: Order,
  evidence: readonly Evidence[],
  keys: readonly PlatformKey[],
  keyOfCallbacks?: string,
): Proof {
  if (!isFinal(order)) return no(`${nameOf(order)} is ${order.state}; it has no verdict to prove`)
  const broken = brokenEvidence(order, evidence, keys)
  if (broken !== null) return no(broken)
  // What came after the verdict can't have made it: late money is a story of its own.
  const before = evidence.filter(({ receivedAtMs }) => receivedAtMs <= order.verdict.atMs)
  const read = statementsWith(keyOfCallbacks)
  return order.state === 'NOT_CREATED'
    ? proofOfAbsence(order, before, read)
    : proofOfState(order, before, read)
}

/** What a signed statement says about the state of an order; null if nothing, or it can't be read. */
type Read = (piece: Evidence) => TradeStatement | null

/** A callback's signed bytes are encrypted: only the APIv3 key of its time opens them. */
function statementsWith(given: string | undefined): Read {
  const opened = openedWith(given)
  return (piece) => {
    const text = opened(piece)
    const json = text === null ? null : jsonObjectFrom(text)
    return json === null ? null : tradeStatementFrom(json)
  }
}

/**
 * The latest of an order's statements that states an amount; null if none does.
 *
 * @param keyOfCallbacks the account's APIv3 key: without it callbacks say nothing
 */
export function latestAmountIn(
  evidence: readonly Evidence[],
  keyOfCallbacks?: string,
): TradeStatement | null {
  const read = statementsWith(keyOfCallbacks)
  const statements = evidence.toReversed().map(read)
  return statements.find((statement) => statement?.amount?.total !== undefined) ?? null
}

/**
 * The amount that whoever accepts the evidence of an order marked `amount_mismatch` accepts, as things stand: the latest that
 * WeChat Pay signed about it. Null where no statement gives it one, and for every other order.
 *
 * @param keyOfCallbacks as of `latestAmountIn`
 */
export function amountToAccept(
  order: Order,
  evidence: readonly Evidence[],
  keyOfCallbacks?: string,
): Amount | null {
  if (isFinal(order) || order.attention !== 'amount_mismatch') return null
  return amountStated(order, latestAmountIn(evidence, keyOfCallbacks))
}

/**
 * What a statement says as text: a reply's body as it is, a callback's opened; null if this key doesn't open it.
 *
 * @throws KEY_INVALID if it is no APIv3 key
 */
export function openedWith(keyOfCallbacks?: string): (piece: Evidence) => string | null {
  const key = keyOfCallbacks === undefined ? null : apiV3Key(keyOfCallbacks)
  return ({ source, body }) => (source === 'reply' ? body : key === null ? null : callbackTextOf(body, key))
}

/** What is wrong with an order's stored evidence, as far as its signatures tell; null if nothing is. */
export function brokenEvidence(
  { account }: Order,
  evidence: readonly Evidence[],
  keys: readonly PlatformKey[],
): string | null {
  for (const [i, piece] of evidence.entries()) {
    const which = `statement ${i + 1} of ${evidence.length}`
    const key = keys.find(({ serial, account: owner }) => serial === piece.serial && owner === account)
    if (key === undefined) return `${which} was signed with ${piece.serial}, and that key is not in the store`
    if (!isSignedWith(key, piece)) return `the signature of ${which} is not that of ${piece.serial}`
  }
  return null
}

/** A stored key that can't be read verifies nothing. */
function isSignedWith({ publicKey }: PlatformKey, piece: Evidence): boolean {
  try {
    return checkEvidence(piece, publicKey)
  } catch (error) {
    if (error instanceof VerdictError) return false
    throw error
  }
}

/** The last statement about this order that is final, in whatever sense, has to be this verdict's. */
function proofOfState(order: FinalOrder, evidence: readonly Evidence[], read: Read): Proof {
  let another: Proof | null = null
  for (const piece of evidence.toReversed()) {
    const { serial, timestamp, signature } = piece
    const statement = read(piece)
    if (statement === null || fitOf(order, statement).fit !== 'names it') continue
    const { trade_state } = statement
    const meaning = meaningOf(trade_state)
    if (meaning === MEANINGS[order.state]) {
      const altered = alteredFact(order, statement, signature)
      if (altered !== null) {
        another ??= no(`the verdict of ${nameOf(order)} is not what was signed: ${altered}`)
        if (signature === order.verdict.evidence?.signature) return another
        // Another that says the same may have come a moment before the verdict, and have been written after it.
        continue
      }
      return yes(
        `WeChat Pay signed ${trade_state} for ${nameOf(order)} with ${serial} at ${moment(timestamp)}`,
      )
    }
    if (Object.values(MEANINGS).includes(meaning)) {
      return no(`the last final statement about ${nameOf(order)} says ${trade_state}, not ${order.state}`)
    }
  }
  if (another !== null) return another
  const isSealed =
    order.verdict.learntBy === 'callback' &&
    !evidence.some((piece) => piece.source === 'callback' && read(piece) !== null)
  return no(
    isSealed
      ? `the verdict of ${nameOf(order)} rests on a callback, which only the APIv3 key of the account opens: give it (verdict order: --accounts FILE)`
      : `no stored statement says ${order.state} for ${nameOf(order)}`,
  )
}

/** What the verdict's own row tells otherwise than the statement that it rests on; null if nothing. */
function alteredFact({ verdict }: FinalOrder, statement: TradeStatement, signature: string): string | null {
  const facts: ReadonlyArray<readonly [name: string, told: string | null, signed: string | null]> = [
    ['transaction_id', verdict.transaction_id, statement.transaction_id ?? null],
    ['success_time', verdict.success_time, statement.success_time ?? null],
  ]
  const fact = facts.find(([, told, signed]) => told !== signed)
  if (fact !== undefined) return `${fact[0]} is ${fact[1] ?? 'missing'}, signed was ${fact[2] ?? 'none'}`
  return verdict.evidence?.signature === signature ? null : 'it names another statement as its evidence'
}

const MEANINGS: Partial<Record<Order['state'], TradeMeaning | 'unknown'>> = {
  SUCCESS: 'paid',
  CLOSED: 'closed',
  REVOKED: 'revoked',
}

/**
 * An error's bytes don't name the order; the question that was asked does, and it is ours. When the first denial that
 * counts was asked for, the row says: the answers can be closer together than the questions, by what a call takes.
 */
function proofOfAbsence(order: FinalOrder, evidence: readonly Evidence[], read: Read): Proof {
  const stated = evidence.find((piece) => statesAnything(order, read(piece)))
  if (stated !== undefined) {
    return no(`WeChat Pay signed a state of ${nameOf(order)} at ${moment(stated.timestamp)}: it was created`)
  }
  const harmlessMs = order.latestPlacingAtMs + USABLE_MS
  const fromMs = Math.max(harmlessMs, order.unknownAtMs ?? Number.POSITIVE_INFINITY)
  const denials = firstOfEach(evidence).filter(
    (piece) =>
      asksFor(order, piece.request) &&
      isDenial(piece) &&
      Math.max(piece.receivedAtMs, signedAtMs(piece)) >= fromMs - TAKEN_UP_MS_MAX &&
      piece.receivedAtMs > harmlessMs &&
      toldAtMs(piece) > harmlessMs,
  )
  const lastMs = denials.at(-1)?.receivedAtMs ?? 0
  if (denials.length < 2 || lastMs < fromMs + UNKNOWN_MS) {
    return no(
      `expected two signed "no such order" about ${nameOf(order)}, ${UNKNOWN_MS / 1_000} s apart and more than ${USABLE_MS / 1_000} s after its placing; ${denials.length} are stored`,
    )
  }
  return yes(
    `WeChat Pay signed "no such order" ${denials.length} times for the question about ${nameOf(order)} (the signed bytes don't name the order, the stored question does)`,
  )
}

/** A statement that names the order, in whatever state: an order that was never created has none. */
function statesAnything(order: Order, statement: TradeStatement | null): boolean {
  return statement !== null && fitOf(order, statement).fit === 'names it'
}

/** Each statement once, as it came first: a reply that comes again says nothing new. */
function firstOfEach(evidence: readonly Evidence[]): readonly Evidence[] {
  const seen = new Map<string, Evidence>()
  for (const piece of evidence) if (!seen.has(piece.signature)) seen.set(piece.signature, piece)
  return [...seen.values()]
}

/** On WeChat Pay's clock, which may be ahead of ours. */
function signedAtMs({ timestamp }: Evidence): number {
  return Number(timestamp) * 1_000
}

/** Signed as "no such order", and at a moment at which a signature is accepted that came when the row says. */
function isDenial(piece: Evidence): boolean {
  const code = textOf(jsonObjectFrom(piece.body)?.code)
  const isUnknown = code !== undefined && reactionTo('query', code) === 'unknown'
  return isUnknown && Math.abs(signedAtMs(piece) - piece.receivedAtMs) < CLOCK_SKEW_MS_MAX
}

/** The moment from which a denial tells, as `decide` sees it. When it was asked for isn't stored: a call before it came. */
function toldAtMs(piece: Evidence): number {
  const askedAtMsMin = piece.receivedAtMs - CALL_MS_MAX
  const spokenMs = spokenAtMs(piece, askedAtMsMin)
  return spokenMs < askedAtMsMin ? spokenMs : piece.receivedAtMs
}

/** An answer that came to a busy process is taken up some ms later, and the row counts from then. */
const TAKEN_UP_MS_MAX = 1_000

/** No call takes longer: 10 s until it leaves and 20 s until it is read, and the same before it for the keys. */
const CALL_MS_MAX = 60_000

/** Whether a stored question, `GET /v3/global/transactions/out-trade-no/A42?mchid=…`, names this very order. */
function asksFor({ account, sub_mchid, out_trade_no }: Order, request: string): boolean {
  const [method, target = ''] = request.split(' ')
  if (method !== 'GET' || !URL.canParse(target, 'https://wechatpay')) return false
  const { pathname, searchParams } = new URL(target, 'https://wechatpay')
  const ids = sub_mchid === null ? { mchid: account } : { sp_mchid: account, sub_mchid }
  return (
    pathname.endsWith(`/${encodeURIComponent(out_trade_no)}`) &&
    Object.entries(ids).every(([name, id]) => searchParams.get(name) === id)
  )
}

/** RFC 3339 in UTC. @param timestamp Unix seconds, as WeChat Pay wrote them */
function moment(timestamp: string): string {
  return new Date(Number(timestamp) * 1_000).toISOString().replace('.000Z', 'Z')
}

function yes(because: string): Proof {
  return { holds: true, because }
}

function no(because: string): Proof {
  return { holds: false, because }
}
