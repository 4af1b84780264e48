import { describe, expect, it } from 'vitest'
import { cut, SHOWN_MAX, shown } from './errors.ts'

const circle: Record<string, unknown> = {}
circle.self = circle
const DEEP: unknown = JSON.parse('['.repeat(30_000) + ']'.repeat(30_000))

describe('a wrong value', () => {
  it.each<[value: unknown, words: string]>([
    [undefined, 'missing'],
    [null, 'null'],
    ['a"b', '"a\\"b"'],
    [0.5, '0.5'],
    [Number.NaN, 'NaN'],
    [true, 'true'],
    [['a', 1], '["a",1]'],
    [{ a: 1 }, '{"a":1}'],
    [100n, '100n'],
    [Symbol('secret'), 'a symbol'],
    [() => 'secret', 'a function'],
    [{ toString: 1 }, '{"toString":1}'],
    [{ toJSON: () => undefined }, "a value that can't be shown"],
    [[100n], "a value that can't be shown"],
    [circle, "a value that can't be shown"],
    [DEEP, "a value that can't be shown"],
  ])('is shown: %#', (value, words) => {
    expect(shown(value)).toBe(words)
  })

  it('is cut, and through no character', () => {
    expect(shown('x'.repeat(118))).toBe(`"${'x'.repeat(118)}"`)
    for (const text of ['x'.repeat(119), 'x'.repeat(70_000), '😀'.repeat(70)]) {
      expect(shown(text)).toMatch(/…$/)
      expect(shown(text).length).toBeLessThanOrEqual(SHOWN_MAX)
      expect(shown(text).isWellFormed()).toBe(true)
    }
    expect(cut('x'.repeat(SHOWN_MAX))).toHaveLength(SHOWN_MAX)
  })
})

describe('a login in an address', () => {
  it.each([
    ['https://user:hunter2@pay.example.com/a', 'https://…@pay.example.com/a'],
    ['https://user:hunter2@pay .example.com/a', 'https://…@pay .example.com/a'],
    ['https://user:hunter2@pay.example.com:x', 'https://…@pay.example.com:…'],
    ['https://hunter2@[::1', 'https://…@[::1'],
    ['https://user:hun@ter2@pay.example.com', 'https://…@pay.example.com'],
    ['https://user:hun//ter2@pay.example.com', 'https://…@pay.example.com'],
    ['https:\\\\user:hunter2@pay.example.com', 'https:\\\\…@pay.example.com'],
    ['//user:hunter2@pay.example.com', '//…@pay.example.com'],
    ['user:hunter2@pay.example.com', 'user:…@pay.example.com'],
    ['https://user:hunter2', 'https://user:…'],
  ])('is not shown: %s', (address, words) => {
    expect(shown(address)).toBe(JSON.stringify(words))
    expect(shown([{ address }])).toBe(JSON.stringify([{ address: words }]))
  })

  it.each(['A@4/2', 'pay@shop.example.com', 'https://pay.example.com:8443/a:b', 'http://[::1]:x', ':'])(
    'is none in %s',
    (text) => {
      expect(shown(text)).toBe(JSON.stringify(text))
    },
  )
})
