import { expect, it } from 'vitest'
import { requestBody, wireBody } from './request-body.ts'

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

it.each([
  ['{"a":null,"b":{"c":null,"d":0},"e":[null,{"f":null}]}', { b: { d: 0 }, e: [null, {}] }],
  ['{"__proto__":{"a":null}}', JSON.parse('{"__proto__":{}}')],
])('on the wire a member that is null is one left out: %#', (text, object) => {
  expect(wireBody(text)).toEqual({ object })
  expect(wireBody('null')).toEqual({ object: null, what: 'another JSON value' })
})
