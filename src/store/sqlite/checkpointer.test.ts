import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Checkpointer } from './checkpointer.ts'

let dir: string
let db: DatabaseSync

const file = (): string => join(dir, 'a.db')

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'verdict-checkpoint-'))
  db = new DatabaseSync(file())
  db.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (n INTEGER)')
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  for (let n = 0; n < 100; n++) db.exec(`INSERT INTO t VALUES (${n})`)
})

afterEach(() => {
  db.close()
  rmSync(dir, { recursive: true })
})

/** What the database holds without its log. */
function rowsWithoutLog(): number {
  copyFileSync(file(), join(dir, 'copy.db'))
  const copy = new DatabaseSync(join(dir, 'copy.db'))
  try {
    return Number(copy.prepare('SELECT count(*) AS n FROM t').get()?.n)
  } finally {
    copy.close()
  }
}

describe('checkpoints beside the poll path', () => {
  it('move the log into the database after a thousand changes', async () => {
    const checkpointer = new Checkpointer(file(), 1_000)
    checkpointer.wrote(1_000)
    await checkpointer.end()
    expect(rowsWithoutLog()).toBe(100)
  })

  it('are not made before that', async () => {
    const checkpointer = new Checkpointer(file(), 1_000)
    checkpointer.wrote(999)
    await checkpointer.end()
    expect(rowsWithoutLog()).toBe(0)
  })

  it('let the writer go on meanwhile, and lose nothing of it', async () => {
    const checkpointer = new Checkpointer(file(), 1_000)
    checkpointer.wrote(1_000)
    for (let n = 0; n < 500; n++) db.exec(`INSERT INTO t VALUES (${n})`)
    await checkpointer.end()
    expect(db.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 600 })
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    expect(rowsWithoutLog()).toBe(600)
  })

  it('are waited for by a program whose last act is to end them', () => {
    const code = JSON.stringify(new URL('./checkpointer.ts', import.meta.url).href)
    const program = `
      import { Checkpointer } from ${code}
      const checkpointer = new Checkpointer(${JSON.stringify(file())}, 1000)
      checkpointer.wrote(1000)
      await checkpointer.end()
      console.log('ended')`
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    })
    expect([status, stdout]).toEqual([0, 'ended\n'])
    expect(rowsWithoutLog()).toBe(100)
  })

  it('that fail stop nobody', async () => {
    const checkpointer = new Checkpointer(join(dir, 'missing', 'a.db'), 1_000)
    checkpointer.wrote(1_000)
    checkpointer.wrote(1_000)
    await expect(checkpointer.end()).resolves.toBeUndefined()
  })
})
