import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openLedger } from './durable.ts'

const folder = mkdtempSync(join(tmpdir(), 'verdict-ledger-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('what was put is there for the next process, in its first sequence', () => {
  const file = join(folder, 'next.db')
  const first = openLedger(file)
  first.map<number>('a').set('x', 1)
  first.map<number>('b').set('x', 2)
  const a = first.map<number>('a')
  a.set('y', 3)
  a.set('x', 4)
  first.close()
  const second = openLedger(file)
  expect([...second.map<number>('a').entries()]).toEqual([
    ['x', 4],
    ['y', 3],
  ])
  expect(second.map<number>('b').get('x')).toBe(2)
  second.close()
})

it('a task that fails leaves nothing on file, and the ledger stops', () => {
  const file = join(folder, 'fails.db')
  const ledger = openLedger(file)
  const map = ledger.map<number>('a')
  const fail = (): void =>
    ledger.together(() => {
      map.set('x', 1)
      throw new Error('midway')
    })
  expect(fail).toThrowError('midway')
  expect(() => map.set('y', 1)).toThrowError()
  const again = openLedger(file)
  expect(again.map<number>('a').size).toBe(0)
  again.close()
})

it('a second simulator on the same file is refused', () => {
  const file = join(folder, 'twice.db')
  const first = openLedger(file)
  expect(() => openLedger(file)).toThrowError(expect.objectContaining({ code: 'STORE_IN_USE' }))
  first.close()
  openLedger(file).close()
})

it('a file that is no database is refused', () => {
  const file = join(folder, 'letter.db')
  writeFileSync(
    file,
    'Dear customer, this is no database at all, but it is long enough to be read as one.'.repeat(20),
  )
  expect(() => openLedger(file)).toThrowError(expect.objectContaining({ code: 'STORE_INVALID' }))
})
