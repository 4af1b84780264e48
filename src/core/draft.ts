import { type Aftercare, type LateMoney, NO_AFTERCARE, nextTaskAtMs, type Refund } from './aftercare.ts'
import { type AttentionCode, afterAnswer, marked, stopsEnding } from './attention.ts'
import type { Change, JournalEvent, JournalLine, OrderEvent } from './change.ts'
import {
  type Ending,
  type FinalOrder,
  factsOf,
  isStopped,
  type Life,
  type OpenOrder,
  type Order,
  type OrderFacts,
  type Progress,
  progressOf,
  STOPPED_MS,
  type Verdict,
} from './order.ts'
import type { Credential, Evidence, TradeStatement } from './outcome.ts'
import { isTradeState } from './trade-state.ts'

/** An order without verdict is shown to a person so long after its window, late money so long after it was learnt. */
const OVERDUE_MS = 1_800_000

/** A change in the making: collects journal lines, evidence, events and patches, and ends in exactly one state. */
export abstract class Draft<From extends Order> {
  credential: Credential | undefined
  /** What a callback says against the order. */
  refuses: string | undefined
  protected readonly from: From
  protected readonly nowMs: number
  readonly #journal: JournalLine[] = []
  readonly #evidence: Evidence[] = []
  readonly #events: OrderEvent[] = []
  /** A person has just looked at it: what he knows is no news. */
  protected isSeen = false
  #corrected: Change['corrected']
  #order: From

  constructor(order: From, nowMs: number) {
    this.from = order
    this.#order = order
    this.nowMs = nowMs
  }

  /** The order with what was patched so far, still in its old state. */
  get order(): From {
    return this.#order
  }

  note(event: JournalEvent, more: Omit<JournalLine, 'atMs' | 'event'> = {}): void {
    this.#journal.push({ atMs: this.nowMs, event, ...more })
  }

  keep(evidence: Evidence): void {
    this.#evidence.push(evidence)
  }

