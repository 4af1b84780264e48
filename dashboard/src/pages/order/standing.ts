import type { JournalLine, Order, Refund, Schedule } from '../../api/types.ts'

/** What is true of an order now, in few words. */
export type Headline =
  | 'placing'
  | 'unheard'
  | 'unknown'
  | 'unpaid'
  | 'paying'
  | 'failed'
  | 'strange'
  | 'ending'
  | 'paid'
  | 'returned'
  | 'partly-returned'
  | 'over'
  | 'late'
  | 'never'

/** One sentence about it, as data: the words are those of the language. */
export type Sentence =
  | { readonly say: 'said'; readonly state: string; readonly agoMs: number }
  | { readonly say: 'said-nothing' }
  | { readonly say: 'created'; readonly agoMs: number }
  | { readonly say: 'refused'; readonly code: string; readonly agoMs: number }
  | { readonly say: 'no-such-order'; readonly code: string; readonly agoMs: number }
  | { readonly say: 'silence'; readonly times: number; readonly why: string; readonly agoMs: number }
  | { readonly say: 'asked-now' }
  | {
      readonly say: 'next'
      readonly inMs: number
      readonly end: 'revoke' | 'close' | null
      readonly endAtMs: number
    }
  | { readonly say: 'late-question'; readonly byMs: number }
  | { readonly say: 'next-step'; readonly inMs: number; readonly end: 'revoke' | 'close' }
  | { readonly say: 'given-up'; readonly agoMs: number }
  | { readonly say: 'stopped' }
  | { readonly say: 'window-over' }
  | { readonly say: 'held' }
  | {
      readonly say: 'paid-at'
      readonly atMs: number | null
      readonly amount: number
      readonly currency: string
    }
  | { readonly say: 'learnt'; readonly by: 'place' | 'query' | 'callback'; readonly afterMs: number }
  | { readonly say: 'signed-end'; readonly state: 'CLOSED' | 'REVOKED'; readonly agoMs: number }
  | { readonly say: 'never-known'; readonly agoMs: number }
  | { readonly say: 'late-money'; readonly phase: string }
  | { readonly say: 'returning'; readonly amount: number; readonly currency: string }
  | { readonly say: 'returned'; readonly amount: number; readonly currency: string }
  | { readonly say: 'nothing-more' }

export interface Standing {
  readonly headline: Headline
  readonly tone: 'good' | 'busy' | 'over' | 'warn'
  readonly sentences: readonly Sentence[]
}

interface Known {
  readonly order: Order
  readonly journal: readonly JournalLine[]
  readonly refunds: readonly Refund[]
  readonly schedule: Schedule | null
}

/** Nearer than this, it is as good as under way. */
const AT_ONCE_MS = 500
/** Later than this, a question is late; earlier it is under way. */
const UNDER_WAY_MS = 3_000
/** Marks about identity or money: while they stand, Verdict ends nothing by itself. */
const HOLDING: ReadonlySet<string> = new Set([
  ...['amount_mismatch', 'identity_mismatch', 'number_used', 'paid_after_revoke'],
  ...['vanished', 'unknown_trade_state', 'refund_mismatch'],
])

/** What whoever is asked "is it paid?" has to know: what is true now, and what happens next. */
export function standingOf(known: Known, nowMs: number): Standing {
  const { order } = known
  return order.verdict === null ? openStanding(known, nowMs) : finalStanding(known, order.verdict, nowMs)
}

function openStanding(known: Known, nowMs: number): Standing {
  const { order, journal } = known
  const sentences = [...lastWords(order, journal, nowMs), ...silence(journal, nowMs)]
  if (order.givenUpAt !== null)
    sentences.push({ say: 'given-up', agoMs: nowMs - Date.parse(order.givenUpAt) })
  if (order.stopped) sentences.push({ say: 'stopped' })
  else sentences.push(...whatNext(known, nowMs))
  return {
    headline: openHeadline(order, sentences),
    tone: order.attention !== null || order.stopped ? 'warn' : 'busy',
    sentences,
  }
}

function openHeadline({ state, trade_state }: Order, sentences: readonly Sentence[]): Headline {
  if (state === 'placing') return 'placing'
  if (state === 'ending') return 'ending'
  switch (trade_state) {
    case null:
      return sentences.some(({ say }) => say === 'no-such-order') ? 'unknown' : 'unheard'
    case 'NOTPAY':
      return 'unpaid'
    case 'USERPAYING':
    case 'ACCEPT':
      return 'paying'
    case 'PAYERROR':
      return 'failed'
    default:
      return 'strange'
  }
}

const WORDS: ReadonlySet<string> = new Set(['answer', 'callback'])
const CALLS: ReadonlySet<string | undefined> = new Set(['place', 'query', undefined])
const NO_SUCH_ORDER: ReadonlySet<string> = new Set(['ORDER_NOT_EXIST', 'NOT_FOUND'])

