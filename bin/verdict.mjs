#!/usr/bin/env node
// The command `verdict`. Plain old JavaScript: a Node that is too old has to get far enough to say so.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bundledNode, endLike, isNewEnough, OLDEST_NODE, runToEnd } from './start-node.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
// A clone has the sources and runs them as they are; the published package has only dist/.
const source = join(root, 'src', 'cli', 'main.ts')
const entry = existsSync(source) ? source : join(root, 'dist', 'cli', 'main.js')
const bundled = bundledNode(root)

if (isNewEnough()) {
  buildDashboard(process.execPath)
  import(pathToFileURL(entry).href)
} else if (bundled !== undefined) {
  buildDashboard(bundled)
  const args = [entry].concat(process.argv.slice(2))
  runToEnd(bundled, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] }).then(endLike, (error) => {
    console.error(`verdict: ${bundled} does not start: ${error.message}`)
    process.exit(2)
  })
} else {
  console.error(`verdict needs Node ${OLDEST_NODE} or newer and this is ${process.version}.`)
  process.exit(2)
}

/** Those that serve it have it, in a clone, as its sources are. Without it everything else works. */
function buildDashboard(node) {
  const [, , command, ...flags] = process.argv
  const isServed = command === 'serve' || (command === 'demo' && !flags.includes('--once'))
  if (!isServed || !existsSync(source)) return
  const script = join(root, 'scripts', 'dashboard.mjs')
  const { status } = spawnSync(node, [script, '--if-older'], { stdio: ['ignore', 2, 2] })
  if (status !== 0) console.error('verdict: goes on without the dashboard, which could not be built')
}
