import { compressedClock, systemClock } from '../clock.ts'
import { type SimulateOptions, simulate } from '../simulator/index.ts'
import { readAnchor } from './demo/clock-file.ts'

/** `verdict simulate`: serves until the signal aborts. */
export async function runSimulator(
  { clock: clockFile, ...options }: SimulateOptions & { clock?: string },
  { say, signal }: { say: (sentence: string) => void; signal: AbortSignal },
): Promise<void> {
  // Alone, the simulator's time is the real time; only a demo compresses it, for both processes together.
  const clock = clockFile === undefined ? systemClock : compressedClock(readAnchor(clockFile))
  const simulator = await simulate(options, { line: say }, clock)
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await simulator.close()
}
