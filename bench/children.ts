import { type ChildProcess, fork } from 'node:child_process'

/** What the image and the unit in deploy/ start Verdict with; whoever is measured beside it gets the same. */
export const AS_SHIPPED = ['--max-semi-space-size=64']

/** A process of the benchmark that answers one message at a time. */
export interface Child {
  /** Sends a word and waits for what comes back. */
  ask<Answer>(word: string): Promise<Answer>
  /** At once, whatever it is doing. */
  end(): void
}

/** Starts a file of this folder with its settings. Resolves with what it says first. */
export async function startChild<First>(file: string, settings: object): Promise<[Child, First]> {
  const child = fork(new URL(file, import.meta.url), [JSON.stringify(settings)], { execArgv: AS_SHIPPED })
  const first = await next<First>(child, file)
  return [
    {
      ask: (word) => {
        child.send(word)
        return next(child, file)
      },
      end: () => void child.kill('SIGKILL'),
    },
    first,
  ]
}

function next<Message>(child: ChildProcess, file: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`${file} ended with ${code}`))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message as Message)
    })
  })
}

export function settingsOfChild<Settings>(): Settings {
  return JSON.parse(process.argv[2] ?? '{}') as Settings
}
