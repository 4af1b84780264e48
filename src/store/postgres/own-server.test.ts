import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Client } from 'pg'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { serverUser, temporaryFolder } from './own-programs.ts'
import { isInUse, notStarted } from './own-run.ts'
import { type OwnServer, type OwnServerOptions, startOwnServer } from './own-server.ts'

/** Crashes of the server need no fsync, only those of the machine do. */
const QUICK = { settings: { fsync: 'off' } }
const SOON = { timeout: 10_000, interval: 50 }

async function started(options: OwnServerOptions = {}): Promise<OwnServer> {
  const server = await startOwnServer({ ...QUICK, ...options })
  onTestFinished(() => server.stop())
  return server
}

/** A folder that the server's user gets to. */
function ownFolder(): string {
  const folder = mkdtempSync(join(temporaryFolder(serverUser()), 'own-server-test-'))
  chmodSync(folder, 0o711)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function ask(url: string, statement: string): Promise<unknown> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query({ text: statement, rowMode: 'array' })
    return rows[0]?.[0]
  } finally {
    await client.end()
  }
}

function pidIn(dir: string): number {
  return Number(readFileSync(join(dir, 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A process that starts a server in `dir` and is killed when it runs. Returns where the server's data lay, and its pid. */
async function killedStarter(dir?: string): Promise<{ dir: string; pid: number }> {
  const options = JSON.stringify({ ...QUICK, dir })
  const code = `import { startOwnServer } from ${JSON.stringify(import.meta.resolve('./own-server.ts'))}
    const { dir } = await startOwnServer(${options})
    process.stdout.write(dir)
    process.stdin.resume()`
  const starter = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [said] = await once(starter.stdout, 'data')
  const found = { dir: String(said), pid: pidIn(String(said)) }
  starter.kill('SIGKILL')
  return found
}

describe('our own PostgreSQL server', () => {
  it('keeps what was committed when it ends like a crash, and its port', async () => {
    const server = await started()
    const url = await server.newDatabase('A "b" ü')
    await ask(url, 'CREATE TABLE note (text text)')
    await ask(url, "INSERT INTO note VALUES ('paid')")

    await server.restart('immediate')
    expect(await ask(url, 'SELECT text FROM note')).toBe('paid')

    await server.restart('fast')
    expect(await ask(url, 'SELECT text FROM note')).toBe('paid')
  })

  it('has the settings it is given, and is there for this machine and its password alone', async () => {
    const server = await started({ settings: { fsync: 'off', work_mem: '7MB', listen_addresses: '*' } })
    expect(await ask(server.url, 'SHOW work_mem')).toBe('7MB')
    expect(await ask(server.url, 'SHOW listen_addresses')).toBe('127.0.0.1')
    expect(await ask(server.url, 'SHOW server_encoding')).toBe('UTF8')
    const stranger = new URL(server.url)
    stranger.password = 'guessed'
    await expect(ask(stranger.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
  })

  it('leaves no process and no folder when it is stopped', async () => {
    const server = await startOwnServer(QUICK)
    const pid = pidIn(server.dir)
    expect(isAlive(pid)).toBe(true)
    await Promise.all([server.stop(), server.stop()])
    expect(isAlive(pid)).toBe(false)
    expect(existsSync(server.dir)).toBe(false)
  })

  it('leaves neither when its process is killed', async () => {
    const { dir, pid } = await killedStarter()
    await vi.waitFor(() => expect([isAlive(pid), existsSync(dir)]).toEqual([false, false]), SOON)
  })

  it('goes on with a folder whose process was killed a moment ago', async () => {
    const dir = join(ownFolder(), 'kept')
    await killedStarter(dir)
    const first = await started({ dir })
    const url = await first.newDatabase('kept')
    await first.stop()

    const second = await started({ dir, port: Number(new URL(url).port) })
    expect(second.dir).toBe(dir)
    expect(await ask(url, 'SELECT current_database()')).toBe('kept')
  })

  it('waits for its port while somebody has it', async () => {
    const dir = ownFolder()
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as { port: number }
    const starting = started({ dir, port })
    const log = () => readFileSync(join(dir, 'server.log'), 'utf8')
    await vi.waitFor(() => expect(log()).toContain('could not create any TCP/IP sockets'), SOON)
    listener.close()
    expect(new URL((await starting).url).port).toBe(String(port))
  })

  it('says what PostgreSQL says when it does not start', async () => {
    await expect(startOwnServer({ settings: { fsync: 'perhaps' } })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('parameter "fsync" requires a Boolean value'),
    })
  })

  it('tells a folder that is in use from other reasons', () => {
    const inUse = 'FATAL:  lock file "postmaster.pid" already exists'
    expect(isInUse(inUse)).toBe(true)
    expect(notStarted('/data', 'exit code 1', inUse)).toMatchObject({ code: 'STORE_IN_USE' })
    expect(isInUse('FATAL:  out of memory')).toBe(false)
    expect(notStarted('/data', null, '')).toMatchObject({ code: 'OPTION_INVALID' })
  })
})
