import { eventsIn } from './events.ts'
import { keyOf } from './key.ts'
import type { Liveness } from './liveness.ts'
import { brokenRules } from './rules.ts'
import type { Setting, World } from './world.ts'

/** What the explorer counted, and what it found. */
export interface Exploration {
  /** New states by depth; the first is the start. */
  readonly states: readonly number[]
  readonly transitions: number
  /** How often each sort of event happened; moments and numbers are left out of their names. */
  readonly events: Readonly<Record<string, number>>
  /** The orders of the new states, by their state. */
  readonly orders: Readonly<Record<string, number>>
  readonly findings: readonly Finding[]
}

/** A broken rule, and the shortest life that breaks it. */
export interface Finding {
  readonly rule: string
  readonly events: readonly string[]
}

export interface Limits {
  readonly depth: number
  /** So many different rules are reported at most; the search ends there. */
  readonly findingsMax: number
}

/** One step of the way to a state: enough to tell how it was reached, and no more. */
interface Trail {
  readonly from: Trail | null
  readonly event: string
}

/**
 * All worlds that can be reached from this one by `depth` events, breadth first, so that what is found is shortest. Every
 * transition is held against the rules, and from every state it is tried whether it still ends well.
 */
export function explore(start: World, setting: Setting, liveness: Liveness, limits: Limits): Exploration {
  const seen = new Set([keyOf(start)])
  const states = [1]
  const orders: Record<string, number> = {}
  const events: Record<string, number> = {}
  const found = new Map<string, Finding>()
  let transitions = 0
  let layer: { world: World; trail: Trail | null }[] = [{ world: start, trail: null }]
  const find = (rule: string, trail: Trail | null): void => {
    const name = rule.replaceAll(/-?\d+/g, 'n')
    if (!found.has(name)) found.set(name, { rule, events: eventsOf(trail) })
  }
  for (let depth = 1; depth <= limits.depth; depth += 1) {
    const next: typeof layer = []
    let count = 0
    for (const { world, trail } of layer) {
      if (found.size >= limits.findingsMax) break
      for (const event of eventsIn(world, setting)) {
        transitions += 1
        const happened = event.happen()
        const sort = sortOf(event.name)
        events[sort] = (events[sort] ?? 0) + 1
        const here = { from: trail, event: event.name }
        for (const rule of brokenRules(world, happened)) find(rule, here)
        const key = keyOf(happened.world)
        if (seen.has(key)) continue
        seen.add(key)
        count += 1
        const { state } = happened.world.order
        orders[state] = (orders[state] ?? 0) + 1
        for (const rule of liveness.complaints(happened.world)) find(rule, here)
        if (depth < limits.depth) next.push({ world: happened.world, trail: here })
      }
    }
    states.push(count)
    layer = next
  }
  return { states, transitions, events, orders, findings: [...found.values()] }
}

/** An event's name without its moment, its number, or the word that comes again. */
function sortOf(name: string): string {
  return name
    .replace(/\S+ of \d+ again/, 'again')
    .replace(/ of (?:\d+|refund \S+)/, '')
    .replace(/refund \S+ ends/, 'refund ends')
}

function eventsOf(trail: Trail | null): readonly string[] {
  const events: string[] = []
  for (let at = trail; at !== null; at = at.from) events.unshift(at.event)
  return events
}
