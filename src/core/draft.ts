import { type AttentionCode, afterAnswer, marked, stopsEnding } from './attention.ts'
import type { Change, JournalEvent, JournalLine } from './change.ts'
import { type Ending, factsOf, type Life, type OpenOrder, type Progress, progressOf } from './order.ts'
import type { Credential, Evidence, TradeStatement } from './outcome.ts'
import { isTradeState } from './trade-state.ts'

/** Long after the window an order without verdict is shown to a person. */
const OVERDUE_MS = 1_800_000

/** A change in the making: collects journal lines, evidence and patches, and ends in exactly one state. */
export class Draft {
  credential: Credential | undefined
  readonly #from: OpenOrder
  readonly #nowMs: number
  readonly #journal: JournalLine[] = []
  readonly #evidence: Evidence[] = []
  #order: OpenOrder

  constructor(order: OpenOrder, nowMs: number) {
    this.#from = order
    this.#order = order
    this.#nowMs = nowMs
  }

  /** The order with what was patched so far, still in its old state. */
  get order(): OpenOrder {
    return this.#order
  }

  note(event: JournalEvent, more: Omit<JournalLine, 'atMs' | 'event'> = {}): void {
    this.#journal.push({ atMs: this.#nowMs, event, ...more })
  }

  keep(evidence: Evidence): void {
    this.#evidence.push(evidence)
  }

  patch(progress: Partial<Progress>): void {
    this.#order = { ...this.#order, ...progress }
  }

  saw(trade_state: string): void {
    if (isTradeState(trade_state)) this.patch({ seen: trade_state })
  }

  /** Marks the order for a person, unless a graver mark stands; a repeat of the same mark is not written again. */
  attend(code: AttentionCode, note: string): void {
    const attention = marked(this.#order.attention, code)
    if (this.#order.attention === attention) return
    this.note('attention', { said: code, note })
    this.patch({ attention })
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
    if (this.#from.state !== 'ending') return this.waiting(dueAtMs)
    const { ending } = this.#from
    return this.ending(ending.phase === 'act' ? { ...ending, phase: 'ask' } : ending, dueAtMs)
  }

  settled(
    state: 'SUCCESS' | 'CLOSED' | 'REVOKED',
    learntBy: 'place' | 'query',
    trade: TradeStatement,
    evidence: Evidence,
  ): Change {
    this.keep(evidence)
    const { transaction_id = null, success_time = null } = trade
    const verdict = { atMs: this.#nowMs, learntBy, transaction_id, success_time, evidence }
    switch (state) {
      case 'SUCCESS':
        return this.#final({ state, verdict: { ...verdict, state } })
      case 'CLOSED':
        return this.#final({ state, verdict: { ...verdict, state } })
      case 'REVOKED':
        return this.#final({ state, verdict: { ...verdict, state } })
    }
  }

  notCreated(evidence: Evidence | null): Change {
    const verdict = {
      atMs: this.#nowMs,
      learntBy: 'query',
      transaction_id: null,
      success_time: null,
      evidence,
    } as const
    return this.#final({ state: 'NOT_CREATED', verdict: { ...verdict, state: 'NOT_CREATED' } })
  }

  #open(life: OpenLife): Change {
    const { windowEndAtMs, attention, mayEnd } = this.#order
    const lateMs = this.#nowMs - windowEndAtMs
    if (lateMs > OVERDUE_MS && attention === null) {
      this.attend(
        mayEnd ? 'overdue' : 'unfinished',
        `nothing final ${Math.round(lateMs / 60_000)} minutes after the window`,
      )
    }
    return this.#change(life)
  }

  #final(life: FinalLife): Change {
    this.note('verdict', { said: life.state })
    const { attention } = this.#order
    // Marks about progress are answered by the verdict; those about identity and money still need their person.
    this.patch({ attention: stopsEnding(attention) ? afterAnswer(attention) : null })
    return this.#change(life)
  }

  #change(life: Life): Change {
    const order = {
      ...factsOf(this.#order),
      ...progressOf(this.#order),
      version: this.#from.version + 1,
      ...life,
    }
    const change = { from: this.#from.version, order, journal: this.#journal, evidence: this.#evidence }
    return this.credential === undefined ? change : { ...change, credential: this.credential }
  }
}

type OpenLife = Extract<Life, { readonly dueAtMs: number }>
type FinalLife = Exclude<Life, OpenLife>
