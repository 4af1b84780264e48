import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { storeContract } from '../contract.ts'
import type { Value } from '../rows/cells.ts'
import { FEW } from '../rows/list-walks.ts'
import { search } from '../rows/lists.ts'
import type { OrderFilter } from '../store.ts'
import {
  due,
  dueDeliveries,
  enter,
  enterFree,
  evidence,
  newOrder,
  settle,
  settled,
  T0,
  tell,
} from '../testing.ts'
import { SELECT_DUE } from './claims.ts'
import { readSqliteStore, sqliteStore } from './index.ts'
import { migrate } from './migrate.ts'
import {
  COUNT_STOPPED,
  DIALECT,
  SELECT_DUE_DELIVERIES,
  selectDeliveriesIn,
  UPDATE_ORDER,
  UPDATE_POLLED,
} from './statements.ts'

/** Half of the time in which a callback is answered. */
const WAIT_MS_MAX = 2_000

let folder = ''
let files = 0

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'verdict-sqlite-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

function newFile(): string {
  return join(folder, `${++files}.db`)
}

storeContract('SQLite on disk', () => sqliteStore({ file: newFile() }))
storeContract('SQLite in memory', () => sqliteStore({ file: ':memory:' }))

describe('a Verdict database', () => {
  it('gives up soon on a lock that another program holds, so that a callback is answered in time', async () => {
    const file = newFile()
    const store = await sqliteStore({ file })
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    const sinceMs = performance.now()
    await expect(enter(store, [{}])).rejects.toThrow('locked')
    expect(performance.now() - sinceMs).toBeLessThan(WAIT_MS_MAX)
    other.exec('ROLLBACK')
    other.close()
    expect(await enter(store, [{}])).toHaveLength(1)
    await store.close()
  })

  it('keeps everything when it is closed and opened again, and frees its claims', async () => {
    const file = newFile()
    const before = await sqliteStore({ file })
    const [open, closed] = await enter(before, [{ body: '{}', purchase: 'table 7' }, {}])
    const final = await settle(before, closed, 'CLOSED')
    const key = { account: '1900000001', serial: 'S', publicKey: 'pem', keptAtMs: T0 }
    await before.keepPlatformKeys([key])
    await before.close()
    const after = await sqliteStore({ file })
    expect(await after.page(0, 10)).toEqual([open, final])
    expect(await after.evidenceOf(final.id)).toEqual([final.verdict.evidence])
    expect(await after.placingOf(open.id)).toEqual({ fingerprint: 'f', body: '{}', credential: null })
    expect(await after.platformKeys()).toEqual([key])
    expect(await after.claimDue(due())).toEqual([open])
    await after.close()
  })

  it.skipIf(process.platform === 'win32')('is readable for its own user alone, log included', async () => {
    const file = newFile()
    const owner = await sqliteStore({ file })
    await enter(owner, [{}])
    for (const name of [file, `${file}-wal`, `${file}-shm`]) expect(statSync(name).mode & 0o777).toBe(0o600)
    await owner.close()
    chmodSync(file, 0o640)
    await (await sqliteStore({ file })).close()
    expect(statSync(file).mode & 0o777).toBe(0o640)
  })

  it('is read by others while its owner works', async () => {
    const file = newFile()
    const owner = await sqliteStore({ file })
    const [order] = await enter(owner, [{}])
    const reader = await readSqliteStore({ file })
    expect(await reader.byId(order.id)).toEqual(order)
    const final = await settle(owner, order, 'SUCCESS')
    expect(await reader.byId(order.id)).toEqual(final)
    await owner.close()
    expect(await reader.countByState()).toEqual({ SUCCESS: 1 })
    await reader.close()
  })

  it('is read without an owner', async () => {
    const file = newFile()
    const owner = await sqliteStore({ file })
    const [order] = await enter(owner, [{}])
    await owner.close()
    const reader = await readSqliteStore({ file })
    expect(await reader.byId(order.id)).toEqual(order)
    await reader.close()
  })

  it('may be closed twice', async () => {
    const store = await sqliteStore({ file: newFile() })
    await store.close()
    await store.close()
  })
})

