import { compressedClock } from '../clock.ts'
import { VerdictError } from '../errors.ts'
import { type SimulateOptions, simulate } from '../simulator/index.ts'
import { readAnchor } from './demo/clock-file.ts'
import type { WordFromSimulator } from './demo/wechat-pay.ts'
import { aborted } from './ending.ts'
import type { Io } from './io.ts'
import { whenFree } from './when-free.ts'

/** `verdict simulate`: serves, in real time, until the signal aborts. @throws as `simulate` */
export async function runSimulator(
  options: SimulateOptions,
  { say, signal }: Pick<Io, 'say' | 'signal'>,
): Promise<void> {
  const simulator = await simulate(options, { line: say })
  await aborted(signal)
  await simulator.close()
}

/** As long as WeChat Pay waits for the answer to a callback, in real time. */
const ANSWER_MS = 5_000
const SECOND_MS = 1_000

/** The simulator of a demo: in the demo's time, and the demo hears by message how it goes. */
export async function runSimulatorOfDemo(
  options: SimulateOptions,
  clockFile: string,
  signal: AbortSignal,
): Promise<void> {
  const quiet = (): void => {}
  try {
    const anchor = readAnchor(clockFile)
    const clock = compressedClock(anchor)
    // The machine doesn't answer faster because time runs faster.
    const callbackAnswerMs = ANSWER_MS * anchor.speed
    const open = () =>
      simulate({ ...options, callbackAnswerMs, secondMs: SECOND_MS * anchor.speed }, { line: quiet }, clock)
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
