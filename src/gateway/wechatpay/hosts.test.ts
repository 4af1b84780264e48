import { expect, it } from 'vitest'
import { AWAY_MS, type Contact, FIRST_HOST, type Hosts, hostsAfter, hostsAt } from './hosts.ts'

/** Each line: when, which host a call went to, how it went, which host is in use after. */
type Line = readonly [atMs: number, host: number, contact: Contact, current: number]

const STORIES: Readonly<Record<string, readonly Line[]>> = {
  'one that cannot be reached is left at once': [[0, 0, 'unreachable', 1]],
  'three failures in a row are needed otherwise': [
    [0, 0, 'failed', 0],
    [1, 0, 'failed', 0],
    [2, 0, 'reached', 0],
    [3, 0, 'failed', 0],
    [4, 0, 'failed', 0],
    [5, 0, 'failed', 1],
  ],
  'the first is tried again after 60 s and stays if it answers': [
    [0, 0, 'unreachable', 1],
    [AWAY_MS - 1, 1, 'reached', 1],
    [AWAY_MS, 0, 'reached', 0],
    [AWAY_MS + 1, 0, 'failed', 0],
  ],
  'one failure on probation is enough': [
    [0, 0, 'unreachable', 1],
    [AWAY_MS, 0, 'failed', 1],
  ],
  'calls that were under way to the host left behind teach nothing': [
    [0, 0, 'unreachable', 1],
    [1, 0, 'unreachable', 1],
    [2, 0, 'reached', 1],
    [AWAY_MS, 0, 'reached', 0],
  ],
  'a backup that fails too sends back to the first': [
    [0, 0, 'unreachable', 1],
    [1, 1, 'unreachable', 0],
  ],
}

for (const [fact, lines] of Object.entries(STORIES)) {
  it(fact, () => {
    let hosts: Hosts = FIRST_HOST
    for (const [atMs, host, contact, current] of lines) {
      hosts = hostsAfter(hostsAt(hosts, atMs), host, contact, atMs)
      expect([atMs, hostsAt(hosts, atMs).current]).toEqual([atMs, current])
    }
  })
}