describe('a file that is no Verdict database', () => {
  const errorOf = (open: Promise<unknown>) => open.then(() => null).catch((error: unknown) => error)

  async function refused(file: string): Promise<void> {
    const before = readFileSync(file)
    const names = readdirSync(folder)
    for (const open of [sqliteStore, readSqliteStore]) {
      const error = await errorOf(open({ file }))
      expect(error).toMatchObject({ code: 'STORE_INVALID', message: expect.stringContaining(file) })
    }
    expect(readFileSync(file).equals(before)).toBe(true)
    expect(readdirSync(folder)).toEqual(names)
  }

  it.each([
    ['a word', 'hello'],
    ['a page of text', 'SQLite format 4\0'.repeat(1_000)],
  ])('is refused and left as it was: %s', async (_, content) => {
    const file = newFile()
    writeFileSync(file, content)
    await refused(file)
  })

  it.each(['DELETE', 'WAL'])(
    "is refused and left as it was: another program's database in %s mode",
    async (mode) => {
      const file = newFile()
      edit(file, `PRAGMA journal_mode = ${mode}; CREATE TABLE users (name TEXT)`)
      await refused(file)
    },
  )

  it('is refused and left as it was: a database of a newer Verdict', async () => {
    const file = newFile()
    await (await sqliteStore({ file })).close()
    edit(file, 'PRAGMA user_version = 9999')
    await refused(file)
  })

  it('is refused: a folder', async () => {
    expect(await errorOf(sqliteStore({ file: folder }))).toMatchObject({ code: 'STORE_INVALID' })
  })

  it('is refused where its folder is missing', async () => {
    const file = join(folder, 'nowhere', 'a.db')
    expect(await errorOf(sqliteStore({ file }))).toMatchObject({ code: 'STORE_INVALID' })
  })

  it('is refused for reading where there is none, and not created', async () => {
    const file = newFile()
    expect(await errorOf(readSqliteStore({ file }))).toMatchObject({ code: 'STORE_INVALID' })
    expect(existsSync(file)).toBe(false)
  })

  it('is taken where it is empty', async () => {
    const file = newFile()
    writeFileSync(file, '')
    const store = await sqliteStore({ file })
    expect(await store.countByState()).toEqual({})
    await store.close()
  })
})

describe('the owner', () => {
  it('is one: a second is refused and told who it is, by whatever path it comes', async () => {
    const file = newFile()
    const owner = await sqliteStore({ file })
    const link = newFile()
    symlinkSync(file, link)
    for (const path of [file, link]) {
      const message = expect.stringMatching(new RegExp(`${file} is in use by process ${process.pid}`))
      await expect(sqliteStore({ file: path })).rejects.toMatchObject({ code: 'STORE_IN_USE', message })
    }
    await owner.close()
    await (await sqliteStore({ file: link })).close()
  })

  it('is one, too, by a link that was there before the file', async () => {
    const [file, link, linkToLink] = [newFile(), newFile(), newFile()]
    symlinkSync(basename(file), link)
    symlinkSync(link, linkToLink)
    const owner = await sqliteStore({ file: linkToLink })
    for (const path of [file, link, linkToLink]) {
      await expect(sqliteStore({ file: path })).rejects.toMatchObject({ code: 'STORE_IN_USE' })
    }
    await owner.close()
    const circle = newFile()
    symlinkSync(circle, circle)
    await expect(sqliteStore({ file: circle })).rejects.toMatchObject({ code: 'STORE_INVALID' })
  })

  it('is one of many that start at once, on a file that is new', async () => {
    const file = newFile()
    const children = Array.from({ length: 4 }, () => startWorker(file, 0))
    const first = await Promise.all(children.map(({ line }) => line()))
    expect(first.filter((line) => line === 'owner')).toHaveLength(1)
    expect(first.filter((line) => line === 'STORE_IN_USE')).toHaveLength(3)
    await Promise.all(children.map(({ kill }) => kill()))
  })

  it('keeps other processes out until it dies, even by SIGKILL', async () => {
    const file = newFile()
    const owner = startWorker(file, 0)
    expect(await owner.line()).toBe('owner')
    const message = expect.stringContaining(`process ${owner.pid}`)
    await expect(sqliteStore({ file })).rejects.toMatchObject({ code: 'STORE_IN_USE', message })
    await owner.kill()
    await (await sqliteStore({ file })).close()
  })

  it('leaves whole commits when it is killed while it writes, and all that it was told are written', async () => {
    const file = newFile()
    const owner = startWorker(file, 30)
    expect(await owner.line()).toBe('owner')
    let told = 0
    while (told < 40) told = Number(await owner.line())
    await owner.kill()
    for (let line = await owner.line(); line !== null; line = await owner.line()) told = Number(line)
    const store = await sqliteStore({ file })
    const orders = await store.page(0, 100)
    expect(orders).toHaveLength(30)
    const versions = new Set(orders.map(({ version }) => version))
    expect(versions.size).toBe(1)
    const [version = 0] = versions
    expect(version - 1).toBeGreaterThanOrEqual(told)
    for (const { id, queries } of orders) {
      expect(queries).toBe(version - 1)
      expect((await store.journalOf(id)).map(({ said }) => said)).toEqual(wordsOf(version))
      expect(await store.evidenceOf(id)).toHaveLength(version - 1)
    }
    await store.close()
  })

  const wordsOf = (version: number) =>
    Array.from({ length: version - 1 }, (_, commit) => [`${commit + 1} a`, `${commit + 1} b`]).flat()
})

