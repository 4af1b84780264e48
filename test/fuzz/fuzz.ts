import { inspect } from 'node:util'
import { namedRandom } from '../../src/random.ts'
import type { Chance } from './chance.ts'
import { Guide } from './guide.ts'
import { KNOWN, type KnownDefect } from './known.ts'
import { type Measured, Meter } from './meter.ts'
import type { Target, World } from './target.ts'

/** A failing case is found again by running its block up to it: a second or two. */
export const BLOCK_CASES = 10_000

/** The bound on the CPU time of a single case. The largest input has a megabyte. */
export const CASE_MS_MAX = 250

export interface FuzzOptions {
  readonly seed: number
  readonly cases: number
  /** The number of the first case. Begins inside a block: the block is run up to it. Default 0. */
  readonly first?: number
  /** Told after every block. */
  readonly progress?: (done: number, measured: Measured) => void
  /** Failures that are understood, and not yet mended. Default: those of known.ts. */
  readonly known?: readonly KnownDefect[]
  /** No further block is begun after so many ms. Default: no limit. */
  readonly msMax?: number
}

export interface Fuzzed extends Measured {
  readonly target: string
  readonly seed: number
  readonly cases: number
  /** How often each outcome came. */
  readonly outcomes: Readonly<Record<string, number>>
  /** How often each known defect came. */
  readonly known: Readonly<Record<string, number>>
  readonly failure: Failure | null
}

export interface Failure {
  readonly case: number
  readonly sentence: string
  readonly replay: string
  readonly input: string
}

/** Runs `cases` cases against a target, and stops at the first that fails. The same seed gives the same cases. */
export async function fuzz(target: Target, options: FuzzOptions): Promise<Fuzzed> {
  const { seed, cases, first = 0, progress = () => {}, msMax = Number.POSITIVE_INFINITY } = options
  const known = new Known((options.known ?? KNOWN).filter((defect) => defect.target === target.name))
  const meter = new Meter()
  const outcomes = new Map<string, number>()
  const end = first + cases
  let failure: Failure | null = null
  let done = 0
  for (let at = first - (first % BLOCK_CASES); at < end && failure === null; at += BLOCK_CASES) {
    const to = Math.min(end, at + BLOCK_CASES)
    const block = { target, seed, from: at, to, judgedFrom: Math.max(first, at) }
    failure = await runBlock(block, { meter, outcomes, known })
    done += failure === null ? to - block.judgedFrom : failure.case + 1 - block.judgedFrom
    meter.blockDone()
    progress(done, meter.measured)
    if (meter.measured.ms > msMax) break
  }
  return {
    target: target.name,
    seed,
    cases: done,
    outcomes: Object.fromEntries([...outcomes].sort((a, b) => b[1] - a[1])),
    known: Object.fromEntries(known.times),
    failure,
    ...meter.measured,
  }
}

interface Block {
  readonly target: Target
  readonly seed: number
  readonly from: number
  readonly to: number
  /** The cases before it only lead up to it. */
  readonly judgedFrom: number
}

/** What is written down across the blocks. */
interface Books {
  readonly meter: Meter
  readonly outcomes: Map<string, number>
  readonly known: Known
}

class Known {
  readonly times = new Map<string, number>()
  readonly #defects: readonly KnownDefect[]

  constructor(defects: readonly KnownDefect[]) {
    this.#defects = defects
  }

  has(sentence: string): boolean {
    const defect = this.#defects.find(({ sign }) => sign.test(sentence))
    if (defect !== undefined) this.times.set(defect.what, (this.times.get(defect.what) ?? 0) + 1)
    return defect !== undefined
  }
}

async function runBlock(
  { target, seed, from, to, judgedFrom }: Block,
  { meter, outcomes, known }: Books,
): Promise<Failure | null> {
  const guide = new Guide(namedRandom(seed, 'fuzz', target.name, from / BLOCK_CASES))
  const world = await target.open()
  try {
    for (let number = from; number < to; number += 1) {
      const chance = guide.next()
      const failed = await runCase(world, chance, guide, number >= judgedFrom ? meter : null)
      if (number < judgedFrom) continue
      if (failed !== null && known.has(failed)) continue
      meter.caseCounts()
      if (failed === null) continue
      return {
        case: number,
        sentence: failed,
        replay: `npm run fuzz -- --target ${target.name} --seed ${seed} --case ${number}`,
        input: inspect(chance.input, { depth: 12, maxStringLength: 2_000, maxArrayLength: 100 }),
      }
    }
    for (const [outcome, times] of guide.outcomes) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + times)
    return null
  } finally {
    await world.close?.()
  }
}

/** @returns what went wrong; null if nothing */
async function runCase(
  world: World,
  chance: Chance,
  guide: Guide,
  meter: Meter | null,
): Promise<string | null> {
  meter?.caseBegins()
  let failed: string | null = null
  try {
    const running = world.run(chance)
    // Most targets answer at once: a turn of the event loop would cost more than the case.
    guide.learn(chance, typeof running === 'string' ? running : await running)
  } catch (error) {
    failed = described(error)
  }
  const ms = meter?.caseEnds() ?? 0
  return (
    failed ??
    (ms <= CASE_MS_MAX ? null : `it took ${Math.round(ms)} ms of CPU; expected at most ${CASE_MS_MAX}`)
  )
}

/** The sentence of a failure, and below it where it comes from. */
export function described(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}\n${stackOf(error)}` : inspect(error)
}

function stackOf({ stack = '' }: Error): string {
  const lines = stack.split('\n').filter((line) => /^\s+at /.test(line))
  const [first = '', ...others] = lines
  return [first, ...others.filter((line, i) => i < 2 || line.includes('/src/'))].slice(0, 8).join('\n')
}

/** Deep enough to see where in `src` it began. */
Error.stackTraceLimit = 40
