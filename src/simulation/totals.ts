import type { Finding } from './checker/rules.ts'
import type { SeedReport } from './seed-thread.ts'

export interface Failure extends Finding {
  readonly seed: number
  /** How many events had happened. */
  readonly events: number
}

type Counts = Readonly<Record<string, number>>

/** What all seeds of a run came to. */
export interface Totals {
  readonly seeds: number
  readonly failed: readonly Failure[]
  readonly events: number
  /** Calls to WeChat Pay. */
  readonly calls: number
  readonly verdicts: Counts
  readonly lateMoney: number
  readonly refunds: Counts
  readonly letters: number
  /** What went wrong, by kind. */
  readonly faults: Counts
  readonly verdictAfterMsMax: number
}

const NOTHING: Totals = {
  seeds: 0,
  failed: [],
  events: 0,
  calls: 0,
  verdicts: {},
  lateMoney: 0,
  refunds: {},
  letters: 0,
  faults: {},
  verdictAfterMsMax: 0,
}

/** The totals with one seed more; without one, the totals of none. */
export function totalled(before: Totals | null, report: SeedReport | null): Totals {
  const totals = before ?? NOTHING
  if (report === null) return totals
  const { seed, finding, events } = report
  return {
    seeds: totals.seeds + 1,
    failed: finding === null ? totals.failed : [...totals.failed, { ...finding, seed, events }],
    events: totals.events + events,
    calls: totals.calls + report.calls,
    verdicts: summed(totals.verdicts, report.verdicts),
    lateMoney: totals.lateMoney + report.lateMoney,
    refunds: summed(totals.refunds, report.refunds),
    letters: totals.letters + report.letters,
    faults: summed(totals.faults, report.faults),
    verdictAfterMsMax: Math.max(totals.verdictAfterMsMax, report.verdictAfterMsMax),
  }
}

function summed(one: Counts, other: Counts): Counts {
  const sum: Record<string, number> = { ...one }
  for (const [name, count] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + count
  return sum
}