function planOf(db: DatabaseSync, sql: string, ...values: readonly Value[]): string {
  const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values)
  return rows.map(({ detail }) => String(detail)).join('; ')
}

function schema(): DatabaseSync {
  const db = new DatabaseSync(':memory:')
  migrate(db, ':memory:')
  return db
}

describe('messages', () => {
  it('that are due are found by the index over due times alone, without sorting', () => {
    const plan = planOf(schema(), SELECT_DUE_DELIVERIES, 'shop', T0)
    expect(plan).toBe('SEARCH deliveries USING COVERING INDEX deliveries_due (target=? AND due_at<?)')
  })

  it('that are not sent are found by an index of their own, by state', () => {
    const plan = planOf(schema(), selectDeliveriesIn('failed'), 0, 10)
    expect(plan).toBe('SEARCH deliveries USING INDEX deliveries_unsent (state=? AND rowid>?)')
  })

  it('are free again when the database is opened anew, whoever had claimed them', async () => {
    const file = newFile()
    const before = await sqliteStore({ file })
    const { deliveries } = await tell(before, await settled(before), [{}, {}])
    expect(await before.claimDeliveries(dueDeliveries())).toEqual(deliveries.slice(0, 1))
    await before.close()
    const after = await sqliteStore({ file })
    expect(await after.claimDeliveries(dueDeliveries({ worker: 'next' }))).toEqual(deliveries.slice(0, 1))
    await after.close()
    const reader = await readSqliteStore({ file })
    expect(await reader.countDeliveries()).toEqual({ pending: 1, queued: 1 })
    await reader.close()
  })
})

describe('a claim', () => {
  const DUE = ['1900000001', 1, T0, T0]

  it('reads the index over due times and nothing else, without sorting', () => {
    const span = '(account=? AND till=? AND due_at>? AND due_at<?)'
    expect(planOf(schema(), SELECT_DUE, ...DUE)).toBe(`SEARCH orders USING COVERING INDEX orders_due ${span}`)
  })

  it('would read and sort the whole table without that index', () => {
    const db = schema()
    db.exec('DROP INDEX orders_due')
    expect(planOf(db, SELECT_DUE, ...DUE)).toBe('SCAN orders; USE TEMP B-TREE FOR ORDER BY')
  })

  it('finds what is free behind many that are claimed', async () => {
    const store = await sqliteStore({ file: ':memory:' })
    const orders = await enterFree(
      store,
      Array.from({ length: 2_000 }, (_, index) => ({ dueAtMs: T0 - 5_000 + index })),
    )
    const claimed: number[] = []
    for (let round = 0; round < 4; round++)
      claimed.push(...(await store.claimDue(due({ limit: 500 }))).map(({ id }) => id))
    expect(claimed).toEqual(orders.map(({ id }) => id))
    await store.close()
  })
})

