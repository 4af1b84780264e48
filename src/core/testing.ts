import { VerdictError } from '../errors.ts'
import type { Refund } from './aftercare.ts'
import type { Change } from './change.ts'
import { decide, type Learnt, type Rules } from './decide.ts'
import {
  type DueOrder,
  type FinalOrder,
  type FinalState,
  factsOf,
  isDue,
  isFinal,
  isStopped,
  type OpenOrder,
  type Order,
  type OrderFacts,
  type OrderKey,
  progressOf,
} from './order.ts'
import type {
  Answer,
  Evidence,
  NoAnswer,
  NoAnswerReason,
  Outcome,
  Placed,
  RefundPage,
  RefundStatement,
  Refusal,
  TradeStatement,
  UnverifiedEvidence,
} from './outcome.ts'
import { compilePlan } from './plan.ts'
import { defaultPolicy, type LateMoneyPolicy } from './policy.ts'
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

/** An order that has its verdict since `T0`. */
export function final(state: FinalState, given: Given = {}): FinalOrder {
  const order = placing('native', { seen: 'SUCCESS', ...given })
  const facts = { atMs: T0, learntBy: 'query', transaction_id: '4200', success_time: null } as const
  const verdict = { state, ...facts, evidence: evidence('verdict') }
  const life = { state, verdict, dueAtMs: null, aftercare: null } as FinalOrder
  return { ...factsOf(order), ...progressOf(order), ...life }
}

export function paid(given: Given = {}): FinalOrder {
  return final('SUCCESS', given)
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
  const { total, currency } = order
  return { trade_state, ...idsOf(order), amount: { total, currency }, ...more }
}

export function refundStatement(
  order: OrderFacts,
  { out_refund_no, amount }: Pick<Refund, 'out_refund_no' | 'amount'>,
  status?: string,
  more: Partial<RefundStatement> = {},
): RefundStatement {
  const { total, currency } = order
  const ids = { ...idsOf(order), out_refund_no, refund_id: `50-${out_refund_no}` }
  const amounts = { refund: amount, total, currency }
  return { ...ids, ...(status !== undefined && { status }), amount: amounts, ...more }
}

function idsOf({ account, sub_mchid, out_trade_no }: OrderKey): Partial<TradeStatement & RefundStatement> {
  return sub_mchid === null
    ? { mchid: account, out_trade_no }
    : { sp_mchid: account, sub_mchid, out_trade_no }
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
 * with this code), `place: code_url`, `close: done`, `reverse: timeout` (a reason without an answer), `give up`,
 * `callback: SUCCESS`, `hint`.
 *
 * Refunds have names: the caller's key; `late` for late money's; anything else was made elsewhere. `ask refund 500 as r1`
 * or `ask refund all as r1`, `refund r1: accepted`, `queryRefund r1: PROCESSING` (a `status`), `queryRefund r1: none` (no
 * such refund), `refund callback: r1 SUCCESS`, `queryRefunds: r1 PROCESSING, e1 500 SUCCESS` or `queryRefunds: none`. The
 * name may be left out where there is one refund only, the amount where it is the refund's own.
 */
export function learntFrom(order: Order | OrderFacts, words: string, signedAtMs = T0): Learnt {
  if (words === 'give up') return { call: 'give-up' }
  if (words === 'hint') return { call: 'hint' }
  if (words === 'ask now') return { call: 'ask-now', by: 'Ann' }
  if (words.startsWith('ask refund ')) return wishIn(words)
  const [head = '', said = ''] = words.split(': ')
  const [call, name] = head.split(' ')
  if (head === 'refund callback') {
    const refund = refundsIn(order, said)[0] ?? {}
    return { call: 'refund-callback', refund, evidence: evidence('callback', signedAtMs) }
  }
  const other = silenceIn(said) ?? refusal(said === 'none' ? 'RESOURCE_NOT_EXISTS' : said, signedAtMs)
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
    case 'callback':
      return { call, trade: statement(order, said), evidence: evidence('callback', signedAtMs) }
    case 'refund':
    case 'queryRefund': {
      const refund = refundNamed(order, name)
      const status = said === 'accepted' ? undefined : said
      const outcome = isRefundWord(said) ? answer(refundStatement(order, refund, status), signedAtMs) : other
      return { call, out_refund_no: refund.out_refund_no, outcome, tookMs: 0 }
    }
    case 'queryRefunds':
      return { call, outcome: pageIn(order, said, signedAtMs) ?? other, earlier: [], tookMs: 0 }
    default:
      throw new Error(`"${words}" is nothing that can be learnt`)
  }
}

