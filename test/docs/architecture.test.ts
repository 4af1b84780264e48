import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { codesIn, linkedFiles, root, rows, section, textOf } from './markdown.ts'

const text = textOf('docs/architecture.md')

describe('the road of one lost reply', () => {
  const steps = rows(section(text, 'The road of one lost reply')).map(([, file = '', name = '']) => ({
    file: linkedFiles(file)[0]?.replace('../', '') ?? '',
    name: codesIn(name)[0] ?? '',
  }))

  it('begins at place() and ends at the wake-up', () => {
    expect(steps.at(0)).toEqual({ file: 'src/verdict.ts', name: 'place' })
    expect(steps.at(-1)).toEqual({ file: 'src/engine/waiters.ts', name: 'wake' })
  })

  it.each(steps)('$name is defined in $file', ({ file, name }) => {
    expect(defines(textOf(file), name)).toBe(true)
  })

  it('twin: a function that is only called there, or nowhere, is not defined', () => {
    expect(defines(textOf('src/engine/engine.ts'), 'decide')).toBe(false)
    expect(defines(textOf('src/engine/engine.ts'), 'guess')).toBe(false)
  })
})

/** Whether a source defines a function or method of this name, private ones included. */
function defines(source: string, name: string): boolean {
  const starts = new RegExp(
    `^(?:(?:export )?(?:async )?function\\*? | +(?:async )?#?)${name}(?:<[^>]*>)?\\(`,
    'gm',
  )
  const isBegun = [...source.matchAll(starts)].some(({ index, 0: { length } }) =>
    // A definition goes on with its type or its body, a call doesn't.
    /^(?:: |\s*\{)/.test(afterBracket(source.slice(index + length))),
  )
  return isBegun || new RegExp(`^ +${name}: \\(.*=>`, 'm').test(source)
}

/** What follows the bracket that closes the one before this text. */
function afterBracket(text: string): string {
  let depth = 1
  for (const [i, letter] of [...text].entries()) {
    if (letter === '(') depth += 1
    if (letter === ')') depth -= 1
    if (depth === 0) return text.slice(i + 1)
  }
  return ''
}

describe('the table of imports', () => {
  it('is that of test/architecture, for every part that exists', () => {
    const told = rows(section(text, 'Who imports whom')).map(([part = '', targets = '']) => [
      codesIn(part)[0],
      codesIn(targets),
    ])
    expect(Object.fromEntries(told)).toEqual(checkedDirections())
  })

  it('twin: the checked table is read at all', () => {
    expect(Object.keys(checkedDirections())).toContain('core')
  })
})

/** The rows of MAY_IMPORT in the test that checks the sources, without the parts that are still to come. */
function checkedDirections(): Record<string, string[]> {
  const source = textOf('test/architecture/imports.test.ts')
  const [, table = ''] = /MAY_IMPORT: Directions = \{\n([\s\S]*?)\n\}/.exec(source) ?? []
  const entries = [...table.matchAll(/^ {2}'?([\w/.-]+)'?: \[([^\]]*)\],/gm)]
  return Object.fromEntries(
    entries
      .filter(([, part = '']) => existsSync(join(root, 'src', part)))
      .map(([, part = '', targets = '']) => [
        part,
        [...targets.matchAll(/'([^']+)'/g)].map(([, to = '']) => to),
      ]),
  )
}
