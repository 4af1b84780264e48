/**
 * `npm run prove:mutants -- [--only NAME] [--seeds 2000] [--write]`: which seed finds each mutant. `--write` puts the table
 * into docs/proof.md. Exit code 1 if a mutant survives, 2 if nothing was measured.
 */
import '../../scripts/end-with-starter.mjs'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MUTANTS } from './catalogue.ts'
import { measure, NotMeasured } from './measure.ts'
import { stopAll } from './prove.ts'
import { survivorsIn, tableOf, written } from './table.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const PAGE = join(ROOT, 'docs', 'proof.md')

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    stopAll()
    process.exit(130)
  })
}

try {
  process.exitCode = await main()
} catch (error) {
  stopAll()
  if (!(error instanceof Error)) throw error
  console.error(error instanceof NotMeasured ? error.message : error)
  process.exitCode = 2
}
process.disconnect?.()

async function main(): Promise<number> {
  const { only, seeds, write, keep } = flags()
  const mutants = only === undefined ? MUTANTS : MUTANTS.filter(({ name }) => only.includes(name))
  const unknown = only?.filter((name) => !MUTANTS.some((mutant) => mutant.name === name)) ?? []
  if (unknown.length > 0) throw new NotMeasured(`there is no mutant ${unknown.join(', ')}`)
  if (write && only !== undefined) throw new NotMeasured('--write wants the whole table: leave --only out')
  const page = write ? readFileSync(PAGE, 'utf8') : ''
  // An hour later would be late to find that there is no place for the table.
  if (write) written(page, '')

  const rows = await measure({ root: ROOT, mutants, seeds, keep, say: (line) => console.error(line) })
  const table = tableOf(rows, seeds)
  console.log(table)
  if (write) writeFileSync(PAGE, written(page, table))
  const survivors = survivorsIn(rows)
  if (survivors.length > 0) console.error(`not found: ${survivors.join(', ')}`)
  return survivors.length > 0 ? 1 : 0
}

function flags() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      seeds: { type: 'string', default: '2000' },
      write: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  })
  const seeds = Number(values.seeds)
  if (!Number.isSafeInteger(seeds) || seeds < 1)
    throw new NotMeasured(`--seeds is ${values.seeds}; expected a whole number above 0`)
  return { ...values, seeds }
}
