import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocks, textOf } from '../docs/markdown.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

/** What a build and a pack read. A copy is packed, so that the clone's own dist/ stays as it is. */
const PACKED_FROM = [
  ...['bin', 'dashboard', 'docs', 'scripts', 'src', 'CHANGELOG.md', 'LICENSE', 'README.md'],
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'],
]
const SETUP_MS = 240_000

/** As a careful user would set it. The project has Node's types from the clone. */
const STRICT = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
  },
  files: ['shop.ts'],
}

let folder: string
let project: string
let packed: readonly string[]
let manifest: { version: string; exports: Record<string, unknown> }

beforeAll(async () => {
  manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  folder = await mkdtemp(join(tmpdir(), 'verdict-package-'))
  const tarball = await pack(join(folder, 'copy'))
  project = join(folder, 'project')
  await mkdir(project)
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }')
  await npm(project, 'install', '--no-audit', '--no-fund', '--prefer-offline', tarball)
}, SETUP_MS)

afterAll(() => rm(folder, { recursive: true, force: true }))

it('is imported by each of its names', async () => {
  const names = Object.keys(manifest.exports).filter((name) => name !== './package.json')
  for (const name of names) {
    const specifier = name.replace('.', 'verdict-pay')
    const script = `console.log(Object.keys(await import('${specifier}')).length)`
    const { stdout } = await node('--input-type=module', '--eval', script)
    expect(Number(stdout), specifier).toBeGreaterThan(0)
  }
})

it('brings a command that knows its version', async () => {
  const { stdout } = await node(join('node_modules', '.bin', 'verdict'), '--version')
  expect(stdout).toBe(`${manifest.version}\n`)
})

it('has all that the service needs', async () => {
  const serving = node(join('node_modules', '.bin', 'verdict'), 'serve', '--config', 'none.json')
  await expect(serving).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('(OPTION_INVALID)'),
  })
})

it('has the types that it promises', () => {
  const types = JSON.stringify(manifest.exports).match(/[^"]+\.d\.ts/g) ?? []
  expect(types).not.toEqual([])
  for (const path of types) expect(packed).toContain(path.replace('./', ''))
})

describe("README's snippet", () => {
  const [snippet = ''] = blocks(textOf('README.md'), 'ts')

  it('compiles against the types of the package', async () => {
    await writeFile(join(project, 'shop.ts'), snippet)
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(STRICT))
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    await expect(node(tsc, '-p', '.').catch(({ stdout }) => stdout)).resolves.toMatchObject({ stdout: '' })
  })

  it('runs as pasted, and again', async () => {
    for (let start = 0; start < 2; start++) {
      const { stdout } = await node('shop.ts')
      expect(stdout).toMatch(/^SUCCESS 4200\d{24}\n\d+ true\n$/)
    }
  })
})

it('brings the dashboard built, and no pictures of it', () => {
  expect(packed).toContain('dist/dashboard/index.html')
  expect(
    packed.filter((path) => /^dist\/dashboard\/assets\/.+\.(?:js|css)$/.test(path)).length,
  ).toBeGreaterThan(1)
  expect(packed.filter((path) => path.endsWith('.png'))).toEqual([])
})

it('leaves sources, tests and scripts at home', () => {
  expect(
    packed.filter((path) => /^(?:src|test|scripts|dashboard)\/|\.test\.|(?:contract|testing)\./.test(path)),
  ).toEqual([])
})

/** Builds and packs a copy of the clone. Returns the path of the tarball. */
async function pack(copy: string): Promise<string> {
  for (const name of PACKED_FROM) {
    await cp(join(root, name), join(copy, name), { recursive: true })
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'))
  const { stdout } = await npm(copy, 'pack', '--json')
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[')))
  packed = files.map((file: { path: string }) => file.path)
  return join(copy, filename)
}

function npm(cwd: string, ...args: string[]) {
  return run('npm', args, { cwd })
}

/** On the Node that runs the tests, which is the one the package `node` brought. */
function node(...args: string[]) {
  return run(process.execPath, args, { cwd: project })
}
