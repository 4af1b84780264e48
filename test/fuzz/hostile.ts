import type { Chance } from './chance.ts'

/** What people who mean harm, or software that is broken, put where something else is expected. */

const TEXTS = [
  '',
  ' ',
  '0',
  'null',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'SUCCESS',
  '\u0000',
  'a\u0000b',
  '\r\n',
  'a\r\nb: c',
  '\n',
  '\ud800',
  '\udc00\ud800',
  '\u{1f600}',
  '\ufeff',
  '\u202e',
  '微信支付',
  'ＳＵＣＣＥＳＳ',
  '%00',
  '%',
  '../..',
  '"',
  '\\',
  "' OR 1=1 --",
  '$\u007b1}',
  '1e9999',
  '-1',
  '1,5',
  '٣',
  'HKD',
  'hkd',
  '2026-06-08T10:34:56+08:00',
  '2026-02-30T10:00:00Z',
  '9999-12-31T23:59:59Z',
  'http://127.0.0.1/x',
  'https://user:password@pay.example.com/x',
  'javascript:alert(1)',
  'A42',
  '1900000001',
] as const

const LENGTHS = [1, 2, 16, 31, 32, 33, 64, 65, 127, 128, 129, 255, 256, 1_000] as const
const LONG_LENGTHS = [5_000, 20_000, 70_000] as const

export const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.1,
  1.5,
  59_999,
  60_000,
  60_001,
  8_800,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  1e21,
  1e308,
  5e-324,
  -1e308,
] as const

export function text(chance: Chance): string {
  switch (chance.below(8)) {
    case 0:
      return 'x'.repeat(chance.pick(LENGTHS))
    case 1:
      return chance.oneIn(20)
        ? chance.pick(['x', '\u00e9', '\u{1f600}', '[']).repeat(chance.pick(LONG_LENGTHS))
        : 'y'
    case 2:
      return chance.pick(TEXTS) + chance.pick(TEXTS)
    case 3:
      return Array.from({ length: chance.below(12) }, () => String.fromCharCode(chance.below(65_536))).join(
        '',
      )
    case 4:
      return Array.from({ length: chance.below(40) }, () => String.fromCharCode(32 + chance.below(95))).join(
        '',
      )
    default:
      return chance.pick(TEXTS)
  }
}

export function number(chance: Chance): number {
  switch (chance.below(4)) {
    case 0:
      return chance.below(100_000)
    case 1:
      return (chance.below(2 ** 32) / 2 ** 32 - 0.5) * 10 ** chance.below(20)
    default:
      return chance.pick(NUMBERS)
  }
}

/** Any value that JSON can hold. */
export function jsonValue(chance: Chance, depth = 0): unknown {
  switch (chance.below(depth > 3 ? 5 : 8)) {
    case 0:
      return chance.pick([null, true, false])
    case 1:
    case 2:
      return number(chance)
    case 3:
    case 4:
      return text(chance)
    case 5:
      return Array.from({ length: chance.below(4) }, () => jsonValue(chance, depth + 1))
    case 6:
      return chance.oneIn(40) ? nested(chance) : { [text(chance)]: jsonValue(chance, depth + 1) }
    default: {
      const value: Record<string, unknown> = {}
      for (let left = chance.below(4); left > 0; left -= 1)
        put(value, text(chance), jsonValue(chance, depth + 1))
      return value
    }
  }
}

/** Deeper than any recursion of ours should go. */
function nested(chance: Chance): unknown {
  let value: unknown = 1
  const isList = chance.oneIn(2)
  for (let left = chance.pick([50, 1_000, 20_000]); left > 0; left -= 1)
    value = isList ? [value] : { a: value }
  return value
}

/** `__proto__` as JSON.parse makes it: a property like any other. */
export function put(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
}

/** What a program without types can hand in, beyond what JSON holds. */
export function programValue(chance: Chance): unknown {
  switch (chance.below(12)) {
    case 0:
      return undefined
    case 1:
      return chance.pick([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    case 2:
      return 100n
    case 3:
      return Symbol('a symbol')
    case 4:
      return () => 1
    case 5:
      return new Date(Number.NaN)
    case 6:
      return Object.create(null)
    case 7: {
      const circle: Record<string, unknown> = {}
      circle.self = circle
      return circle
    }
    case 8:
      return new Map([['a', 1]])
    case 9:
      return { toString: 1, valueOf: null }
    case 10:
      return [text(chance)]
    default:
      return Buffer.from(text(chance).slice(0, 100))
  }
}
