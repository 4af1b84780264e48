import { rmSync } from 'node:fs'
import { copyWith } from './apply.ts'
import type { Mutant } from './mutant.ts'
import { type Proved, prove } from './prove.ts'
import type { Row } from './table.ts'

export interface Measuring {
  /** The repository. */
  readonly root: string
  readonly mutants: readonly Mutant[]
  readonly seeds: number
  /** Leaves the copies: a survivor can be looked at. */
  readonly keep?: boolean
  readonly say: (line: string) => void
  /** For tests. Default: from what the unmutated tree takes. */
  readonly limitMs?: number
}

/** Nothing can be said about any mutant. */
export class NotMeasured extends Error {}

const UNMUTATED: Pick<Mutant, 'name' | 'edits'> = { name: 'unmutated', edits: [] }
/** Before anything else: on a red tree every mutant would be "found". */
const SEEDS_FIRST = 20
const AT_ONCE = 2
const LIMIT_MS_MIN = 120_000
/** So much slower than the unmutated tree, two at once and on a busy machine, nobody is who still works. */
const SLOWER_MAX = 8

/**
 * Which seed finds each mutant. All copies are taken from the tree as it is at the beginning, and that tree has to be
 * green up to the last seed that found one: else the seed would have found the tree's own fault.
 *
 * @throws NotMeasured if the unmutated tree is not green, or a mutant is no program
 */
export async function measure({
  root,
  mutants,
  seeds,
  keep = false,
  say,
  limitMs,
}: Measuring): Promise<readonly Row[]> {
  const tree = copyWith(root, UNMUTATED)
  const first = await green(tree, Math.min(SEEDS_FIRST, seeds), limitMs ?? LIMIT_MS_MIN)
  const perSeedMs = first.tookMs / first.seeds
  const limitOf = (count: number): number => limitMs ?? Math.max(LIMIT_MS_MIN, SLOWER_MAX * count * perSeedMs)
  say(`the unmutated tree is green for ${first.seeds} seeds, ${Math.round(perSeedMs)} ms each`)

  const rows: Row[] = []
  const waiting = [...mutants.entries()]
  const one = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [place, mutant] = next
      const folder = copyWith(root, mutant, tree)
      const proved = await prove({ folder, seeds, limitMs: limitOf(seeds) })
      if (!keep) rmSync(folder, { recursive: true, force: true })
      // It never ran: that nobody found is found.
      if (proved.kind === 'crash' && proved.why.includes('SyntaxError'))
        throw new NotMeasured(`${mutant.name} is no program any more (${proved.why}): mend the mutant`)
      rows[place] = { mutant, proved }
      say(`${mutant.name}: ${inWords(proved)}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))

  const last = Math.max(0, ...rows.map(({ proved }) => (proved.kind === 'red' ? proved.seed : 0)))
  if (last > first.seeds) {
    await green(tree, last, limitOf(last))
    say(`the unmutated tree is green for all ${last} seeds that were needed`)
  }
  if (!keep) rmSync(tree, { recursive: true, force: true })
  return rows
}

async function green(folder: string, seeds: number, limitMs: number) {
  const proved = await prove({ folder, seeds, limitMs })
  if (proved.kind === 'green') return proved
  throw new NotMeasured(
    `the unmutated tree is not green (${inWords(proved)}): a table made on it would say nothing`,
  )
}

function inWords(proved: Proved): string {
  switch (proved.kind) {
    case 'green':
      return `not found in ${proved.seeds} seeds`
    case 'red':
      return `seed ${proved.seed}, ${proved.rule}: ${proved.says}`
    case 'crash':
      return `crash: ${proved.why}`
    case 'hang':
      return `hang: no end after ${Math.round(proved.afterMs / 1_000)} s`
  }
}
