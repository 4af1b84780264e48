import type { KeyObject } from 'node:crypto'
import { START_MS, type WorldParts } from '../world.ts'
import type { Database, EvidenceRow, OrderRow, Write } from './database.ts'
import type { CheckerParts } from './parts.ts'
import type { Findings, Rule } from './rules.ts'
import { isDenial, isSigned, misnames, type Said, saidIn } from './statements.ts'

type OrderWrite = Extract<Write, { what: 'order' }>

const FINAL: ReadonlySet<string> = new Set(['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'])
const MEANS: Readonly<Record<string, readonly string[]>> = {
  SUCCESS: ['SUCCESS', 'REFUND'],
  CLOSED: ['CLOSED'],
  REVOKED: ['REVOKED'],
}
/** WeChat Pay refuses what was signed earlier; a placing can take effect until then. */
const USABLE_MS = 300_000
const APART_MS = 60_000
/**
 * Once nothing goes wrong, an order has its verdict so long after its window at the latest. What takes longest is an order
 * that was asked about in vain for long: its pause has grown to a quarter of that time.
 */
export const VERDICT_MS_MAX = 20 * 60_000
/** Clocks of WeChat Pay and of two workers, and what a call takes. */
const SLACK_MS = 13_000

/** Every write of Verdict's database, held against what may be written, right after it. */
export class WriteChecker {
  readonly #world: WorldParts
  readonly #database: Database
  readonly #findings: Findings
  readonly #keys: Readonly<Record<string, KeyObject>>
  readonly #versions = new Map<number, { version: number; state: string }>()
  /** The longest time to a verdict since everything was well and the order's window was over. */
  verdictAfterMsMax = 0
  readonly #progress = new Map<number, Pick<OrderRow, 'given_up_at' | 'seen'>>()
  readonly #refundStates = new Map<number, { state: string; amount: number }>()

  constructor({ world, database, findings, keys }: CheckerParts) {
    this.#world = world
    this.#database = database
    this.#findings = findings
    this.#keys = keys
  }

  async check(): Promise<void> {
    for (const write of this.#database.writes()) {
      if (write.what === 'order') await this.#checkOrder(write)
      else if (write.what === 'evidence') this.#checkEvidence(this.#database.evidence(write.id))
      else if (write.what === 'refund') await this.#checkRefund(write.id)
      else
        this.#broke('a verdict never falls', null, `a row of ${write.table} was changed that is written once`)
    }
  }

  // -------------------------------------------------------------- orders

