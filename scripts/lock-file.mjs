// What package-lock.json asks for and node_modules does not have.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The paths (`node_modules/zod`) that lack their version, none where an install would change nothing that we use.
 *
 * npm writes what it installed into node_modules/.package-lock.json, as its last step. The two files are never equal:
 * packages for other platforms, and what only those need, are in the first alone.
 */
export function missingPackages(root) {
  const wanted = packagesOf(join(root, 'package-lock.json'))
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'))
  return missing(wanted, installed, thisPlatform())
}

/** @param platform `{ os, cpu, libc }`, with `libc` undefined where there is no choice */
export function missing(wanted, installed, platform) {
  return Object.keys(wanted).filter((path) => {
    if (path === '') return false
    const { version, integrity } = wanted[path]
    const found = installed[path]
    if (found === undefined) return !mayBeAbsent(wanted[path], platform)
    return found.version !== version || found.integrity !== integrity
  })
}

/** An optional package is absent on a platform that it isn't made for; without one it serves another such package. */
function mayBeAbsent({ optional, os, cpu, libc }, platform) {
  if (!optional) return false
  if (os === undefined && cpu === undefined) return true
  return !(allows(os, platform.os) && allows(cpu, platform.cpu) && allows(libc, platform.libc))
}

/** npm's words: a list of names, or of names with `!` that are excluded. */
function allows(names, name) {
  if (names === undefined) return true
  if (names.some((each) => each.startsWith('!'))) return !names.includes(`!${name}`)
  return names.includes(name)
}

function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return {}
    throw error
  }
}

function thisPlatform() {
  return { os: process.platform, cpu: process.arch, libc: libcHere() }
}

function libcHere() {
  if (process.platform !== 'linux') return undefined
  process.report.excludeNetwork = true
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl'
}
