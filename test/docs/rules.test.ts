import { describe, expect, it } from 'vitest'
import { COMPLETE_PAGES, GUIDE_RULES } from './guide-rules.ts'
import { codesIn, linkedFiles, rows, textOf } from './markdown.ts'

interface Line {
  readonly rule: string
  readonly code: { readonly file: string; readonly name: string }
  readonly tests: ReadonlyArray<{ readonly file: string; readonly fact: string }>
}

const lines = linesOf(textOf('docs/rules.md'))

it('every rule of the complete pages has a line', () => {
  expect(missing(lines)).toEqual([])
})

it('twin: a rule without a line is seen', () => {
  expect(missing(lines.filter(({ rule }) => rule !== '3.7'))).toEqual(['3.7'])
})

it('no line is about a rule that the guide does not have, and none comes twice', () => {
  const rules = lines.map(({ rule }) => rule)
  expect(rules.filter((rule) => !Object.hasOwn(GUIDE_RULES, rule))).toEqual([])
  expect(new Set(rules).size).toBe(rules.length)
})

describe('what a line names exists', () => {
  it.each(lines)('$rule', (line) => {
    expect(faults(line)).toEqual([])
  })

  it('twin: a file, a name or a test that is not there is seen', () => {
    const code = { file: 'src/core/policy.ts', name: 'guess' }
    const tests = [
      { file: 'src/core/gone.test.ts', fact: 'x' },
      { file: 'src/core/policy.test.ts', fact: 'pigs fly' },
    ]
    expect(faults({ rule: '1.1', code, tests })).toEqual([
      'src/core/policy.ts has no guess',
      'src/core/gone.test.ts is not there',
      'src/core/policy.test.ts has no "pigs fly"',
    ])
  })
})

function linesOf(markdown: string): readonly Line[] {
  return rows(markdown).map(([rule = '', , code = '', tests = '']) => ({
    rule,
    code: { file: files(code)[0] ?? '', name: codesIn(code)[0] ?? '' },
    tests: facts(tests).map((fact, i) => ({ file: files(tests)[i] ?? '', fact })),
  }))
}

function files(cell: string): string[] {
  return linkedFiles(cell).map((target) => target.replace('../', ''))
}

/** The names of tests, quoted. A name may hold quotes itself: it ends where its cell or the next test begins. */
function facts(cell: string): string[] {
  return cell.split('; [').map((part) => part.slice(part.indexOf(': "') + 3).replace(/"$/, ''))
}

function missing(known: readonly Line[]): string[] {
  const told = new Set(known.map(({ rule }) => rule))
  return Object.keys(GUIDE_RULES).filter(
    (rule) => COMPLETE_PAGES.includes(rule.split('.')[0] ?? '') && !told.has(rule),
  )
}

function faults({ code, tests }: Line): string[] {
  const wanted = [
    { file: code.file, text: code.name, shown: code.name },
    ...tests.map(({ file, fact }) => ({ file, text: fact, shown: `"${fact}"` })),
  ]
  return wanted.flatMap(({ file, text, shown }) => {
    const source = sourceOf(file)
    if (source === null) return [`${file} is not there`]
    return text !== '' && source.includes(text) ? [] : [`${file} has no ${shown}`]
  })
}

function sourceOf(file: string): string | null {
  try {
    return textOf(file)
  } catch {
    return null
  }
}
