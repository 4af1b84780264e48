import { posix } from 'node:path'

/** Sources by their path below src: `core/order.ts` → text. */
export type Sources = Readonly<Record<string, string>>

/**
 * Who may import what, by path below src. A row is a folder or a file, and the longest that fits counts. A target is a
 * folder with all below it (`core`), the files of a folder alone (`store/*`), one file, or `*` for everything.
 */
export type Directions = Readonly<Record<string, readonly string[]>>

/** Words that only some places may contain; `only` and `never` are rows as above. */
export interface WordRule {
  readonly word: RegExp
  readonly only?: readonly string[]
  readonly never?: readonly string[]
}

/** Every import of one of our files that no row allows, as `from -> to`. Imports of types count. Tests may import anything. */
export function wrongImports(sources: Sources, directions: Directions): string[] {
  return productFiles(sources).flatMap((from) => {
    const allowed = directions[rowOf(from, Object.keys(directions)) ?? '']
    if (allowed === undefined) return [`${from} -> no row says what it may import`]
    return importsOf(sources, from)
      .filter((to) => !allowed.some((target) => covers(target, to)))
      .map((to) => `${from} -> ${to}`)
  })
}

/** Every package and `node:` module that a file of `pure` imports, as `from -> package`. */
export function packagesIn(sources: Sources, pure: readonly string[]): string[] {
  return productFiles(sources)
    .filter((from) => pure.some((row) => covers(row, from)))
    .flatMap((from) =>
      specifiersOf(sources, from)
        .filter(isPackage)
        .map((name) => `${from} -> ${name}`),
    )
}

/** Every forbidden word outside comments, as `file: word`. */
export function wrongWords(sources: Sources, rules: readonly WordRule[]): string[] {
  return productFiles(sources).flatMap((file) => {
    const code = withoutComments(sources[file] ?? '')
    return rules
      .filter((rule) => isForbidden(rule, file))
      .flatMap((rule) => code.match(rule.word)?.slice(0, 1) ?? [])
      .map((word) => `${file}: ${word}`)
  })
}

/** Every import or path in a string that leads out of the repository, tests included, as `file -> path`. */
export function leavesRepository(sources: Sources): string[] {
  return Object.keys(sources).flatMap((file) => {
    const paths = [...withoutComments(sources[file] ?? '').matchAll(/['"`]((?:\.\.\/)+[^'"`\n]*)['"`]/g)]
    return paths
      .map(([, path = '']) => path)
      .filter(
        (path) =>
          posix.join('src', posix.dirname(file), path).startsWith('../') || path.startsWith('../shared/'),
      )
      .map((path) => `${file} -> ${path}`)
  })
}

function isForbidden({ only, never }: WordRule, file: string): boolean {
  if (only !== undefined) return !only.some((row) => covers(row, file))
  return never?.some((row) => covers(row, file)) ?? false
}

function importsOf(sources: Sources, from: string): string[] {
  return specifiersOf(sources, from)
    .filter((specifier) => !isPackage(specifier))
    .map((specifier) => posix.join(posix.dirname(from), specifier))
}

function specifiersOf(sources: Sources, from: string): string[] {
  const code = withoutComments(sources[from] ?? '')
  const found = code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*(['"])([^'"\n]+)\1/g)
  return [...found].map(([, , specifier = '']) => specifier)
}

function isPackage(specifier: string): boolean {
  return !specifier.startsWith('.')
}

function productFiles(sources: Sources): string[] {
  return Object.keys(sources).filter((path) => !path.endsWith('.test.ts'))
}

function rowOf(path: string, rows: readonly string[]): string | undefined {
  return rows.filter((row) => covers(row, path)).sort((a, b) => b.length - a.length)[0]
}

function covers(target: string, path: string): boolean {
  if (target === '*' || target === path) return true
  return target.endsWith('/*') ? posix.dirname(path) === target.slice(0, -2) : path.startsWith(`${target}/`)
}

/** Strings stay, so that `'https://…'` is no comment. */
function withoutComments(source: string): string {
  const strings = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/
  const comments = /\/\/[^\n]*|\/\*[\s\S]*?\*\//
  return source.replace(
    new RegExp(`(${strings.source})|${comments.source}`, 'g'),
    (_, string) => string ?? '',
  )
}
