import { eventsIn } from './events.ts'
import { keyOf } from './key.ts'
import type { Setting, World } from './world.ts'

/**
 * Holds the claim of `keyOf` against the worlds themselves: of two different ways to one key, the same keys must follow.
 *
 * @returns how many pairs were compared, and the event by which the first pair differs
 */
export function differentFutures(
  start: World,
  setting: Setting,
  depth: number,
): { readonly pairs: number; readonly different: readonly string[] } {
  const futures = new Map<number, string>()
  const different: string[] = []
  let pairs = 0
  let layer = [start]
  futures.set(keyOf(start), futureOf(start, setting))
  for (let i = 0; i < depth; i += 1) {
    const next: World[] = []
    for (const world of layer) {
      for (const event of eventsIn(world, setting)) {
        const then = event.happen().world
        if (then === world) continue
        const key = keyOf(then)
        const future = futureOf(then, setting)
        const known = futures.get(key)
        if (known === undefined) {
          futures.set(key, future)
          next.push(then)
        } else {
          pairs += 1
          if (known !== future) different.push(event.name)
        }
      }
    }
    layer = next
  }
  return { pairs, different }
}

function futureOf(world: World, setting: Setting): string {
  return eventsIn(world, setting)
    .map(({ happen }) => keyOf(happen().world))
    .sort((a, b) => a - b)
    .join()
}
