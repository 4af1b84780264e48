import { existsSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { codesIn, root, rows } from '../docs/markdown.ts'
import { mutated } from './apply.ts'
import { MUTANTS } from './catalogue.ts'
import type { Mutant } from './mutant.ts'
import { between } from './table.ts'

const SILENT: Mutant = {
  name: 'a-twin',
  breaks: 'design 3.2',
  says: 'Does nothing good.',
  edits: [{ file: 'src/clock.ts', find: 'export interface Clock {', replace: 'export interface Clock {' }],
}

describe('the catalogue', () => {
  it('has at least 25 mutants', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(25)
  })

  it('names each mutant once, as a folder can be named', () => {
    const names = MUTANTS.map(({ name }) => name)
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([])
    expect(new Set(names).size).toBe(names.length)
  })

  it.each(MUTANTS)('$name says what it does and what it breaks', ({ says, breaks }) => {
    expect(says).toMatch(/^["A-Z][^\n]*\.$/)
    expect(breaks).toMatch(/^(design|guide) \d+(\.\d+)?(, (design |guide )?\d+(\.\d+)?)*$/)
  })

  it.each(MUTANTS)(
    '$name applies to the sources as they are, changes them, and leaves what runs',
    (mutant) => {
      for (const [file, text] of mutated(root, mutant)) {
        expect(file).toMatch(/^src\/.*(?<!\.test)\.ts$/)
        expect(text).not.toBe(readFileSync(join(root, file), 'utf8'))
        expect(() => stripTypeScriptTypes(text)).not.toThrow()
      }
    },
  )

  it('twin: what is not there, is there twice, or is no program any more is seen', () => {
    const [edit] = SILENT.edits
    const twin = (find: string, replace = ''): Mutant => ({
      ...SILENT,
      edits: [{ file: 'src/clock.ts', ...edit, find, replace }],
    })
    expect(() => mutated(root, twin('no such text'))).toThrow(
      'mutant a-twin does not apply: src/clock.ts has 0 times',
    )
    expect(() => mutated(root, twin('nowMs'))).toThrow(/src\/clock\.ts has \d+ times/)
    const [broken = ''] = mutated(root, twin('export interface Clock {', 'export interface {')).values()
    expect(() => stripTypeScriptTypes(broken)).toThrow()
  })
})

describe('docs/proof.md', () => {
  const page = join(root, 'docs', 'proof.md')

  it('has a row for exactly the mutants of the catalogue, in their sequence', () => {
    expect(existsSync(page), 'docs/proof.md is missing: it has to show what finds each mutant').toBe(true)
    const table = between(readFileSync(page, 'utf8'))
    const named = rows(table).map(([cell = '']) => codesIn(cell)[0])
    expect(named, 'the table is made by `npm run prove:mutants -- --write`').toEqual(
      MUTANTS.map(({ name }) => name),
    )
  })

  it('says of each mutant which rule found it', () => {
    const table = existsSync(page) ? rows(between(readFileSync(page, 'utf8'))) : []
    expect(table.filter(([, , , , by = '']) => by === '' || by.includes('not found'))).toEqual([])
  })
})
