import type { Chance } from './chance.ts'
import { jsonValue, put, text } from './hostile.ts'

/** Genuine messages, bent: JSON values, JSON texts, bytes and headers. */

type Make = (chance: Chance) => unknown

/** A copy of a JSON value with one to three places changed. What is put in comes from `make`. */
export function reshaped(chance: Chance, genuine: unknown, make: Make = jsonValue): unknown {
  const root = { value: copied(genuine) }
  for (let left = chance.between(1, 3); left > 0; left -= 1) change(chance, root, make)
  return root.value
}

/** What is nested too deep to be copied was drawn for this case alone. */
function copied(genuine: unknown): unknown {
  try {
    return structuredClone(genuine)
  } catch {
    return genuine
  }
}

/** What JSON makes: other objects have laws of their own. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
}

function change(chance: Chance, root: { value: unknown }, make: Make): void {
  let holder: object = root
  let name = 'value'
  // Down from the root, a step at a time: every place can be reached, the near ones more often.
  for (;;) {
    const inner: unknown = Reflect.get(holder, name)
    if (!isPlain(inner) || chance.oneIn(6)) break
    const names = Object.keys(inner)
    if (names.length === 0) break
    holder = inner
    name = chance.pick(names)
  }
  const inner: unknown = Reflect.get(holder, name)
  switch (chance.below(8)) {
    case 0:
      if (holder !== root) Reflect.deleteProperty(holder, name)
      break
    case 1:
      if (!Array.isArray(holder))
        put(holder, chance.pick(['__proto__', 'constructor', text(chance)]), make(chance))
      break
    case 2:
      put(holder, name, [inner])
      break
    case 3:
      put(
        holder,
        name,
        typeof inner === 'string' ? Number(inner) : String(typeof inner === 'object' ? '' : inner),
      )
      break
    case 4:
      put(holder, name, typeof inner === 'string' ? bentText(chance, inner) : make(chance))
      break
    default:
      put(holder, name, make(chance))
  }
}

export function bentText(chance: Chance, genuine: string): string {
  const at = chance.below(genuine.length + 1)
  switch (chance.below(6)) {
    case 0:
      return genuine.slice(0, at)
    case 1:
      return genuine.slice(0, at) + text(chance) + genuine.slice(at)
    case 2:
      return genuine.slice(0, at) + genuine.slice(at + 1)
    case 3:
      return chance.oneIn(2) ? genuine.toLowerCase() : genuine.toUpperCase()
    case 4:
      return genuine + chance.pick([' ', '\n', '\r\n', '\u0000', '='])
    default:
      return genuine.slice(0, at) + String.fromCharCode(chance.below(256)) + genuine.slice(at + 1)
  }
}

/** JSON text as nobody writes it: names twice, blanks, numbers out of range, cut off, nested without end. */
export function bentJson(chance: Chance, genuine: string): string {
  switch (chance.below(9)) {
    case 0:
      return genuine.replace('{', `{"${chance.pick(NAMES)}":${JSON.stringify(jsonValue(chance, 4))},`)
    case 1:
      return genuine.replace(/}$/, `,"${chance.pick(NAMES)}":${JSON.stringify(jsonValue(chance, 4))}}`)
    case 2:
      return `${chance.pick([' ', '\n', '\ufeff', '\t'])}${genuine}${chance.pick(['', ' ', '\n', 'x', '{}'])}`
    case 3:
      return genuine.replace(
        /\d+/,
        chance.pick(['1e999', '-0', '1E3', '0.88e4', '00', '8800.0', '99999999999999999999']),
      )
    case 4:
      return genuine.slice(0, chance.below(genuine.length + 1))
    case 5:
      return chance.oneIn(10) ? '['.repeat(chance.pick([1_000, 30_000])) : genuine.replaceAll('"', "'")
    case 6:
      return genuine.replace(/"/, '"\\u0000')
    case 7:
      return genuine.replace(/:"/, ':"\\ud800')
    default:
      return bentText(chance, genuine)
  }
}

const NAMES = [
  '__proto__',
  'trade_state',
  'out_trade_no',
  'mchid',
  'sp_mchid',
  'amount',
  'id',
  'resource',
  'event_type',
  'code',
  'data',
] as const

/** One to three changes to the bytes themselves. */
export function bentBytes(chance: Chance, genuine: Uint8Array): Buffer {
  let bytes = Buffer.from(genuine)
  for (let left = chance.between(1, 3); left > 0; left -= 1) {
    const at = chance.below(bytes.length + 1)
    switch (chance.below(6)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.below(8))
        break
      case 1:
        bytes = bytes.subarray(0, at)
        break
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(text(chance)), bytes.subarray(at)])
        break
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + chance.below(8))])
        break
      case 4:
        bytes = Buffer.concat([
          bytes,
          chance.pick([Buffer.from('\n'), Buffer.from([0]), Buffer.from([0xff, 0xfe])]),
        ])
        break
      default:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from([chance.below(256)]),
          bytes.subarray(at + 1),
        ])
    }
  }
  return bytes
}

/** Headers as name, value, name, value, …, with one to three of them changed. */
export function bentHeaders(chance: Chance, genuine: readonly string[]): string[] {
  const headers = [...genuine]
  for (let left = chance.between(1, 3); left > 0; left -= 1) {
    const at = 2 * chance.below(Math.max(1, headers.length >> 1))
    const [name = '', value = ''] = headers.slice(at, at + 2)
    switch (chance.below(9)) {
      case 0:
        headers.splice(at, 2)
        break
      case 1:
        headers.push(name.toLowerCase(), value)
        break
      case 2:
        headers.push(name, bentText(chance, value))
        break
      case 3:
        headers[at] = bentText(chance, name)
        break
      case 4:
        headers[at] = chance.oneIn(2) ? name.toUpperCase() : name.toLowerCase()
        break
      case 5:
        headers.push(text(chance), text(chance))
        break
      case 6:
        headers.push(
          'Wechatpay-Signature-Type',
          chance.pick(['WECHATPAY2-SHA256-RSA2048', 'WECHATPAY2-SM2-WITH-SM3', '']),
        )
        break
      case 7:
        headers[at + 1] = text(chance)
        break
      default:
        headers[at + 1] = bentText(chance, value)
    }
  }
  return headers
}
