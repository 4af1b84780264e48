import { decide, type Learnt, type Rules } from './decide.ts'
import { isFinal, type OpenOrder, type Order, type OrderFacts, type OrderKey } from './order.ts'
import type {
  Answer,
  Evidence,
  NoAnswer,
  NoAnswerReason,
  Outcome,
  Placed,
  Refusal,
  TradeStatement,
  UnverifiedEvidence,
} from './outcome.ts'
import { compilePlan } from './plan.ts'
import { nextStep, type Step } from './step.ts'
import { isTradeState } from './trade-state.ts'

/**
 * For tests only: orders, outcomes, and a driver that lives an order's life as the engine would, without I/O.
 *
 * Moments in tests are seconds after `T0`, at which every order here was placed or tracked.
 */
export const T0 = Date.UTC(2026, 5, 8, 10, 0, 0)
export const at = (s: number): number => T0 + Math.round(s * 1000)

// ---------------------------------------------------------------- orders

export type Given = Partial<Omit<OpenOrder, 'state' | 'dueAtMs' | 'ending'>>

/** An order whose first placing request was just signed and written. Common mode, 88.00 HKD. */
export function placing(kind: OrderFacts['kind'], given: Given = {}): OpenOrder {
  return {
    id: 1,
    account: '1900000001',
    sub_mchid: null,
    out_trade_no: 'A42',
    kind,
    total: 8800,
    currency: 'HKD',
    origin: 'placed',
    mayEnd: true,
    purchase: null,
    createdAtMs: T0,
    windowEndAtMs: T0 + compilePlan(kind).windowMs,
    version: 1,
    queries: 0,
    silence: 0,
    seen: null,
    placings: 1,
    latestPlacingAtMs: T0,
    declined: false,
    unknownAtMs: null,
    givenUpAtMs: null,
    attention: null,
    ...given,
    state: 'placing',
    dueAtMs: T0,
  }
}

/** An order that somebody else's code placed; it is due at once. */
export function tracked(kind: OrderFacts['kind'], given: Given = {}): OpenOrder {
  const order = placing(kind, { origin: 'tracked', mayEnd: false, placings: 0, ...given })
  return { ...order, state: 'waiting', dueAtMs: T0 }
}

// ---------------------------------------------------------------- what WeChat Pay says

let made = 0

/** Every piece is another one, so that a test can tell them apart. Signed at `signedAtMs`. */
export function evidence(request = 'test', signedAtMs = T0): Evidence {
  made += 1
  const unverified: UnverifiedEvidence = {
    source: 'reply',
    request,
    status: 200,
    serial: 'PUB_KEY_ID_1',
    timestamp: String(Math.floor(signedAtMs / 1000)),
    nonce: `nonce-${made}`,
    signature: 'c2lnbmF0dXJl',
    body: '{}',
    receivedAtMs: T0,
  }
  // The one place outside the verifying code that makes Evidence: these tests ask what is concluded from a verified
  // statement, not how it was verified.
  return unverified as Evidence
}

export function statement(
  order: OrderFacts,
  trade_state: string,
  more: Partial<TradeStatement> = {},
): TradeStatement {
  const ids =
    order.sub_mchid === null
      ? { mchid: order.account }
      : { sp_mchid: order.account, sub_mchid: order.sub_mchid }
  const { out_trade_no, total, currency } = order
  return { trade_state, ...ids, out_trade_no, amount: { total, currency }, ...more }
}

export function answer<T>(value: T, signedAtMs = T0): Answer<T> {
  return { kind: 'answer', value, evidence: evidence('test', signedAtMs) }
}

export function refusal(code: string, signedAtMs = T0): Refusal {
  const message = `${code} it is`
  return { kind: 'refusal', code, status: 400, message, evidence: evidence('test', signedAtMs) }
}

const NO_ANSWERS: Readonly<Record<NoAnswerReason, boolean>> = {
  unreachable: false,
  timeout: true,
  reset: true,
  'server-error': true,
  'rate-limited': true,
  unsigned: true,
  forged: true,
  stale: true,
  'unknown-key': true,
  unreadable: true,
  'key-refused': true,
  'not-sent': false,
}

export const NO_ANSWER_REASONS = Object.keys(NO_ANSWERS).filter(isReason)

function isReason(word: string): word is NoAnswerReason {
  return Object.hasOwn(NO_ANSWERS, word)
}

export function noAnswer(reason: NoAnswerReason, claims?: string): NoAnswer {
  const silence = { kind: 'no-answer', reason, sent: NO_ANSWERS[reason], detail: `it was ${reason}` } as const
  return claims === undefined ? silence : { ...silence, claims }
}

/** `unsigned ORDER_NOT_EXIST` or `timeout`; null for anything else. */
function silenceIn(words: string): NoAnswer | null {
  const [reason = '', claims] = words.split(' ')
  return isReason(reason) ? noAnswer(reason, claims) : null
}

const CREDENTIALS = ['code_url', 'prepay_id', 'mweb_url'] as const

/**
 * What is learnt, in words: `query: NOTPAY` (a `trade_state`), `query: ORDER_NOT_EXIST` (any other capitals: a refusal
 * with this code), `place: code_url`, `close: done`, `reverse: timeout` (a reason without an answer), `give up`.
 */
