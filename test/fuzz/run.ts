/**
 * `npm run fuzz -- --cases 10000000`: hostile input for every entrance, guided by the branches of `src` that it reaches.
 * Ends with one line of JSON, and with 1 if a case failed, took longer than it may, or the heap kept growing.
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { branchCounts, countBranches } from './count-branches.ts'

// Before the targets are loaded, and with them the sources.
countBranches()
const { fuzz } = await import('./fuzz.ts')
const { TARGETS } = await import('./targets/index.ts')

const USAGE = `usage: npm run fuzz -- [--cases N] [--seed S] [--target NAME] [--case N] [--strict] [--branches]
  --cases     cases of all targets together, default 100000
  --seed      the same seed gives the same cases; default: a new one, which is told
  --target    only this one: ${TARGETS.map(([make]) => make().name).join(', ')}
  --case      only this case of the target, with its input
  --strict    known defects fail, too
  --branches  how many branches of each source were reached`

/** What a run may hold more at its end than after its first block. What grows with the cases goes far beyond. */
const HEAP_GROWTH_BYTES_MAX = 64_000_000

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    target: { type: 'string' },
    case: { type: 'string' },
    strict: { type: 'boolean', default: false },
    branches: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const cases = Number(values.cases)
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
const chosen = TARGETS.filter(([make]) => values.target === undefined || make().name === values.target)
const only = values.case === undefined ? null : Number(values.case)
const isWrong = ![cases, seed, only ?? 0].every((value) => Number.isSafeInteger(value) && value >= 0)
if (values.help || isWrong || chosen.length === 0 || (only !== null && chosen.length > 1)) {
  console.error(USAGE)
  process.exit(values.help ? 0 : 2)
}

console.error(`fuzz: seed ${seed}, ${only === null ? `${cases} cases` : `case ${only}`}`)
const known = values.strict ? { known: [] } : {}
const shares = chosen.reduce((sum, [, share]) => sum + share, 0)
const results = []
for (const [make, share] of chosen) {
  const target = make()
  const part =
    only === null ? { cases: Math.max(1, Math.round((cases * share) / shares)) } : { first: only, cases: 1 }
  const progress = (
    done: number,
    { casesPerSecond, slowestMs }: { casesPerSecond: number; slowestMs: number },
  ): void => {
    if (process.stderr.isTTY)
      process.stderr.write(`\r${target.name}: ${done}, ${casesPerSecond}/s, slowest ${slowestMs} ms   `)
  }
  const result = await fuzz(target, { seed, ...part, ...known, progress })
  results.push(result)
  console.error(
    `\r${target.name}: ${result.cases} cases, ${result.casesPerSecond}/s, slowest ${result.slowestMs} ms, heap ${result.heapGrowthBytes >= 0 ? '+' : ''}${Math.round(result.heapGrowthBytes / 1_000)} kB, ${Object.keys(result.outcomes).length} outcomes`,
  )
  for (const [what, times] of Object.entries(result.known)) console.error(`  known, ${times} times: ${what}`)
  if (result.failure !== null) {
    const { sentence, replay, input } = result.failure
    console.error(`  FAILED at case ${result.failure.case}: ${sentence}\n  ${replay}\n  ${input}`)
  } else if (only !== null)
    console.error(`  case ${only} holds: ${Object.keys(result.outcomes).length} outcomes on the way`)
}

if (values.branches) {
  for (const [file, { reached, all }] of [...branchCounts()].sort())
    console.error(`${file} ${reached}/${all}`)
}
const leaks = results.filter(({ heapGrowthBytes }) => heapGrowthBytes > HEAP_GROWTH_BYTES_MAX)
for (const { target, heapGrowthBytes } of leaks)
  console.error(`${target}: the heap grew by ${heapGrowthBytes} bytes`)
const failed = results.filter(({ failure }) => failure !== null)
const counts = [...branchCounts().values()]
console.log(
  JSON.stringify({
    seed,
    cases: results.reduce((sum, result) => sum + result.cases, 0),
    ok: failed.length === 0 && leaks.length === 0,
    ms: results.reduce((sum, { ms }) => sum + ms, 0),
    slowestMs: Math.max(...results.map(({ slowestMs }) => slowestMs)),
    branches: {
      reached: counts.reduce((sum, { reached }) => sum + reached, 0),
      all: counts.reduce((sum, { all }) => sum + all, 0),
    },
    targets: results.map(({ outcomes, failure, ...rest }) => ({
      ...rest,
      outcomes: Object.keys(outcomes).length,
      failure:
        failure === null ? null : { case: failure.case, sentence: failure.sentence, replay: failure.replay },
    })),
  }),
)
process.exitCode = failed.length === 0 && leaks.length === 0 ? 0 : 1
