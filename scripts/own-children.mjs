// What a run started and left behind: a test whose code spins for ever hears no signal that it could act upon.

import { readdirSync } from 'node:fs'
import { parentOf } from '../bin/start-node.mjs'

/** Ends the children of this process at once. Only Linux tells which they are; elsewhere nothing happens. */
export function killOwnChildren() {
  for (const pid of childrenOf(process.pid)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (_) {
      // It ended by itself in the meantime.
    }
  }
}

/** @returns {number[]} */
export function childrenOf(parent) {
  return processes().filter((pid) => Number(parentOf(pid)) === parent)
}

function processes() {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch (_) {
    return []
  }
}
