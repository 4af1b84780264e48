import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { newTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { wayTo } from '../../../test/support/way.ts'
import { Listener } from './listener.ts'
import { type OwnServer, startOwnServer } from './own-server.ts'

const listeners: Listener[] = []

afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.end()
})

/** Listens on channel `news`, and notes what it hears, in sequence: `gap`, or a payload. */
function listening(url: string) {
  const heard: string[] = []
  let next = Promise.withResolvers<void>()
  const note = (word: string): void => {
    heard.push(word)
    next.resolve()
  }
  const errors: Error[] = []
  const onError = (error: Error) => errors.push(error)
  const listener = new Listener({ url, channel: 'news', onPayload: note, onGap: () => note('gap'), onError })
  listeners.push(listener)
  listener.start()
  const until = async (count: number): Promise<readonly string[]> => {
    while (heard.length < count) {
      await next.promise
      next = Promise.withResolvers<void>()
    }
    return heard
  }
  return { listener, heard, errors, until }
}

async function say(url: string, payload: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query('SELECT pg_notify($1, $2)', ['news', payload])
  await client.end()
}

describe('a listener', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await newTestDatabase()
  })
  afterAll(() => database.drop())

  it('hears what is said from when it says that it listens', async () => {
    const { until } = listening(database.url)
    await until(1)
    await say(database.url, 'one')
    await say(database.url, 'two')
    expect(await until(3)).toEqual(['gap', 'one', 'two'])
  })

  it('whose connection is cut says so when it listens again, and hears what is said then', async () => {
    const way = await wayTo(database.url)
    const { until, errors } = listening(way.url)
    await until(1)
    expect(errors).toEqual([])
    way.cut()
    await say(database.url, 'lost')
    expect(await until(2)).toEqual(['gap', 'gap'])
    await say(database.url, 'heard')
    expect(await until(3)).toEqual(['gap', 'gap', 'heard'])
    expect(errors).toHaveLength(1)
    way.close()
  })

  it('says once that it can’t connect, and ends all the same', async () => {
    const nowhere = new URL(database.url)
    nowhere.port = '1'
    const { listener, heard, errors } = listening(nowhere.href)
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    await listener.end()
    expect(heard).toEqual([])
    expect(errors).toMatchObject([{ code: 'ECONNREFUSED' }])
  })

  it('leaves no connection behind', async () => {
    const { listener, until } = listening(database.url)
    await until(1)
    await listener.end()
    const client = new Client({ connectionString: database.url })
    await client.connect()
    const sql = `SELECT count(*)::integer FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'verdict listening'`
    // The server needs a moment to see that it is gone.
    while ((await client.query(sql)).rows[0].count > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await client.end()
  })
})

describe('after a crash of the server', () => {
  let server: OwnServer
  beforeAll(async () => {
    server = await startOwnServer({ settings: { fsync: 'off', shared_buffers: '16MB' } })
  })
  afterAll(() => server?.stop())

  it('it listens again by itself', async () => {
    const { until } = listening(server.url)
    await until(1)
    await server.restart('immediate')
    expect(await until(2)).toEqual(['gap', 'gap'])
    await say(server.url, 'again')
    expect(await until(3)).toEqual(['gap', 'gap', 'again'])
  })
})
