import { CALLS, type Call, type Change, type JournalLine, makesVerdict, wayOf } from '../core/change.ts'
import { FINAL_STATES, type FinalState, type Order } from '../core/order.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Observer } from './observer.ts'

/** Something that whoever runs Verdict should see: one sentence, nothing secret. */
export interface Notice {
  readonly level: 'info' | 'warn'
  readonly message: string
}

/** What the engine did since it was opened. */
export interface Statistics {
  readonly calls: Readonly<Record<Call, number>>
  readonly noAnswers: number
  readonly verdicts: Readonly<Record<FinalState, number>>
  readonly callbacks: CallbackCounts
  /** Messages to the merchant's system: attempts that were answered, and those that were not. */
  readonly deliveries: { readonly sent: number; readonly missed: number }
}

export const CALLBACK_RESULTS = ['applied', 'repeated', 'refused', 'hints'] as const
export type CallbackResult = (typeof CALLBACK_RESULTS)[number]
/**
 * Callbacks that came. Each was `applied` to an order, told what was known already (`repeated`), or was `refused`; of the
 * refused ones that nobody could verify, `hints` made a query due.
 */
export type CallbackCounts = Readonly<Record<'received' | CallbackResult, number>>

/** So many altogether, of several engines. */
export function sumOf(all: readonly Statistics[]): Statistics {
  const over = (numberIn: (one: Statistics) => number): number =>
    all.reduce((sum, one) => sum + numberIn(one), 0)
  const each = <Name extends string>(
    names: readonly Name[],
    numberIn: (one: Statistics, name: Name) => number,
  ) =>
    Object.fromEntries(names.map((name) => [name, over((one) => numberIn(one, name))])) as Record<
      Name,
      number
    >
  return {
    calls: each(CALLS, ({ calls }, name) => calls[name]),
    noAnswers: over(({ noAnswers }) => noAnswers),
    verdicts: each(FINAL_STATES, ({ verdicts }, name) => verdicts[name]),
    callbacks: each(['received', ...CALLBACK_RESULTS], ({ callbacks }, name) => callbacks[name]),
    deliveries: each(['sent', 'missed'], ({ deliveries }, name) => deliveries[name]),
  }
}

/** Counts what happens and tells what somebody should know. */
export class Report {
  readonly #notify: (notice: Notice) => void
  readonly #calls = Object.fromEntries(CALLS.map((call) => [call, 0])) as Record<Call, number>
  readonly #verdicts = Object.fromEntries(FINAL_STATES.map((state) => [state, 0])) as Record<
    FinalState,
    number
  >
  readonly #keysRefused = new Set<string>()
  readonly #callbacks = { received: 0, applied: 0, repeated: 0, refused: 0, hints: 0 }
  readonly #deliveries = { sent: 0, missed: 0 }
  readonly #failing = new Set<string>()
  #noAnswers = 0
  /** What the store failed of, since it last worked. */
  readonly #storeFailures = new Set<string>()

  readonly #observer: Observer

  constructor(notify: (notice: Notice) => void, observer: Observer = {}) {
    this.#observer = observer
    // Whoever is told must not be able to stop the work.
    this.#notify = (notice) => {
      try {
        notify(notice)
      } catch {}
    }
  }

  called(account: string, call: Call, outcome: Outcome<unknown>, tookMs: number): void {
    this.#calls[call] += 1
    const word = outcome.kind === 'no-answer' ? outcome.reason : outcome.kind
    this.#observer.called?.({ account, call, outcome: word, tookMs })
    if (outcome.kind !== 'no-answer') {
      if (this.#keysRefused.size > 0) this.#keysRefused.delete(account)
      return
    }
    this.#noAnswers += 1
    // Told once until WeChat Pay answers again: every call of the account fails alike.
    if (outcome.reason === 'key-refused' && !this.#keysRefused.has(account)) {
      this.#keysRefused.add(account)
      this.#notify({
        level: 'warn',
        message: `${account}: WeChat Pay refuses our signature: ${outcome.detail}`,
      })
    }
  }

  entered(order: Order, journal: readonly JournalLine[]): void {
    this.#observer.changed?.({ order, journal })
  }

  changedElsewhere(): void {
    this.#observer.changedElsewhere?.()
  }

  applied(change: Change): void {
    const { order, journal } = change
    // Not the change itself, which holds all evidence: an observer may keep it.
    this.#observer.changed?.({ order, journal })
    if (!makesVerdict(change)) return
    this.#verdicts[change.order.state] += 1
    this.#observer.settled?.({ order: change.order, way: wayOf(change) })
  }

  started(account: string, lateMs: number): void {
    this.#observer.started?.({ account, lateMs })
  }

  /** @param account null: nobody can tell */
  callback(what: keyof CallbackCounts, account: string | null): void {
    this.#callbacks[what] += 1
    if (what !== 'received' && account !== null) this.#observer.calledBack?.({ account, outcome: what })
  }

  callbacksSilent(account: string, payments: number, minutes: number): void {
    this.#notify({
      level: 'warn',
      message: `${account}: queries found ${payments} payments within ${minutes} min and no callback came: is its callback address reached?`,
    })
  }

  callbacksHeard(account: string): void {
    this.#notify({ level: 'info', message: `${account}: callbacks come again` })
  }

  strayLost(order: string): void {
    this.#notify({
      level: 'warn',
      message: `WeChat Pay signed a callback about ${order}, which nobody has placed or tracked here for ten minutes: find out whose it is`,
    })
  }

  /** A target that fails is told once, until it answers again. */
  delivered(target: string, { state }: { readonly state: 'sent' | 'pending' | 'failed' }): void {
    if (state === 'sent') {
      this.#deliveries.sent += 1
      if (this.#failing.delete(target))
        this.#notify({ level: 'info', message: `${target}: messages arrive again` })
      return
    }
    this.#deliveries.missed += 1
    if (state === 'failed') {
      this.#notify({
        level: 'warn',
        message: `${target}: a message was not taken for a day and is kept as failed`,
      })
    } else if (!this.#failing.has(target)) {
      this.#failing.add(target)
      this.#notify({ level: 'warn', message: `${target}: a message did not arrive; it is sent again later` })
    }
  }

  notice(notice: Notice): void {
    this.#notify(notice)
  }

  breaker(account: string, isOpen: boolean): void {
    this.#notify(
      isOpen
        ? {
            level: 'warn',
            message: `${account}: WeChat Pay does not answer; only probes are sent until it does`,
          }
        : { level: 'info', message: `${account}: WeChat Pay answers again` },
    )
  }

  /** While the store is down everything fails alike: each reason is told once, until it works again. */
  readonly storeFailed = (error: unknown): void => {
    const why = error instanceof Error ? error.message : String(error)
    if (this.#storeFailures.has(why)) return
    this.#storeFailures.add(why)
    this.#notify({ level: 'warn', message: `the store failed: ${why}` })
  }

  readonly storeWorks = (): void => {
    if (this.#storeFailures.size === 0) return
    this.#storeFailures.clear()
    this.#notify({ level: 'info', message: 'the store works again' })
  }

  get statistics(): Statistics {
    return {
      calls: { ...this.#calls },
      noAnswers: this.#noAnswers,
      verdicts: { ...this.#verdicts },
      callbacks: { ...this.#callbacks },
      deliveries: { ...this.#deliveries },
    }
  }
}
