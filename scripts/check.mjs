// npm run check: everything that has to hold before a commit. Stops at the first thing that does not.

import './end-with-starter.mjs'
import { spawnSync } from 'node:child_process'

const STEPS = [
  ['types', 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'],
  ['types of the dashboard', 'node_modules/typescript/bin/tsc', '-p', 'dashboard/tsconfig.json'],
  ['format and lint', 'node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'],
  // The directions of imports are among the tests: test/architecture.
  ['tests', 'scripts/test.mjs'],
]

for (const [name, ...command] of STEPS) {
  console.error(`Checking: ${name}.`)
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
