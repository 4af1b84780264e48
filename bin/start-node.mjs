// Starts a program and stays in front of it as if it weren't there. Any Node that knows modules can read this file: it
// runs before we know which Node we are on. Used by bin/verdict.mjs and scripts/run.mjs.

import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'

/** The oldest Node that runs TypeScript and has `node:sqlite` without a flag; the same as `engines` in package.json. */
export const OLDEST_NODE = '22.18.0'

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP']
/** One Ctrl-C arrives several times: from the terminal, and once more from npm. */
const SAME_SIGNAL_MS = 500
const PARENT_CHECK_MS = 250
/** How long a program may take to end in order once its user is gone. */
const GRACE_MS = 10000

/** Whether the running Node is `OLDEST_NODE` or newer. */
export function isNewEnough(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_NODE.split('.').map(Number)
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
}

/** Path of the Node that the package `node` brought into `root`, or undefined where it isn't there. */
export function bundledNode(root) {
  const bin = join(root, 'node_modules', 'node', 'bin')
  return [join(bin, 'node'), join(bin, 'node.exe')].find((path) => existsSync(path))
}

/**
 * Runs `command` until it ends. Forwards signals to it, and ends it when our own parent is gone.
 *
 * With `ipc` in `stdio` the child has a channel to us and can notice even our SIGKILL. It has to listen itself:
 *
 *     process.once('disconnect', stop)   // src/cli/main.ts does this beside its signal handlers
 *     process.channel?.unref()           // or the listener alone would keep the process alive
 *
 * A Ctrl-C, `timeout` or systemd signals us and the child alike, so that ours is the child's second within some ms: the
 * child has to take those for one.
 *
 * @returns {Promise<{code: number | null, signal: string | null}>} rejects where the command can't be started
 */
export function runToEnd(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options)
    const lastAtMs = {}
    const forward = (signal) => {
      const nowMs = Date.now()
      if (nowMs - (lastAtMs[signal] || 0) < SAME_SIGNAL_MS) return
      lastAtMs[signal] = nowMs
      child.kill(signal)
    }
    for (const signal of FORWARDED) process.on(signal, forward)

    const before = ancestors()
    const watch = setInterval(() => {
      if (ancestors() === before) return
      clearInterval(watch)
      forward('SIGTERM')
      setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref()
    }, PARENT_CHECK_MS)
    watch.unref()

    const settle = (tell) => {
      clearInterval(watch)
      for (const signal of FORWARDED) process.removeListener(signal, forward)
      tell()
    }
    child.once('error', (error) => settle(() => reject(error)))
    child.once('exit', (code, signal) => settle(() => resolve({ code, signal })))
  })
}

/** Changes when whoever started us is gone. Below npm that is npm, and the shell between outlives it where it can. */
function ancestors() {
  const parent = String(process.ppid)
  return process.env.npm_lifecycle_event === undefined ? parent : `${parent} ${parentOf(parent)}`
}

/** Only Linux tells; there it matters, because its usual `sh` starts a command beside itself and not in its place. */
export function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')')).split(' ')[2]
  } catch (_) {
    return undefined
  }
}

/** Ends this process the way the program ended: with its exit code, or by the signal that ended it. */
export function endLike({ code, signal }) {
  if (signal === null) process.exit(code)
  // A signal that doesn't end us (or not yet) becomes the exit code that a shell gives it.
  setTimeout(() => process.exit(128 + (constants.signals[signal] || 0)), 500)
  process.kill(process.pid, signal)
}
