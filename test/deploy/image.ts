import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { basename, dirname, join, posix } from 'node:path'
import { promisify } from 'node:util'

/* Runs the steps of a Dockerfile in folders, without Docker: enough of its language for ours. */

export interface Step {
  readonly word: string
  readonly rest: string
}

/** @throws for a word that it doesn't know: then it would leave something out */
export function stepsOf(dockerfile: string): readonly Step[] {
  const lines = dockerfile
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, word = '', rest = ''] = /^([A-Z]+) (.+)$/.exec(line) ?? []
      if (!KNOWN.has(word)) throw new Error(`a step that this test doesn't know: ${line}`)
      return { word, rest }
    })
}

const KNOWN = new Set([
  ...['FROM', 'WORKDIR', 'COPY', 'RUN', 'VOLUME', 'USER', 'ENV', 'EXPOSE'],
  ...['STOPSIGNAL', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD'],
])

/** Where a COPY of the build's context takes from. */
export function copiedFromContext(steps: readonly Step[]): readonly string[] {
  return steps.flatMap(({ word, rest }) =>
    word === 'COPY' && !rest.startsWith('--from') ? rest.split(' ').slice(0, -1) : [],
  )
}

/** What a step of the last stage says in JSON: `ENTRYPOINT`, `CMD`, the command of `HEALTHCHECK`. */
export function commandOf(steps: readonly Step[], word: string): readonly string[] {
  const rest = steps.findLast((step) => step.word === word)?.rest ?? '[]'
  return JSON.parse(rest.slice(rest.indexOf('[')))
}

interface Building {
  readonly context: string
  /** A folder for each stage. */
  readonly into: string
  /** Does a RUN in another way, and says so by `true`. */
  readonly instead: (command: string, folder: string) => boolean
}

const run = promisify(execFile)

/** @returns the folder that is the last stage's root */
export async function build(steps: readonly Step[], { context, into, instead }: Building): Promise<string> {
  let [stage, folder, root] = [0, '/', '']
  const roots = new Map<string, string>()
  for (const { word, rest } of steps) {
    if (word === 'FROM') {
      root = join(into, String(stage))
      roots.set(rest.split(' AS ')[1] ?? String(stage), root)
      stage += 1
    } else if (word === 'WORKDIR') {
      folder = rest
      mkdirSync(join(root, folder), { recursive: true })
    } else if (word === 'COPY') {
      copy(rest, { context, roots, target: join(root, folder) })
    } else if (word === 'RUN' && !instead(rest, join(root, folder))) {
      await run('sh', ['-ec', rest], { cwd: join(root, folder), maxBuffer: 100_000_000 })
    }
  }
  return root
}

function copy(
  rest: string,
  { context, roots, target }: { context: string; roots: ReadonlyMap<string, string>; target: string },
): void {
  const words = rest.split(' ')
  const from = words[0]?.startsWith('--from=')
    ? roots.get(words.shift()?.slice('--from='.length) ?? '')
    : context
  if (from === undefined) throw new Error(`a stage that is not there: COPY ${rest}`)
  const to = words.pop() ?? ''
  for (const source of words) {
    const name = to.endsWith('/') ? posix.join(to, basename(source)) : to
    cpSync(join(from, source), join(target, name), { recursive: true, verbatimSymlinks: true })
  }
}

/** What a clone has installed already. */
export function linkModules(clone: string, folder: string): void {
  const link = join(folder, 'node_modules')
  if (!existsSync(dirname(link))) throw new Error(`${folder} is not there`)
  symlinkSync(join(clone, 'node_modules'), link)
}