  /** The merchant's system is told, once for a change: a list may state one refund twice. */
  tell(event: OrderEvent): void {
    if (!this.#events.some((told) => subjectOf(told) === subjectOf(event))) this.#events.push(event)
  }

  patch(progress: Partial<Progress>): void {
    this.#order = { ...this.#order, ...progress }
  }

  saw(trade_state: string): void {
    if (isTradeState(trade_state)) this.patch({ seen: trade_state })
  }

  /** WeChat Pay answers normally: marks that pass go, but for one that holds money back; that waits for its own answer. */
  answered(): void {
    const { attention } = this.#order
    this.patch({ silence: 0, attention: stopsEnding(attention) ? attention : afterAnswer(attention) })
  }

  /** Marks the order for a person, unless a graver mark stands; a repeat of the same mark is not written again. */
  attend(code: AttentionCode, note: string): void {
    const attention = marked(this.#order.attention, code)
    if (this.#order.attention === attention) return
    this.note('attention', { said: code, note })
    this.patch({ attention })
  }

  /** A person has answered the mark; it is written down who, and why. */
  resolve({
    action,
    by,
    note,
  }: {
    readonly action: string
    readonly by: string
    readonly note: string
  }): void {
    this.isSeen = true
    this.note('resolved', { said: action, note: `${by}: ${note}` })
    this.patch({ attention: null })
  }

  /** What we held the order for was wrong, as a person has said. */
  correct(amount: Pick<OrderFacts, 'total' | 'currency'>): void {
    const { total, currency } = this.#order
    this.#corrected = amount
    this.note('resolved', {
      said: 'amount',
      note: `${amount.total} ${amount.currency}, not ${total} ${currency}`,
    })
    this.#order = { ...this.#order, ...amount }
  }

  /** Money came that nobody expected any more: it is written down, and the merchant's system is told. */
  noteLate({ phase }: LateMoney): void {
    this.note('late-money', { said: phase })
    this.tell({ type: 'order.late_money' })
    if (phase === 'asked') this.attend('late_money', 'paid after it was given up')
  }

  protected change(life: Life, aftercare?: Aftercare): Change {
    const order = {
      ...factsOf(this.#order),
      ...progressOf(this.#order),
      version: this.from.version + 1,
      ...life,
    }
    return {
      from: this.from.version,
      order,
      journal: this.#journal,
      evidence: this.#evidence,
      events: this.#events,
      ...(this.credential !== undefined && { credential: this.credential }),
      ...(this.refuses !== undefined && { refuses: this.refuses }),
      ...(this.#corrected !== undefined && { corrected: this.#corrected }),
      ...(aftercare !== undefined && { aftercare }),
    }
  }
}

/** A change of an order that has no verdict yet. */
export class OpenDraft extends Draft<OpenOrder> {
  #goesOn = false

  /** Somebody asks about it, or WeChat Pay itself tells: one that was stopped begins again. */
  goOn(): void {
    this.#goesOn = true
  }

  placing(dueAtMs: number): Change {
    return this.#open({ state: 'placing', dueAtMs })
  }

  waiting(dueAtMs: number): Change {
    return this.#open({ state: 'waiting', dueAtMs })
  }

  ending(ending: Ending, dueAtMs: number): Change {
    return this.#open({ state: 'ending', dueAtMs, ending })
  }

  /**
   * Goes on as it was, with another due time. An order that was being placed is waited for from now on; one that was
   * about to be revoked or closed is asked about first: nothing new says that it is still unpaid.
   */
  asBefore(dueAtMs: number): Change {
    if (this.from.state !== 'ending') return this.waiting(dueAtMs)
    const { ending } = this.from
    return this.ending(ending.phase === 'act' ? { ...ending, phase: 'ask' } : ending, dueAtMs)
  }

  /** @param late what follows if it is paid though it was given up */
  settled(
    state: 'SUCCESS' | 'CLOSED' | 'REVOKED',
    learntBy: Verdict['learntBy'],
    trade: TradeStatement,
    evidence: Evidence,
    late: LateMoney | null = null,
  ): Change {
    this.keep(evidence)
    const { transaction_id = null, success_time = null } = trade
    const verdict = { atMs: this.nowMs, learntBy, transaction_id, success_time, evidence }
    const isRefunded = trade.trade_state === 'REFUND' || this.from.seen === 'REFUND'
    switch (state) {
      case 'SUCCESS':
        // A payment that was refunded in part or whole: whose refunds these are, the list of all tells.
        return this.#final({ state, verdict: { ...verdict, state } }, late, isRefunded)
      case 'CLOSED':
        return this.#final({ state, verdict: { ...verdict, state } })
      case 'REVOKED':
        return this.#final({ state, verdict: { ...verdict, state } })
    }
  }

  notCreated(evidence: Evidence | null): Change {
    const verdict = {
      atMs: this.nowMs,
      learntBy: 'query',
      transaction_id: null,
      success_time: null,
      evidence,
    } as const
    return this.#final({ state: 'NOT_CREATED', verdict: { ...verdict, state: 'NOT_CREATED' } })
  }

  #open(life: OpenLife): Change {
    const { windowEndAtMs, givenUpAtMs, attention, mayEnd } = this.order
    const lateMs = this.nowMs - Math.max(windowEndAtMs, givenUpAtMs ?? windowEndAtMs)
    const dueAtMs = this.#dueAtMs(life.dueAtMs)
    if (lateMs > OVERDUE_MS && attention === null && !this.isSeen && dueAtMs !== STOPPED_MS) {
      this.attend(
        mayEnd || givenUpAtMs !== null ? 'overdue' : 'unfinished',
        `nothing final ${Math.round(lateMs / 60_000)} minutes after the window`,
      )
    }
    return this.change({ ...life, dueAtMs })
  }

  /** One that was stopped stays so, whatever comes in answer to what was asked before. */
  #dueAtMs(wantedMs: number): number {
    if (!isStopped(this.from)) return wantedMs
    return this.#goesOn ? Math.min(wantedMs, this.nowMs) : STOPPED_MS
  }

  #final(life: Settled, late: LateMoney | null = null, hasRefunds = false): Change {
    this.note('verdict', { said: life.state })
    this.tell({ type: 'order.verdict', ...(this.from.state === 'ending' && { ending: true }) })
    const { attention } = this.order
    // Marks about progress are answered by the verdict; those about identity and money still need their person.
    this.patch({ attention: stopsEnding(attention) ? afterAnswer(attention) : null })
    if (late !== null) this.noteLate(late)
    const compares = hasRefunds || late?.phase === 'compare'
    if (late === null && !compares) return this.change({ ...life, dueAtMs: null, aftercare: null })
    const aftercare = { ...NO_AFTERCARE, late, compareAtMs: compares ? this.nowMs : null }
    return this.change({ ...life, dueAtMs: nextTaskAtMs(aftercare, this.order), aftercare }, aftercare)
  }
}

/** A change of an order that has its verdict: of what follows it, never of the verdict. */
export class FinalDraft extends Draft<FinalOrder> {
  #aftercare: Aftercare

  constructor(order: FinalOrder, nowMs: number) {
    super(order, nowMs)
    this.#aftercare = order.aftercare ?? NO_AFTERCARE
  }

  /** With what was changed so far. */
  get aftercare(): Aftercare {
    return this.#aftercare
  }

  /** The late money as it is, with these fields changed. */
  late(fields: Partial<LateMoney>): void {
    const { late } = this.#aftercare
    if (late !== null) this.setLate({ ...late, ...fields })
  }

  setLate(late: LateMoney | null): void {
    this.#aftercare = { ...this.#aftercare, late }
  }

  /** A person has said what becomes of late money. */
  decidedLate(): void {
    const { late } = this.#aftercare
    if (late === null) return
    this.note('late-money', { said: late.phase })
    this.tell({ type: 'order.late_money', decided: true })
  }

  compareAt(compareAtMs: number | null): void {
    this.#aftercare = { ...this.#aftercare, compareAtMs }
  }

  /** A new refund, or another state of one that is there. */
  refund(refund: Refund): void {
    const { refunds } = this.#aftercare
    const isKnown = refunds.some(({ out_refund_no }) => out_refund_no === refund.out_refund_no)
    this.#aftercare = {
      ...this.#aftercare,
      refunds: isKnown
        ? refunds.map((one) => (one.out_refund_no === refund.out_refund_no ? refund : one))
        : [...refunds, refund],
    }
  }

  done(): Change {
    const before = this.from.aftercare
    const now = this.#aftercare
    this.#attendOverdue(now)
    const isNone = now.late === null && now.refunds.length === 0 && now.compareAtMs === null
    const aftercare = isNone && before === null ? null : now
    const life = { ...lifeOf(this.from), dueAtMs: nextTaskAtMs(now, this.order), aftercare } as FinalLife
    const known = new Set(before?.refunds)
    const refunds = now.refunds.filter((refund) => !known.has(refund))
    const isSame =
      refunds.length === 0 &&
      now.late === (before?.late ?? null) &&
      now.compareAtMs === (before?.compareAtMs ?? null)
    return isSame ? this.change(life) : this.change(life, { ...now, refunds })
  }

  /** Nobody answers what has to be asked before the money goes back: it is asked on, and a person is told. */
  #attendOverdue({ late }: Aftercare): void {
    const { silence, attention } = this.order
    if (this.isSeen || late === null || (late.phase !== 'confirm' && late.phase !== 'compare')) return
    const sinceMs = this.nowMs - late.learntAtMs
    if (silence === 0 || attention !== null || sinceMs <= OVERDUE_MS) return
    this.attend('late_money', `not given back ${Math.round(sinceMs / 60_000)} minutes after it was learnt`)
  }
}

function lifeOf({ state, verdict }: FinalOrder): Pick<FinalOrder, 'state' | 'verdict'> {
  return { state, verdict }
}

type OpenLife = Extract<Life, { readonly dueAtMs: number }>
type FinalLife = Exclude<Life, OpenLife>
type WithoutAftercare<L> = L extends unknown ? Omit<L, 'dueAtMs' | 'aftercare'> : never
type Settled = WithoutAftercare<FinalLife>

/** What an event is about: told twice, it would say nothing new. */
function subjectOf(event: OrderEvent): string {
  return event.type === 'order.refund' ? `${event.type} ${event.out_refund_no}` : event.type
}
