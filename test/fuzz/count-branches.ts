import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'rolldown/parseAst'
import { branchesEver, hit } from './branches.ts'

/**
 * Makes every branch of the sources under `src/` call `hit` with a number of its own: each function, each arm of an
 * `if`, `?:`, `&&`, `||`, `??`, `switch`, `catch` and loop. This is what makes the fuzzing coverage guided. For sources
 * that are imported afterwards.
 */
export function countBranches(): void {
  Object.assign(globalThis, { [HIT]: hit })
  registerHooks({
    load(url, context, next) {
      if (!SOURCES.test(url)) return next(url, context)
      const code = stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'))
      return { format: 'module', shortCircuit: true, source: counted(code, url) }
    },
  })
}

/** Branches of the sources loaded so far, and how many of them were reached, by file. */
export function branchCounts(): ReadonlyMap<string, { readonly all: number; readonly reached: number }> {
  const { isReached } = branchesEver()
  return new Map(
    [...files].map(([file, { from, to }]) => {
      let reached = 0
      for (let branch = from; branch < to; branch += 1) if (isReached(branch)) reached += 1
      return [file, { all: to - from, reached }]
    }),
  )
}

const HIT = '__verdictFuzzHit'
const SOURCES = new RegExp(`^${new URL('../../src/', import.meta.url)}.*\\.ts$`)

const files = new Map<string, { readonly from: number; readonly to: number }>()
let branches = 0

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

interface Insert {
  readonly at: number
  readonly text: string
  readonly ends: boolean
}

function counted(code: string, url: string): string {
  const from = branches
  const inserts: Insert[] = []
  visit(parseAst(code) as unknown as Node, inserts)
  files.set(url.replace(/^.*\/src\//, 'src/'), { from, to: branches })
  // What ends somewhere stands before what begins there; what begins first ends last.
  const ends = inserts.filter((insert) => insert.ends).toReversed()
  const begins = inserts.filter((insert) => !insert.ends)
  const pieces: string[] = []
  let done = 0
  for (const { at, text } of [...ends, ...begins].sort((a, b) => a.at - b.at)) {
    pieces.push(code.slice(done, at), text)
    done = at
  }
  return [...pieces, code.slice(done)].join('')
}

function visit(node: Node, inserts: Insert[]): void {
  for (const arm of armsOf(node)) count(arm, inserts)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, inserts)
  }
}

/** The parts of a node that run only sometimes. */
function armsOf(node: Node): readonly Node[] {
  const arms: unknown[] = ARMS[node.type]?.map((field) => node[field]) ?? []
  return arms.flat().filter(isNode)
}

const ARMS: Readonly<Record<string, readonly string[]>> = {
  FunctionDeclaration: ['body'],
  FunctionExpression: ['body'],
  ArrowFunctionExpression: ['body'],
  IfStatement: ['consequent', 'alternate'],
  ConditionalExpression: ['consequent', 'alternate'],
  LogicalExpression: ['right'],
  CatchClause: ['body'],
  ForStatement: ['body'],
  ForOfStatement: ['body'],
  WhileStatement: ['body'],
  SwitchStatement: ['cases'],
}

function count(arm: Node, inserts: Insert[]): void {
  const call = `${HIT}(${branches})`
  branches += 1
  if (arm.type === 'BlockStatement') inserts.push({ at: arm.start + 1, text: `${call};`, ends: false })
  else if (arm.type === 'SwitchCase') {
    const [first] = arm.consequent as readonly Node[]
    if (first !== undefined) inserts.push({ at: first.start, text: `${call};`, ends: false })
  } else if (arm.type.endsWith('Statement') || arm.type.endsWith('Declaration')) {
    around(arm, [`{${call};`, '}'], inserts)
  } else around(arm, [`(${call},`, ')'], inserts)
}

function around({ start, end }: Node, [before, after]: readonly [string, string], inserts: Insert[]): void {
  inserts.push({ at: start, text: before, ends: false }, { at: end, text: after, ends: true })
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}
