import { type RunOptions, runSeed, type SeedResult } from './run-seed.ts'

/** The smallest run that was found to break the same rule. */
export interface Shrunk {
  readonly result: SeedResult
  /** Nothing goes wrong any more after so many events. */
  readonly calmAfterEvents: number
  /** Nobody but this order is there; undefined where it takes others, too. */
  readonly only: string | undefined
}

/**
 * Repeats a seed that fails with less and less of it: with its order alone, and then with a shorter and shorter prefix of
 * events in which anything goes wrong. Each step keeps only what still breaks the same rule.
 */
export async function shrink(options: RunOptions, failed: SeedResult): Promise<Shrunk> {
  const { rule } = failed.finding as NonNullable<SeedResult['finding']>
  const breaks = async (more: Partial<RunOptions>): Promise<SeedResult | null> => {
    const result = await runSeed({ ...options, ...more })
    return result.finding?.rule === rule ? result : null
  }
  let best: Shrunk = { result: failed, calmAfterEvents: failed.events, only: undefined }
  const out_trade_no = failed.finding?.out_trade_no ?? undefined
  if (out_trade_no !== undefined) {
    const alone = await breaks({ only: out_trade_no })
    if (alone !== null) best = { result: alone, calmAfterEvents: alone.events, only: out_trade_no }
  }
  const { only } = best
  let [fewest, most] = [0, best.calmAfterEvents]
  while (fewest < most) {
    const calmAfterEvents = Math.floor((fewest + most) / 2)
    const result = await breaks({ only, calmAfterEvents })
    if (result === null) fewest = calmAfterEvents + 1
    else {
      most = calmAfterEvents
      best = { result, calmAfterEvents, only }
    }
  }
  return best
}
