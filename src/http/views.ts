import { z } from 'zod'
import { REFUND_STATES, type Refund } from '../core/aftercare.ts'
import { ATTENTION } from '../core/attention.ts'
import type { JournalLine } from '../core/change.ts'
import { FINAL_STATES, isFinal, isStopped, KINDS, type Order, type Verdict } from '../core/order.ts'
import type { Credential, Evidence } from '../core/outcome.ts'
import { RESOLUTIONS, resolutionsOf } from '../core/resolving.ts'
import { DIFFERENCES } from '../reconcile/compare.ts'
import type { Reconciliation } from '../reconcile/report.ts'
import type { Found, KeptReconciliation } from '../store/reconciliations.ts'
import { DELIVERY_STATES, type Delivery, type PlatformKey } from '../store/store.ts'
import type { Schedule } from '../verdict.ts'

/*
 * What the API shows. WeChat Pay's words keep WeChat Pay's spelling, ours are written as in the library and the webhooks.
 * Amounts are in the smallest unit of their currency, moments in RFC 3339.
 */

export const ORDER_STATES = ['placing', 'waiting', 'ending', ...FINAL_STATES] as const

export type OrderState = (typeof ORDER_STATES)[number]

const moment = z.string().meta({ format: 'date-time' })
const text = z.string()
const amount = z.object({ total: z.int(), currency: text })

export const OrderId = z.string().regex(/^ord_[1-9]\d{0,15}$/, 'expected an order id, as ord_42')
export const DeliveryId = z.string().regex(/^dlv_[1-9]\d{0,15}$/, 'expected a delivery id, as dlv_42')
/** The parameters of whatever is about one order. */
export const ById = z.strictObject({ id: OrderId })

export function numberIn(id: string): number {
  return Number(id.slice(4))
}

export const OrderView = z
  .object({
    id: OrderId,
    account: text,
    sub_mchid: text.nullable(),
    out_trade_no: text,
    kind: z.enum(KINDS),
    purchase: text.nullable(),
    amount,
    origin: z.enum(['placed', 'tracked']),
    state: z.enum(ORDER_STATES),
    /** The latest `trade_state` that WeChat Pay signed; null before the first. */
    trade_state: text.nullable(),
    attention: z.enum(Object.keys(ATTENTION) as [keyof typeof ATTENTION]).nullable(),
    /** What a person may answer to the mark. */
    resolutions: z.array(z.enum(RESOLUTIONS)),
    /** Whether a person has stopped the tracking: nothing is asked until WeChat Pay tells, or somebody asks. */
    stopped: z.boolean(),
    createdAt: moment,
    windowEndsAt: moment,
    nextDueAt: moment.nullable(),
    givenUpAt: moment.nullable(),
    queries: z.int(),
    verdict: z
      .object({
        state: z.enum(FINAL_STATES),
        at: moment,
        learntBy: z.enum(['place', 'query', 'callback']),
        transaction_id: text.nullable(),
        success_time: text.nullable(),
      })
      .nullable(),
    lateMoney: z.object({ phase: text, transaction_id: text.nullable(), learntAt: moment }).nullable(),
    refunded: z.int(),
  })
  .meta({ id: 'Order' })

export type OrderSeen = z.output<typeof OrderView>

export function orderView(order: Order): z.input<typeof OrderView> {
  const { id, account, sub_mchid, out_trade_no, kind, purchase, total, currency, origin, state } = order
  const aftercare = isFinal(order) ? order.aftercare : null
  const late = aftercare?.late ?? null
  return {
    id: `ord_${id}`,
    ...{ account, sub_mchid, out_trade_no, kind, purchase, origin, state },
    amount: { total, currency },
    trade_state: order.seen,
    attention: order.attention,
    resolutions: [...resolutionsOf(order)],
    stopped: isStopped(order),
    createdAt: at(order.createdAtMs),
    windowEndsAt: at(order.windowEndAtMs),
    nextDueAt: isStopped(order) ? null : atOrNull(order.dueAtMs),
    givenUpAt: atOrNull(order.givenUpAtMs),
    queries: order.queries,
    verdict: isFinal(order) ? verdictView(order.verdict) : null,
    lateMoney:
      late === null
        ? null
        : { phase: late.phase, transaction_id: late.transaction_id, learntAt: at(late.learntAtMs) },
    refunded: (aftercare?.refunds ?? [])
      .filter((refund) => refund.state === 'SUCCESS')
      .reduce((sum, refund) => sum + refund.amount, 0),
  }
}

function verdictView({ state, atMs, learntBy, transaction_id, success_time }: Verdict) {
  return { state, at: at(atMs), learntBy, transaction_id, success_time }
}

