import type { Clock } from '../../clock.ts'
import { WAYS, type Way } from '../../core/change.ts'
import { FINAL_STATES, type FinalState } from '../../core/order.ts'
import type { Observer } from '../../engine/observer.ts'
import { CALLBACK_RESULTS, type CallbackResult } from '../../engine/report.ts'
import { Histogram } from './histogram.ts'

const MINUTE_MS = 60_000
const MINUTES = 60

type Counts<Word extends string> = Record<Word, number>

interface HostMinute {
  calls: number
  noAnswer: number
  /** Whether the latest call was answered. */
  answers: boolean
  readonly took: Histogram
}

interface Minute {
  readonly nth: number
  readonly verdicts: Counts<FinalState>
  readonly learntBy: Counts<Way>
  readonly toVerdict: Histogram
  queries: number
  /** By account and host. */
  readonly hosts: Map<string, HostMinute>
  readonly callbacks: Map<string, Counts<CallbackResult>>
}

export interface HostHealth {
  readonly account: string
  readonly host: string
  readonly answers: boolean
  readonly calls: number
  readonly noAnswer: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
}

export interface Hour {
  readonly sinceMs: number
  readonly minutes: ReadonlyArray<{ readonly atMs: number; readonly verdicts: Readonly<Counts<FinalState>> }>
  readonly toVerdict: Histogram
  readonly learntBy: Readonly<Counts<Way>>
  readonly queriesPerOrder: number | null
  readonly hosts: readonly HostHealth[]
  readonly callbacksOf: (account: string) => Readonly<Counts<CallbackResult>>
}

/** What this process did in the last sixty minutes, minute by minute, in memory. */
export class LastHour {
  readonly observer: Observer
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #sinceMs: number
  readonly #minutes: Array<Minute | undefined> = Array.from({ length: MINUTES })

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock
    this.#sinceMs = clock.nowMs()
    this.observer = {
      settled: ({ order: { createdAtMs, queries, verdict }, way }) => {
        const minute = this.#now()
        minute.verdicts[verdict.state] += 1
        minute.learntBy[way] += 1
        minute.queries += queries
        minute.toVerdict.addMs(verdict.atMs - createdAtMs)
      },
      contacted: ({ account, host, contact, tookMs }) => {
        const one = entry(this.#now().hosts, `${account} ${host}`, newHost)
        one.calls += 1
        one.answers = contact === 'reached'
        if (one.answers) one.took.addMs(tookMs)
        else one.noAnswer += 1
      },
      calledBack: ({ account, outcome }) => {
        entry(this.#now().callbacks, account, () => zeros(CALLBACK_RESULTS))[outcome] += 1
      },
    }
  }

  get hour(): Hour {
    const last = Math.floor(this.#clock.nowMs() / MINUTE_MS)
    const nths = Array.from({ length: MINUTES }, (_, i) => last - MINUTES + 1 + i)
    const all = nths.map((nth) => this.#minuteOf(nth))
    const minutes = all.filter((minute) => minute !== undefined)
    const toVerdict = new Histogram()
    for (const minute of minutes) toVerdict.addAll(minute.toVerdict)
    const learntBy = summed(
      WAYS,
      minutes.map((minute) => minute.learntBy),
    )
    const settled = WAYS.reduce((sum, way) => sum + learntBy[way], 0)
    const queries = minutes.reduce((sum, minute) => sum + minute.queries, 0)
    return {
      sinceMs: this.#sinceMs,
      minutes: all.map((minute, i) => ({
        atMs: (nths[i] ?? 0) * MINUTE_MS,
        verdicts: minute?.verdicts ?? zeros(FINAL_STATES),
      })),
      ...{ toVerdict, learntBy },
      queriesPerOrder: settled === 0 ? null : queries / settled,
      hosts: hostsIn(minutes),
      callbacksOf: (account) =>
        summed(
          CALLBACK_RESULTS,
          minutes.flatMap((minute) => minute.callbacks.get(account) ?? []),
        ),
    }
  }

  #now(): Minute {
    const nth = Math.floor(this.#clock.nowMs() / MINUTE_MS)
    const known = this.#minuteOf(nth)
    if (known !== undefined) return known
    const minute = {
      nth,
      ...{ verdicts: zeros(FINAL_STATES), learntBy: zeros(WAYS), queries: 0 },
      ...{ toVerdict: new Histogram(), hosts: new Map(), callbacks: new Map() },
    }
    this.#minutes[nth % MINUTES] = minute
    return minute
  }

  #minuteOf(nth: number): Minute | undefined {
    const minute = this.#minutes[nth % MINUTES]
    return minute?.nth === nth ? minute : undefined
  }
}

function hostsIn(minutes: readonly Minute[]): readonly HostHealth[] {
  const hosts = new Map<string, HostMinute>()
  for (const minute of minutes) {
    for (const [name, { calls, noAnswer, answers, took }] of minute.hosts) {
      const sum = entry(hosts, name, newHost)
      sum.calls += calls
      sum.noAnswer += noAnswer
      sum.answers = answers
      sum.took.addAll(took)
    }
  }
  return [...hosts].toSorted().map(([name, { calls, noAnswer, answers, took }]) => {
    const [account = '', host = ''] = name.split(' ')
    return {
      account,
      host,
      answers,
      calls,
      noAnswer,
      p50Ms: took.quantileMs(0.5),
      p95Ms: took.quantileMs(0.95),
    }
  })
}

function newHost(): HostMinute {
  return { calls: 0, noAnswer: 0, answers: true, took: new Histogram() }
}

/** Accounts and their hosts come from the configuration: there are few. */
function entry<Value>(map: Map<string, Value>, name: string, make: () => Value): Value {
  const known = map.get(name)
  if (known !== undefined) return known
  const value = make()
  map.set(name, value)
  return value
}

function zeros<Word extends string>(words: readonly Word[]): Counts<Word> {
  return Object.fromEntries(words.map((word) => [word, 0])) as Counts<Word>
}

function summed<Word extends string>(
  words: readonly Word[],
  all: ReadonlyArray<Readonly<Counts<Word>>>,
): Counts<Word> {
  const sum = zeros(words)
  for (const counts of all) for (const word of words) sum[word] += counts[word]
  return sum
}