export function learntFrom(order: OrderFacts, words: string, signedAtMs = T0): Learnt {
  if (words === 'give up') return { call: 'give-up' }
  const [call, said = ''] = words.split(': ')
  const silent = silenceIn(said)
  const other = silent ?? refusal(said, signedAtMs)
  const trade = isTradeState(said) ? statement(order, said) : null
  switch (call) {
    case 'place': {
      const name = CREDENTIALS.find((known) => known === said)
      const placed: Placed | null = name
        ? { kind: 'credential', credential: { name, value: 'weixin://' } }
        : trade && { kind: 'trade', trade }
      return { call, outcome: placed ? answer(placed, signedAtMs) : other, tookMs: 0 }
    }
    case 'query':
      return { call, outcome: trade ? answer(trade, signedAtMs) : other, tookMs: 0 }
    case 'close':
    case 'reverse':
      return { call, outcome: said === 'done' ? answer('done', signedAtMs) : other, tookMs: 0 }
    default:
      throw new Error(`"${words}" is nothing that can be learnt`)
  }
}

// ---------------------------------------------------------------- living

export function rulesFor(kind: OrderFacts['kind'], believesUnsignedUnknown = false): Rules {
  const refundNumber = ({ out_trade_no }: OrderKey, key: string): string => `${out_trade_no}-${key}`
  return { plan: compilePlan(kind), believesUnsignedUnknown, refundNumber }
}

/** Where an order stands, in words: `ending !vanished, query at 45` or `SUCCESS`. */
export function standing(order: Order): string {
  const mark = order.attention === null ? '' : ` !${order.attention}`
  if (isFinal(order)) return `${order.state}${mark}`
  const s = (order.dueAtMs - T0) / 1000
  return `${order.state}${mark}, ${nextStep(order, order.dueAtMs).do} at ${Number(s.toFixed(3))}`
}

/**
 * One line of an order's life: the second, what happens, and where the order stands then. What happens is
 * - a call that is due, with its outcome (`query: NOTPAY`): that it is this call's turn is checked;
 * - `late …`: the outcome of a call whose turn it was earlier, or that nobody waits for any more;
 * - `crash in reverse`: the intent is written, and nothing more;
 * - `all queries: NOTPAY`: whatever queries fall due up to this second are answered like this;
 * - `give up`; or a `Learnt` made by hand.
 */
export type Line = readonly [s: number, event: string | Learnt, standing: string]

/** Lives the lines with the least chance, and returns what the table should have said: equal tables, right life. */
export function live(
  order: OpenOrder,
  lines: readonly Line[],
  rules = rulesFor(order.kind),
): readonly Line[] {
  let now: Order = order
  let isPlaced = order.state !== 'placing'
  const told: Line[] = []
  for (const [s, event] of lines) {
    if (isFinal(now)) throw new Error(`at ${s} the order is ${now.state} already`)
    const isFirst: boolean = !isPlaced && typeof event === 'string' && event.startsWith('place: ')
    isPlaced ||= isFirst
    now = isFirst ? learn(now, event, rules, at(s)) : happen(now, event, rules, at(s))
    told.push([s, event, standing(now)])
  }
  return told
}

/** A test that asks more often has found an order without a pause. */
const QUERIES_MAX = 10_000

function happen(order: OpenOrder, event: string | Learnt, rules: Rules, nowMs: number): Order {
  if (typeof event !== 'string' || event === 'give up') return learn(order, event, rules, nowMs)
  if (event.startsWith('late ')) return learn(order, event.slice('late '.length), rules, nowMs)
  if (event.startsWith('all queries: ')) return poll(order, event.slice('all '.length), rules, nowMs)
  const crashed = event.startsWith('crash in ')
  const call = crashed ? event.slice('crash in '.length) : event.split(': ')[0]
  const step = nextStep(order, nowMs)
  if (order.dueAtMs > nowMs) throw new Error(`${event}: not due before ${(order.dueAtMs - T0) / 1000}`)
  if (step.do !== call) throw new Error(`${event}: it is ${step.do}'s turn`)
  const intended = intentOf(order, step)
  return crashed ? intended : learn(intended, event, rules, nowMs)
}

function poll(order: OpenOrder, event: string, rules: Rules, untilMs: number): Order {
  let now: Order = order
  let queries = 0
  while (!isFinal(now) && now.dueAtMs <= untilMs && nextStep(now, now.dueAtMs).do === 'query') {
    now = learn(now, event.replace('queries', 'query'), rules, now.dueAtMs)
    queries += 1
    if (queries > QUERIES_MAX) throw new Error('the order is hammered')
  }
  return now
}

function intentOf(order: OpenOrder, step: Step): OpenOrder {
  if (!('intent' in step)) return order
  const { order: intended } = step.intent
  if (isFinal(intended)) throw new Error('an intent is no verdict')
  return intended
}

function learn(order: OpenOrder, event: string | Learnt, rules: Rules, nowMs: number): Order {
  const learnt = typeof event === 'string' ? learntFrom(order, event, nowMs) : event
  return decide(order, learnt, rules, { nowMs, chance: 0 }).order
}

// ---------------------------------------------------------------- many hours

/** A WeChat Pay that always behaves the same: what it says to each call. */
export type Habit = (order: OpenOrder, call: Step['do'], nowMs: number) => string

/** Lives as long as `hours`, every step exactly when it is due, and returns the seconds of all calls. */
export function liveThrough(
  order: OpenOrder,
  habit: Habit,
  hours: number,
  rules = rulesFor(order.kind),
): { readonly callsAtS: readonly number[]; readonly order: Order } {
  const callsAtS: number[] = []
  let now: Order = order
  while (!isFinal(now) && now.dueAtMs <= T0 + hours * 3_600_000) {
    const nowMs: number = now.dueAtMs
    const step = nextStep(now, nowMs)
    const intended = intentOf(now, step)
    callsAtS.push((nowMs - T0) / 1000)
    if (callsAtS.length > QUERIES_MAX) throw new Error('the order is hammered')
    now = learn(intended, `${step.do}: ${habit(now, step.do, nowMs)}`, rules, nowMs)
  }
  return { callsAtS, order: now }
}

export type AnyOutcome = Outcome<Placed> | Outcome<TradeStatement> | Outcome<'done'>
