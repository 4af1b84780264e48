import type { OrderView } from '../../simulator/index.ts'
import type { Errand, SeedPlan } from '../plan.ts'
import type { World, WorldParts } from '../world.ts'
import type { Database, OrderRow, RefundRow } from './database.ts'
import type { LetterChecker } from './letters.ts'
import type { Findings } from './rules.ts'

const FINAL: ReadonlySet<string> = new Set(['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'])
const SKEW_MS = 5_000
/** Marks about identity or money: the design leaves such an order to a person. */
const FOR_A_PERSON: ReadonlySet<string> = new Set(['identity_mismatch', 'amount_mismatch', 'refund_mismatch'])

export interface EndOptions {
  readonly world: World
  readonly database: Database
  readonly letters: LetterChecker
  readonly findings: Findings
}

/** Whether nothing is left to be done but what waits for a person. */
export async function isAtRest({ plan, wechatPay }: WorldParts, database: Database): Promise<boolean> {
  if (database.hasMessagesToSend()) return false
  for (const order of database.dueOrders()) {
    const errand = plan.errands.find(({ out_trade_no }) => out_trade_no === order.out_trade_no)
    if (errand === undefined) return false
    const isLeft = FINAL.has(order.state)
      ? isHeldForAPerson(order, database.refundsOf(order.id))
      : mayStayOpen(errand, order, await wechatPay.order(order.out_trade_no))
    if (!isLeft) return false
  }
  return true
}

/** What has to hold when nothing has gone wrong for long enough that everything has come to its end. */
export async function checkEnd({ world, database, letters, findings }: EndOptions): Promise<void> {
  const { plan, merchant, wechatPay } = world
  const truths = new Map((await wechatPay.orders()).map((truth) => [truth.out_trade_no, truth]))
  for (const errand of plan.errands) {
    const order = database.named(errand.out_trade_no)
    const truth = truths.get(errand.out_trade_no) ?? null
    if (order === null) {
      if (!merchant.refused.has(errand.out_trade_no)) {
        findings.broke(
          'no order is forgotten',
          errand.out_trade_no,
          'Verdict was told of it, and does not have it',
        )
      }
      continue
    }
    checkOrder(errand, order, truth, plan.lateMoney, database, findings)
    const messages = database.messagesOf(order.id)
    const ids = messages.map(({ message_id }) => message_id)
    if (new Set(ids).size < ids.length) {
      findings.broke('every verdict is delivered', order.out_trade_no, 'the same is told in two messages')
    }
    for (const { id, message_id, type, state } of messages) {
      if (letters.understood.has(message_id) && state === 'sent') continue
      findings.broke('every verdict is delivered', order.out_trade_no, `message ${id}, ${type}, is ${state}`)
    }
  }
  for (const out_trade_no of database.strandedStrays()) {
    findings.broke('no order is forgotten', out_trade_no, 'a callback still waits for it')
  }
  checkSecrets(world, database, findings)
}

function checkOrder(
  errand: Errand,
  order: OrderRow,
  truth: OrderView | null,
  lateMoney: SeedPlan['lateMoney'],
  database: Database,
  findings: Findings,
): void {
  const { out_trade_no, state, attention } = order
  const refunds = database.refundsOf(order.id)
  if (!FINAL.has(state)) {
    if (!mayStayOpen(errand, order, truth)) {
      findings.broke(
        'every order ends',
        out_trade_no,
        `still ${state}, marked ${attention}; it is ${truth?.trade_state ?? 'not there'}`,
      )
    }
    return
  }
  for (const refund of refunds) {
    if (refund.due_at !== null && !isHeld(order, refund)) {
      findings.broke(
        'every refund ends',
        out_trade_no,
        `${refund.out_refund_no} is still ${refund.state}, ${refund.said}`,
      )
    }
  }
  const isSpoiled = isAPersonsCase(errand, order)
  const afterMs = (truth?.paidAtMs ?? 0) - (order.given_up_at ?? Number.POSITIVE_INFINITY)
  if (
    lateMoney === 'refund' &&
    afterMs > SKEW_MS &&
    (truth?.kept ?? 0) > 0 &&
    !isSpoiled &&
    !refunds.some(hasFailed)
  ) {
    findings.broke(
      'late money follows the policy',
      out_trade_no,
      `${truth?.kept} are kept of an order that was given up`,
    )
  }
  const known = keptBy(order, refunds)
  const real = truth === null ? 0 : truth.kept
  if (known !== real && !isSpoiled) {
    findings.broke(
      'charged is kept and refunded',
      out_trade_no,
      `${real} of ${truth?.charged ?? 0} are kept, and Verdict says ${known}`,
    )
  }
}

/** What somebody else placed is ended by nobody, unless he said so; what is marked waits for a person. */
function mayStayOpen(
  { tracked }: Errand,
  { attention, given_up_at }: OrderRow,
  truth: OrderView | null,
): boolean {
  if (attention !== null && FOR_A_PERSON.has(attention)) return true
  if (tracked === null) return false
  if (truth === null) return true
  return !tracked.end && given_up_at === null && truth.open
}

/** Whether all that an order with its verdict still waits for waits for a person. */
function isHeldForAPerson(order: OrderRow, refunds: readonly RefundRow[]): boolean {
  const due = refunds.filter(({ due_at }) => due_at !== null)
  return due.length > 0 && due.every((refund) => isHeld(order, refund))
}

/** A refund that goes on when a person has answered for its order. */
function isHeld({ attention }: OrderRow, { origin }: RefundRow): boolean {
  return origin === 'late_money' && attention !== null && FOR_A_PERSON.has(attention)
}

/** WeChat Pay didn't give the money back: a person is told. */
function hasFailed({ state }: RefundRow): boolean {
  return state === 'CLOSED' || state === 'REFUSED'
}

function keptBy({ state, total }: OrderRow, refunds: readonly RefundRow[]): number {
  if (state !== 'SUCCESS') return 0
  return refunds.reduce((left, refund) => (refund.state === 'SUCCESS' ? left - refund.amount : left), total)
}

/** Refunds that Verdict was never told of, and money that the policy leaves to a person or that WeChat Pay keeps. */
function isAPersonsCase({ elsewhere }: Errand, { attention }: OrderRow): boolean {
  return elsewhere !== null || (attention !== null && FOR_A_PERSON.has(attention))
}

/** A payment code is money for whoever reads it in time. */
const PAYMENT_CODE = /1[0-5]\d{16}(?![0-9A-Za-z])/g

function checkSecrets({ wechatPay, trace }: World, database: Database, findings: Findings): void {
  const { apiV3Key } = wechatPay.keys.identity
  for (const [where, text] of [
    ['the database', database.text()],
    ['a notice', trace.lines.join('\n')],
  ] as const) {
    const code = paymentCodeIn(text)
    const what =
      code !== null
        ? `a payment code, ${text.slice(code - 80, code + 30)},`
        : text.includes(apiV3Key)
          ? 'the APIv3 key'
          : null
    if (what !== null) findings.broke('secrets are not stored', null, `${what} stands in ${where}`)
  }
}

/** Where one stands, by itself and not within a longer number; null for nowhere. */
function paymentCodeIn(text: string): number | null {
  for (const { index } of text.matchAll(PAYMENT_CODE)) {
    if (!/[0-9A-Za-z]/.test(text[index - 1] ?? '')) return index
  }
  return null
}
