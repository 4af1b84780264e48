import { namedRandom, type Random } from '../random.ts'
import { OUTAGES, type OutageName, type Probabilities } from './faults.ts'

/** Two entry hosts share one truth, so that one of them can be out. */
export const HOSTS = ['primary', 'backup'] as const
export type Host = (typeof HOSTS)[number]

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
  const atMs = sinceStartMs - slot * SLOT_MS
  const strikes = (name: OutageName): boolean => {
    if (probabilities[name] === 0 || !STRIKES[name].includes(host)) return false
    const span = spanOf(probabilities, seed, name, slot)
    return span !== null && atMs >= span.fromMs && atMs < span.toMs
  }
  return OUTAGES.find(strikes) ?? null
}

interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** Every request asks for the span of its slot: the latest one is remembered, by what it is drawn from. */
const latest = new Map<OutageName, { readonly key: string; readonly span: Span | null }>()

function spanOf(probabilities: Probabilities, seed: number, name: OutageName, slot: number): Span | null {
  const key = `${seed} ${slot} ${probabilities[name]}`
  const known = latest.get(name)
  if (known?.key === key) return known.span
  const span = drawnSpan(namedRandom(seed, 'outage', name, slot), probabilities[name])
  latest.set(name, { key, span })
  return span
}

function drawnSpan(random: Random, probability: number): Span | null {
  if (random.next() >= probability) return null
  const lengthMs = OUTAGE_MS_MIN + random.next() * (OUTAGE_MS_MAX - OUTAGE_MS_MIN)
  const fromMs = random.next() * (SLOT_MS - lengthMs)
  return { fromMs, toMs: fromMs + lengthMs }
}
