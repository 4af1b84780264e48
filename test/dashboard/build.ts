import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** Makes dist/dashboard of what lies in dashboard/, where it is older. */
export function buildDashboard(): void {
  const script = join(root, 'scripts', 'dashboard.mjs')
  const { status, stderr } = spawnSync(process.execPath, [script, '--if-older'], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the dashboard can't be built: ${stderr}`)
}
