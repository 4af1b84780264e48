import { globSync, readFileSync } from 'node:fs'
import { join, posix, sep } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Directions,
  leavesRepository,
  packagesIn,
  type Sources,
  type WordRule,
  wrongImports,
  wrongWords,
} from './check-sources.ts'

/** The architecture: each part of src, and the parts that it may import. A new folder needs a row. */
const MAY_IMPORT: Directions = {
  core: ['core', 'errors.ts'],
  wechatpay: ['wechatpay', 'core/outcome.ts', 'errors.ts'],

  gateway: ['gateway', 'core', 'wechatpay', 'clock.ts', 'connecting.ts', 'random.ts', 'errors.ts'],
  store: ['store', 'core', 'reconcile/report.ts', 'clock.ts', 'errors.ts'],
  'store/rows': ['store/*', 'store/rows', 'core', 'reconcile/report.ts', 'errors.ts'],
  'store/sqlite': [
    'store/*',
    'store/rows',
    'store/sqlite',
    'core',
    'reconcile/report.ts',
    'clock.ts',
    'errors.ts',
  ],
  'store/postgres': [
    'store/*',
    'store/rows',
    'store/postgres',
    'core',
    'reconcile/report.ts',
    'clock.ts',
    'ports.ts',
    'errors.ts',
  ],
  delivery: ['delivery', 'core', 'clock.ts', 'connecting.ts', 'random.ts', 'errors.ts'],
  callback: ['callback', 'core', 'gateway/gateway.ts', 'clock.ts', 'errors.ts'],
  engine: [
    'engine',
    'core',
    'gateway/gateway.ts',
    'store/store.ts',
    'delivery/target.ts',
    'delivery/schedule.ts',
    'clock.ts',
    'random.ts',
    'errors.ts',
  ],
  reconcile: [
    'reconcile',
    'core',
    'engine/report.ts',
    'gateway/gateway.ts',
    'store/store.ts',
    'store/reconciliations.ts',
    'wechatpay',
    'clock.ts',
    'errors.ts',
  ],
  // It plays WeChat Pay: were it to share our reading of an order, it could not contradict us.
  simulator: ['simulator', 'wechatpay', 'clock.ts', 'ports.ts', 'random.ts', 'errors.ts'],

  // It puts all parts together in a world of its own.
  simulation: [
    'simulation',
    'core',
    'engine',
    'gateway',
    'store',
    'callback',
    'delivery',
    'simulator',
    'wechatpay',
    'clock.ts',
    'random.ts',
    'errors.ts',
  ],
  // It judges them: by the documents, and by what it reads itself.
  'simulation/checker': ['simulation', 'simulator', 'gateway/wechatpay/transport.ts', 'wechatpay/signing.ts'],

  // The service: it speaks HTTP to people's programs, and does everything through the library and the store's interface.
  http: [
    'http',
    'core',
    'engine/observer.ts',
    'engine/report.ts',
    'callback',
    'delivery/addresses.ts',
    'gateway/wechatpay/account.ts',
    'store/store.ts',
    'store/reconciliations.ts',
    'reconcile/compare.ts',
    'reconcile/reconciler.ts',
    'reconcile/report.ts',
    'verdict.ts',
    'service-config.ts',
    'clock.ts',
    'errors.ts',
  ],

  'proof.ts': ['core', 'wechatpay', 'store/store.ts', 'errors.ts'],
  'clock.ts': ['errors.ts'],
  'connecting.ts': [],
  'ports.ts': [],
  'random.ts': ['errors.ts'],
  'errors.ts': [],

  'verdict.ts': ['*'],
  verdict: [
    'verdict',
    'core',
    'engine',
    'gateway',
    'delivery',
    'store/store.ts',
    'proof.ts',
    'config.ts',
    'clock.ts',
    'random.ts',
    'errors.ts',
  ],
  'config.ts': ['*'],
  'service-config.ts': ['*'],
  'service-config': ['*'],
  'index.ts': ['*'],
  cli: ['*'],
}

/** No I/O at all: these import no package and nothing of Node. */
const PURE = ['core']

