/**
 * Runs in a process of its own, between ours and PostgreSQL's: `node own-keeper-process.ts SCRATCH`. It runs one program
 * after the other, as it is told. When the channel to its parent is gone, whatever that died of, it ends the program
 * that runs, and deletes the folder SCRATCH and what else it was told to.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Command, Program, Report } from './own-keeper.ts'

const folders = process.argv.slice(2)
let running: ChildProcess | null = null

process.on('message', (command: Command) => {
  if ('run' in command) run(command.run)
  else if ('signal' in command) running?.kill(command.signal)
  else folders.push(command.deleteAtEnd)
})
process.once('disconnect', () => void leave())
// Our end is bound to the channel alone: who signals everything at once, as systemd does, would leave the server behind.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

function run({ command, args, env, user, log }: Program): void {
  const errors = openSync(log, 'a', 0o600)
  const child = spawn(command, args, { ...user, env, stdio: ['ignore', 'ignore', errors] })
  closeSync(errors)
  running = child
  child.once('spawn', () => report({ pid: child.pid ?? 0 }))
  child.once('error', (error) => ended(error.message))
  child.once('exit', (code, signal) => ended(signal ?? `exit code ${code}`))
}

function ended(how: string): void {
  running = null
  if (process.connected) report({ ended: how })
  else void leave()
}

function report(word: Report): void {
  // The channel may break at this very moment: then `disconnect` follows.
  process.send?.(word, () => {})
}

async function leave(): Promise<void> {
  // The server ends like after a crash, which is quick and loses nothing that was committed; `ended` comes back here.
  if (running !== null) running.kill('SIGQUIT')
  else for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 10 })
}
