import { execFileSync, spawnSync } from 'node:child_process'
import { createPublicKey, verify } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeAll, describe, expect, it } from 'vitest'
import type { FinalOrder } from '../../src/core/order.ts'
import { readSqliteStore } from '../../src/store/sqlite/index.ts'
import { type Ended, folder, run } from './cli.ts'

const LONG_MS = 60_000

/** A finished run, and its orders. */
let finished: string
let orders: readonly FinalOrder[]

beforeAll(async () => {
  finished = join(folder(), 'verdict.db')
  const once = ['--once', '--orders', '10', '--seed', '883', '--faults', 'none', '--speed', '60']
  // All of it found out by asking: the evidence is plain. Verdicts by callback have tests of their own below.
  const ended = await run('demo', ...once, '--no-callbacks', '--store', finished)
  expect(ended.code, ended.stderr).toBe(0)
  // Without --json the result is a table.
  expect(ended.stdout).toMatch(/ wrong {2,}0\n/)
  const store = await readSqliteStore({ file: finished })
  orders = (await store.page(0, 100)) as readonly FinalOrder[]
  await store.close()
}, LONG_MS)

function paid(): FinalOrder {
  const order = orders.find(({ state }) => state === 'SUCCESS')
  if (order === undefined) throw new Error('no order of the run is paid')
  return order
}

/** A copy of the run's store that a hand went through. */
function tampered(sql: string, ...parameters: ReadonlyArray<string | number>): string {
  const file = join(folder(), 'verdict.db')
  copyFileSync(finished, file)
  const db = new DatabaseSync(file, { enableForeignKeyConstraints: false })
  const { changes } = db.prepare(sql).run(...parameters)
  db.close()
  expect(changes).toBeGreaterThan(0)
  return file
}

function verifyIn(file: string, { out_trade_no }: FinalOrder): Promise<Ended> {
  return run('order', out_trade_no, '--store', file, '--verify')
}

