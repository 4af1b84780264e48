import fc from 'fast-check'
import { evidence } from '../testing.ts'

/* For tests of rows: whatever their cells may hold. */

export const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
export const count = fc.nat()
export const atMs = fc.integer({ min: 0, max: 8.64e15 })
export const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null })
/** Records with the prototype that rows get, so that they can be compared strictly. */
export const record = <Fields extends object>(fields: { [Key in keyof Fields]: fc.Arbitrary<Fields[Key]> }) =>
  fc.record<Fields>(fields, { noNullPrototype: true })
export const keysOf = <Key extends string>(record: Readonly<Record<Key, unknown>>) =>
  Object.keys(record) as Key[]

const body = fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed())

/** @param hasNul whether the body may hold U+0000 */
export const proofWith = (hasNul: boolean) =>
  record({
    source: fc.constantFrom('reply' as const, 'callback' as const),
    request: text,
    status: fc.integer({ min: 100, max: 599 }),
    serial: text,
    timestamp: text,
    nonce: text,
    signature: text,
    body: hasNul ? body : body.filter((text) => !text.includes('\0')),
    receivedAtMs: atMs,
  }).map(evidence)
