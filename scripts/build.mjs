// Makes dist/ from src/: JavaScript and types by tsc, and beside them the files that the sources read at run time; and
// dist/dashboard/ from dashboard/.

import './end-with-starter.mjs'
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'

const ASSETS = 'src/**/*.sql'

rmSync('dist', { recursive: true, force: true })
const { status } = spawnSync(
  process.execPath,
  ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
  {
    stdio: ['ignore', 2, 2],
  },
)
if (status !== 0) process.exit(status ?? 1)

for (const asset of globSync(ASSETS)) cpSync(asset, join('dist', relative('src', asset)))

await import('./dashboard.mjs')
