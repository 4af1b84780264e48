import { sleep, systemClock } from '../../clock.ts'
import type { Screen } from './screen.ts'
import type { Session } from './session.ts'
import { liveTable, progressLine, sum } from './table.ts'

const SHOWN_EVERY_MS = 1_000
const LATEST_SHOWN = 8

/** A line a second, as long as there is something new. */
export async function showProgress(
  { store, verdict }: Session,
  say: (sentence: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let said = ''
  for (;;) {
    await sleep(systemClock, SHOWN_EVERY_MS, signal)
    const line = progressLine(await store.countByState(), verdict.statistics)
    if (line !== said) say(line)
    said = line
  }
}

/** A table that is drawn over itself every second. */
export async function showTable(session: Session, screen: Screen, signal: AbortSignal): Promise<void> {
  const { store, verdict, truth, clock, run, speed } = session
  for (;;) {
    await sleep(systemClock, SHOWN_EVERY_MS, signal)
    const ordersHit = (await truth.glance())?.ordersHit ?? null
    const counts = await store.countByState()
    // Row numbers grow by one with every order.
    const latest = (await store.page(Math.max(0, sum(counts) - LATEST_SHOWN), LATEST_SHOWN)).toReversed()
    const { statistics } = verdict
    screen.draw(liveTable({ nowMs: clock.nowMs(), speed, run, counts, statistics, ordersHit, latest }))
  }
}
