// node scripts/run.mjs ENTRY [ARGUMENT...]
//
// Runs ENTRY on the Node that we develop on, started by any Node >= 18 in a clone that may have nothing installed yet.
// Standard output belongs to ENTRY alone: whatever is said here, or by npm, goes to standard error.

import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundledNode, endLike, isNewEnough, runToEnd } from '../bin/start-node.mjs'
import { withInstallLock } from './install-lock.mjs'
import { missingPackages } from './lock-file.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [entry, ...args] = process.argv.slice(2)

if (entry === undefined) {
  console.error('usage: node scripts/run.mjs ENTRY [ARGUMENT...]')
  process.exit(2)
}

if (needsInstall()) {
  const failed = await withInstallLock(root, async () => {
    // Another start may have done it while we waited for the lock.
    if (needsInstall()) return install()
  })
  if (failed !== undefined) endLike(failed)
}
await runEntry()

function needsInstall() {
  return missingPackages(root).length > 0 || bundledNode(root) === undefined
}

/** @returns how npm ended, where it failed in a way that leaves nothing to start */
async function install() {
  const missing = missingPackages(root)
  if (missing.length > 0) {
    console.error(`Installing what package-lock.json asks for (${described(missing)}): npm ci.`)
    const end = await npm('ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund')
    if (end.code !== 0) return end
  }
  if (bundledNode(root) === undefined) {
    console.error('Running the install script of the package node, which npm left out: npm rebuild node.')
    const end = await npm('rebuild', 'node', '--ignore-scripts=false')
    // A failure is no end yet: the Node that we run on may do.
    if (end.signal !== null) return end
  }
}

async function runEntry() {
  const node = nodeToUse()
  try {
    endLike(await runToEnd(node, [entry, ...args], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] }))
  } catch (error) {
    stop(`${node} does not start (${error.message}): is it made for this machine?`)
  }
}

function described([first, ...others]) {
  return others.length === 0 ? `${first} is missing` : `${first} and ${others.length} more are missing`
}

function npm(...words) {
  const [command, ...before] = npmCommand()
  return runToEnd(command, [...before, ...words], {
    cwd: root,
    env: { ...process.env, PATH: pathWithoutOurs() },
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
}

/** The npm that started us, or the one in PATH. */
function npmCommand() {
  const { npm_execpath: cli, npm_node_execpath: node } = process.env
  return cli && node && basename(cli) === 'npm-cli.js' ? [node, cli] : ['npm']
}

/** npm puts node_modules/.bin first: there lies a Node that `npm ci` is about to delete. */
function pathWithoutOurs() {
  const ours = join(root, 'node_modules')
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.startsWith(ours))
    .join(delimiter)
}

function nodeToUse() {
  const bundled = bundledNode(root)
  if (bundled !== undefined) return bundled
  if (isNewEnough()) {
    console.error(`The package node brought no Node for this machine, so this runs on ${process.version}.`)
    return process.execPath
  }
  return stop(
    `The package node brought no Node for this machine and ${process.version} is too old: ` +
      'install Node 24, or let `npm rebuild node --ignore-scripts=false` succeed.',
  )
}

function stop(message) {
  console.error(message)
  process.exit(1)
}
