import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
let clone: string

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), 'verdict-clone-'))
  for (const name of [
    'dashboard',
    'scripts',
    'src/core',
    'src/wechatpay/beijing.ts',
    'tsconfig.json',
    'package.json',
    'package-lock.json',
  ])
    cpSync(join(root, name), join(clone, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'))
})

afterAll(() => rmSync(clone, { recursive: true, force: true }))

function buildIfOlder() {
  const script = join(clone, 'scripts', 'dashboard.mjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--if-older'], { encoding: 'utf8' })
  return { status, said: stdout + stderr }
}

const page = () => join(clone, 'dist', 'dashboard', 'index.html')
const builtAtMs = () => statSync(page()).mtimeMs

/** As if somebody had just written it; `undo` makes it old again. */
function touch(path: string): { undo(): void } {
  const at = (ms: number) => utimesSync(join(clone, path), new Date(ms), new Date(ms))
  at(Date.now() + 2_000)
  return { undo: () => at(0) }
}

describe('the dashboard of a clone', () => {
  it('is built where it is missing, silently, and leaves nothing beside it', () => {
    expect(buildIfOlder()).toEqual({ status: 0, said: '' })
    expect(readdirSync(join(clone, 'dist'))).toEqual(['dashboard'])
  })

  it('is left alone where it is new', () => {
    const before = builtAtMs()
    expect(buildIfOlder()).toEqual({ status: 0, said: '' })
    expect(builtAtMs()).toBe(before)
  })

  it.each(['dashboard/src/app.tsx', 'src/core/attention-words.ts', 'src/wechatpay/beijing.ts'])(
    'is built again when %s is newer',
    (source) => {
      const before = builtAtMs()
      const touched = touch(source)
      expect(buildIfOlder()).toEqual({ status: 0, said: '' })
      touched.undo()
      expect(builtAtMs()).toBeGreaterThan(before)
    },
  )

  it('is served as it was, and that is said, when its sources no longer build', () => {
    const before = builtAtMs()
    cpSync(join(root, 'package.json'), join(clone, 'dashboard/src/app.tsx'))
    touch('dashboard/src/app.tsx')
    const { status, said } = buildIfOlder()
    expect(status).toBe(0)
    expect(said).toContain('The dashboard could not be built again, and is served as it was')
    expect(builtAtMs()).toBe(before)
    expect(readdirSync(join(clone, 'dist'))).toEqual(['dashboard'])
  })

  it('fails where there is none to serve', () => {
    rmSync(join(clone, 'dist'), { recursive: true })
    expect(buildIfOlder().status).not.toBe(0)
  })
})
