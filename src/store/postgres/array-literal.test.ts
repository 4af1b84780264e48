import fc from 'fast-check'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { newTestDatabase } from '../../../test/support/postgres.ts'
import { arrayLiteral } from './array-literal.ts'

it('PostgreSQL reads what was meant, whatever stands in a text', async () => {
  const { url, drop } = await newTestDatabase()
  const client = new Client({ connectionString: url })
  await client.connect()
  const hard = fc.constantFrom(
    '',
    'NULL',
    'null',
    '{',
    '}',
    ',',
    '"',
    '\\',
    '\\"',
    ' a ',
    '\n',
    '茶 🍵',
    '{"a":"\\u0000"}',
  )
  const text = fc
    .oneof(hard, fc.string({ unit: 'binary' }))
    .filter((one) => !one.includes('\0') && one.isWellFormed())
  const lists = fc.array(fc.tuple(fc.option(text), fc.option(fc.maxSafeInteger())), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(lists, async (rows) => {
      const [texts, numbers] = [rows.map(([one]) => one), rows.map(([, one]) => one)]
      const { rows: read } = await client.query({
        text: 'SELECT * FROM unnest($1::text[], $2::bigint[])',
        values: [arrayLiteral(texts), arrayLiteral(numbers)],
        rowMode: 'array',
      })
      expect(read.map(([one]) => one)).toEqual(texts)
      expect(read.map(([, one]) => (one === null ? null : Number(one)))).toEqual(numbers)
    }),
    { numRuns: 200 },
  )
  await client.end()
  await drop()
})

it('a NUL, which no text of PostgreSQL holds, is shown as what cannot be shown', () => {
  expect(arrayLiteral(['a\0b', null, 7])).toBe('{"a\ufffdb",NULL,7}')
})
