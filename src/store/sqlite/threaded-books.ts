import { Worker } from 'node:worker_threads'
import type { JournalLine } from '../../core/change.ts'
import type { Order } from '../../core/order.ts'
import type { Evidence } from '../../core/outcome.ts'
import { type ErrorCode, VerdictError } from '../../errors.ts'
import type { Reconciliation } from '../../reconcile/report.ts'
import type {
  BilledDay,
  KeptReconciliation,
  ReconciliationFilter,
  ReconciliationPage,
} from '../reconciliations.ts'
import type { Delivery, DeliveryState, OldestDue, OrderFilter, OrderPage, Stray } from '../store.ts'
import type { Books } from './books.ts'

export interface BookThreadData {
  readonly file: string
  readonly lockWaitMs: number
}

type Read = Exclude<keyof Books, 'close'>
type Result<Name extends Read> = Awaited<ReturnType<Books[Name]>>

export interface Question {
  readonly id: number
  readonly read: Read
  readonly parameters: readonly unknown[]
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failed: { readonly message: string; readonly code: ErrorCode | null } }

interface Asker {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** The thread answers one after the other, and finds the next at hand. */
const BEGUN_MAX = 2
/** Whoever comes behind so many is told to come later: most of them would have left before their answer. */
const WAITING_MAX = 200
/** These may take a second where there are a million orders; counts and single orders go before them. */
const LONG: ReadonlySet<Read> = new Set(['list', 'page', 'deliveriesIn', 'strays'])

/**
 * Reads on a connection of its own in a thread of its own: SQLite answers on the thread that asks, and a list of a million
 * orders would keep the one that polls from its orders. The thread is started by the first question. Should it end by
 * itself, those who wait for it get an error, and the next question starts another.
 */
export class ThreadedBooks implements Books {
  readonly #data: BookThreadData
  /** Begun, by their ids. */
  readonly #asked = new Map<number, Asker>()
  readonly #waiting: Array<Question & Asker> = []
  #questions = 0
  #thread: Worker | null = null
  #isClosed = false

  constructor(file: string, lockWaitMs: number) {
    this.#data = { file, lockWaitMs }
  }

  named(out_trade_no: string): Promise<readonly Order[]> {
    return this.#ask('named', out_trade_no)
  }

  page(afterId: number, limit: number): Promise<readonly Order[]> {
    return this.#ask('page', afterId, limit)
  }

  list(filter: OrderFilter, page: OrderPage): Promise<readonly Order[]> {
    return this.#ask('list', filter, page)
  }

  oldestDue(): Promise<readonly OldestDue[]> {
    return this.#ask('oldestDue')
  }

  countByState(): Promise<Result<'countByState'>> {
    return this.#ask('countByState')
  }

  countAttention(): Promise<number> {
    return this.#ask('countAttention')
  }

  countOverdue(sinceMs: number): Promise<number> {
    return this.#ask('countOverdue', sinceMs)
  }

  countStopped(): Promise<number> {
    return this.#ask('countStopped')
  }

  journalOf(id: number): Promise<readonly JournalLine[]> {
    return this.#ask('journalOf', id)
  }

  evidenceOf(id: number): Promise<readonly Evidence[]> {
    return this.#ask('evidenceOf', id)
  }

  deliveriesOf(id: number): Promise<readonly Delivery[]> {
    return this.#ask('deliveriesOf', id)
  }

  deliveriesIn(state: DeliveryState, afterId: number, limit: number): Promise<readonly Delivery[]> {
    return this.#ask('deliveriesIn', state, afterId, limit)
  }

  countDeliveries(): Promise<Result<'countDeliveries'>> {
    return this.#ask('countDeliveries')
  }

  strays(limit: number): Promise<readonly Stray[]> {
    return this.#ask('strays', limit)
  }

  reconciliations(
    filter: ReconciliationFilter,
    page: ReconciliationPage,
  ): Promise<readonly KeptReconciliation[]> {
    return this.#ask('reconciliations', filter, page)
  }

  reconciliation(day: BilledDay): Promise<Reconciliation | null> {
    return this.#ask('reconciliation', day)
  }

  /** What was begun is answered first. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const { read, reject } of this.#waiting.splice(0)) reject(closed(read))
    const thread = this.#thread
    if (thread === null) return
    // Whoever closes the store last must not find the process gone before it is closed.
    thread.ref()
    const ended = new Promise((resolve) => thread.once('exit', resolve))
    thread.postMessage('end')
    await ended
  }

  async #ask<Name extends Read>(read: Name, ...parameters: Parameters<Books[Name]>): Promise<Result<Name>> {
    if (this.#isClosed) throw closed(read)
    if (this.#waiting.length >= WAITING_MAX) {
      const message = `${read}: ${WAITING_MAX} questions wait for the store already; ask again later`
      throw new VerdictError('STORE_FAILS', message)
    }
    const id = ++this.#questions
    const answered = new Promise<unknown>((resolve, reject) =>
      this.#waiting.push({ id, read, parameters, resolve, reject }),
    )
    this.#begin()
    return (await answered) as Result<Name>
  }

  #begin(): void {
    while (this.#waiting.length > 0 && this.#asked.size < BEGUN_MAX) {
      const short = this.#waiting.findIndex(({ read }) => !LONG.has(read))
      const [next] = this.#waiting.splice(Math.max(short, 0), 1)
      if (next === undefined) return
      const { id, read, parameters, resolve, reject } = next
      this.#thread ??= this.#start()
      this.#asked.set(id, { resolve, reject })
      this.#thread.postMessage({ id, read, parameters } satisfies Question)
      // The process lives on for as long as somebody waits for an answer.
      this.#thread.ref()
    }
  }

  #start(): Worker {
    // The same file is TypeScript in a clone and JavaScript in the package.
    const code = new URL(`./book-thread${import.meta.url.slice(-3)}`, import.meta.url)
    // The program's own options are not for it: one that was given as text (`-e`) would make it fail.
    const thread = new Worker(code, { workerData: this.#data, execArgv: [] })
    let cause: unknown
    thread.on('message', (answer: Answer) => this.#take(answer, thread))
    thread.on('error', (error) => {
      cause = error
    })
    thread.on('exit', () => this.#lost(cause))
    return thread
  }

  #take(answer: Answer, thread: Worker): void {
    const asker = this.#asked.get(answer.id)
    this.#asked.delete(answer.id)
    this.#begin()
    if (this.#asked.size === 0 && !this.#isClosed) thread.unref()
    if ('value' in answer) asker?.resolve(answer.value)
    else asker?.reject(errorOf(answer.failed))
  }

  /** Nobody else will answer them. */
  #lost(cause: unknown): void {
    this.#thread = null
    const asked = [...this.#asked.values()]
    this.#asked.clear()
    for (const { reject } of asked)
      reject(new Error('the thread that reads lists and journals has ended: ask again', { cause }))
    this.#begin()
  }
}

function closed(read: Read): Error {
  return new Error(`${read}: the store is closed`)
}

function errorOf({ message, code }: { readonly message: string; readonly code: ErrorCode | null }): Error {
  return code === null ? new Error(message) : new VerdictError(code, message)
}
