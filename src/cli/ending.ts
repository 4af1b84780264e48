import { constants } from 'node:os'
import { systemClock } from '../clock.ts'
import { VerdictError } from '../errors.ts'

/** Bad input, whatever the command: nothing was changed. */
export const EXIT_INPUT = 2

/** One Ctrl-C arrives several times: from the terminal, and once more from whoever started us. */
const SAME_SIGNAL_MS = 500

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Why a command ends before it is done: somebody asked for it. */
class Interrupted extends Error {
  override readonly name = 'Interrupted'
  /** As a shell counts it: 130 after a Ctrl-C, 143 after SIGTERM. */
  readonly exitCode: number

  constructor(signal: (typeof SIGNALS)[number]) {
    super(signal)
    this.exitCode = 128 + constants.signals[signal]
  }
}

/** Aborts when this process is asked to end. Asked a second time, it ends at once. */
export function endingSignal(): AbortSignal {
  const ending = new AbortController()
  let firstAtMs: number | null = null
  const end = (name: (typeof SIGNALS)[number]): void => {
    const reason = new Interrupted(name)
    if (firstAtMs !== null && systemClock.nowMs() - firstAtMs > SAME_SIGNAL_MS) process.exit(reason.exitCode)
    firstAtMs ??= systemClock.nowMs()
    ending.abort(reason)
  }
  for (const name of SIGNALS) process.on(name, () => end(name))
  // Whoever started us and holds the channel is gone, perhaps already: nobody else would ever stop us.
  process.once('disconnect', () => end('SIGHUP'))
  if (process.send !== undefined && !process.connected) end('SIGHUP')
  return ending.signal
}

/** The exit code that an error leads to, after saying what went wrong. Nobody is told about what they asked for. */
export function exitCodeFor(error: unknown, say: (sentence: string) => void): number {
  if (error instanceof Interrupted) return error.exitCode
  if (error instanceof VerdictError) {
    say(`verdict: ${error.message} (${error.code})`)
    return EXIT_INPUT
  }
  if (isOfTheSystem(error)) {
    say(`verdict: ${error.message}`)
    return EXIT_INPUT
  }
  say(`verdict: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  return 1
}

/** A file or a folder that the operating system doesn't let us use: its own sentence names it. */
function isOfTheSystem(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && 'path' in error
}

/** Resolves when the command is asked to end. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