describe('a list', () => {
  const FAR = { before: 100_000, limit: 5 }
  const MANY = Array.from({ length: FEW + 1 }, (_, id) => id)
  /** The plan of each statement, if each but the first gives the next of `answers`, and then nothing. */
  const plansOf = (
    filter: OrderFilter,
    answers: ReadonlyArray<readonly number[]> = [],
  ): readonly string[] => {
    const db = schema()
    const searching = search(filter, FAR, DIALECT)
    const plans: string[] = []
    const given = [[], ...answers]
    for (let step = searching.next(); step.done !== true; step = searching.next(given.shift() ?? []))
      plans.push(planOf(db, step.value.sql, ...step.value.values))
    return plans
  }

  it.each<readonly [string, OrderFilter, string]>([
    ['no filter', {}, 'SEARCH orders USING INTEGER PRIMARY KEY (rowid<?)'],
    [
      'total',
      { total: 7, account: 'a' },
      'SEARCH facts USING COVERING INDEX facts_total (total=? AND rowid<?)',
    ],
    [
      'sub-merchant',
      { sub_mchid: 'a', kinds: ['h5'] },
      'SEARCH orders USING INDEX orders_sub (sub_mchid=? AND rowid<?)',
    ],
    [
      'state, kind and account',
      { states: ['ending'], account: 'a', kinds: ['h5'] },
      'INDEX orders_sorts (state=? AND kind=? AND account=? AND rowid<?)',
    ],
    [
      'kind, of every account',
      { kinds: ['h5'] },
      'SEARCH orders USING COVERING INDEX orders_sorts (state=? AND kind=? AND account>?)',
    ],
  ])('by %s looks at the newest, and then walks along an index', (_, filter, step) => {
    const [near, ...far] = plansOf(filter)
    expect(near).toMatch(/^SEARCH orders USING [^;]*rowid>\? AND rowid<\?\)/)
    expect(near).not.toContain('TEMP B-TREE')
    expect(far.at(-1)).toContain(step)
    expect(far.join()).not.toMatch(/SCAN (orders|facts)/)
  })

  it.each<readonly [string, OrderFilter, string]>([
    [
      'attention',
      { needsAttention: true, isOpen: true },
      'SEARCH orders USING INDEX orders_attention (id<?)',
    ],
    ['number', { out_trade_no: 'A', kinds: ['h5'] }, 'SEARCH orders USING INDEX orders_key (out_trade_no=?'],
    [
      'transaction',
      { transaction_id: 'A', isOpen: false },
      'SEARCH verdicts USING COVERING INDEX verdicts_transaction (transaction_id=?)',
    ],
    [
      'transaction of late money',
      { transaction_id: 'A', account: 'a' },
      'SEARCH aftercare USING COVERING INDEX aftercare_transaction (late_transaction_id=?)',
    ],
  ])('by %s reads the few orders that bear it at once', (_, filter, step) => {
    const plans = plansOf(filter)
    expect(plans).toHaveLength(1)
    expect(plans[0]).toContain(step)
    expect(plans[0]).not.toContain('SCAN')
  })

  it.each<readonly [string, OrderFilter]>([
    ['whoever has them', { isStopped: true }],
    ['of an account, with a mark', { isStopped: true, account: 'a', needsAttention: true }],
  ])(
    'of what a person has stopped reads the index over due times alone, in its own sequence: %s',
    (_, filter) => {
      const [plan, ...others] = plansOf(filter)
      expect(others).toEqual([])
      expect(plan).toMatch(
        /SEARCH orders USING [A-Z ]*INDEX orders_due \(account=\? AND till=\? AND due_at>\? AND due_at<\?\)/,
      )
      expect(plan).not.toContain('SCAN orders')
      // Of the pages of all accounts one is made.
      expect(plan?.match(/TEMP B-TREE/g)).toHaveLength(1)
      const count = planOf(schema(), COUNT_STOPPED)
      expect(count).toContain(
        'SEARCH orders USING COVERING INDEX orders_due (account=? AND till=? AND due_at=?)',
      )
    },
  )

  it('of a created range that few are in looks each up', () => {
    const plans = plansOf({ createdFromMs: T0, createdToMs: T0 + 1, account: 'a' }, [[3, 5]])
    expect(plans[1]).toBe('SEARCH facts USING COVERING INDEX facts_created (created_at>? AND created_at<?)')
    expect(plans[2]).toContain('SEARCH orders USING INTEGER PRIMARY KEY (rowid=?)')
    expect(plans).toHaveLength(3)
  })

  it('of a created range that many are in walks between its edges', () => {
    const plans = plansOf({ createdFromMs: T0, createdToMs: T0 + 1, account: 'a' }, [MANY, [7], [9]])
    expect(plans.slice(2, 4)).toEqual(plans.slice(1, 2).flatMap((plan) => [plan, plan]))
    expect(plans[4]).toContain(
      'INDEX orders_sorts (state=? AND kind=? AND account=? AND rowid>? AND rowid<?)',
    )
  })

  it('of what is overdue looks up few, and reads the index over due times where they are many', () => {
    const byDueTime = 'SEARCH orders USING COVERING INDEX orders_due (account=? AND till=? AND due_at<?)'
    const [, some, few] = plansOf({ overdueSinceMs: T0 }, [[3, 5]])
    expect(some).toContain(byDueTime)
    expect(few).toContain('SEARCH orders USING INTEGER PRIMARY KEY (rowid=?)')
    const [, , many] = plansOf({ overdueSinceMs: T0 }, [MANY])
    expect(many).toContain(byDueTime)
    expect(many).not.toContain('SCAN orders')
  })

  it('costs no poll an entry in an index, but for its due time', () => {
    const db = schema()
    const written = (sql: string): unknown[] => {
      const roots = db
        .prepare(`EXPLAIN ${sql}`)
        .all()
        .filter(({ opcode }) => opcode === 'OpenWrite')
      const name = db.prepare('SELECT name FROM sqlite_schema WHERE rootpage = ?')
      return roots.map(({ p2 }) => name.get(Number(p2))?.name).sort()
    }
    expect(written(UPDATE_POLLED)).toEqual(['orders', 'orders_due'])
    // Twin: what changes the state as well.
    expect(written(UPDATE_ORDER)).toEqual(['orders', 'orders_attention', 'orders_due', 'orders_sorts'])
  })
})