function wishIn(words: string): Learnt {
  const [, amount, key] = /^ask refund (\d+|all) as (.+)$/.exec(words) ?? []
  if (key === undefined) throw new Error(`"${words}" is no wish for a refund`)
  return { call: 'ask-refund', key, amount: amount === 'all' ? null : Number(amount), reason: null }
}

/** What WeChat Pay says about a refund; the last is a word that nobody knows. */
export const REFUND_STATUSES = [
  'SUCCESS',
  'PROCESSING',
  'REFUNDCLOSE',
  'CLOSED',
  'ABNORMAL',
  'CHANGE',
] as const

function isRefundWord(word: string): boolean {
  return word === 'accepted' || REFUND_STATUSES.some((status) => status === word)
}

/** `r1 SUCCESS`, `e1 500 PROCESSING`, `SUCCESS`; several with a comma between. */
function refundsIn(order: Order | OrderFacts, said: string): RefundStatement[] {
  return said.split(', ').map((one) => {
    const words = one.split(' ')
    const status = words.pop()
    const [name, amount] = words
    const refund = refundNamed(order, name)
    return refundStatement(order, amount ? { ...refund, amount: Number(amount) } : refund, status)
  })
}

function pageIn(order: Order | OrderFacts, said: string, signedAtMs: number): Answer<RefundPage> | null {
  if (said === 'none') return answer({ total: 0, refunds: [] }, signedAtMs)
  if (!isRefundWord(said.split(' ').at(-1) ?? '')) return null
  const refunds = refundsIn(order, said)
  return answer({ total: refunds.length, refunds }, signedAtMs)
}

export function refundsOf(order: Order | OrderFacts): readonly Refund[] {
  return 'aftercare' in order ? (order.aftercare?.refunds ?? []) : []
}

function refundNamed(
  order: Order | OrderFacts,
  name: string | undefined,
): Pick<Refund, 'out_refund_no' | 'amount'> {
  const refunds = refundsOf(order)
  const known = refunds.find((refund) => name === undefined || nameOfRefund(refund) === name)
  if (known === undefined && name === undefined) throw new Error('there is no refund')
  return known ?? { out_refund_no: name ?? '', amount: 0 }
}

/** `r1`, `late`, `late2`; WeChat Pay's number where somebody else made it. */
export function nameOfRefund({ key, out_refund_no }: Refund): string {
  return (key ?? out_refund_no).replace('late money', 'late').replace(' ', '')
}

// ---------------------------------------------------------------- living

export function rulesFor(
  kind: OrderFacts['kind'],
  believesUnsignedUnknown = false,
  lateMoney: LateMoneyPolicy = 'refund',
): Rules {
  const refundNumber = ({ out_trade_no }: OrderKey, key: string): string =>
    `${out_trade_no}-${key.replaceAll(' ', '-')}`
  const plan = compilePlan(kind, { ...defaultPolicy(kind), lateMoney })
  return { plan, believesUnsignedUnknown, refundNumber }
}

/**
 * Where an order stands, in words: `ending !vanished, query at 45` or `SUCCESS`. What follows a verdict stands behind it,
 * and what is to be done about it: `CLOSED, late refunding, late processing, e1 SUCCESS, queryRefund late at 80`.
 */
