import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { folder, type Started, start } from '../cli/cli.ts'

const root = join(import.meta.dirname, '..', '..')

/** Makes dist/dashboard of what lies in dashboard/, where it is older. */
export function buildDashboard(): void {
  const script = join(root, 'scripts', 'dashboard.mjs')
  const { status, stderr } = spawnSync(process.execPath, [script, '--if-older'], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the dashboard can't be built: ${stderr}`)
}

/** A demo in a process of its own, with its dashboard. @returns where it is */
export async function startDemo(...flags: readonly string[]): Promise<{ url: string; demo: Started }> {
  buildDashboard()
  const demo = start('demo', '--store', join(folder(), 'verdict.db'), ...flags)
  const [, url = ''] = await demo.heard(/look at it: (\S+),/)
  return { url, demo }
}
