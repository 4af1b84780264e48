import { readdirSync, readlinkSync, statSync } from 'node:fs'
import type { ELDHistogram } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { countOpen } from '../../src/cli/demo/table.ts'
import type { Statistics, Store } from '../../src/index.ts'

/** What keeps a process alive or is open in it. */
export interface Handles {
  /** What `process.getActiveResourcesInfo()` names, counted. */
  readonly resources: Readonly<Record<string, number>>
  /** Open file descriptors by kind; empty where there is no /proc. */
  readonly descriptors: Readonly<Record<string, number>>
}

/** What Verdict's process is at one moment, after a collection of its garbage. */
export interface Sample extends Handles {
  /** Since the load began. */
  readonly atMs: number
  readonly phase: 'load' | 'drain'
  readonly heapUsedBytes: number
  /** `arrayBuffersBytes` is a part of it. */
  readonly externalBytes: number
  readonly arrayBuffersBytes: number
  readonly rssBytes: number
  /** All threads, since the process began. */
  readonly cpuMs: number
  /** Since the sample before. */
  readonly loopDelayP99Ms: number
  readonly entered: number
  readonly openOrders: number
  readonly finishedOrders: number
  readonly walBytes: number
  readonly statistics: Statistics
}

export interface Sampled {
  readonly startedAtMs: number
  readonly nowMs: number
  readonly phase: Sample['phase']
  readonly entered: number
  readonly store: Pick<Store, 'countByState'>
  readonly storeFile: string
  readonly statistics: Statistics
  readonly loopDelay: ELDHistogram
}

export async function takeSample(sampled: Sampled): Promise<Sample> {
  const { startedAtMs, nowMs, phase, entered, store, storeFile, statistics, loopDelay } = sampled
  const loopDelayP99Ms = loopDelay.percentile(99) / 1e6
  const counts = await store.countByState()
  const orders = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const openOrders = countOpen(counts)
  await collectGarbage()
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  // Our own collection is no delay of Verdict's.
  loopDelay.reset()
  return {
    atMs: nowMs - startedAtMs,
    phase,
    heapUsedBytes: heapUsed,
    externalBytes: external,
    arrayBuffersBytes: arrayBuffers,
    rssBytes: rss,
    cpuMs: (user + system) / 1_000,
    loopDelayP99Ms,
    entered,
    openOrders,
    finishedOrders: orders - openOrders,
    walBytes: statSync(`${storeFile}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    statistics,
    ...openHandles(),
  }
}

/** Twice, with a turn between: what a finalizer lets go of is free only the second time. */
async function collectGarbage(): Promise<void> {
  if (globalThis.gc === undefined) throw new Error('this process needs --expose-gc')
  globalThis.gc()
  await setImmediate()
  globalThis.gc()
}

export function openHandles(): Handles {
  return {
    resources: tally(process.getActiveResourcesInfo()),
    descriptors: tally(openDescriptors()),
  }
}

function openDescriptors(): string[] {
  let names: string[]
  try {
    names = readdirSync('/proc/self/fd')
  } catch {
    return []
  }
  return names.flatMap((name) => kindOf(name) ?? [])
}

function kindOf(name: string): string | null {
  try {
    const target = readlinkSync(`/proc/self/fd/${name}`)
    return /^(socket|pipe|anon_inode):/.exec(target)?.[1] ?? 'file'
  } catch {
    // The one that the listing itself had open.
    return null
  }
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
