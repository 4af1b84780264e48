import { expect, it } from 'vitest'
import { ATTENTION } from '../../src/core/attention.ts'
import { FINAL_STATES } from '../../src/core/order.ts'
import { RESOLUTIONS } from '../../src/core/resolving.ts'
import { codesIn, rows, section, textOf } from './markdown.ts'

const text = textOf('docs/order-states.md')

it('tells every mark, what it stops and whether it passes', () => {
  const told = rows(section(text, 'Attention')).map(([mark = '', , stops, passes]) => [
    codesIn(mark)[0],
    { ending: stops === 'yes' ? 'stops' : 'goes on', passing: passes === 'yes' },
  ])
  expect(Object.fromEntries(told)).toEqual(ATTENTION)
})

it('tells every answer of a person', () => {
  const told = rows(section(text, 'What a person answers')).flatMap(([answer = '']) => codesIn(answer))
  expect(told).toEqual(RESOLUTIONS)
})

it('tells every state', () => {
  const told = rows(text.split('## Placing')[0] ?? '').map(([state = '']) => codesIn(state)[0])
  expect(told).toEqual(['placing', 'waiting', 'ending', ...FINAL_STATES])
})
