// npm test [-- FILTER or option of vitest...]
//
// Runs the tests. The last line on standard output is how many passed and failed, and the exit code agrees with it.

import './end-with-starter.mjs'
import { join } from 'node:path'
import { parseCLI, startVitest } from 'vitest/node'
import { closingLine, countTests, exitCode } from './closing-line.ts'
import { killOwnChildren } from './own-children.mjs'

// Hundreds of processes are started, of the same modules: compiled once, a start takes half the time.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '..', 'node_modules', '.cache', 'compiled')

const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)])

console.error(`Running the tests on Node ${process.version}.`)
const vitest = await startVitest(filter, { ...options, watch: false, run: true })
await vitest.close()
killOwnChildren()

const counts = countTests(vitest.state)
process.stdout.write(`${closingLine(counts)}\n`, () => process.exit(process.exitCode || exitCode(counts)))
