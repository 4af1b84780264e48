import { compressedClock } from '../clock.ts'
import { VerdictError } from '../errors.ts'
import { type SimulateOptions, simulate } from '../simulator/index.ts'
import { readAnchor } from './demo/clock-file.ts'
import type { WordFromSimulator } from './demo/wechat-pay.ts'
import { whenFree } from './when-free.ts'

/** `verdict simulate`: serves, in real time, until the signal aborts. @throws as `simulate` */
export async function runSimulator(
  options: SimulateOptions,
  { say, signal }: { say: (sentence: string) => void; signal: AbortSignal },
): Promise<void> {
  const simulator = await simulate(options, { line: say })
  await aborted(signal)
  await simulator.close()
}

/** The simulator of a demo: in the demo's time, and the demo hears by message how it goes. */
export async function runSimulatorOfDemo(
  options: SimulateOptions,
  clockFile: string,
  signal: AbortSignal,
): Promise<void> {
  const quiet = (): void => {}
  try {
    const clock = compressedClock(readAnchor(clockFile))
    // Nothing listens for callbacks in a demo yet: Verdict finds out by asking alone.
    const open = () => simulate({ ...options, callbacks: 'off' }, { line: quiet }, clock)
    const simulator = await whenFree(open, { say: quiet, signal })
    tell({ serves: true })
    await aborted(signal)
    await simulator.close()
  } catch (error) {
    if (!(error instanceof VerdictError)) throw error
    tell({ serves: false, code: error.code, message: error.message })
  }
}

function tell(word: WordFromSimulator): void {
  // Nobody to tell: then nobody waits for it either.
  process.send?.(word, () => {})
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
