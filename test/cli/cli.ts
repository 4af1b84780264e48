import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const root = join(import.meta.dirname, '..', '..')

/** How a command ended, and all that it said. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A command of the real CLI, in a process of its own. */
export interface Started {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves with the match as soon as standard error has it; rejects if the process ends without. */
  heard(pattern: RegExp): Promise<RegExpExecArray>
  /** The same of standard output. */
  said(pattern: RegExp): Promise<RegExpExecArray>
}

const running = new Set<ChildProcess>()

export function start(...args: readonly string[]): Started {
  return startWith({}, ...args)
}

/** With these variables in its environment. */
export function startWith(env: Readonly<Record<string, string>>, ...args: readonly string[]): Started {
  const child = spawn(process.execPath, ['src/cli/main.ts', ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let [stdout, stderr] = ['', '']
  const listeners = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    for (const listener of listeners) listener()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    for (const listener of listeners) listener()
  })
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => {
      running.delete(child)
      resolve({ code, signal, stdout, stderr })
    }),
  )
  const inText =
    (text: () => string) =>
    (pattern: RegExp): Promise<RegExpExecArray> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(text())
          if (match === null) return
          listeners.delete(look)
          resolve(match)
        }
        listeners.add(look)
        look()
        ended.then(() => reject(new Error(`ended without ${pattern}: ${text()}`)))
      })
  const [heard, said] = [inText(() => stderr), inText(() => stdout)]
  return { process: child, ended, heard, said }
}

export function run(...args: readonly string[]): Promise<Ended> {
  return start(...args).ended
}

/** The last line of standard output, which is JSON. */
export function resultOf({ stdout, stderr }: Ended): Record<string, unknown> {
  const line = stdout.trimEnd().split('\n').at(-1) ?? ''
  try {
    return JSON.parse(line)
  } catch {
    throw new Error(`no JSON: ${stdout}${stderr}`)
  }
}

const folders: string[] = []

/** A folder of the test file's own, gone when it is done. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'verdict-cli-'))
  folders.push(made)
  return made
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Looks every 20 ms until it holds; a test's own time limit is the only other end. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
}

afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  for (const made of folders) rmSync(made, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})
