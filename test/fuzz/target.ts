import type { Chance } from './chance.ts'

/** A part of Verdict that meets what others made up, and what must hold whatever that is. */
export interface Target {
  readonly name: string
  /** What it begins with. Called anew for every block of cases, so that a case depends on its block alone. */
  open(): World | Promise<World>
}

export interface World {
  /**
   * Draws one input, hands it in, and judges what came of it.
   *
   * @returns the outcome in a few words, the same for the same kind of outcome: an input that gives new words is kept
   * @throws Wrong if what must hold doesn't; anything else that it throws is a failure too
   */
  run(chance: Chance): string | Promise<string>
  close?(): unknown
}

/** What must hold doesn't. */
export class Wrong extends Error {
  override readonly name = 'Wrong'
}

/** @throws Wrong with `sentence` unless it holds */
export function must(holds: boolean, sentence: string | (() => string)): asserts holds {
  if (!holds) throw new Wrong(typeof sentence === 'string' ? sentence : sentence())
}
