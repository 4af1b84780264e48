/** A deliberate fault: a mistake that somebody could make, as a patch to a copy of the sources. */
export interface Mutant {
  /** Small letters, digits and hyphens: it names a folder. */
  readonly name: string
  /** What it breaks, `design 3.1` or `guide 2.4`. */
  readonly breaks: string
  /** What the mutated code does, in one sentence. */
  readonly says: string
  readonly edits: readonly Edit[]
}

export interface Edit {
  /** Below the repository, `src/core/….ts`. */
  readonly file: string
  /** Must stand in the file exactly once. */
  readonly find: string
  readonly replace: string
}

/** The text with the edit made. @throws if `find` isn't there exactly once */
export function edited(text: string, { file, find, replace }: Edit): string {
  const parts = text.split(find)
  if (parts.length !== 2) {
    throw new Error(
      `${file} has ${parts.length - 1} times what a mutant replaces; expected once: ${JSON.stringify(find)}`,
    )
  }
  return parts.join(replace)
}
