/**
 * Defects of `src` that the fuzzing has found and that are not mended yet. Each is counted and let pass, so that what is
 * behind it is found too. Whoever mends one takes it off this list: a test says so.
 */
export interface KnownDefect {
  readonly target: string
  /** What its failures have in common: in the sentence, or in the stack below it. */
  readonly sign: RegExp
  readonly what: string
  /** Fails as long as it is not mended. */
  readonly shows: () => unknown
}

export const KNOWN: readonly KnownDefect[] = []
