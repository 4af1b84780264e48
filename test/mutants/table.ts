import type { Mutant } from './mutant.ts'
import type { Proved } from './prove.ts'

export interface Row {
  readonly mutant: Mutant
  readonly proved: Proved
}

export const BEGIN = '<!-- mutants -->'
export const END = '<!-- /mutants -->'

/** The table, and below it the one sentence that counts. */
export function tableOf(rows: readonly Row[], seeds: number): string {
  const lines = rows.map(({ mutant, proved }) => {
    const { name, says, breaks } = mutant
    const cells = [`\`${name}\``, says, breaks, seedsOf(proved, seeds), foundBy(proved)]
    return `| ${cells.map(cell).join(' | ')} |`
  })
  return [
    '| mutant | what it does | breaks | seeds needed | found by |',
    '|---|---|---|---|---|',
    ...lines,
    '',
    summaryOf(rows, seeds),
  ].join('\n')
}

export function summaryOf(rows: readonly Row[], seeds: number): string {
  const count = (kind: Proved['kind']): number => rows.filter(({ proved }) => proved.kind === kind).length
  const [red, crash, hang] = [count('red'), count('crash'), count('hang')]
  const others = [crash > 0 && `${crash} by a crash`, hang > 0 && `${hang} by a hang`].filter(Boolean)
  const found = red + crash + hang
  const how =
    others.length === 0 ? 'each by a broken rule' : `${[`${red} by a broken rule`, ...others].join(', ')}`
  return `${found} of ${rows.length} mutants were found within ${seeds} seeds, ${how}.`
}

export function survivorsIn(rows: readonly Row[]): readonly string[] {
  return rows.filter(({ proved }) => proved.kind === 'green').map(({ mutant }) => mutant.name)
}

function seedsOf(proved: Proved, seeds: number): string {
  switch (proved.kind) {
    case 'red':
      return String(proved.seed)
    case 'green':
      return `more than ${seeds}`
    case 'crash':
    case 'hang':
      return `at most ${seeds}`
  }
}

function foundBy(proved: Proved): string {
  switch (proved.kind) {
    case 'red':
      return proved.rule
    case 'green':
      return '**not found**'
    case 'crash':
      return `crash: ${proved.why}`
    case 'hang':
      return `hang: no end after ${Math.round(proved.afterMs / 1_000)} s`
  }
}

/** One line, and no column more. */
function cell(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')
}

/** The page with the table in the place of what stands between the markers. @throws if they aren't there once */
export function written(page: string, table: string): string {
  between(page)
  return `${page.slice(0, page.indexOf(BEGIN) + BEGIN.length)}\n${table}\n${page.slice(page.indexOf(END))}`
}

/** What stands between the markers. @throws if they aren't there once */
export function between(page: string): string {
  const [before, inside, after] = page.split(/<!-- \/?mutants -->/)
  const isMarked = page.indexOf(BEGIN) >= 0 && page.indexOf(BEGIN) < page.indexOf(END)
  if (!isMarked || page.split(BEGIN).length !== 2 || page.split(END).length !== 2) {
    throw new Error(
      `docs/proof.md has no ${BEGIN} with ${END} after it, once each: the table goes between them`,
    )
  }
  if (before === undefined || inside === undefined || after === undefined) throw new Error('unreachable')
  return inside
}
