import { join } from 'node:path'
import { folder, type Started, start } from '../cli/cli.ts'
import { buildDashboard } from './build.ts'

/** A demo in a process of its own, with its dashboard. @returns where it is */
export async function startDemo(...flags: readonly string[]): Promise<{ url: string; demo: Started }> {
  buildDashboard()
  const demo = start('demo', '--store', join(folder(), 'verdict.db'), ...flags)
  const [, url = ''] = await demo.heard(/look at it: (\S+),/)
  return { url, demo }
}