describe('a migration', () => {
  it('leaves the database as it was if it fails half-way', async () => {
    const db = new DatabaseSync(':memory:')
    db.exec('PRAGMA application_id = 1447318100; CREATE TABLE verdicts (id INTEGER PRIMARY KEY)')
    expect(() => migrate(db, 'a.db')).toThrow('table verdicts already exists')
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    expect(tables.map(({ name }) => name)).toEqual(['verdicts'])
    expect(db.isTransaction).toBe(false)
  })
})

// ------------------------------------------------------------------ children

function edit(file: string, sql: string): void {
  const db = new DatabaseSync(file)
  db.exec(sql)
  db.close()
}

/** Owns the database, says so, and commits changes of all orders at once for ever, saying how many commits returned. */
const WORKER = `
import { sqliteStore } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
const { file, orders, evidence } = JSON.parse(process.argv[1])
setInterval(() => {}, 1000)
try {
  const store = await sqliteStore({ file })
  console.log('owner')
  const inserted = await store.insert(orders, { worker: 'child', untilMs: 1 })
  let current = inserted.map(({ order }) => order)
  for (let commit = 1; current.length > 0; commit++) {
    const changes = current.map((order) => ({
      from: order.version,
      order: { ...order, version: order.version + 1, queries: commit },
      journal: [
        { atMs: commit, event: 'answer', said: commit + ' a' },
        { atMs: commit, event: 'attention', said: commit + ' b' },
      ],
      evidence: [evidence],
    }))
    const results = await store.commit(changes.map((change) => ({ change })))
    if (results.some((result) => result !== 'applied')) throw new Error('moved')
    current = changes.map(({ order }) => order)
    console.log(commit)
    await new Promise(setImmediate)
  }
} catch (error) {
  console.log(error.code)
}
`

interface Child {
  readonly pid: number | undefined
  /** The next line that it printed; null at the end. */
  line(): Promise<string | null>
  kill(): Promise<void>
}

function startWorker(file: string, count: number): Child {
  const orders = Array.from({ length: count }, () => newOrder())
  const work = JSON.stringify({ file, orders, evidence: evidence({}) })
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', WORKER, work], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const exited = once(child, 'exit')
  return {
    pid: child.pid,
    line: async () => {
      const { done, value } = await lines.next()
      return done === true ? null : value
    },
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
