import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { expect, it } from 'vitest'

/** Signs fifty times at once, and says how many threads the pool has then. */
const PROGRAM = `
  import { generateKeyPairSync, sign } from 'node:crypto'
  import { readdirSync, readFileSync } from 'node:fs'
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  await Promise.all(Array.from({ length: 50 }, () => new Promise((done) => sign('RSA-SHA256', Buffer.from('m'), privateKey, done))))
  const names = readdirSync('/proc/self/task').map((id) => readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim())
  console.log(names.filter((name) => name === 'libuv-worker').length)`

function threads(imports: string, env: NodeJS.ProcessEnv = {}): number {
  const { UV_THREADPOOL_SIZE: _, ...rest } = process.env
  const args = ['--input-type=module', '--eval', imports + PROGRAM]
  return Number(execFileSync(process.execPath, args, { env: { ...rest, ...env }, encoding: 'utf8' }))
}

const OURS = `import ${JSON.stringify(new URL('threads.ts', import.meta.url).href)}`

// Only Linux tells the names of a process's threads.
it.runIf(process.platform === 'linux')('the pool has a thread for each core, and two at least', () => {
  expect(threads(OURS)).toBe(Math.max(2, availableParallelism()))
  // An empty value, as a file of variables may have it, says nothing.
  expect(threads(OURS, { UV_THREADPOOL_SIZE: '' })).toBe(Math.max(2, availableParallelism()))
  // Twins: without it there are four, or one.
  expect([threads(''), threads('', { UV_THREADPOOL_SIZE: '' })]).toEqual([4, 1])
})

it.runIf(process.platform === 'linux')('who says how many there are is obeyed', () => {
  expect(threads(OURS, { UV_THREADPOOL_SIZE: '7' })).toBe(7)
})
