import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { edited, type Mutant } from './mutant.ts'

/** In the repository, so that the copies find its node_modules above them. */
export const COPIES = '.mutants'
const COPIED = ['src', 'bin', 'package.json', 'tsconfig.json']

/** The texts of the files that a mutant changes, as it leaves them. @throws if one of its edits does not apply */
export function mutated(root: string, { name, edits }: Pick<Mutant, 'name' | 'edits'>): Map<string, string> {
  const texts = new Map<string, string>()
  for (const edit of edits) {
    const text = texts.get(edit.file) ?? readFileSync(join(root, edit.file), 'utf8')
    try {
      texts.set(edit.file, edited(text, edit))
    } catch (cause) {
      throw new Error(`mutant ${name} does not apply: ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      })
    }
  }
  return texts
}

/**
 * Copies what runs, and makes the mutant's edits in the copy.
 *
 * @param from where the sources are taken from: the repository, or a copy of it that stands still while it is worked on
 * @returns the copy's folder
 */
export function copyWith(root: string, mutant: Pick<Mutant, 'name' | 'edits'>, from: string = root): string {
  const folder = join(root, COPIES, mutant.name)
  const texts = mutated(from, mutant)
  rmSync(folder, { recursive: true, force: true })
  for (const path of COPIED) {
    const filter = (file: string): boolean => !file.endsWith('.test.ts')
    cpSync(join(from, path), join(folder, path), { recursive: true, filter })
  }
  for (const [file, text] of texts) writeFileSync(join(folder, file), text)
  return folder
}
