import type { LatePhase } from '../../core/aftercare.ts'
import type { Call, JournalEvent } from '../../core/change.ts'
import { noteWithMoney } from '../../core/journal-money.ts'
import { nameOf } from '../../core/order.ts'
import { isTradeState, type TradeState } from '../../core/trade-state.ts'
import type { DeliverySeen, JournalSeen, OrderSeen, RefundSeen } from '../../http/views.ts'
import { inColumns, moment, money, seconds, TIME_ZONE } from '../text.ts'
import type { Story } from './desk.ts'

/** The life of an order in words. Moments are Beijing time, and since the order entered. */
export function timeline({ order, journal, refunds, deliveries }: Story): string {
  const createdAtMs = Date.parse(order.createdAt)
  const since = journal.map(({ at }) => `+${seconds(Math.max(0, Date.parse(at) - createdAtMs))}`)
  const width = Math.max(0, ...since.map(({ length }) => length))
  const rows = journal.map((line, i) => [at(line.at), (since[i] ?? '').padStart(width), inWords(line, order)])
  return [...head(order, refunds), ...inColumns(rows), ...told(deliveries)].join('\n')
}

function told(deliveries: readonly DeliverySeen[]): string[] {
  if (deliveries.length === 0) return []
  const rows = deliveries.map((delivery) => [
    delivery.id,
    delivery.message.type,
    delivery.target,
    deliveryInWords(delivery),
  ])
  return ['messages to your system', ...inColumns(rows)]
}

/** What became of a message to the merchant's system. */
export function deliveryInWords({ state, attempts, doneAt, nextAttemptAt, why }: DeliverySeen): string {
  const reason = why === null ? '' : `: ${why}`
  switch (state) {
    case 'sent':
      return `sent ${doneAt === null ? '' : at(doneAt)}${attempts > 1 ? `, at attempt ${attempts}` : ''}`
    case 'failed':
      return `failed after ${attempts} attempts${reason}`
    case 'pending':
      return attempts === 0
        ? 'on its way'
        : `again ${nextAttemptAt === null ? '' : at(nextAttemptAt)}${reason}`
    case 'queued':
      return 'waits for the one before it'
  }
}

function head(order: OrderSeen, refunds: readonly RefundSeen[]): string[] {
  const { kind, amount, attention, lateMoney } = order
  const { total, currency } = amount
  const what = `${nameOf(order)}: ${money(total, currency)} by ${kind}`
  const lines = [`${what}; moments are ${TIME_ZONE}`, standing(order)]
  if (attention !== null) lines.push(`needs attention: ${attention}`)
  if (lateMoney !== null) lines.push(`late money: ${lateInWords(lateMoney.phase)}`)
  for (const refund of refunds) lines.push(refundInWords(refund, currency))
  return lines
}

function refundInWords(
  { out_refund_no, amount, origin, state, status, nextDueAt }: RefundSeen,
  currency: string,
): string {
  const by = { asked: '', late_money: ' of late money', elsewhere: ' made elsewhere' }[origin]
  const last = status === null || status === state ? '' : ` (${status})`
  const next = nextDueAt === null ? '' : `, next due ${at(nextDueAt)}`
  return `refund${by}: ${money(amount, currency)}, ${state}${last}${next}; out_refund_no ${out_refund_no}`
}

function standing({ origin, createdAt, state, stopped, nextDueAt, verdict }: OrderSeen): string {
  if (stopped) return `${state}; a person has stopped the tracking`
  if (verdict === null) return `${state}; next due ${nextDueAt === null ? 'never' : at(nextDueAt)}`
  const { learntBy, transaction_id, success_time } = verdict
  const tookMs = Math.max(0, Date.parse(verdict.at) - Date.parse(createdAt))
  const facts = [
    `${state}, learnt by ${LEARNT_BY[learntBy]} ${seconds(tookMs)} after it was ${origin}`,
    success_time === null ? null : `paid ${success_time}`,
    transaction_id === null ? null : `transaction_id ${transaction_id}`,
  ]
  return facts.filter((fact) => fact !== null).join('; ')
}

