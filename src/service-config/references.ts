import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Resolved } from './schema.ts'
import { invalid, named } from './sentences.ts'

/** Where the text of a reference is found. */
export interface Sources {
  readonly env: Environment
  /** Files are relative to it. */
  readonly folder: string
  /** What the sentence of an error begins with. */
  readonly where: string
}

export type Environment = { readonly [name: string]: string | undefined }

/**
 * The same value with text in the place of every `{"env": …}` and `{"file": …}`.
 *
 * @throws OPTION_INVALID naming the field and the reference if there is no such text
 */
export async function withoutReferences<T>(value: T, sources: Sources): Promise<Resolved<T>> {
  return (await resolved(value, [], sources)) as Resolved<T>
}

async function resolved(value: unknown, path: readonly PropertyKey[], sources: Sources): Promise<unknown> {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Promise.all(value.map((one, i) => resolved(one, [...path, i], sources)))
  // No other object of the shape has a field of these names.
  if ('env' in value) return fromEnvironment(String(value.env), path, sources)
  if ('file' in value) return fromFile(String(value.file), path, sources)
  const fields = Object.entries(value).map(async ([name, one]) => [
    name,
    await resolved(one, [...path, name], sources),
  ])
  return Object.fromEntries(await Promise.all(fields))
}

function fromEnvironment(name: string, path: readonly PropertyKey[], { env, where }: Sources): string {
  const text = env[name]
  if (text !== undefined && text !== '') return text
  throw invalid(
    `${where}: ${named(path)} is {"env": ${JSON.stringify(name)}}, which is ${text === '' ? 'empty' : 'not set'}; expected the environment to have it`,
  )
}

async function fromFile(
  file: string,
  path: readonly PropertyKey[],
  { folder, where }: Sources,
): Promise<string> {
  const text = await readFile(resolve(folder, file), 'utf8').catch((cause: unknown) => {
    throw invalid(
      `${where}: ${named(path)} is {"file": ${JSON.stringify(file)}}, which can't be read; expected a file`,
      { cause },
    )
  })
  const line = text.replace(/\r?\n$/, '')
  if (line !== '') return line
  throw invalid(
    `${where}: ${named(path)} is {"file": ${JSON.stringify(file)}}, which is empty; expected a text`,
  )
}
