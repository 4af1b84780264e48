import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { Connection, type Session } from './connection.ts'

let database: TestDatabase
let connection: Connection
/** Somebody else on the same database. */
let other: Client
const broken: Error[] = []

beforeAll(async () => {
  database = await newTestDatabase()
  connection = new Connection({ url: database.url, poolSize: 2, onError: (error) => broken.push(error) })
  other = new Client({ connectionString: database.url })
  await other.connect()
  await other.query('CREATE TABLE notes (id integer PRIMARY KEY, note text)')
})

afterAll(async () => {
  await other.end()
  await connection.end()
  await database.drop()
})

/** Empties the table but for these rows. */
async function only(...notes: readonly string[]): Promise<void> {
  await other.query('DELETE FROM notes')
  for (const [id, note] of notes.entries()) await other.query('INSERT INTO notes VALUES ($1, $2)', [id, note])
}

async function notes(): Promise<readonly unknown[]> {
  return (await connection.rows('SELECT note FROM notes ORDER BY id')).map(([note]) => note)
}

const write = (session: Session, id: number, note: string) =>
  session.rows('UPDATE notes SET note = $2 WHERE id = $1', id, note)

const pidOf = async (session: Session): Promise<unknown> =>
  (await session.rows('SELECT pg_backend_pid()'))[0]?.[0]

const kill = (pid: unknown) => other.query('SELECT pg_terminate_backend($1::integer, 5000)', [pid])

describe('a transaction', () => {
  it('whose connection is cut between two statements fails, leaves nothing half written, and ends no process', async () => {
    await only('as it was', 'as it was')
    const work = connection.together(async (session) => {
      await write(session, 0, 'half')
      await kill(await pidOf(session))
      await write(session, 1, 'half')
    })
    await expect(work).rejects.toThrow()
    expect(await notes()).toEqual(['as it was', 'as it was'])
  })

  it('whose connection is cut in the middle of a statement fails as well', async () => {
    await only('as it was')
    const work = connection.together(async (session) => {
      await write(session, 0, 'half')
      const pid = await pidOf(session)
      await Promise.all([session.rows('SELECT pg_sleep(10)'), kill(pid)])
    })
    await expect(work).rejects.toThrow()
    expect(await notes()).toEqual(['as it was'])
  })

  it('twin: one that is not cut is written whole', async () => {
    await only('as it was', 'as it was')
    await connection.together(async (session) => {
      await write(session, 0, 'new')
      await write(session, 1, 'new')
    })
    expect(await notes()).toEqual(['new', 'new'])
  })

  it('that fails takes nothing with it into the next one', async () => {
    await only('as it was')
    for (let time = 0; time < 5; time++) {
      const failing = connection.together(async (session) => {
        await write(session, 0, 'half')
        await session.rows('SELECT 1 / 0')
      })
      await expect(failing).rejects.toMatchObject({ code: '22012' })
    }
    expect(await notes()).toEqual(['as it was'])
  })

  it('sees what was written while it waited for a lock, whatever the default of the database is', async () => {
    await only('before')
    await other.query(`ALTER ROLE CURRENT_USER IN DATABASE ${databaseName()}
      SET default_transaction_isolation = 'repeatable read'`)
    const strict = new Connection({ url: database.url, poolSize: 1, onError: () => {} })
    try {
      await other.query('BEGIN')
      await other.query('SELECT FROM notes WHERE id = 0 FOR UPDATE')
      const seen = strict.together(async (session) => {
        await session.rows('SELECT 1')
        await session.rows('SELECT FROM notes WHERE id = 0 FOR UPDATE')
        return session.rows('SELECT note FROM notes')
      })
      await untilWaiting(1)
      await other.query(`INSERT INTO notes VALUES (1, 'meanwhile')`)
      await other.query('COMMIT')
      expect(await seen).toEqual([['before'], ['meanwhile']])
    } finally {
      await strict.end()
      await other.query(`ALTER ROLE CURRENT_USER IN DATABASE ${databaseName()} RESET ALL`)
    }
  })

  it('of a process that is stopped in its middle loses its locks after 5 s, and fails when the process goes on', async () => {
    await only('as it was')
    const stopped = Promise.withResolvers<void>()
    const locked = Promise.withResolvers<void>()
    const work = connection.together(async (session) => {
      await write(session, 0, 'half')
      locked.resolve()
      await stopped.promise
      await write(session, 0, 'whole')
    })
    work.catch(() => {})
    await locked.promise
    // Waits for the lock as long as it takes.
    await other.query(`UPDATE notes SET note = 'of another' WHERE id = 0`)
    stopped.resolve()
    await expect(work).rejects.toThrow()
    expect(await notes()).toEqual(['of another'])
  })
})

