import type { Order } from '../../src/core/order.ts'
import type { Request, Said, TrueRefund, Truth } from './world.ts'

/* WeChat Pay's side, as its manual tells it. Shares nothing with the simulator, nor with the core. */

/**
 * Quick Pay can't be revoked earlier. Source: Global v3, Reverse Order. Written once more: a checker that imported the
 * core's own limits would believe them.
 */
export const REVOKE_AGE_MS_MIN = 15_000
/** No other kind can be closed earlier. Source: Global v3, Close Order. */
export const CLOSE_AGE_MS_MIN = 300_000

export const NOTHING: Truth = { state: 'none', wasPaid: false, refunds: [] }

interface Reached {
  readonly truth: Truth
  readonly said: Said
}

/** A request reaches WeChat Pay: its effect, and what is signed in reply. */
export function reach(truth: Truth, request: Request, order: Order, nowMs: number): Reached {
  const answer = (word: string, now = truth): Reached => ({ truth: now, said: say('answer', word, now) })
  const refusal = (word: string): Reached => ({ truth, said: say('refusal', word, truth) })
  const say = (kind: Said['kind'], word: string, { refunds }: Truth): Said => ({
    ...{ call: request.call, kind, word, refund: request.refund, signedAtMs: nowMs },
    refunds: request.call === 'queryRefunds' ? refunds : [],
  })
  switch (request.call) {
    case 'place': {
      const now = truth.state === 'none' ? { ...truth, state: 'open' as const } : truth
      if (order.kind === 'quick_pay') return answer(wordFor(now, order), now)
      if (now.state === 'open') return answer('credential', now)
      return refusal(now.state === 'paid' ? 'ORDERPAID' : 'ORDER_CLOSED')
    }
    case 'query':
      return truth.state === 'none' ? refusal('ORDER_NOT_EXIST') : answer(wordFor(truth, order))
    case 'close':
      return onClose(truth, order, nowMs, answer, refusal)
    case 'reverse':
      return onReverse(truth, order, nowMs, answer, refusal)
    case 'refund':
      return onRefund(truth, order, request, answer, refusal)
    case 'queryRefund': {
      const known = truth.refunds.find(({ no }) => no === request.refund?.no)
      if (known === undefined) return refusal('RESOURCE_NOT_EXISTS')
      return answer(known.state === 'CLOSED' ? 'REFUNDCLOSE' : known.state)
    }
    case 'queryRefunds':
      return answer('page')
  }
}

type Answer = (word: string, now?: Truth) => Reached
type Refuse = (word: string) => Reached

function onClose({ ...truth }: Truth, order: Order, nowMs: number, answer: Answer, refusal: Refuse): Reached {
  if (truth.state === 'none') return refusal('ORDER_NOT_EXIST')
  if (truth.state === 'paid') return refusal('ORDERPAID')
  if (truth.state === 'closed') return answer('done')
  if (nowMs - order.createdAtMs < CLOSE_AGE_MS_MIN) return refusal('RULE_LIMIT')
  return answer('done', { ...truth, state: 'closed' })
}

function onReverse(truth: Truth, order: Order, nowMs: number, answer: Answer, refusal: Refuse): Reached {
  if (truth.state === 'none') return refusal('ORDER_NOT_EXIST')
  if (truth.state === 'revoked') return answer('done')
  if (nowMs - order.createdAtMs < REVOKE_AGE_MS_MIN) return refusal('RULE_LIMIT')
  if (truth.refunds.some(stands)) return refusal('INVALID_REQUEST')
  return answer('done', { ...truth, state: 'revoked' })
}

function onRefund(truth: Truth, order: Order, { refund }: Request, answer: Answer, refusal: Refuse): Reached {
  if (refund === null || truth.state !== 'paid') return refusal('INVALID_REQUEST')
  const known = truth.refunds.find(({ no }) => no === refund.no)
  if (known !== undefined)
    return known.amount === refund.amount ? answer(known.state) : refusal('PARAM_ERROR')
  if (refund.amount > leftOf(truth, order.total)) return refusal('INVALID_REQUEST')
  return answer('accepted', { ...truth, refunds: [...truth.refunds, { ...refund, state: 'PROCESSING' }] })
}

/** What WeChat Pay calls this truth. */
export function wordFor({ state, refunds }: Truth, { kind }: Pick<Order, 'kind'>): string {
  switch (state) {
    case 'open':
    case 'none':
      return kind === 'quick_pay' ? 'USERPAYING' : 'NOTPAY'
    case 'paid':
      return refunds.some(stands) ? 'REFUND' : 'SUCCESS'
    case 'closed':
      return 'CLOSED'
    case 'revoked':
      return 'REVOKED'
  }
}

/** What the customer paid and nobody gave back, or is about to. */
export function leftOf({ refunds }: Truth, total: number): number {
  return refunds.filter(stands).reduce((left, { amount }) => left - amount, total)
}

export function stands({ state }: TrueRefund): boolean {
  return state !== 'CLOSED'
}

/** The customer pays: an open order only. */
export function pay(truth: Truth): Truth {
  return truth.state === 'open' ? { ...truth, state: 'paid', wasPaid: true } : truth
}
