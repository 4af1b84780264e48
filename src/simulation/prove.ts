import { Worker } from 'node:worker_threads'
import type { SeedReport, SeedThreadData } from './seed-thread.ts'
import { type Totals, totalled } from './totals.ts'

export interface ProveOptions {
  readonly from: number
  /** How many seeds; Infinity where the time decides. */
  readonly seeds: number
  readonly orders: number
  /** Threads. */
  readonly jobs: number
  /** Whether the first seed that fails ends it. */
  readonly failFast: boolean
  /** Hears of every seed that is done. */
  readonly onReport: (report: SeedReport, totals: Totals) => void
  /** Ends it after the seeds that are under way. */
  readonly signal: AbortSignal
}

/**
 * Runs seeds on several threads, each a world of its own. Resolves with what came of them; rejects, with the number of the
 * seed, if one can't be run to its end.
 */
export async function prove(options: ProveOptions): Promise<Totals> {
  const { from, seeds, orders, jobs, failFast, onReport, signal } = options
  let next = from
  let totals = totalled(null, null)
  const hasMore = (): boolean =>
    next < from + seeds && !signal.aborted && !(failFast && totals.failed.length > 0)

  // The same file is TypeScript in a clone and JavaScript in the package.
  const code = new URL(`./seed-thread${import.meta.url.slice(-3)}`, import.meta.url)
  const threads = Array.from(
    { length: Math.min(jobs, seeds) },
    () => new Worker(code, { workerData: { orders } satisfies SeedThreadData }),
  )
  const runSeeds = (thread: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      let seed = next
      const goOn = (): void => {
        if (!hasMore()) {
          resolve()
          return
        }
        seed = next
        next += 1
        thread.postMessage(seed)
      }
      thread.on('error', (cause) =>
        reject(new Error(`seed ${seed} did not come to its end: ${cause}`, { cause })),
      )
      thread.on('message', (report: SeedReport) => {
        totals = totalled(totals, report)
        onReport(report, totals)
        goOn()
      })
      goOn()
    })

  try {
    await Promise.all(threads.map(runSeeds))
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()))
  }
  return totals
}
