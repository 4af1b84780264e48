import { expect, it } from 'vitest'
import { requestBody } from './request-body.ts'

const nested = (levels: number): string => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`

it.each([
  ['{}', {}],
  ['{"a":[{"b":1}]}', { a: [{ b: 1 }] }],
  [nested(99), JSON.parse(nested(99))],
])('an object is one: %#', (text, object) => {
  expect(requestBody(text)).toEqual({ object })
})

it.each([
  ['', 'no JSON'],
  ['{"a":', 'no JSON'],
  ['['.repeat(60_000), 'no JSON'],
  ['null', 'another JSON value'],
  ['[1]', 'another JSON value'],
  ['7', 'another JSON value'],
  [nested(100), 'nested more than 100 deep'],
  [nested(30_000), 'nested more than 100 deep'],
])('anything else is told what it is: %#', (text, what) => {
  expect(requestBody(text)).toEqual({ object: null, what })
})