export function standing(order: Order): string {
  const mark = order.attention === null ? '' : ` !${order.attention}`
  const { late = null } = (isFinal(order) && order.aftercare) || {}
  const money = late === null ? [] : [`late ${late.phase}`]
  const refunds = refundsOf(order).map((refund) => `${nameOfRefund(refund)} ${refund.state}`)
  return [order.state + mark, ...money, ...refunds, ...(isDue(order) ? [nextIn(order)] : [])].join(', ')
}

function nextIn(order: DueOrder): string {
  if (isStopped(order)) return 'stopped'
  const s = (order.dueAtMs - T0) / 1000
  return `${callOf(nextStep(order, order.dueAtMs), order)} at ${Number(s.toFixed(3))}`
}

/** `query`, `refund r1`. */
function callOf(step: Step, order: Order): string {
  if (!('refund' in step)) return step.do
  return refundsOf(order).length > 1 ? `${step.do} ${nameOfRefund(step.refund)}` : step.do
}

/**
 * One line of an order's life: the second, what happens, and where the order stands then. What happens is
 * - a call that is due, with its outcome (`query: NOTPAY`): that it is this call's turn is checked;
 * - `late …`: the outcome of a call whose turn it was earlier, or that nobody waits for any more;
 * - `crash in reverse`: the intent is written, and nothing more;
 * - `all queries: NOTPAY`: whatever queries fall due up to this second are answered like this; `all queryRefund: …`,
 *   `all calls: timeout` likewise;
 * - what comes by itself: a callback, a hint, a wish, `give up`, `ask now`; or a `Learnt` made by hand.
 *
 * Instead of where it stands the table says `nothing new` if nothing was written, or the code of an error. A callback
 * that WeChat Pay is told to repeat has `(refused)` behind it.
 */
export type Line = readonly [s: number, event: string | Learnt, standing: string]

/** Lives the lines with the least chance, and returns what the table should have said: equal tables, right life. */
export function live(order: Order, lines: readonly Line[], rules = rulesFor(order.kind)): readonly Line[] {
  const then = lifeOf(order, lines, rules)
  return lines.map(([s, event], i) => [s, event, then[i]?.said ?? ''])
}

/** A line, whatever the table says of it. */
type Happening = readonly [s: number, event: string | Learnt, ...standing: unknown[]]

/** The order as it is after this life. */
export function lived(order: Order, events: readonly Happening[], rules = rulesFor(order.kind)): Order {
  return lifeOf(order, events, rules).at(-1)?.order ?? order
}

function lifeOf(order: Order, events: readonly Happening[], rules: Rules): readonly Then[] {
  let now: Order = order
  let isPlaced = order.state !== 'placing'
  return events.map(([s, event]) => {
    const isFirst = !isPlaced && typeof event === 'string' && event.startsWith('place: ')
    isPlaced ||= isFirst
    const then = isFirst ? learn(now, event, rules, at(s)) : happen(now, event, rules, at(s))
    now = then.order
    return then
  })
}

/** What became of an order, and the table's words for it. */
interface Then {
  readonly order: Order
  readonly said: string
}

/** What is learnt of an order at second `s`, of a call that was made `tookMs` before. */
export function slow(order: Order, words: string, s: number, tookMs: number): Learnt {
  const learnt = learntFrom(order, words, at(s))
  if (!('tookMs' in learnt)) throw new Error(`${words} takes no time`)
  return { ...learnt, tookMs }
}

/** A test that asks more often has found an order without a pause. */
const CALLS_MAX = 10_000
/** These come by themselves, whatever is due. */
const UNASKED = /^(?:give up|hint|ask now|ask refund .*|callback: .*|refund callback: .*)$/

