// node scripts/dashboard.mjs [--if-older]
//
// Makes dist/dashboard/ from dashboard/. With --if-older only where it is missing or older than its sources; silent unless
// it fails. Built aside and put in place as a whole, so that two starts at once don't meet half a dashboard.

import './end-with-starter.mjs'
import { existsSync, globSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const built = join(root, 'dist', 'dashboard')
const page = join(built, 'index.html')

const onlyIfOlder = process.argv.includes('--if-older')

if (!onlyIfOlder || isOlder()) await build()

function isOlder() {
  if (!existsSync(page)) return true
  const builtAtMs = statSync(page).mtimeMs
  // Folders too: they tell of files that are gone. Of Verdict itself the pages hold what they import from its core, and
  // Beijing's calendar.
  const held = ['dashboard/**', 'src/core/**', 'src/wechatpay/beijing.ts']
  const sources = [...globSync(held, { cwd: root }), 'package-lock.json']
  return sources.some((path) => statSync(join(root, path)).mtimeMs > builtAtMs)
}

async function build() {
  const aside = join(root, 'dist', `.dashboard-${process.pid}`)
  try {
    const vite = await import('vite')
    mkdirSync(dirname(aside), { recursive: true })
    await vite.build({ configFile: join(root, 'dashboard', 'vite.config.ts'), build: { outDir: aside } })
    // Another start may have been quicker: then its pages are given out already.
    if (!onlyIfOlder || isOlder()) putInPlace(aside)
  } catch (error) {
    if (!existsSync(page)) throw error
    console.error(`The dashboard could not be built again, and is served as it was: ${error.message}`)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

function putInPlace(aside) {
  rmSync(built, { recursive: true, force: true })
  try {
    renameSync(aside, built)
  } catch (error) {
    // Another start has just put the same there.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  }
}
