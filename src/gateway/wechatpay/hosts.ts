/**
 * Which of an account's hosts to call (guide 7.2): the first one; after it couldn't be reached, or failed three calls
 * in a row, the other one for 60 s; then the first again, on probation: one more failure and it is left again.
 */
export interface Hosts {
  /** Index of the host in use. */
  readonly current: number
  readonly failuresInRow: number
  /** While the backup is in use: when to try the first one again. */
  readonly backAtMs: number
}

/** How a call to a host went. A host that answers, whatever it says, is reached; a 5xx is a failure of that host. */
export type Contact = 'reached' | 'failed' | 'unreachable'

export const FAILURES_MAX = 3
export const AWAY_MS = 60_000

export const FIRST_HOST: Hosts = { current: 0, failuresInRow: 0, backAtMs: 0 }

/** The state as it is at this moment: the first host gets its chance again when the time is up. */
export function hostsAt(hosts: Hosts, nowMs: number): Hosts {
  if (hosts.current === 0 || nowMs < hosts.backAtMs) return hosts
  return { current: 0, failuresInRow: FAILURES_MAX - 1, backAtMs: 0 }
}

/** What a call to `host` teaches. Calls that ended on a host no longer in use teach nothing: hundreds may be under way. */
export function hostsAfter(hosts: Hosts, host: number, contact: Contact, nowMs: number): Hosts {
  if (host !== hosts.current) return hosts
  if (contact === 'reached') return hosts.failuresInRow === 0 ? hosts : { ...hosts, failuresInRow: 0 }
  const failuresInRow = hosts.failuresInRow + 1
  if (contact === 'failed' && failuresInRow < FAILURES_MAX) return { ...hosts, failuresInRow }
  return host === 0 ? { current: 1, failuresInRow: 0, backAtMs: nowMs + AWAY_MS } : FIRST_HOST
}