function happen(order: Order, event: string | Learnt, rules: Rules, nowMs: number): Then {
  if (typeof event !== 'string' || UNASKED.test(event)) return learn(order, event, rules, nowMs)
  if (event.startsWith('late ')) return learn(order, event.slice('late '.length), rules, nowMs)
  if (event.startsWith('all ')) return poll(order, event.slice('all '.length), rules, nowMs)
  const crashed = event.startsWith('crash in ')
  const call = crashed ? event.slice('crash in '.length) : event.split(': ')[0]
  if (!isDue(order)) throw new Error(`${event}: nothing is due`)
  if (order.dueAtMs > nowMs) throw new Error(`${event}: not due before ${(order.dueAtMs - T0) / 1000}`)
  const step = nextStep(order, nowMs)
  if (step.do !== call && callOf(step, order) !== call)
    throw new Error(`${event}: it is ${callOf(step, order)}'s turn`)
  const intended = intentOf(order, step)
  if (crashed) return { order: intended, said: standing(intended) }
  return learn(intended, sayingTo(step, event.slice(event.indexOf(': ') + 2)), rules, nowMs)
}

/** What is learnt from this step if WeChat Pay says so. */
export function sayingTo(step: Step, said: string): string {
  return 'refund' in step ? `${step.do} ${nameOfRefund(step.refund)}: ${said}` : `${step.do}: ${said}`
}

/** Answers all calls of one sort alike, each when it is due. */
function poll(order: Order, event: string, rules: Rules, untilMs: number): Then {
  const [sort, said = ''] = event.split(': ')
  const call = sort === 'queries' ? 'query' : sort
  let now: Order = order
  let calls = 0
  while (isDue(now) && now.dueAtMs <= untilMs) {
    const step: Step = nextStep(now, now.dueAtMs)
    if (call !== 'calls' && step.do !== call) break
    now = learn(intentOf(now, step), sayingTo(step, said), rules, now.dueAtMs).order
    calls += 1
    if (calls > CALLS_MAX) throw new Error('the order is hammered')
  }
  return { order: now, said: standing(now) }
}

export function intentOf(order: Order, step: Step): Order {
  return 'intent' in step ? step.intent.order : order
}

function learn(order: Order, event: string | Learnt, rules: Rules, nowMs: number): Then {
  const learnt = typeof event === 'string' ? learntFrom(order, event, nowMs) : event
  const change = decidedOrCode(order, learnt, rules, nowMs)
  if (typeof change === 'string') return { order, said: change }
  if (change === null) return { order, said: 'nothing new' }
  const refused = change.refuses === undefined ? '' : ' (refused)'
  return { order: change.order, said: standing(change.order) + refused }
}

function decidedOrCode(order: Order, learnt: Learnt, rules: Rules, nowMs: number): Change | null | string {
  try {
    return decide(order, learnt, rules, { nowMs, chance: 0 })
  } catch (error) {
    if (error instanceof VerdictError) return error.code
    throw error
  }
}

// ---------------------------------------------------------------- many hours

/** A WeChat Pay that always behaves the same: what it says to each call. */
export type Habit = (order: Order, call: Step['do'], nowMs: number) => string

/** Lives as long as `hours`, every step exactly when it is due, and returns the seconds of all calls. */
export function liveThrough(
  order: Order,
  habit: Habit,
  hours: number,
  rules = rulesFor(order.kind),
  fromMs = T0,
): { readonly callsAtS: readonly number[]; readonly order: Order } {
  const callsAtS: number[] = []
  let now: Order = order
  let nowMs = fromMs
  while (isDue(now) && now.dueAtMs <= fromMs + hours * 3_600_000) {
    nowMs = Math.max(nowMs, now.dueAtMs)
    const step = nextStep(now, nowMs)
    callsAtS.push((nowMs - fromMs) / 1000)
    if (callsAtS.length > CALLS_MAX) throw new Error('the order is hammered')
    now = learn(intentOf(now, step), sayingTo(step, habit(now, step.do, nowMs)), rules, nowMs).order
  }
  return { callsAtS, order: now }
}

export type AnyOutcome = Outcome<Placed> | Outcome<TradeStatement> | Outcome<'done'>