describe('verdict order', () => {
  it('tells the life of an order in words', async () => {
    const { out_trade_no } = paid()
    const { code, stdout, stderr } = await run('order', out_trade_no, '--store', finished)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toMatch(new RegExp(`/${out_trade_no}: HKD \\d+\\.\\d\\d by \\w+; moments are UTC\\+8$`))
    expect(lines[1]).toMatch(/^SUCCESS, learnt by .+ after it was placed; paid \d{4}-.+; transaction_id \d+$/)
    expect(lines[2]).toMatch(
      /^ {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} +\+0 ms {2}accepted from the merchant$/,
    )
    expect(lines[3]).toMatch(/placing written down, then sent$/)
    const verdict = lines.findIndex((line) => /verdict SUCCESS$/.test(line))
    expect(lines[verdict - 1]).toMatch(/answered: SUCCESS, paid \(took /)
    expect(lines).toContain('messages to your system')
    expect(stdout).toMatch(/order\.verdict +shop +sent \d{4}-/)
  })

  it('is one JSON value with --json, whatever else is asked', async () => {
    const { out_trade_no } = paid()
    const dir = join(folder(), 'out')
    const args = ['--store', finished, '--json', '--verify', '--export', dir]
    const { code, stdout } = await run('order', out_trade_no, ...args)
    const { order, journal, evidence, proof, exported } = JSON.parse(stdout)
    expect(code).toBe(0)
    expect(order).toMatchObject({ out_trade_no, state: 'SUCCESS' })
    expect(journal).toContainEqual(expect.objectContaining({ event: 'verdict', said: 'SUCCESS' }))
    expect(evidence).toHaveLength(exported.length)
    expect(proof.holds).toBe(true)
  })

  it('refuses a number that two merchants use, with the candidates, until one is named', async () => {
    const [first] = orders
    const other = orders.find(({ account }) => account !== first?.account)
    if (first === undefined || other === undefined) throw new Error('expected orders of both accounts')
    const file = tampered('UPDATE orders SET out_trade_no = ? WHERE id = ?', first.out_trade_no, other.id)
    const both = [first, other]
    const ambiguous = await run('order', first.out_trade_no, '--store', file)
    expect(ambiguous).toMatchObject({ code: 2, stdout: '' })
    expect(ambiguous.stderr).toMatch(/names 2 orders: .+\(ORDER_AMBIGUOUS\)\n$/)
    for (const { account } of both) expect(ambiguous.stderr).toContain(account)
    for (const { account } of both) {
      const named = await run('order', first.out_trade_no, '--store', file, '--account', account)
      expect(named.stdout).toMatch(new RegExp(`^${account}/`))
    }
    const institutional = both.find(({ sub_mchid }) => sub_mchid !== null)
    const sub = ['--sub-mchid', institutional?.sub_mchid ?? '']
    const named = await run('order', first.out_trade_no, '--store', file, ...sub)
    expect(named.stdout).toMatch(new RegExp(`^${institutional?.account}/${institutional?.sub_mchid}/`))
    const neither = await run('order', first.out_trade_no, '--store', file, '--account', 'nobody')
    expect(neither).toMatchObject({ code: 2 })
    expect(neither.stderr).toMatch(/nobody\/.+ is not in the store.+; there is .+\(ORDER_UNKNOWN\)/)
  })
})

describe('verdict order --verify', () => {
  it('holds for every verdict of an honest run', async () => {
    const oneOfEach = new Map(orders.map((order) => [order.state, order]))
    expect(oneOfEach.size).toBeGreaterThan(1)
    for (const order of oneOfEach.values()) {
      const { code, stdout } = await verifyIn(finished, order)
      expect({ code, number: order.out_trade_no }).toEqual({ code: 0, number: order.out_trade_no })
      const said = order.state === 'NOT_CREATED' ? 'signed "no such order"' : `signed ${order.state} for `
      expect(stdout).toContain(`verified: WeChat Pay ${said}`)
    }
  })

  const OF = 'WHERE order_id = ?'
  const flipped = `CASE WHEN signature LIKE 'A%' THEN 'B' ELSE 'A' END || substr(signature, 2)`
  it.each([
    [
      'another amount in the body',
      `UPDATE evidence SET body = replace(body, '"total":', '"total":1') ${OF}`,
      /signature of/,
    ],
    ['another signature', `UPDATE evidence SET signature = ${flipped} ${OF}`, /signature of/],
    ['another timestamp', `UPDATE evidence SET timestamp = timestamp + 1 ${OF}`, /signature of/],
    [
      'another serial',
      `UPDATE evidence SET serial = 'PUB_KEY_ID_1' ${OF}`,
      /PUB_KEY_ID_1, and that key is not/,
    ],
    ['no evidence', `UPDATE evidence SET order_id = 1000 ${OF}`, /no stored statement says SUCCESS/],
    [
      'another verdict',
      `UPDATE orders SET state = 'CLOSED' WHERE id = ?`,
      /last final statement .* SUCCESS, not CLOSED/,
    ],
    ['another amount owed', `UPDATE facts SET total = total + 1 ${OF}`, /no stored statement says SUCCESS/],
  ])('refuses %s', async (what, sql, expected) => {
    const order = paid()
    const alsoVerdict =
      what === 'another verdict' ? "UPDATE verdicts SET state = 'CLOSED' WHERE order_id = ?" : null
    const file = tampered(`${sql}`, order.id)
    if (alsoVerdict !== null) {
      const db = new DatabaseSync(file)
      db.prepare(alsoVerdict).run(order.id)
      db.close()
    }
    const { code, stderr } = await verifyIn(file, order)
    expect(stderr).toMatch(expected)
    expect(stderr).toMatch(/is not proven: .+\(EVIDENCE_INVALID\)\n$/)
    expect(code).toBe(2)
  })

  it("refuses another order's evidence, and a key that is gone", async () => {
    const order = paid()
    const other = orders.find(
      ({ id, account, state }) => id !== order.id && account === order.account && state === 'SUCCESS',
    )
    if (other === undefined) throw new Error('expected two paid orders of one account')
    const swapped = tampered('DELETE FROM verdicts WHERE order_id = ?', other.id)
    const db = new DatabaseSync(swapped, { enableForeignKeyConstraints: false })
    db.prepare('UPDATE evidence SET order_id = -1 WHERE order_id = ?').run(order.id)
    db.prepare('UPDATE evidence SET order_id = ? WHERE order_id = ?').run(order.id, other.id)
    db.prepare(
      'UPDATE verdicts SET evidence_id = (SELECT max(id) FROM evidence WHERE order_id = ?1) WHERE order_id = ?1',
    ).run(order.id)
    db.close()
    expect((await verifyIn(swapped, order)).stderr).toMatch(/no stored statement says SUCCESS/)

    const keyless = tampered('DELETE FROM platform_keys')
    expect((await verifyIn(keyless, order)).stderr).toMatch(/that key is not in the store/)
    const dir = join(folder(), 'out')
    const exported = await run('order', order.out_trade_no, '--store', keyless, '--export', dir)
    expect(exported).toMatchObject({ code: 2 })
    expect(existsSync(dir)).toBe(false)
  })
})

describe('verdict order --export', () => {
  const hasOpenssl = spawnSync('openssl', ['version']).status === 0

  it('writes what node:crypto alone can check, and openssl where there is one', async () => {
    const { out_trade_no } = paid()
    const dir = join(folder(), "a customer's folder")
    const { code, stdout } = await run('order', out_trade_no, '--store', finished, '--export', dir)
    expect(code).toBe(0)
    const commands = stdout.split('\n').filter((line) => line.startsWith('openssl '))
    expect(commands.length).toBeGreaterThan(0)
    for (const [i, command] of commands.entries()) {
      const read = (name: string): Buffer => readFileSync(join(dir, `${i + 1}.${name}`))
      const [message, signature] = [read('message.txt'), read('signature.bin')]
      const key = createPublicKey(read('public_key.pem'))
      expect(verify('RSA-SHA256', message, key, signature)).toBe(true)
      expect(verify('RSA-SHA256', Buffer.concat([message, Buffer.from(' ')]), key, signature)).toBe(false)
      if (hasOpenssl) expect(execFileSync('sh', ['-c', command]).toString()).toBe('Verified OK\n')
    }
    // Timestamp, nonce, body: the body is the answer, and it names the order.
    expect(readFileSync(join(dir, `${commands.length}.message.txt`), 'utf8')).toContain(out_trade_no)
  })
})

describe('a verdict that was learnt by a callback', () => {
  let byCallback: string
  let number: string
  const accounts = (): string => `${byCallback}.wechatpay/account.json`

  beforeAll(async () => {
    byCallback = join(folder(), 'verdict.db')
    const once = ['--once', '--orders', '10', '--seed', '883', '--faults', 'none', '--speed', '60']
    const ended = await run('demo', ...once, '--no-queries-before-callback', '--store', byCallback)
    expect(ended.code, ended.stderr).toBe(0)
    const store = await readSqliteStore({ file: byCallback })
    const all = (await store.page(0, 100)) as readonly FinalOrder[]
    await store.close()
    number = all.find(({ verdict }) => verdict.learntBy === 'callback')?.out_trade_no ?? 'none'
  }, LONG_MS)

  /** The store alone, without the accounts that a demo keeps beside it. */
  function alone(): string {
    const file = join(folder(), 'verdict.db')
    copyFileSync(byCallback, file)
    return file
  }

  it('is told in words', async () => {
    const { code, stdout } = await run('order', number, '--store', byCallback)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^SUCCESS, learnt by a callback /m)
    expect(stdout).toMatch(/callback verified: SUCCESS, paid$/m)
  })

  it('is verified with the APIv3 key, beside a demo by itself', async () => {
    const given = await run('order', number, '--store', alone(), '--verify', '--accounts', accounts())
    expect(given).toMatchObject({ code: 0 })
    expect(given.stdout).toContain('verified: WeChat Pay signed SUCCESS for ')
    expect(await run('order', number, '--store', byCallback, '--verify')).toMatchObject({ code: 0 })
  })

  it('is verified with the configuration of a service, whose secrets lie elsewhere', async () => {
    const dir = `${byCallback}.wechatpay`
    const { accounts: entries } = JSON.parse(readFileSync(accounts(), 'utf8'))
    // Both have one APIv3 key, as they are one simulator's.
    writeFileSync(join(dir, 'apiv3.key'), `${entries[0].apiV3Key}\n`)
    const config = join(dir, 'verdict.config.json')
    const referring = entries.map((entry: object) => ({ ...entry, apiV3Key: { file: 'apiv3.key' } }))
    writeFileSync(config, JSON.stringify({ store: 'verdict.db', accounts: referring }))
    const given = await run('order', number, '--store', alone(), '--verify', '--accounts', config)
    expect(given, given.stderr).toMatchObject({ code: 0 })
    expect(given.stdout).toContain('verified: WeChat Pay signed SUCCESS for ')
  })

  it('twin: is not without it, and says why', async () => {
    const { code, stderr } = await run('order', number, '--store', alone(), '--verify')
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /rests on a callback, which only the APIv3 key of the account opens.+\(EVIDENCE_INVALID\)/,
    )
  })

  it('is exported with what it says', async () => {
    const dir = join(folder(), 'out')
    const { code } = await run('order', number, '--store', byCallback, '--export', dir)
    expect(code).toBe(0)
    expect(JSON.parse(readFileSync(join(dir, '1.resource.json'), 'utf8'))).toMatchObject({
      out_trade_no: number,
      trade_state: 'SUCCESS',
    })
  })
})
