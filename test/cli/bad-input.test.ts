import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Verdict } from '../../src/index.ts'
import { readSqliteStore, sqliteStore } from '../../src/store/sqlite/index.ts'
import type { VerdictOptions } from '../../src/verdict.ts'
import { commonAccount } from '../support/wechatpay.ts'
import { folder, run } from './cli.ts'

const NO_DATABASE = 'Rows, columns: a spreadsheet, say. '.repeat(100)

/** A folder with a file that is no database, an empty store, and the remains of a run that nobody can read. */
async function world() {
  const dir = folder()
  const path = (name: string): string => join(dir, name)
  writeFileSync(path('notes.txt'), NO_DATABASE)
  const store = await sqliteStore({ file: path('empty.db') })
  await store.close()
  const kept = { orders: 40, seed: 7, faults: 'mild', port: 0, startedAtMs: null }
  writeFileSync(path('seven.db.run.json'), JSON.stringify(kept))
  writeFileSync(path('broken.db.run.json'), '{"orders": "many"}')
  return { dir, path }
}

describe('bad input on the command line', async () => {
  const { dir, path } = await world()
  const before = contents(dir)

  it.each([
    ['an unknown command', ['pay'], /unknown command 'pay'/],
    ['an unknown option', ['demo', '--forever'], /unknown option '--forever'/],
    ['no argument', ['order'], /missing required argument 'out_trade_no'/],
    ['one argument too many', ['policy', 'native'], /too many arguments/],
    ['no number', ['demo', '--orders', 'many'], /'many' is invalid. expected a number/],
    ['no orders', ['demo', '--orders', '0'], /--orders is 0; expected a whole number from 1 to 100000/],
    ['half an order', ['demo', '--orders', '1.5'], /--orders is 1\.5; expected/],
    ['a negative seed', ['demo', '--seed', '-1'], /--seed is -1; expected/],
    [
      'an impossible port',
      ['demo', '--port', '70000'],
      /--port is 70000; expected a whole number from 0 to 65535/,
    ],
    [
      'an impossible port of the dashboard',
      ['demo', '--http-port', '-1'],
      /--http-port is -1; expected a whole number from 0 to 65535/,
    ],
    [
      'an unknown level',
      ['demo', '--faults', 'some'],
      /'some' is invalid. Allowed choices are none, mild, harsh/,
    ],
    ['no speed', ['demo', '--speed', '0'], /--speed is 0; expected a number from 1 to 1000/],
    ['too much speed', ['demo', '--speed', '2000'], /--speed is 2000; expected/],
    [
      'another seed than the kept one',
      ['demo', '--seed', '8', '--store', path('seven.db')],
      /--seed is 8; expected 7/,
    ],
    [
      'a kept run that is none',
      ['demo', '--store', path('broken.db')],
      /broken\.db\.run\.json can't be read; expected/,
    ],
    [
      'a store that is no database',
      ['demo', '--once', '--store', path('notes.txt')],
      /notes\.txt is no SQLite database/,
    ],
    [
      'a store that is a folder',
      ['demo', '--once', '--store', dir],
      /is no file: expected a Verdict database/,
    ],
    [
      'a store below a file',
      ['demo', '--store', join(path('notes.txt'), 'x.db')],
      /--store is .+; expected a file in a folder/,
    ],
    [
      'an order of no store',
      ['order', 'A42', '--store', path('none.db')],
      /there is no Verdict database at .+none\.db/,
    ],
    [
      'an order of no database',
      ['order', 'A42', '--store', path('notes.txt')],
      /notes\.txt is no SQLite database/,
    ],
    ['an unknown order', ['order', 'A42', '--store', path('empty.db')], /A42 is not in the store; expected/],
    ['no folder', ['simulate'], /required option '--dir <dir>' not specified/],
    [
      'a folder that is a file',
      ['simulate', '--dir', path('notes.txt')],
      /notes\.txt can't be made; expected a folder/,
    ],
    ['an impossible port', ['simulate', '--dir', path('sim'), '--port', '-1'], /port is -1; expected 0/],
    [
      'half a seed',
      ['simulate', '--dir', path('sim'), '--seed', '0.5'],
      /seed is 0\.5; expected a whole number/,
    ],
    ['unknown customers', ['simulate', '--dir', path('sim'), '--customers', 'all'], /'all' is invalid/],
    [
      'a file that is not there',
      ['policy', '--file', path('none.json')],
      /none\.json can't be read; expected/,
    ],
  ])('%s is refused in one sentence', async (_, args, expected) => {
    const { code, stdout, stderr } = await run(...args)
    expect(stderr).toMatch(expected)
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith('(verdict --help')),
    ).toHaveLength(1)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  it('changes nothing', () => {
    expect(contents(dir)).toEqual(before)
    expect(existsSync(path('sim'))).toBe(false)
  })

  it('a store whose orders no demo placed is refused, and its orders stay as they are', async () => {
    const file = join(folder(), 'verdict.db')
    const store = await sqliteStore({ file })
    const verdict = await Verdict.open({ store, accounts: [commonAccount()] })
    await verdict.track({ out_trade_no: 'A42', kind: 'native', amount: { total: 100, currency: 'HKD' } })
    await verdict.close()
    await store.close()
    const { code, stderr } = await run('demo', '--once', '--store', file)
    expect(code).toBe(2)
    expect(stderr).toMatch(/which holds orders that no demo placed/)
    const reader = await readSqliteStore({ file })
    expect(await reader.countByState()).toEqual({ waiting: 1 })
    await reader.close()
  })
})

