import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COPIES } from './apply.ts'
import { measure, NotMeasured } from './measure.ts'
import type { Mutant } from './mutant.ts'
import { judged } from './prove.ts'
import { BEGIN, between, END, summaryOf, survivorsIn, tableOf, written } from './table.ts'

/** A repository whose `prove` fails at a seed that is written in a source of its own; 0: at none. */
const PROVE = `import { FAILS } from '../fails.ts'
const seeds = Number(process.argv[process.argv.indexOf('--seeds') + 1])
if (FAILS === 'hang') for (;;);
if (FAILS === 'crash') throw new TypeError('no such thing')
const isRed = FAILS > 0 && FAILS <= seeds
const failed = isRed ? [{ seed: FAILS, rule: 'design 3.1', says: 'no | evidence' }] : []
console.log(JSON.stringify({ seeds: isRed ? FAILS : seeds, failed }))
process.exitCode = isRed ? 1 : 0
`

let root: string

function given(fails: string): void {
  const files = { 'src/cli/main.ts': PROVE, 'src/fails.ts': `export const FAILS: unknown = ${fails}\n` }
  const more = { 'bin/x.mjs': '', 'package.json': '{"type":"module"}', 'tsconfig.json': '{}' }
  for (const [path, text] of Object.entries({ ...files, ...more })) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

function mutant(name: string, fails: string): Mutant {
  const edits = [{ file: 'src/fails.ts', find: '= 0', replace: `= ${fails}` }]
  return { name, breaks: 'design 3.1', says: 'Does something.', edits }
}

const measured = (mutants: readonly Mutant[], seeds = 100) =>
  measure({ root, mutants, seeds, say: () => {}, limitMs: 5_000 })

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mutants-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('measure', () => {
  it('tells at which seed each mutant was found, by which rule, and which survived', async () => {
    given('0')
    const rows = await measured([mutant('early', '1'), mutant('late', '77'), mutant('never', '101')])
    expect(rows.map(({ proved }) => proved)).toEqual([
      { kind: 'red', seed: 1, rule: 'design 3.1', says: 'no | evidence' },
      { kind: 'red', seed: 77, rule: 'design 3.1', says: 'no | evidence' },
      { kind: 'green', seeds: 100, tookMs: expect.any(Number) },
    ])
    expect(survivorsIn(rows)).toEqual(['never'])
    expect(existsSync(join(root, COPIES, 'early'))).toBe(false)
  })

  it('tells a crash and a hang as what they are', async () => {
    given('0')
    const [crash, hang] = await measured([mutant('crashes', "'crash'"), mutant('hangs', "'hang'")])
    expect(crash?.proved).toEqual({ kind: 'crash', why: 'exit code 1; no report; TypeError: no such thing' })
    expect(hang?.proved).toMatchObject({ kind: 'hang' })
  })

  it('measures nothing with a mutant that is no program: nobody has found it', async () => {
    given('0')
    await expect(measured([mutant('odd', '((')])).rejects.toThrow(
      /^odd is no program any more \(.*SyntaxError/,
    )
  })

  it('measures nothing on a tree that is red itself', async () => {
    given('7')
    await expect(measured([])).rejects.toThrow(NotMeasured)
  })

  it('measures nothing if the tree is red at a seed that found a mutant', async () => {
    given('0 + 50')
    await expect(measured([{ ...mutant('x', '60'), edits: [replaceAll('60')] }])).rejects.toThrow(NotMeasured)
    await expect(measured([{ ...mutant('x', '40'), edits: [replaceAll('40')] }])).resolves.toHaveLength(1)
  })

  function replaceAll(fails: string): Mutant['edits'][number] {
    return { file: 'src/fails.ts', find: '= 0 + 50', replace: `= ${fails}` }
  }
})

describe('judged', () => {
  const run = { seeds: 5, tookMs: 1 }

  it.each([
    ['exit code 0', '{"seeds":4,"failed":[]}', 'fewer seeds than asked for'],
    ['exit code 1', '{"seeds":5,"failed":[]}', 'red without a failure'],
    ['exit code 0', '{"seeds":1,"failed":[{"seed":1,"rule":"x","says":"y"}]}', 'green with a failure'],
    ['SIGSEGV', '', 'a signal'],
    ['exit code 0', 'all is well', 'no report'],
  ])('%s with %s is a crash: %s', (end, out) => {
    expect(judged(end, out, '', run)).toMatchObject({ kind: 'crash' })
  })

  it('reads the last line, whatever was printed before', () => {
    expect(judged('exit code 0', 'seed 1\n{"seeds":5,"failed":[]}\n', '', run)).toMatchObject({
      kind: 'green',
    })
  })
})

describe('the table', () => {
  const rows = [
    { mutant: mutant('a', ''), proved: { kind: 'red', seed: 3, rule: 'design 3.1 | x', says: '' } },
    { mutant: mutant('b', ''), proved: { kind: 'crash', why: 'exit code 7' } },
    { mutant: mutant('c', ''), proved: { kind: 'green', seeds: 9, tookMs: 1 } },
  ] as const

  it('has a row for each mutant, and says how each was found', () => {
    expect(tableOf(rows, 9).split('\n').slice(2)).toEqual([
      '| `a` | Does something. | design 3.1 | 3 | design 3.1 \\| x |',
      '| `b` | Does something. | design 3.1 | at most 9 | crash: exit code 7 |',
      '| `c` | Does something. | design 3.1 | more than 9 | **not found** |',
      '',
      '2 of 3 mutants were found within 9 seeds, 1 by a broken rule, 1 by a crash.',
    ])
    expect(summaryOf(rows.slice(0, 1), 9)).toBe(
      '1 of 1 mutants were found within 9 seeds, each by a broken rule.',
    )
  })

  it('goes between the markers of the page, and nowhere else', () => {
    const page = `# Proof\n\n${BEGIN}\nold\n${END}\n\nMore.\n`
    const now = written(page, '| new |')
    expect(now).toBe(`# Proof\n\n${BEGIN}\n| new |\n${END}\n\nMore.\n`)
    expect(between(now)).toBe('\n| new |\n')
  })

  it.each(['', BEGIN, `${END}${BEGIN}`, `${BEGIN}${BEGIN}${END}`])('is not written into %j', (page) => {
    expect(() => written(page, '')).toThrow('docs/proof.md has no <!-- mutants -->')
  })
})
