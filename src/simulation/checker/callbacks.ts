import type { KeyObject } from 'node:crypto'
import type { AnsweredCallback } from '../witness.ts'
import { START_MS, type WorldParts } from '../world.ts'
import type { Database, OrderRow } from './database.ts'
import type { CheckerParts } from './parts.ts'
import type { Findings } from './rules.ts'
import { isSigned, misnames, type Said, saidIn, signedIn } from './statements.ts'

const FINAL: ReadonlySet<string> = new Set(['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'])
const FRESH_S = 300
/** A worker's clock may differ from WeChat Pay's by so much. */
const SKEW_S = 4
/** A store that was slow, a claim that has to end: then nothing keeps Verdict from taking a good callback. */
const SETTLING_MS = 120_000

/** What callbacks were answered, held against what they were, and against what is stored at that moment. */
export class CallbackChecker {
  readonly #world: WorldParts
  readonly #database: Database
  readonly #findings: Findings
  readonly #keys: Readonly<Record<string, KeyObject>>

  constructor({ world, database, findings, keys }: CheckerParts) {
    this.#world = world
    this.#database = database
    this.#findings = findings
    this.#keys = keys
  }

  answered(callback: AnsweredCallback): void {
    const said = this.#believable(callback)
    const isTaken = callback.status === 200 || callback.status === 204
    if (said === null) {
      if (isTaken)
        this.#findings.broke('bad callbacks change nothing', null, 'a callback that nobody signed was taken')
      return
    }
    const out_trade_no = String(said.out_trade_no)
    const order = this.#database.named(out_trade_no)
    const contradiction = order === null ? 'it is about no order' : contradictionOf(said, order)
    if (isTaken && contradiction !== null) {
      this.#findings.broke(
        'bad callbacks change nothing',
        out_trade_no,
        `a callback was taken, and ${contradiction}`,
      )
    } else if (isTaken && order !== null && !this.#isStored(said, order)) {
      this.#findings.broke(
        'what is acknowledged is stored',
        out_trade_no,
        'a callback was taken, and left no trace',
      )
    } else if (!isTaken && order === null && callback.status === 404 && !this.#isKept(callback)) {
      this.#findings.broke(
        'what is acknowledged is stored',
        out_trade_no,
        'a callback for an order to come is not kept',
      )
    } else if (!isTaken && contradiction === null && this.#isWell()) {
      this.#findings.broke(
        'good callbacks are taken',
        out_trade_no,
        `a good callback was answered ${callback.status}`,
      )
    }
  }

  /** What it says, if WeChat Pay signed it lately; null for all else. */
  #believable({ headers, body }: AnsweredCallback): Said | null {
    const signed = signedIn(headers, body)
    if (!isSigned(signed, this.#keys, this.#world.cryptography.verify)) return null
    const ageS = this.#world.clock.nowMs() / 1_000 - Number(signed.timestamp)
    if (Math.abs(ageS) > FRESH_S + SKEW_S) return null
    return saidIn({ source: 'callback', body }, this.#world.wechatPay.keys)
  }

  /** What it says is known of the order from now on. */
  #isStored(said: Said, order: OrderRow): boolean {
    if (said.out_refund_no !== undefined) {
      // Before the order has its verdict it makes us ask: the refund is found with the payment.
      if (!FINAL.has(order.state)) return this.#database.heardCallback(order.id)
      const refund = this.#database
        .refundsOf(order.id)
        .find((one) => one.out_refund_no === said.out_refund_no)
      return said.refund_status !== 'SUCCESS' ? refund !== undefined : refund?.state === 'SUCCESS'
    }
    if (order.state === 'SUCCESS') return true
    const { keys } = this.#world.wechatPay
    return this.#database
      .evidenceOf(order.id)
      .some((piece) => /^(SUCCESS|REFUND)$/.test(String(saidIn(piece, keys)?.trade_state)))
  }

  #isKept({ body }: AnsweredCallback): boolean {
    return this.#database.hasStray(String((JSON.parse(body) as Said).id))
  }

  #isWell(): boolean {
    return this.#world.clock.nowMs() > START_MS + this.#world.plan.calmAtMs + SETTLING_MS
  }
}

/** In which way a signed callback can't be about this order; null if it can. */
function contradictionOf(said: Said, order: OrderRow): string | null {
  const other = misnames(said, order)
  if (other !== null) return other
  const { total, currency } = (said.amount ?? {}) as Said
  if (total !== order.total) return `it says ${total}, the order is about ${order.total}`
  return currency === undefined || currency === order.currency ? null : `it says ${currency}`
}
