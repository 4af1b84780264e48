import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { applied, enter, nextOf, settled } from '../testing.ts'
import { sqliteStore } from './index.ts'
import { ThreadedBooks } from './threaded-books.ts'

let dir: string

const file = (): string => join(dir, 'a.db')
/** Of /proc/ID/stat, after the name. */
const NICENESS = 16
const FIRST_PAGE = { before: null, limit: 10 }

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'verdict-books-'))
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(dir, { recursive: true })
})

/** Runs it as a program of its own, and gives its exit code and what it wrote. */
function run(program: string): readonly [status: number | null, stdout: string] {
  const index = JSON.stringify(new URL('./index.ts', import.meta.url).href)
  const code = `
    import { sqliteStore } from ${index}
    const store = await sqliteStore({ file: ${JSON.stringify(file())} })
    ${program}`
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  })
  return [status, stdout]
}

describe('what people read', () => {
  it('is read without the connection that orders are polled with', async () => {
    const store = await sqliteStore({ file: file() })
    const { id, out_trade_no } = await settled(store)
    const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare')
    expect(await store.list({ kinds: ['native'] }, FIRST_PAGE)).toHaveLength(1)
    expect(prepare).not.toHaveBeenCalled()
    await store.close()
    // And with none in this thread at all.
    const books = new ThreadedBooks(file(), 1_000)
    expect((await books.named(out_trade_no)).map((order) => order.id)).toEqual([id])
    expect(await books.evidenceOf(id)).toHaveLength(1)
    await books.close()
  })

  it('holds each commit that came before the question', async () => {
    const store = await sqliteStore({ file: file() })
    let [order] = await enter(store, [{ state: 'placing' }])
    for (let nth = 0; nth < 50; nth++) {
      const change = nextOf(order, { queries: nth })
      await applied(store, { change })
      order = change.order
      expect(await store.list({ isOpen: true }, FIRST_PAGE)).toEqual([order])
    }
    await store.close()
  })

  it('is answered to many at once, each what he asked for', async () => {
    const store = await sqliteStore({ file: file() })
    const orders = await enter(store, [{}, {}, {}, {}, {}])
    const named = await Promise.all(orders.map(({ out_trade_no }) => store.named(out_trade_no)))
    expect(named).toEqual(orders.map((order) => [order]))
    await store.close()
  })
})

describe('the thread that reads for people', () => {
  it('tells what the database said, and goes on', async () => {
    const store = await sqliteStore({ file: file() })
    await enter(store, [{}])
    expect(await store.strays(1)).toEqual([])
    const other = new DatabaseSync(file())
    other.exec('ALTER TABLE strays RENAME TO gone')
    await expect(store.strays(1)).rejects.toThrow('no such table: strays')
    other.exec('ALTER TABLE gone RENAME TO strays')
    other.exec("UPDATE orders SET state = 'PAID?'")
    await expect(store.list({}, FIRST_PAGE)).rejects.toMatchObject({ code: 'STORE_INVALID' })
    other.close()
    expect(await store.strays(1)).toEqual([])
    await store.close()
  })

  it.runIf(process.platform === 'linux')('lets everything else in the process go first', async () => {
    const nicenesses = (): readonly number[] =>
      readdirSync('/proc/self/task').map((id) => {
        const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[NICENESS])
      })
    const ours = getPriority()
    const before = nicenesses().filter((one) => one !== ours).length
    const store = await sqliteStore({ file: file() })
    await store.countAttention()
    expect(nicenesses().filter((one) => one !== ours)).toHaveLength(before + 1)
    expect(getPriority()).toBe(ours)
    await store.close()
  })

  it('that ends by itself is an error for each who waits, and the next question starts another', async () => {
    const books = new ThreadedBooks(file(), 1_000)
    const asked = await Promise.allSettled([books.strays(1), books.countAttention()])
    for (const answer of asked) {
      expect(answer).toMatchObject({ reason: { message: expect.stringContaining('has ended: ask again') } })
      expect(answer).toMatchObject({ reason: { cause: { message: 'unable to open database file' } } })
    }
    await (await sqliteStore({ file: file() })).close()
    const store = await sqliteStore({ file: file() })
    expect(await books.countAttention()).toBe(0)
    await books.close()
    await store.close()
  })

  it('answers what was asked before it was closed, and nothing after', async () => {
    const store = await sqliteStore({ file: file() })
    const orders = await enter(store, [{}])
    const page = store.page(0, 10)
    await Promise.all([store.close(), store.close()])
    expect(await page).toEqual(orders)
    await expect(store.page(0, 10)).rejects.toThrow('page: the store is closed')
  })

  it('is refused where too many wait, and counts go before lists', async () => {
    const store = await sqliteStore({ file: file() })
    await enter(store, [{}, {}])
    const order: string[] = []
    const lists = Array.from({ length: 190 }, () => store.page(0, 10).then(() => order.push('list')))
    const count = store.countAttention().then(() => order.push('count'))
    const more = await Promise.allSettled(Array.from({ length: 30 }, () => store.page(0, 10)))
    expect(more.filter(({ status }) => status === 'rejected')).toHaveLength(19)
    expect(more.at(-1)).toMatchObject({ reason: { code: 'STORE_FAILS' } })
    await Promise.all([...lists, count])
    expect(order.indexOf('count')).toBeLessThanOrEqual(2)
    await store.close()
  })

  it('keeps no process alive that asks it nothing more', () => {
    expect(run("console.log((await store.page(0, 1)).length, 'read')")).toEqual([0, '0 read\n'])
  })

  it('keeps a process alive that waits for an answer, or for its end', () => {
    const program = "const page = store.page(0, 1); await store.close(); console.log(await page, 'closed')"
    expect(run(program)).toEqual([0, '[] closed\n'])
  })
})