const TIME = ['clock.ts']
const CHANCE = ['random.ts']
const WORDS: readonly WordRule[] = [
  { word: /\bDate\.now\b/, only: TIME },
  { word: /\bnew Date\(\s*\)/, only: TIME },
  { word: /\bset(?:Timeout|Interval)\s*\(/, only: TIME },
  { word: /\bnode:timers\b/, only: TIME },
  { word: /\bMath\.random\b/, only: CHANCE },
  { word: /\b(?:async|await)\b/, never: PURE },
]

const src = join(import.meta.dirname, '..', '..', 'src')

function sourcesOf(folder: string): Sources {
  const paths = globSync('**/*.ts', { cwd: folder })
  return Object.fromEntries(
    paths.map((path) => [path.split(sep).join(posix.sep), readFileSync(join(folder, path), 'utf8')]),
  )
}

describe('src', () => {
  const sources = sourcesOf(src)

  it('imports only along the table', () => {
    expect(wrongImports(sources, MAY_IMPORT)).toEqual([])
  })

  it('has a core without packages', () => {
    expect(packagesIn(sources, PURE)).toEqual([])
  })

  it('takes time and chance from clock.ts and random.ts, and awaits nothing in the core', () => {
    expect(wrongWords(sources, WORDS)).toEqual([])
  })

  it('reads nothing outside the repository', () => {
    expect(leavesRepository(sources)).toEqual([])
  })
})

describe('the check itself', () => {
  const wrong = (path: string, source: string) => wrongImports({ [path]: source }, MAY_IMPORT)

  it.each([
    ['core/decide.ts', '../engine/lane.ts', 'engine/lane.ts'],
    ['core/decide.ts', '../clock.ts', 'clock.ts'],
    ['wechatpay/signing.ts', '../core/order.ts', 'core/order.ts'],
    ['gateway/gateway.ts', '../store/store.ts', 'store/store.ts'],
    ['store/store.ts', '../gateway/gateway.ts', 'gateway/gateway.ts'],
    ['store/sqlite/rows.ts', '../postgres/rows.ts', 'store/postgres/rows.ts'],
    ['store/postgres/rows.ts', '../sqlite/rows.ts', 'store/sqlite/rows.ts'],
    ['engine/lane.ts', '../gateway/wechatpay/account.ts', 'gateway/wechatpay/account.ts'],
    ['engine/lane.ts', '../store/sqlite/index.ts', 'store/sqlite/index.ts'],
    ['callback/verify.ts', '../store/store.ts', 'store/store.ts'],
    ['simulator/world.ts', '../core/order.ts', 'core/order.ts'],
    ['proof.ts', './engine/lane.ts', 'engine/lane.ts'],
    ['clock.ts', './random.ts', 'random.ts'],
    ['random.ts', './clock.ts', 'clock.ts'],
    ['errors.ts', './clock.ts', 'clock.ts'],
  ])('forbids %s to import %s', (from, specifier, to) => {
    expect(wrong(from, `import { x } from '${specifier}'`)).toEqual([`${from} -> ${to}`])
  })

  it.each([
    ["import type { X } from '../engine/x.ts'"],
    ["import { type X } from '../engine/x.ts'"],
    ["import {\n  x,\n  y,\n} from '../engine/x.ts'"],
    ["import '../engine/x.ts'"],
    ["export { x } from '../engine/x.ts'"],
    ["export * from '../engine/x.ts'"],
    ["type X = import('../engine/x.ts').X"],
    ["const x = await import('../engine/x.ts')"],
    ["const url = 'https://x' // a comment\nimport { x } from '../engine/x.ts'"],
  ])('sees %j', (source) => {
    expect(wrong('core/decide.ts', source)).toEqual(['core/decide.ts -> engine/x.ts'])
  })

  it('lets through what the table allows, what a comment says, and what a test imports', () => {
    expect(wrong('engine/lane.ts', "import { x } from '../store/store.ts'")).toEqual([])
    expect(wrong('store/sqlite/rows.ts', "import { x } from '../store.ts'")).toEqual([])
    expect(wrong('cli/main.ts', "import { x } from '../store/sqlite/index.ts'")).toEqual([])
    expect(wrong('core/decide.ts', "// import { x } from '../engine/x.ts'")).toEqual([])
    expect(wrong('core/decide.test.ts', "import { x } from '../engine/x.ts'")).toEqual([])
  })

  it('asks for a row for every new folder', () => {
    expect(wrong('utils/text.ts', '')).toEqual(['utils/text.ts -> no row says what it may import'])
  })

  it('finds packages in the core alone', () => {
    const sources = { 'core/a.ts': "import { z } from 'zod'", 'engine/a.ts': "import 'node:fs'" }
    expect(packagesIn(sources, PURE)).toEqual(['core/a.ts -> zod'])
  })

  it.each([
    ['engine/lane.ts', 'Date.now()', 'Date.now'],
    ['cli/main.ts', 'new Date()', 'new Date()'],
    ['engine/lane.ts', 'setTimeout(f, 1)', 'setTimeout('],
    ['engine/lane.ts', 'globalThis.setInterval(f, 1)', 'setInterval('],
    ['engine/lane.ts', "import { setTimeout as wait } from 'node:timers/promises'", 'node:timers'],
    ['clock.ts', 'Math.random()', 'Math.random'],
    ['random.ts', 'Date.now()', 'Date.now'],
    ['core/decide.ts', 'export async function f() {}', 'async'],
    ['core/decide.ts', 'await f()', 'await'],
  ])('forbids %s to say %s', (file, source, word) => {
    expect(wrongWords({ [file]: source }, WORDS)).toEqual([`${file}: ${word}`])
  })

  it.each([
    ['clock.ts', 'Date.now(); new Date(); setTimeout(f, 1)'],
    ['random.ts', 'Math.random()'],
    ['engine/lane.ts', 'async () => await new Date(nowMs) // never Date.now()'],
    ['core/order.ts', '/** Nothing here is async. */'],
    ['engine/lane.test.ts', 'Date.now()'],
  ])('allows %s to say %s', (file, source) => {
    expect(wrongWords({ [file]: source }, WORDS)).toEqual([])
  })

  it('finds a path that leads out of the repository', () => {
    const sources = {
      'core/a.ts': "read('../shared/guide.md')",
      'core/b.test.ts': "read('../../../shared/vectors.json')",
      'core/c.ts': "import { x } from '../errors.ts'",
    }
    expect(leavesRepository(sources)).toEqual([
      'core/a.ts -> ../shared/guide.md',
      'core/b.test.ts -> ../../../shared/vectors.json',
    ])
  })
})