/** The latest signed `trade_state`; and a refusal that came after it. */
function lastWords({ trade_state }: Order, journal: readonly JournalLine[], nowMs: number): Sentence[] {
  const said = journal.findLastIndex(
    ({ event, call, said: word }) => WORDS.has(event) && CALLS.has(call) && word === trade_state,
  )
  const refused = journal
    .slice(said + 1)
    .findLast(({ event, call }) => event === 'refusal' && CALLS.has(call))
  const agoMs = (line: JournalLine | undefined): number => nowMs - Date.parse(line?.at ?? '')
  const sentences: Sentence[] = []
  // What a placing answers with creates the order, and says NOTPAY without the word.
  const created = journal.findLast(({ event, call }) => event === 'answer' && call === 'place')
  if (journal[said] !== undefined && trade_state !== null)
    sentences.push({ say: 'said', state: trade_state, agoMs: agoMs(journal[said]) })
  else if (trade_state !== null && created !== undefined)
    sentences.push({ say: 'created', agoMs: agoMs(created) })
  if (refused !== undefined) {
    const code = refused.said ?? ''
    const say = refused.call === 'query' && NO_SUCH_ORDER.has(code) ? 'no-such-order' : 'refused'
    sentences.push({ say, code, agoMs: agoMs(refused) })
  }
  return sentences.length === 0 ? [{ say: 'said-nothing' }] : sentences
}

/** Calls in a row, up to now, that nobody answered. */
function silence(journal: readonly JournalLine[], nowMs: number): Sentence[] {
  const heard = journal.findLastIndex(
    ({ event }) => event === 'answer' || event === 'refusal' || event === 'callback',
  )
  const silent = journal.slice(heard + 1).filter(({ event }) => event === 'no-answer')
  const last = silent.at(-1)
  if (last === undefined) return []
  return [{ say: 'silence', times: silent.length, why: last.said ?? '', agoMs: nowMs - Date.parse(last.at) }]
}

function whatNext({ order, schedule }: Known, nowMs: number): Sentence[] {
  const inMs = Date.parse(order.nextDueAt ?? '') - nowMs
  const end = order.kind === 'quick_pay' ? 'revoke' : 'close'
  if (Number.isNaN(inMs)) return []
  if (inMs < -UNDER_WAY_MS) return [{ say: 'late-question', byMs: -inMs }]
  if (inMs <= AT_ONCE_MS) return [{ say: 'asked-now' }]
  if (order.state === 'ending') return [{ say: 'next-step', inMs, end }]
  if (HOLDING.has(order.attention ?? ''))
    return [{ say: 'next', inMs, end: null, endAtMs: 0 }, { say: 'held' }]
  // Whether a tracked order is ended, whoever tracked it has said; we can't see it here.
  const endAtMs = Math.max(
    Date.parse(order.windowEndsAt),
    Date.parse(schedule?.endableAt ?? order.windowEndsAt),
  )
  if (endAtMs <= nowMs) return [{ say: 'window-over' }, { say: 'next', inMs, end: null, endAtMs }]
  return [{ say: 'next', inMs, end: order.origin === 'tracked' ? null : end, endAtMs }]
}

function finalStanding(
  { order, refunds }: Known,
  verdict: NonNullable<Order['verdict']>,
  nowMs: number,
): Standing {
  const { currency } = order.amount
  const agoMs = nowMs - Date.parse(verdict.at)
  const afterMs = Date.parse(verdict.at) - Date.parse(order.createdAt)
  const money = moneySentences(order, refunds, currency)
  if (verdict.state === 'SUCCESS') {
    const atMs = verdict.success_time === null ? null : Date.parse(verdict.success_time)
    const headline =
      order.refunded >= order.amount.total ? 'returned' : order.refunded > 0 ? 'partly-returned' : 'paid'
    return {
      headline,
      tone: order.attention === null ? 'good' : 'warn',
      sentences: [
        { say: 'paid-at', atMs, amount: order.amount.total, currency },
        { say: 'learnt', by: verdict.learntBy, afterMs },
        ...money,
        ...rest(order, money),
      ],
    }
  }
  const end: Sentence =
    verdict.state === 'NOT_CREATED'
      ? { say: 'never-known', agoMs }
      : { say: 'signed-end', state: verdict.state, agoMs }
  if (order.lateMoney !== null)
    return {
      headline: 'late',
      tone: 'warn',
      sentences: [end, { say: 'late-money', phase: order.lateMoney.phase }, ...money],
    }
  const headline = verdict.state === 'NOT_CREATED' ? 'never' : 'over'
  return {
    headline,
    tone: order.attention === null ? 'over' : 'warn',
    sentences: [end, ...rest(order, money)],
  }
}

const ON_ITS_WAY: ReadonlySet<string> = new Set(['queued', 'requesting', 'processing'])

function moneySentences(order: Order, refunds: readonly Refund[], currency: string): Sentence[] {
  const amount = refunds
    .filter(({ state }) => ON_ITS_WAY.has(state))
    .reduce((sum, refund) => sum + refund.amount, 0)
  const sentences: Sentence[] = []
  if (order.refunded > 0) sentences.push({ say: 'returned', amount: order.refunded, currency })
  if (amount > 0) sentences.push({ say: 'returning', amount, currency })
  return sentences
}

function rest(order: Order, money: readonly Sentence[]): Sentence[] {
  const isDone = order.attention === null && !money.some(({ say }) => say === 'returning')
  return isDone ? [{ say: 'nothing-more' }] : []
}
