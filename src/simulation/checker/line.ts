import type { KeyObject } from 'node:crypto'
import type { HttpReply, HttpRequest, HttpResult } from '../../gateway/wechatpay/transport.ts'
import type { Life } from '../life.ts'
import { START_MS, type WorldParts } from '../world.ts'
import type { Database, OrderIdentity, OrderRow, RefundRow } from './database.ts'
import type { CheckerParts } from './parts.ts'
import { type Asked, askedIn } from './request.ts'
import type { Findings, Rule } from './rules.ts'
import { SharingChecker } from './sharing.ts'
import { isSigned, signedIn } from './statements.ts'

/** Two workers' clocks are at most so far apart; what one writes the other may judge. */
const SKEW_MS = 5_000
/** What is signed is sent within 10 s of its timestamp, which is cut to whole seconds. */
const UNSENT_MS_MAX = 11_000
/** What was asked just before may be heard after the giving up: the longest call there is, 10 s until it leaves and 20 s for its reply. */
const SLOW_MS = 30_000
const CLOSE_AFTER_MS = 300_000
const REVERSE_AFTER_MS = 15_000
/** "Query once more, then revoke or close": an answer is acted on within 10 s; a call and a slow store come on top. */
const FRESH_MS = 60_000
/** The rhythm at the till begins at 3 s; work begins 5 ms before it is due. */
const TILL_GAP_MS = 2_900
const ANY_GAP_MS = 900
const REFUNDS_APART_MS = 60_000
/** "Paid" is asked for at most so long before late money is refunded; the answer may have waited for a stopped process. */
const PAID_MS_MAX = 60_000

/** What was seen on the line about one order. */
interface Passed {
  quickPays: number
  lastPlacedMs: number
  /** A verified answer or refusal to a query, which left at this moment. */
  toldMs: number
  /** How many of them there were. */
  answers: number
  /** The same, and it said that the order is paid. */
  paidMs: number
  /** The version is the order's at that moment. */
  lastQuery: { readonly life: Life; readonly leftMs: number; readonly version: number } | null
  readonly refunds: Map<string, { readonly body: string; readonly signedMs: number }>
}

/** Everything that leaves a process, held against what the documents allow, at the moment at which it leaves. */
export class LineChecker {
  readonly #world: WorldParts
  readonly #database: Database
  readonly #findings: Findings
  readonly #sharing: SharingChecker
  readonly #keys: Readonly<Record<string, KeyObject>>
  readonly #passed = new Map<string, Passed>()
  readonly #leftMs = new WeakMap<HttpRequest, number>()
  readonly #listedMs = new Map<string, number>()
  readonly #orderOfRefund = new Map<string, string>()
  calls = 0

  constructor({ world, database, findings, keys }: CheckerParts) {
    this.#world = world
    this.#keys = keys
    this.#findings = findings
    this.#sharing = new SharingChecker(world.plan, findings)
    this.#database = database
  }

