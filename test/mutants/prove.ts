import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** What `prove` came to in one copy. */
export type Proved =
  | { readonly kind: 'green'; readonly seeds: number; readonly tookMs: number }
  /** It broke a rule at this seed, and `prove` said so. */
  | { readonly kind: 'red'; readonly seed: number; readonly rule: string; readonly says: string }
  /** It ended without a report: found, but not by the checker. */
  | { readonly kind: 'crash'; readonly why: string }
  | { readonly kind: 'hang'; readonly afterMs: number }

export interface ProveOptions {
  /** The copy. */
  readonly folder: string
  readonly seeds: number
  /** Seeds differ in length, but none runs for ever: whoever takes longer than this hangs. */
  readonly limitMs: number
}

interface Report {
  readonly seeds: number
  readonly failed: ReadonlyArray<{ readonly seed: number; readonly rule: string; readonly says: string }>
}

const running = new Set<AbortController>()

/** Kills what is under way: nobody waits for it any more. */
export function stopAll(): void {
  for (const run of running) run.abort()
}

/** Runs the seeds 1 to `seeds` in a copy, up to the first that fails. Never rejects. */
export async function prove({ folder, seeds, limitMs }: ProveOptions): Promise<Proved> {
  const stopping = new AbortController()
  running.add(stopping)
  const fromMs = performance.now()
  const main = join(folder, 'src', 'cli', 'main.ts')
  const flags = ['--seeds', String(seeds), '--from', '1', '--jobs', '1', '--fail-fast', '--json']
  const child = spawn(process.execPath, [main, 'prove', ...flags], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: stopping.signal,
    killSignal: 'SIGKILL',
  })
  const [out, err] = [new Tail(REPORT_LENGTH_MAX), new Tail(SAID_LENGTH_MAX)]
  child.stdout.setEncoding('utf8').on('data', (text: string) => out.add(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => err.add(text))
  let isTooLong = false
  const timer = setTimeout(() => {
    isTooLong = true
    child.kill('SIGKILL')
  }, limitMs)
  const { promise: ended, resolve } = Promise.withResolvers<string>()
  child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  child.on('error', (error) => resolve(error.message))
  const end = await ended
  clearTimeout(timer)
  running.delete(stopping)
  const tookMs = performance.now() - fromMs
  return isTooLong ? { kind: 'hang', afterMs: tookMs } : judged(end, out.text, err.text, { seeds, tookMs })
}

/** Exit code and report must agree; anything else is a crash, and told as one. */
export function judged(
  end: string,
  out: string,
  err: string,
  { seeds, tookMs }: { readonly seeds: number; readonly tookMs: number },
): Proved {
  const report = reportIn(out)
  const first = report?.failed[0]
  if (end === 'exit code 1' && first !== undefined) {
    return { kind: 'red', seed: first.seed, rule: first.rule, says: first.says }
  }
  if (end === 'exit code 0' && report?.seeds === seeds && first === undefined) {
    return { kind: 'green', seeds, tookMs }
  }
  const said =
    err
      .trim()
      .split('\n')
      .findLast((line) => /\w*Error\b/.test(line)) ?? err.trim().split('\n').at(-1)
  const reported = report === null ? 'no report' : `${report.seeds} seeds, ${report.failed.length} failed`
  return { kind: 'crash', why: [end, reported, said?.trim()].filter(Boolean).join('; ').slice(0, 300) }
}

function reportIn(out: string): Report | null {
  const line = out.trim().split('\n').at(-1) ?? ''
  try {
    const report: Partial<Report> = JSON.parse(line)
    const isReport = typeof report.seeds === 'number' && Array.isArray(report.failed)
    return isReport ? (report as Report) : null
  } catch {
    return null
  }
}

const REPORT_LENGTH_MAX = 1_000_000
const SAID_LENGTH_MAX = 20_000

/** The end of a stream: a mutant may say the same a million times. */
class Tail {
  text = ''
  readonly #lengthMax: number

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax
  }

  add(text: string): void {
    this.text = (this.text + text).slice(-this.#lengthMax)
  }
}