/** SQLite's own side files come and go. */
function contents(dir: string): Record<string, string> {
  const names = readdirSync(dir).filter((name) => !/-(wal|shm)$/.test(name))
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(dir, name), 'latin1')]))
}

const ORDER = {
  kind: 'native',
  out_trade_no: 'A42',
  description: 'Tea',
  amount: { total: 100, currency: 'HKD' },
  merchant_category_code: '5812',
  notify_url: 'https://shop.example.com/wechatpay',
} as const
const QUICK = { ...ORDER, kind: 'quick_pay', notify_url: undefined } as const

describe('bad input to the library', () => {
  it.each([
    [
      'an amount of 0',
      { ...ORDER, amount: { total: 0, currency: 'HKD' } },
      'ORDER_INVALID',
      /amount\.total is 0; expected an integer from 1/,
    ],
    [
      'a payment code of 17 digits',
      { ...QUICK, payer: { auth_code: '13012345678901234' } },
      'ORDER_INVALID',
      /auth_code .*17 characters .*expected 18 digits/,
    ],
    [
      'a callback with a query',
      { ...ORDER, notify_url: 'https://shop.example.com/n?x=1' },
      'ORDER_INVALID',
      /notify_url is .*without query/,
    ],
    [
      'a callback on a private address',
      { ...ORDER, notify_url: 'http://192.168.1.7/n' },
      'ORDER_INVALID',
      /notify_url is .*public address/,
    ],
    ['an account that is not open', { ...ORDER, account: '1' }, 'ACCOUNT_UNKNOWN', /account is 1; expected/],
    [
      'an account that has no text',
      { ...ORDER, account: Object({ toString: 1 }) },
      'ACCOUNT_UNKNOWN',
      /account is {"to/,
    ],
  ])('%s is an error with a code, and writes nothing', async (_, placement, code, expected) => {
    const store = await sqliteStore({ file: ':memory:' })
    const verdict = await Verdict.open({ store, accounts: [commonAccount()] })
    const { notify_url, ...rest } = placement
    const placing = Promise.resolve().then(() =>
      verdict.place({ ...rest, ...(notify_url === undefined ? {} : { notify_url }) }),
    )
    await expect(placing).rejects.toMatchObject({ code, message: expect.stringMatching(expected) })
    expect(await store.countByState()).toEqual({})
    await verdict.close()
    await store.close()
  })

  it('an unknown number is ORDER_UNKNOWN', async () => {
    const store = await sqliteStore({ file: ':memory:' })
    const verdict = await Verdict.open({ store, accounts: [commonAccount()] })
    await expect(verdict.order({ out_trade_no: 'A42' })).rejects.toMatchObject({ code: 'ORDER_UNKNOWN' })
    await expect(verdict.settled({ out_trade_no: 'A42' })).rejects.toMatchObject({ code: 'ORDER_UNKNOWN' })
    await verdict.close()
    await store.close()
  })

  const slow = { policy: 'fixed', firstMs: 61_000, everyMs: 4_000, jitterMs: 0, windowMs: 900_000 } as const
  it.each([
    ['no account', [], 'OPTION_INVALID', /accounts is empty/],
    [
      'a key that is none',
      [commonAccount({ merchantPrivateKey: 'secret' })],
      'KEY_INVALID',
      /^(?!.*secret).*merchantPrivateKey/,
    ],
    ['a short APIv3 key', [commonAccount({ apiV3Key: 'short' })], 'KEY_INVALID', /^(?!.*short).*32/],
    [
      'a policy that the guide forbids',
      [{ ...commonAccount(), policies: { native: slow } }],
      'POLICY_INVALID',
      /firstMs is 61000/,
    ],
    [
      'a policy of no kind',
      [{ ...commonAccount(), policies: { quick: slow } }],
      'OPTION_INVALID',
      /quick is unknown/,
    ],
    [
      'a policy that is none',
      [{ ...commonAccount(), policies: { native: { policy: 'none' } } }],
      'OPTION_INVALID',
      /native\.policy is "none"/,
    ],
  ])('%s keeps Verdict from opening', async (_, accounts, code, expected) => {
    const store = await sqliteStore({ file: ':memory:' })
    // As a caller without types would.
    const options: unknown = { store, accounts }
    const opening = Verdict.open(options as VerdictOptions)
    await expect(opening).rejects.toMatchObject({ code, message: expect.stringMatching(expected) })
    await store.close()
  })

  it.each<[option: Record<string, unknown>, sentence: RegExp]>([
    [{ limits: { query: '5' } }, /^limits\.query is "5"; expected/],
    [{ limits: { query: [5] } }, /^limits\.query is \[5\]; expected/],
    [{ limits: { query: true } }, /^limits\.query is true; expected/],
    [{ limits: { query: 5n } }, /^limits\.query is 5n; expected/],
    [{ limits: 5 }, /^limits is 5; expected an object/],
    [{ limits: { ['x'.repeat(70_000)]: 5 } }, /^limits names x{117}…; expected/],
    [{ concurrency: Symbol('a') }, /^concurrency is a symbol; expected/],
    [{ concurrency: { toString: 1 } }, /^concurrency is {"toString":1}; expected/],
    [{ unknownCallbacks: { toString: 1 } }, /^unknownCallbacks is {"toString":1}; expected/],
    [{ notify_url: 'https://shop:secret@pay .example.com/x' }, /^(?!.*secret).*notify_url is "https/],
  ])('an option of an account that is wrong keeps Verdict from opening: %#', async (option, sentence) => {
    const store = await sqliteStore({ file: ':memory:' })
    const options: unknown = { store, accounts: [{ ...commonAccount(), ...option }], start: false }
    await expect(Verdict.open(options as VerdictOptions)).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringMatching(sentence),
    })
    await store.close()
  })

  it('a store file that is no database is STORE_INVALID, and keeps its bytes', async () => {
    const dir = folder()
    const file = join(dir, 'notes.txt')
    writeFileSync(file, NO_DATABASE)
    await expect(sqliteStore({ file })).rejects.toMatchObject({ code: 'STORE_INVALID' })
    expect(readFileSync(file, 'utf8')).toBe(NO_DATABASE)
    expect(readdirSync(dir)).toEqual(['notes.txt'])
  })
})
