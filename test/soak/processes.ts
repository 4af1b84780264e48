import { type ChildProcess, fork } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A process of the soak: it says one word when it is open, and others later. */
export interface Started {
  readonly child: ChildProcess
  /** How it ended: an exit code or a signal. */
  readonly ended: Promise<string>
}

/** In a group of its own: a Ctrl-C is for us. Should we be killed, it notices that the channel is gone. */
export function startProcess(
  file: string,
  settings: unknown,
  { execArgv = [], say }: { readonly execArgv?: readonly string[]; readonly say: (line: string) => void },
): Started {
  const child = fork(new URL(file, import.meta.url), [JSON.stringify(settings)], {
    execArgv: [...execArgv],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
  })
  if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', say)
  const ended = new Promise<string>((resolve) => {
    child.once('error', ({ message }) => resolve(message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  return { child, ended }
}

/** Resolves with the first word that `isIt` accepts. @throws if the process ends before */
export function wordFrom<Word>({ child, ended }: Started, isIt: (word: Word) => boolean): Promise<Word> {
  return new Promise((resolve, reject) => {
    const listen = (word: Word): void => {
      if (!isIt(word)) return
      child.off('message', listen)
      resolve(word)
    }
    child.on('message', listen)
    void ended.then((how) => reject(new Error(`a process of the soak ended too early: ${how}`)))
  })
}

/** Resolves with how long the process lived on; null if it had to be killed. */
export async function exitOf({ child, ended }: Started, msMax: number): Promise<number | null> {
  const fromMs = performance.now()
  let isKilled = false
  const timer = setTimeout(() => {
    isKilled = true
    child.kill('SIGKILL')
  }, msMax)
  await ended
  clearTimeout(timer)
  return isKilled ? null : Math.round(performance.now() - fromMs)
}
