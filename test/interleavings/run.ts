import { parseArgs } from 'node:util'
import { explore } from './explore.ts'
import { isKnown } from './known.ts'
import { livenessOf, STEPS_MAX } from './liveness.ts'
import { nameOfStart, STARTS, settingFor, startingFrom } from './starts.ts'

// node test/interleavings/run.ts [--depth 9] [--only WORDS]: every order of events from each start, counted. Exits 1 if a
// rule is broken. Depth 9 from all starts takes some minutes and 1.5 GB.

const { values } = parseArgs({
  options: { depth: { type: 'string', default: '9' }, only: { type: 'string', default: '' } },
})
const depth = Number(values.depth)
let states = 0
let transitions = 0
let broken = 0
const events: Record<string, number> = {}
console.log(`kind, start | new states at depth 0 to ${depth} | states | transitions | steps to the end | s`)
for (const start of STARTS) {
  if (!nameOfStart(start).includes(values.only)) continue
  const setting = settingFor(start.kind, start.lateMoney)
  const liveness = livenessOf(setting)
  const startedAtMs = performance.now()
  const explored = explore(startingFrom(start, setting), setting, liveness, { depth, findingsMax: 20 })
  const count = explored.states.reduce((sum, one) => sum + one, 0)
  states += count
  transitions += explored.transitions
  for (const [sort, times] of Object.entries(explored.events)) events[sort] = (events[sort] ?? 0) + times
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1)
  const cells = [nameOfStart(start), explored.states.join(' '), count, explored.transitions]
  console.log([...cells, liveness.stepsMax, seconds].join(' | '))
  console.log(`  orders among them: ${words(explored.orders)}`)
  for (const { rule, events: life } of explored.findings) {
    broken += isKnown(rule) ? 0 : 1
    console.log(`  ${isKnown(rule) ? 'known' : 'BROKEN'}: ${rule}: ${life.join(', ')}`)
  }
}
console.log(`events: ${words(events)}`)
console.log(
  `${states} states, ${transitions} transitions, ${broken} rules broken beside the known; the end comes within ${STEPS_MAX} steps`,
)
process.exitCode = broken === 0 ? 0 : 1

function words(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([word, count]) => `${word} ${count}`)
    .join(', ')
}
