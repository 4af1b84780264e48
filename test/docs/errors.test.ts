import { expect, it } from 'vitest'
import { ERRORS } from '../../src/errors.ts'
import { codesIn, rows, textOf } from './markdown.ts'

const text = textOf('docs/errors.md')

it('docs/errors.md has every code with its status, and no other', () => {
  expect(documented(text)).toEqual(thrown(ERRORS))
})

it.each(rows(text))('%s says what it means and what to do', (_code, _status, meaning, todo) => {
  expect(meaning).toMatch(/\.$/)
  expect(todo).toMatch(/\.$/)
})

it('twin: a code that is missing here, is missing there or has another status is seen', () => {
  const { CLOSED: _, ...fewer } = ERRORS
  expect(documented(text)).not.toEqual(thrown(fewer))
  expect(documented(text.replace(/^\| `CLOSED`.*\n/m, ''))).not.toEqual(thrown(ERRORS))
  expect(documented(text)).not.toEqual(thrown({ ...ERRORS, CLOSED: { status: 500 } }))
})

function documented(markdown: string): Record<string, number> {
  return Object.fromEntries(
    rows(markdown).map(([code = '', status]) => [codesIn(code)[0] ?? '', Number(status)]),
  )
}

function thrown(errors: Readonly<Record<string, { readonly status: number }>>): Record<string, number> {
  return Object.fromEntries(Object.entries(errors).map(([code, { status }]) => [code, status]))
}