export const CredentialView = z
  .object({ name: z.enum(['code_url', 'prepay_id', 'mweb_url']), value: text })
  .meta({ id: 'Credential' })

export const PlacedView = z
  .object({
    order: OrderView,
    /** What the customer needs to pay; null for Quick Pay, and while no reply has come. */
    credential: CredentialView.nullable(),
    /** Whether the order was there before, with the same parameters: then nothing was sent. */
    repeated: z.boolean(),
    warnings: z.array(text),
  })
  .meta({ id: 'Placed' })

export type PlacedSeen = z.output<typeof PlacedView>

export function credentialView(credential: Credential | null) {
  return credential === null ? null : { name: credential.name, value: credential.value }
}

export const RefundView = z
  .object({
    out_refund_no: text,
    /** The caller's own; null for a refund that was made elsewhere. */
    idempotencyKey: text.nullable(),
    origin: z.enum(['asked', 'late_money', 'elsewhere']),
    amount: z.int(),
    reason: text.nullable(),
    state: z.enum(REFUND_STATES),
    /** The last word of WeChat Pay. */
    status: text.nullable(),
    refund_id: text.nullable(),
    success_time: text.nullable(),
    createdAt: moment,
    nextDueAt: moment.nullable(),
  })
  .meta({ id: 'Refund' })

export type RefundSeen = z.output<typeof RefundView>

export function refundView(refund: Refund): z.input<typeof RefundView> {
  const { out_refund_no, key, origin, amount, reason, state, said, refund_id, success_time } = refund
  return {
    ...{ out_refund_no, idempotencyKey: key, origin, amount, reason, state, status: said },
    ...{ refund_id, success_time },
    createdAt: at(refund.createdAtMs),
    nextDueAt: atOrNull(refund.dueAtMs),
  }
}

export const JournalView = z
  .object({
    at: moment,
    event: text,
    call: text.optional(),
    said: text.optional(),
    note: text.optional(),
    tookMs: z.int().optional(),
  })
  .meta({ id: 'JournalLine' })

export type JournalSeen = z.output<typeof JournalView>

export function journalView({ atMs, ...line }: JournalLine): z.input<typeof JournalView> {
  return { at: at(atMs), ...line }
}

export const EvidenceView = z
  .object({
    source: z.enum(['reply', 'callback']),
    request: text,
    status: z.int(),
    serial: text,
    timestamp: text,
    nonce: text,
    signature: text,
    body: text,
    receivedAt: moment,
    /** What it says: the body itself, or what the service found in a callback's; null if its APIv3 key no longer opens it. */
    opened: text.nullable(),
  })
  .meta({ id: 'Evidence' })

export function evidenceView(evidence: Evidence, opened: string | null): z.input<typeof EvidenceView> {
  const { source, request, status, serial, timestamp, nonce, signature, body, receivedAtMs } = evidence
  return {
    ...{ source, request, status, serial, timestamp, nonce, signature, body, opened },
    receivedAt: at(receivedAtMs),
  }
}

export const PlatformKeyView = z
  .object({
    serial: text,
    /** SPKI PEM. */
    publicKey: text,
  })
  .meta({ id: 'PlatformKey' })

export type PieceSeen = z.output<typeof EvidenceView>

export const EvidenceList = z
  .object({
    data: z.array(EvidenceView),
    keys: z.array(PlatformKeyView),
    /** What `accept_evidence` puts in the place of the order's amount; null unless it is marked `amount_mismatch`. */
    amountToAccept: amount.nullable(),
    holds: z.boolean(),
    because: text.nullable(),
  })
  .meta({ id: 'EvidenceList' })

export type EvidenceSeen = z.output<typeof EvidenceList>

export type PlatformKeySeen = z.output<typeof PlatformKeyView>

export function platformKeyView({ serial, publicKey }: PlatformKey): z.input<typeof PlatformKeyView> {
  return { serial, publicKey }
}

export const ScheduleView = z
  .object({
    /** Mean moments of the queries inside the window, by the policy of today. */
    queriesAt: z.array(moment),
    windowEndsAt: moment,
    /** From when on WeChat Pay lets the order be revoked (Quick Pay) or closed. */
    endableAt: moment,
  })
  .meta({ id: 'Schedule' })

export type ScheduleSeen = z.output<typeof ScheduleView>

export function scheduleView(schedule: Schedule): z.input<typeof ScheduleView> {
  return {
    queriesAt: schedule.queriesAtMs.map(at),
    windowEndsAt: at(schedule.windowEndAtMs),
    endableAt: at(schedule.endableAtMs),
  }
}