  left(request: HttpRequest, life: Life): void {
    const { clock, trace } = this.#world
    const asked = askedIn(request)
    const nowMs = clock.nowMs()
    this.calls += 1
    this.#leftMs.set(request, nowMs)
    trace.add(life.name, `sends ${asked.call} ${this.#nameOf(asked) ?? ''} ${asked.out_refund_no ?? ''}`)
    this.#sharing.left({ asked, request, life, nowMs, name: this.#nameOf(asked) })
    if (life.clock.nowMs() - asked.timestamp * 1_000 > UNSENT_MS_MAX) {
      this.#broke(
        'no late placing',
        asked,
        `${asked.call} left ${life.clock.nowMs() - asked.timestamp * 1_000} ms after it was signed`,
      )
    }
    switch (asked.call) {
      case 'place':
        this.#checkPlacing(asked)
        break
      case 'query':
        this.#checkQuery(asked, life, nowMs)
        break
      case 'close':
      case 'reverse':
        this.#checkEnding(asked, nowMs)
        break
      case 'refund':
        this.#checkRefund(asked, request)
        break
    }
  }

  arrived(request: HttpRequest): void {
    const asked = askedIn(request)
    this.#world.trace.add('WeChat Pay', `gets ${asked.call} ${this.#nameOf(asked) ?? ''}`)
  }

  ended(request: HttpRequest, result: HttpResult, life: Life): void {
    this.#sharing.ended(request, this.#nameOf(askedIn(request)))
    if (result.kind === 'reply') this.#answered(request, result, life)
  }

  #answered(request: HttpRequest, reply: HttpReply, life: Life): void {
    const asked = askedIn(request)
    const leftMs = this.#leftMs.get(request) ?? 0
    const body = reply.body === null ? '' : Buffer.from(reply.body).toString()
    const name = this.#nameOf(asked)
    this.#world.trace.add(life.name, `hears ${asked.call} ${name ?? ''} ${reply.status} ${wordOf(body)}`)
    if (asked.call === 'queryRefunds' && reply.status === 200) {
      const listed = name ?? this.#database.numberOf(asked.transaction_id ?? '')
      if (listed !== null) this.#listedMs.set(listed, leftMs)
    }
    if (asked.call !== 'query' || asked.out_trade_no === null || reply.status === 429) return
    const passed = this.#of(asked.out_trade_no)
    if (!this.#isSigned(reply, body)) return
    if (reply.status < 500) {
      passed.toldMs = Math.max(passed.toldMs, leftMs)
      passed.answers += 1
    }
    if (/"trade_state":"(SUCCESS|REFUND)"/.test(body)) passed.paidMs = Math.max(passed.paidMs, leftMs)
  }

  // -------------------------------------------------------------- each kind of call

  #checkPlacing(asked: Asked): void {
    const passed = this.#of(asked.out_trade_no ?? '')
    // Signed is what counts: it leaves within 10 s of that.
    passed.lastPlacedMs = asked.timestamp * 1_000
    if (asked.isQuickPay) passed.quickPays += 1
    if (passed.quickPays > 1) this.#broke('Quick Pay is placed once', asked, 'a Quick Pay placing left twice')
    const order = this.#database.identityOf(asked.out_trade_no ?? '')
    if (order === null) this.#isNotStored(asked)
    else this.#checkIntent(asked, order)
  }

  #checkQuery(asked: Asked, life: Life, nowMs: number): void {
    const passed = this.#of(asked.out_trade_no ?? '')
    const { lastQuery } = passed
    const stored = this.#database.identityOf(asked.out_trade_no ?? '')
    const version = stored === null ? 0 : this.#database.versionOf(stored.id)
    passed.lastQuery = { life, leftMs: nowMs, version }
    if (stored === null || lastQuery === null || lastQuery.life !== life) return
    const gapMs = nowMs - lastQuery.leftMs
    if (gapMs >= TILL_GAP_MS) return
    const order = this.#database.order(stored.id)
    const isAtTheTill = order.kind === 'quick_pay' && order.state === 'waiting' && order.declined === 0
    const isWaited = order.state === 'placing' || order.state === 'waiting'
    const isTooSoon = gapMs < (isAtTheTill ? TILL_GAP_MS : ANY_GAP_MS)
    if (
      isTooSoon &&
      isWaited &&
      order.attention === null &&
      !this.#database.isHinted(order.id, lastQuery.leftMs) &&
      // Another process was stopped while it waited for a reply: the next query is due by its clock.
      !this.#database.heardLate(order.id, { version: lastQuery.version, askedMs: lastQuery.leftMs - SKEW_MS })
    ) {
      this.#broke('queries keep the rhythm', asked, `queried ${gapMs} ms after the query before`)
    }
  }

  #checkEnding(asked: Asked, nowMs: number): void {
    const order = this.#database.named(asked.out_trade_no ?? '')
    if (order === null) {
      this.#isNotStored(asked)
      return
    }
    this.#checkIntent(asked, order)
    const passed = this.#of(order.out_trade_no)
    const placedMs = Math.max(passed.lastPlacedMs, this.#placedElsewhereMs(order))
    const leastMs = asked.call === 'close' ? CLOSE_AFTER_MS : REVERSE_AFTER_MS
    if (nowMs - placedMs < leastMs - SKEW_MS) {
      this.#broke(
        'nothing is ended too early',
        asked,
        `${asked.call} ${nowMs - placedMs} ms after its placing`,
      )
    }
    const mayEnd = order.given_up_at !== null || (order.may_end === 1 && this.#isOver(order, nowMs))
    if (!mayEnd)
      this.#broke('nothing is ended without cause', asked, `${asked.call}, though it is still waited for`)
    // A revoke without an answer is repeated blindly: it may still take effect.
    if (order.revoke_unanswered_at !== null) return
    if (
      order.given_up_at !== null &&
      !this.#isOver(order, nowMs) &&
      passed.toldMs < order.given_up_at - SKEW_MS - SLOW_MS
    ) {
      this.#broke(
        'queried before it is ended',
        asked,
        `${asked.call} without an answer since it was given up`,
      )
    }
    if (nowMs - passed.toldMs > FRESH_MS) {
      this.#broke(
        'queried before it is ended',
        asked,
        `${asked.call} without an answer about it for ${nowMs - passed.toldMs} ms`,
      )
    }
  }

  /** When other code placed it; 0 for an order of Verdict's own. */
  #placedElsewhereMs({ out_trade_no, origin }: OrderRow): number {
    if (origin !== 'tracked') return 0
    const errand = this.#world.plan.errands.find((one) => one.out_trade_no === out_trade_no)
    return START_MS + (errand?.atMs ?? 0)
  }

  #isOver({ id, out_trade_no, kind, window_end_at, declined }: OrderRow, nowMs: number): boolean {
    const { policies, shakiness } = this.#world.plan
    const { queriesMax = Number.POSITIVE_INFINITY } =
      kind === 'quick_pay' ? policies.quickPay : policies.elsewhere
    // An answer is counted again if the store failed after it was written, and nobody could know that it was.
    const answersMin = shakiness.fails > 0 && shakiness.spells.length > 0 ? queriesMax / 2 : queriesMax
    return (
      nowMs >= window_end_at - SKEW_MS ||
      this.#of(out_trade_no).answers >= answersMin ||
      declined === 1 ||
      this.#database.heardPayerror(id)
    )
  }

  #checkRefund(asked: Asked, { body }: HttpRequest): void {
    const signedMs = asked.timestamp * 1_000
    const number = asked.out_refund_no ?? ''
    const row = this.#database.refundNumbered(number)
    if (row === null) {
      this.#broke('intent before effect', asked, `the refund ${number} left and is not stored`)
      return
    }
    const order = this.#database.identity(row.order_id)
    this.#orderOfRefund.set(number, order.out_trade_no)
    this.#checkIntent(asked, order)
    if (row.amount !== asked.amount) {
      this.#broke(
        'a refund keeps its number and bytes',
        asked,
        `${asked.amount} left, ${row.amount} are stored`,
      )
    }
    const passed = this.#of(order.out_trade_no)
    for (const [other, { signedMs: otherMs }] of passed.refunds) {
      if (other === number || signedMs - otherMs >= REFUNDS_APART_MS - SKEW_MS || passed.refunds.has(number))
        continue
      this.#broke(
        'refunds of an order are a minute apart',
        asked,
        `${signedMs - otherMs} ms after the refund ${other}`,
      )
    }
    const before = passed.refunds.get(number)
    if (before !== undefined && before.body !== body) {
      this.#broke('a refund keeps its number and bytes', asked, `${body} after ${before.body}`)
    }
    if (row.origin === 'late_money' && before === undefined) this.#checkLateMoney(asked, order, row, passed)
    passed.refunds.set(number, { body, signedMs })
  }

  /** What counts is the moment at which it was entered: budget and account may keep it waiting for hours. */
  #checkLateMoney(asked: Asked, order: OrderIdentity, { created_at }: RefundRow, passed: Passed): void {
    const freshMs = created_at - PAID_MS_MAX - SKEW_MS
    const learntMs = this.#database.lateLearntAtMs(order.id) - SKEW_MS
    const listedMs = this.#listedMs.get(order.out_trade_no) ?? 0
    // The answer by which it became known counts, too, if it was one to a question. The list is asked for afterwards.
    if (passed.paidMs >= freshMs && listedMs >= Math.max(freshMs, learntMs)) return
    const missing = passed.paidMs < freshMs ? 'a fresh answer' : 'the list of its refunds'
    this.#broke('late money is refunded only when it is certain', asked, `refunded without ${missing}`)
  }

  // -------------------------------------------------------------- every call

  #isSigned({ headers }: HttpReply, body: string): boolean {
    return isSigned(signedIn(headers, body), this.#keys, this.#world.cryptography.verify)
  }

  #checkIntent(asked: Asked, order: OrderIdentity): void {
    if (this.#database.hasIntent(order.id, asked.call, asked.timestamp)) return
    this.#broke('intent before effect', asked, `${asked.call} left, and no intent of its moment is stored`)
  }

  #isNotStored(asked: Asked): void {
    this.#broke('intent before effect', asked, `${asked.call} left for an order that is not stored`)
  }

  #of(out_trade_no: string): Passed {
    const known = this.#passed.get(out_trade_no)
    if (known !== undefined) return known
    const passed: Passed = {
      quickPays: 0,
      lastPlacedMs: 0,
      toldMs: 0,
      answers: 0,
      paidMs: 0,
      lastQuery: null,
      refunds: new Map(),
    }
    this.#passed.set(out_trade_no, passed)
    return passed
  }

  /** WeChat Pay's own number may stand in the request, the merchant's number of a refund: ours tells whose they are. */
  #nameOf({ out_trade_no, out_refund_no }: Asked): string | null {
    return out_trade_no ?? this.#orderOfRefund.get(out_refund_no ?? '') ?? null
  }

  #broke(rule: Rule, asked: Asked, says: string): void {
    this.#findings.broke(rule, this.#nameOf(asked), says)
  }
}

function wordOf(body: string): string {
  return /"(?:trade_state|status|code)":"(\w+)"/.exec(body)?.[1] ?? ''
}