describe('a deadlock', () => {
  it('between two transactions is repeated until both are written', async () => {
    await only('-', '-')
    const met = meeting(2)
    const both = [
      [0, 1],
      [1, 0],
    ].map((ids, nth) =>
      connection.together(async (session) => {
        for (const id of ids) {
          await session.rows('UPDATE notes SET note = note || $2 WHERE id = $1', id, String(nth))
          await met()
        }
      }),
    )
    await Promise.all(both)
    expect((await notes()).map((note) => [...String(note)].sort().join(''))).toEqual(['-01', '-01'])
  })

  it('of a statement that stands alone is repeated, too', async () => {
    await only('-', '-')
    await other.query('BEGIN')
    await other.query(`UPDATE notes SET note = note || 'o' WHERE id = 1`)
    // Whoever waits for a lock looks for a deadlock once, after `deadlock_timeout`, and is who is ended: within that second
    // the other one, who looks much later, has to wait, too.
    await other.query(`SET LOCAL deadlock_timeout = '1min'`)
    const alone = connection.rows(`UPDATE notes SET note = note || 'a'`)
    await untilWaiting(1)
    await other.query(`UPDATE notes SET note = note || 'o' WHERE id = 0`)
    await other.query('COMMIT')
    await alone
    expect(await notes()).toEqual(['-oa', '-oa'])
  })
})

describe('a connection', () => {
  it('that is cut while nobody uses it is told of, and replaced', async () => {
    broken.length = 0
    const pids = await Promise.all([pidOf(connection), pidOf(connection)])
    for (const pid of pids) await kill(pid)
    while (broken.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(await connection.rows('SELECT 1')).toEqual([[1]])
  })

  it('many statements and transactions at once share a small pool to their end', async () => {
    await only('0')
    const add = (session: Session) => session.rows('UPDATE notes SET note = (note::integer + 1)::text')
    const all = Array.from({ length: 60 }, (_, i) =>
      i % 2 === 0 ? add(connection) : connection.together((session) => add(session)),
    )
    await Promise.all(all)
    expect(await notes()).toEqual(['60'])
  })

  it('ends after what is under way', async () => {
    const short = new Connection({ url: database.url, poolSize: 2, onError: () => {} })
    const under = [1, 2, 3, 4].map((n) => short.rows(`SELECT ${n}::integer, pg_sleep(0.05)::text`))
    await Promise.all([...under, new Promise((resolve) => setImmediate(resolve)).then(() => short.end())])
    await expect(short.rows('SELECT 1')).rejects.toThrow('after calling end')
  })

  it('gives whole numbers above 2^31 as numbers, and U+0000 as U+FFFD', async () => {
    const [row] = await connection.rows(
      'SELECT $1::bigint, $2::bigint[], $3::text, $4::text[]',
      ...[Number.MAX_SAFE_INTEGER, [2 ** 31, -(2 ** 40), null], 'a\0b', ['"\\,{}\0', 'NULL', '', null]],
    )
    const texts = ['"\\,{}\ufffd', 'NULL', '', null]
    expect(row).toEqual([
      Number.MAX_SAFE_INTEGER,
      [2 ** 31, -(2 ** 40), null].map(stringOf),
      'a\ufffdb',
      texts,
    ])
  })
})

/** Arrays are never read: the driver gives their large numbers as text. */
const stringOf = (value: number | null) => (value === null ? null : String(value))

function databaseName(): string {
  return new URL(database.url).pathname.slice(1)
}

/** Resolves when so many sessions of this database wait for a lock. */
async function untilWaiting(count: number): Promise<void> {
  const sql = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  for (;;) {
    const { rows } = await asOwner(sql)
    if (Number(rows[0].count) >= count) return
  }
}

/** On a connection of its own: `other` may be in a transaction, which sees the statistics of its beginning. */
async function asOwner(sql: string) {
  const client = new Client({ connectionString: database.url })
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

/** Whoever calls waits until so many have called; later calls don't wait. */
function meeting(count: number): () => Promise<void> {
  const all = Promise.withResolvers<void>()
  let here = 0
  return () => {
    here += 1
    if (here >= count) all.resolve()
    return all.promise
  }
}

it('statements that the server keeps by name give the same, time after time and after their connection is lost', async () => {
  const { url, drop } = await newTestDatabase()
  const connection = new Connection({ url, poolSize: 2, prepares: true, onError: () => {} })
  const other = new Connection({ url, poolSize: 1, onError: () => {} })
  const doubled = 'SELECT one * 2 FROM unnest($1::bigint[]) AS one ORDER BY one'
  for (let round = 1; round <= 12; round++) {
    const rows = await connection.rows(doubled, [round, 7])
    expect(rows.flat().toSorted()).toEqual([round * 2, 14].toSorted())
    const inside = await connection.together((session) => session.rows(doubled, [round]))
    expect(inside).toEqual([[round * 2]])
    const [kept] = await connection.rows('SELECT count(*) FROM pg_prepared_statements')
    expect(Number(kept?.[0])).toBeGreaterThan(0)
    if (round === 6) {
      const victims = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`
      await other.rows(victims)
      await connection.rows('SELECT 1').catch(() => {})
      await connection.rows('SELECT 1').catch(() => {})
    }
  }
  await connection.end()
  await other.end()
  await drop()
})