export const DeliveryView = z
  .object({
    id: DeliveryId,
    orderId: OrderId,
    target: text,
    message: z.object({ id: text, type: text, payload: text }),
    state: z.enum(DELIVERY_STATES),
    attempts: z.int(),
    createdAt: moment,
    nextAttemptAt: moment.nullable(),
    doneAt: moment.nullable(),
    why: text.nullable(),
  })
  .meta({ id: 'Delivery' })

export type DeliverySeen = z.output<typeof DeliveryView>

export function deliveryView(delivery: Delivery): z.input<typeof DeliveryView> {
  const { id, orderId, target, message, state, attempts, why } = delivery
  return {
    id: `dlv_${id}`,
    orderId: `ord_${orderId}`,
    ...{ target, message, state, attempts, why },
    createdAt: at(delivery.createdAtMs),
    nextAttemptAt: atOrNull(delivery.dueAtMs),
    doneAt: atOrNull(delivery.doneAtMs),
  }
}

const DifferenceView = z
  .object({
    kind: z.enum(DIFFERENCES),
    /** Of the bill, its head being 1. */
    line: z.int().nullable(),
    sub_mchid: text.nullable(),
    out_trade_no: text.nullable(),
    transaction_id: text.nullable(),
    out_refund_no: text.nullable(),
    /** What the bill says, in its own words. */
    billed: text.nullable(),
    /** What is known here. */
    here: text.nullable(),
  })
  .meta({ id: 'Difference' })

export type DifferenceSeen = z.output<typeof DifferenceView>

export const ReconciliationView = z
  .object({
    account: text,
    sub_mchid: text.nullable(),
    date: text,
    /** Null: WeChat Pay signed that there is none, as of a day without trades. */
    bill: z
      .object({
        sha1: text,
        bytes: z.int(),
        /** How its amounts are written: in the currency's smallest unit, or as `12.34`. */
        unit: z.enum(['minor', 'major']).nullable(),
        evidence: EvidenceView,
      })
      .nullable(),
    lines: z.object({ payment: z.int(), refund: z.int(), reversal: z.int() }),
    /** Lines that say what is known here. */
    agreed: z.int(),
    /** How many differences of each kind there are; none is left out. */
    differing: z.partialRecord(z.enum(DIFFERENCES), z.int()),
    /** At most 1,000 of them. */
    differences: z.array(DifferenceView),
    /** Orders that are due to be asked about at once because of the bill. */
    asked: z.int(),
  })
  .meta({ id: 'Reconciliation' })

export type ReconciliationSeen = z.output<typeof ReconciliationView>

export function reconciliationView({
  account,
  sub_mchid,
  date,
  differences,
  ...found
}: Reconciliation): z.input<typeof ReconciliationView> {
  return { ...{ account, sub_mchid, date }, ...foundView(found), differences: [...differences] }
}

function foundView({ bill, lines, differing, agreed, asked }: Found) {
  return {
    bill: bill === null ? null : { ...bill, evidence: evidenceView(bill.evidence, bill.evidence.body) },
    lines: { ...lines },
    differing: { ...differing },
    ...{ agreed, asked },
  }
}

const { differences: _, account, sub_mchid, date, ...FOUND } = ReconciliationView.shape

export const KeptReconciliationView = z
  .object({
    ...{ account, sub_mchid, date },
    /** How often in a row it was tried by itself and came to nothing; null: only because somebody asked. */
    tries: z.int().nullable(),
    /** How often it was tried by itself and something was found. */
    finds: z.int(),
    triedAt: moment.nullable(),
    /** Why the latest try came to nothing; null: it didn't, or there was none. */
    failure: text.nullable(),
    foundAt: moment.nullable(),
    /** What the latest one found that came to something, without the single differences. */
    found: z.object(FOUND).meta({ id: 'Found' }).nullable(),
  })
  .meta({ id: 'KeptReconciliation' })

export type KeptReconciliationSeen = z.output<typeof KeptReconciliationView>

export function keptReconciliationView({
  id: _id,
  triedAtMs,
  foundAtMs,
  found,
  ...kept
}: KeptReconciliation): z.input<typeof KeptReconciliationView> {
  return {
    ...kept,
    triedAt: atOrNull(triedAtMs),
    foundAt: atOrNull(foundAtMs),
    found: found === null ? null : foundView(found),
  }
}

export function pageOf<Item extends z.ZodType>(item: Item, id: string) {
  return z
    .object({
      data: z.array(item),
      /** For `cursor`, with the same filter; null on the last page. */
      next: text.nullable(),
    })
    .meta({ id })
}

function at(ms: number): string {
  return new Date(ms).toISOString()
}

function atOrNull(ms: number | null): string | null {
  return ms === null ? null : at(ms)
}