  async #checkOrder(write: OrderWrite): Promise<void> {
    const { id, was, is, wasVersion, version, due_at } = write
    const { out_trade_no } = this.#database.identity(id)
    const { trace } = this.#world
    trace.add('store', `${out_trade_no} ${was ?? 'enters'} -> ${is}, version ${version}`)
    const known = this.#versions.get(id)
    this.#versions.set(id, { version, state: is })
    if (wasVersion !== null && version !== wasVersion + 1) {
      this.#broke(
        'a change is decided on what is stored',
        out_trade_no,
        `version ${wasVersion} became ${version}`,
      )
    }
    if (known !== undefined && known.version !== wasVersion) {
      this.#broke(
        'a change is decided on what is stored',
        out_trade_no,
        `version ${known.version} was written over`,
      )
    }
    this.#checkProgress(write, out_trade_no)
    if (was === null) this.#checkPurchase(id)
    if (was !== null && FINAL.has(was)) {
      if (is !== was) this.#broke('a verdict never falls', out_trade_no, `${was} became ${is}`)
      return
    }
    if (FINAL.has(is)) await this.#checkVerdict(this.#database.order(id))
    else if (due_at === null) this.#broke('no order is forgotten', out_trade_no, `${is} without a due time`)
  }

  /** What was once learnt is never forgotten. */
  #checkProgress({ id, given_up_at, seen }: OrderWrite, out_trade_no: string): void {
    const before = this.#progress.get(id)
    this.#progress.set(id, { given_up_at, seen })
    if (before === undefined) return
    if (before.given_up_at !== given_up_at && before.given_up_at !== null) {
      this.#broke('a change is decided on what is stored', out_trade_no, 'that it was given up is forgotten')
    }
    if (before.seen !== null && seen === null) {
      this.#broke(
        'a change is decided on what is stored',
        out_trade_no,
        `that it was ${before.seen} is forgotten`,
      )
    }
  }

  #checkPurchase(id: number): void {
    const order = this.#database.identity(id)
    const other = this.#database.takenBy(order)
    if (other !== null)
      this.#broke('one order for a purchase', order.out_trade_no, `${other} is for the same`)
  }

  async #checkVerdict(order: OrderRow): Promise<void> {
    const { id, out_trade_no, state } = order
    const verdict = this.#database.verdict(id)
    if (verdict === null || verdict.state !== state) {
      return this.#broke('no verdict without evidence', out_trade_no, `${state} without a verdict's row`)
    }
    const evidence = this.#database.evidenceOf(id)
    const says =
      state === 'NOT_CREATED'
        ? this.#notCreated(order, evidence)
        : this.#unproven(
            order,
            verdict.transaction_id,
            evidence.find((piece) => piece.id === verdict.evidence_id),
          )
    if (says !== null) this.#broke('no verdict without evidence', out_trade_no, `${state}: ${says}`)
    this.#checkDelay(order)
    const untrue = await this.#untrue(order)
    if (untrue !== null) this.#broke('the verdict is the truth', out_trade_no, `${state}: ${untrue}`)
    const told = this.#database.messagesOf(id).filter(({ type }) => type === 'order.verdict')
    if (told.length !== 1)
      this.#broke('every verdict is delivered', out_trade_no, `${told.length} messages with the verdict`)
  }

  #checkDelay({ out_trade_no, window_end_at, state }: OrderRow): void {
    const { clock, plan } = this.#world
    const afterMs = clock.nowMs() - Math.max(START_MS + plan.calmAtMs, window_end_at)
    this.verdictAfterMsMax = Math.max(this.verdictAfterMsMax, afterMs)
    if (afterMs > VERDICT_MS_MAX) {
      this.#broke(
        'every order ends',
        out_trade_no,
        `${state} only ${Math.round(afterMs / 1_000)} s after its window`,
      )
    }
  }

  /** What the statement lacks that a verdict is said to rest on; null if nothing. */
  #unproven(order: OrderRow, transaction_id: string | null, piece: EvidenceRow | undefined): string | null {
    if (piece === undefined) return 'no evidence of this order'
    const said = saidIn(piece, this.#world.wechatPay.keys)
    if (said === null) return 'the evidence says nothing'
    const other = misnames(said, order)
    if (other !== null) return other
    if (!MEANS[order.state]?.includes(String(said.trade_state)))
      return `the evidence says ${said.trade_state}`
    if (order.state !== 'SUCCESS') return null
    const { total, currency } = (said.amount ?? {}) as Said
    if (total !== order.total || currency !== order.currency) return `the evidence says ${total} ${currency}`
    const named = said.transaction_id ?? said.id
    return named === transaction_id ? null : `the evidence names ${named}, the verdict ${transaction_id}`
  }

  #notCreated(order: OrderRow, evidence: readonly EvidenceRow[]): string | null {
    const stated = evidence.find(
      (piece) => 'trade_state' in (saidIn(piece, this.#world.wechatPay.keys) ?? {}),
    )
    if (stated !== undefined) return 'a state of it was signed'
    if (order.seen !== null) return `it was seen as ${order.seen}`
    if (order.origin === 'tracked') return 'somebody else placed it'
    const denials = evidence.filter(isDenial)
    const usableMs = order.latest_placing_at + USABLE_MS - SLACK_MS
    const late = denials.filter(({ received_at }) => received_at > usableMs)
    if (new Set(late.map(({ signature }) => signature)).size < 2)
      return `${late.length} denials after its placing`
    // A stopped process hears late what was said long before.
    const saidMs = late.map(({ timestamp }) => Number(timestamp) * 1_000)
    const [first, last] = [Math.min(...saidMs), Math.max(...saidMs)]
    return last - first >= APART_MS - SLACK_MS ? null : `denials only ${last - first} ms apart`
  }

  /** In which way WeChat Pay has it otherwise; null if it has not. */
  async #untrue({ out_trade_no, state }: OrderRow): Promise<string | null> {
    const truth = await this.#world.wechatPay.order(out_trade_no)
    if (state === 'NOT_CREATED') return truth === null ? null : `it is there, ${truth.trade_state}`
    if (truth === null) return 'it is not there'
    if (state !== 'SUCCESS') return truth.trade_state === state ? null : `it is ${truth.trade_state}`
    return truth.paid && !truth.moneyReturned ? null : `it is ${truth.trade_state}`
  }

  // -------------------------------------------------------------- evidence and refunds

  #checkEvidence(piece: EvidenceRow): void {
    const { account, out_trade_no } = this.#database.identity(piece.order_id)
    if (!isSigned(piece, this.#keys, this.#world.cryptography.verify)) {
      this.#broke('evidence verifies', out_trade_no, `WeChat Pay never signed ${piece.request}`)
    }
    if (Math.abs(Number(piece.timestamp) * 1_000 - piece.received_at) > USABLE_MS + 1_000) {
      this.#broke(
        'evidence verifies',
        out_trade_no,
        `signed ${piece.timestamp}, received ${piece.received_at}`,
      )
    }
    if (!this.#database.hasKey(account, piece.serial)) {
      this.#broke('evidence verifies', out_trade_no, `the key ${piece.serial} is not kept`)
    }
  }

  async #checkRefund(id: number): Promise<void> {
    const { order_id, out_refund_no, origin, amount, state } = this.#database.refund(id)
    const { out_trade_no, total } = this.#database.identity(order_id)
    this.#world.trace.add('store', `${out_trade_no} refund ${out_refund_no} of ${amount} is ${state}`)
    const before = this.#refundStates.get(id)
    this.#refundStates.set(id, { state, amount })
    if (before !== undefined && before.amount !== amount) {
      this.#broke('a refund keeps its number and bytes', out_trade_no, `${before.amount} became ${amount}`)
    }
    if (before?.state === 'SUCCESS' && state !== 'SUCCESS') {
      this.#broke(
        'a verdict never falls',
        out_trade_no,
        `the refund ${out_refund_no} was SUCCESS and is ${state}`,
      )
    }
    if (origin === 'late_money' && before === undefined) this.#checkLateMoney(order_id, out_trade_no)
    if (origin !== 'elsewhere') {
      // What was refunded elsewhere counts when a new one enters; what is found later, nobody could know in time.
      const standing = this.#database
        .refundsOf(order_id)
        .filter((refund) => before === undefined || refund.origin !== 'elsewhere')
        .filter((refund) => refund.state !== 'CLOSED' && refund.state !== 'REFUSED')
      const sum = standing.reduce((all, refund) => all + refund.amount, 0)
      if (sum > total) this.#broke('refunds stay below the total', out_trade_no, `${sum} of ${total}`)
    }
    if (before?.state === state || !['SUCCESS', 'CLOSED', 'REFUSED'].includes(state)) return
    const truth = (await this.#world.wechatPay.order(out_trade_no))?.refunds ?? []
    const real = truth.find((refund) => refund.out_refund_no === out_refund_no)?.status ?? null
    const isTrue = { SUCCESS: real === 'SUCCESS', CLOSED: real === 'REFUNDCLOSE', REFUSED: real === null }[
      state
    ]
    if (!isTrue)
      this.#broke(
        'the verdict is the truth',
        out_trade_no,
        `the refund ${out_refund_no} is ${state}, and really ${real}`,
      )
  }

  #checkLateMoney(orderId: number, out_trade_no: string): void {
    const { lateMoney } = this.#world.plan
    if (lateMoney !== 'refund') {
      this.#broke(
        'late money follows the policy',
        out_trade_no,
        `refunded, though the policy is ${lateMoney}`,
      )
    }
    if (!this.#database.isEnding(orderId)) {
      this.#broke('late money follows the policy', out_trade_no, 'refunded, though nobody gave it up')
    }
  }

  #broke(rule: Rule, out_trade_no: string | null, says: string): void {
    this.#findings.broke(rule, out_trade_no, says)
  }
}
