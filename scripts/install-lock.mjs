// One install at a time in one clone, so that two first starts don't delete each other's packages.

import { mkdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'

const NAME = '.verdict-install.lock'
const BEAT_MS = 2000
/** A holder that has not touched its lock for this long is gone. */
const STALE_MS = 15000
const RETRY_MS = 200

/** Runs `work` while no other process of this clone does; waits for one that does, and says so once. */
export async function withInstallLock(root, work) {
  const lock = join(root, NAME)
  await take(lock)
  const beat = setInterval(() => touch(lock), BEAT_MS)
  beat.unref()
  // Whichever way this process ends, but for SIGKILL; that one leaves a lock that goes stale.
  const release = () => rmSync(lock, { recursive: true, force: true })
  process.once('exit', release)
  try {
    return await work()
  } finally {
    clearInterval(beat)
    process.removeListener('exit', release)
    release()
  }
}

async function take(lock) {
  for (let told = false; !made(lock); told = true) {
    if (!told) console.error('Waiting for another start that is installing in this folder.')
    if (ageMs(lock) > STALE_MS) discard(lock)
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

function made(lock) {
  try {
    mkdirSync(lock)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function touch(lock) {
  const now = new Date()
  ifThere(() => utimesSync(lock, now, now))
}

function ageMs(lock) {
  return ifThere(() => Date.now() - statSync(lock).mtimeMs) ?? 0
}

/** Renamed first: of several that find it stale one wins, and the others don't remove the next holder's lock. */
function discard(lock) {
  const aside = `${lock}.${process.pid}`
  ifThere(() => renameSync(lock, aside))
  rmSync(aside, { recursive: true, force: true })
}

function ifThere(act) {
  try {
    return act()
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}
