import type { Call, Change, Way } from '../core/change.ts'
import type { FinalOrder } from '../core/order.ts'
import type { CallbackResult } from './report.ts'

/** Whoever measures. Must not throw; called on the poll path, so it must be quick. */
export interface Observer {
  /** An order has its verdict, committed, and learnt in this way. */
  settled?(settled: { readonly order: FinalOrder; readonly way: Way }): void
  /** An order entered or was changed by this process, committed, with the lines that its journal got. */
  changed?(change: Pick<Change, 'order' | 'journal'>): void
  /** Another process has changed orders. */
  changedElsewhere?(): void
  /** A call came back: `answer`, `refusal`, or why there was no answer. */
  called?(call: {
    readonly account: string
    readonly call: Call
    readonly outcome: string
    readonly tookMs: number
  }): void
  /** One of an account's hosts was called: it answered, whatever it said; it failed; or it couldn't be reached. */
  contacted?(contact: {
    readonly account: string
    readonly host: string
    readonly contact: 'reached' | 'failed' | 'unreachable'
    readonly tookMs: number
  }): void
  /** Work on an order begins, so long after it was due. */
  started?(start: { readonly account: string; readonly lateMs: number }): void
  /** A callback to an account's address came to this. */
  calledBack?(callback: { readonly account: string; readonly outcome: CallbackResult }): void
}

/** Several as one. */
export function together(...observers: readonly Observer[]): Observer {
  const all = <Name extends keyof Observer>(name: Name): Observer[Name] => {
    const hearing = observers.filter((one) => one[name] !== undefined)
    const tell = (what: never): void => {
      for (const one of hearing) (one[name] as (what: never) => void)(what)
    }
    return (hearing.length === 0 ? undefined : tell) as Observer[Name]
  }
  const names = [
    ...(['settled', 'changed', 'changedElsewhere', 'called'] as const),
    ...(['contacted', 'started', 'calledBack'] as const),
  ]
  return Object.fromEntries(names.map((name) => [name, all(name)]))
}