const LEARNT_BY = { place: 'the reply to the placing', query: 'a query', callback: 'a callback' } as const

const CALL_WORDS = {
  place: 'placing',
  query: 'query',
  close: 'close',
  reverse: 'revoke',
  refund: 'refund',
  queryRefund: 'query of the refund',
  queryRefunds: 'query of all refunds',
} as const satisfies Record<Call, string>

function inWords(line: JournalSeen, { origin }: OrderSeen): string {
  const { event, call, said = '', tookMs } = line
  const what = call === undefined ? '' : callInWords(call)
  const took = tookMs === undefined ? '' : ` (took ${seconds(tookMs)})`
  const why = detail(noteWithMoney(line, money))
  // A service of another version may write other events.
  switch (event as JournalEvent) {
    case 'entered':
      return origin === 'tracked' ? 'tracked: somebody else placed it' : 'accepted from the merchant'
    case 'intent':
      return `${what} written down, then sent`
    case 'answer':
      return `${what} answered: ${isOfTrade(call) ? meaning(said) : said}${took}`
    case 'refusal':
      return `${what} refused: ${said}${took}${why}`
    case 'no-answer':
      return `${what} got no answer: ${said}${took}${why}`
    case 'callback':
      return `callback verified: ${meaning(said)}${why}`
    case 'hint':
      return 'a callback came that nobody could verify: worth a question'
    case 'late-money':
      return `late money: ${lateInWords(said)}`
    case 'refund':
      return `refund ${said}${why}`
    case 'ask-now':
      return `asked at once${why}`
    case 'give-up':
      return `given up by the merchant${why}`
    case 'ending':
      return `to be ended: ${said}`
    case 'attention':
      return `needs attention: ${said}${why}`
    case 'resolved':
      return said === 'amount' ? `the amount is corrected${why}` : `answered by a person: ${said}${why}`
    case 'verdict':
      return `verdict ${said}`
    default:
      return `${event} ${said}${why}`
  }
}

function callInWords(call: string): string {
  return call in CALL_WORDS ? CALL_WORDS[call as Call] : call
}

function lateInWords(phase: string): string {
  return phase in LATE ? LATE[phase as LatePhase] : phase
}

function at(rfc3339: string): string {
  return moment(Date.parse(rfc3339))
}

const LATE: Readonly<Record<LatePhase, string>> = {
  suspected: 'somebody says that it is paid, and nothing proves it: a query tells',
  confirm: 'the customer paid after it was given up; a fresh answer has to say so',
  compare: 'the customer paid after it was given up; before it is refunded, all refunds are asked for',
  accepted: 'the customer paid after it was given up, and the money is kept',
  refunding: 'the customer paid after it was given up; it is on its way back',
  asked: 'the customer paid after it was given up; a person has to decide',
  returned: 'the customer has it back',
}

/** Null where the word says it. */
const MEANINGS: Readonly<Record<TradeState, string | null>> = {
  SUCCESS: 'paid',
  REFUND: 'paid, then refunded',
  NOTPAY: 'not paid yet',
  USERPAYING: 'the customer is entering the password',
  ACCEPT: 'accepted, not deducted yet',
  PAYERROR: 'the payment failed',
  CLOSED: null,
  REVOKED: null,
}

/** Those that answer with a `trade_state`: a refund's status has the same words, with another meaning. */
function isOfTrade(call: string | undefined): boolean {
  return call === 'query' || call === 'place'
}

function meaning(said: string): string {
  const words = isTradeState(said) ? MEANINGS[said] : null
  return words === null ? said : `${said}, ${words}`
}

/** What a note adds: that the call about this very order was meant, the line says already. */
function detail(note: string): string {
  // WeChat Pay's messages are shown as text: none of them moves the cursor.
  const rest = note.replace(/^(GET|POST) \S+: /, '').replace(/\p{Cc}/gu, ' ')
  return rest === '' ? '' : `: ${rest}`
}
