import { namedRandom } from '../random.ts'
import { OUTAGES, type OutageName, type Probabilities } from './faults.ts'

/** Two entry hosts share one truth, so that one of them can be out. */
export type Host = 'primary' | 'backup'

/** Time since the simulator's first start falls into slots; an outage lies within its slot, so that it ends. */
export const SLOT_MS = 60_000
const OUTAGE_MS_MIN = 5_000
const OUTAGE_MS_MAX = 25_000

const STRIKES: Readonly<Record<OutageName, readonly Host[]>> = {
  outageAll: ['primary', 'backup'],
  outagePrimary: ['primary'],
  outageBackup: ['backup'],
}

/** The outage that a host suffers at a moment, if any. @param sinceStartMs since the very first start, restarts included */
export function outageOf(
  probabilities: Probabilities,
  seed: number,
  { host, sinceStartMs }: { host: Host; sinceStartMs: number },
): OutageName | null {
  const slot = Math.floor(sinceStartMs / SLOT_MS)
  const inSlotMs = sinceStartMs - slot * SLOT_MS
  return OUTAGES.find((name) => STRIKES[name].includes(host) && strikes(name, inSlotMs)) ?? null

  function strikes(name: OutageName, atMs: number): boolean {
    if (probabilities[name] === 0) return false
    const random = namedRandom(seed, 'outage', name, slot)
    if (random.next() >= probabilities[name]) return false
    const lengthMs = OUTAGE_MS_MIN + random.next() * (OUTAGE_MS_MAX - OUTAGE_MS_MIN)
    const fromMs = random.next() * (SLOT_MS - lengthMs)
    return atMs >= fromMs && atMs < fromMs + lengthMs
  }
}
