import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Verdict } from '../../src/index.ts'
import { accountFile } from '../../src/simulator/folder.ts'
import { createCredentials, keysFrom } from '../../src/simulator/keys.ts'
import { codesIn, linkedFiles, root, rows, section, textOf } from './markdown.ts'

const run = promisify(execFile)
const readme = textOf('README.md')

/** The options of a command, as its own help tells them. */
async function optionsOf(command: string): Promise<string[]> {
  const { stdout } = await run(process.execPath, [join(root, 'src/cli/main.ts'), command, '--help'])
  const options = [...stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, name = '']) => name)
  return options.toSorted()
}

function optionsIn(markdown: string): string[] {
  const told = rows(markdown).flatMap(([names = '']) => codesIn(names))
  return told.flatMap((code) => code.match(/^--[a-z-]+/) ?? []).toSorted()
}

describe('the tables of options are those of the commands', () => {
  it.each([
    ['demo', section(readme, 'See it work')],
    ['order', section(readme, 'Look at an order')],
    ['listen', section(textOf('docs/callbacks.md'), 'A receiver alone')],
    ['orders', section(textOf('docs/operations.md'), 'verdict orders')],
    ['attention', section(textOf('docs/operations.md'), 'verdict attention')],
    ['deliveries', section(textOf('docs/operations.md'), 'verdict deliveries')],
    ['reconcile', textOf('docs/reconciliation.md').split('## When')[0] ?? ''],
    ['prove', section(textOf('docs/proof.md'), 'Worlds from a seed')],
    ['simulate', textOf('docs/simulator.md').split('## The folder')[0] ?? ''],
  ])('verdict %s', async (command, markdown) => {
    expect(optionsIn(markdown)).toEqual(await optionsOf(command))
  })
})

it('names every act of the library', () => {
  const told = rows(section(readme, 'Use it as a library')).map(
    ([act = '']) => /^\w+/.exec(codesIn(act)[0] ?? '')?.[0],
  )
  const acts = Object.getOwnPropertyNames(Verdict.prototype).filter(
    (name) => name !== 'constructor' && name !== 'statistics',
  )
  expect(told.toSorted()).toEqual(['Verdict', ...acts].toSorted())
})

it('names every field of account.json', async () => {
  const keys = keysFrom(await createCredentials(Date.UTC(2026, 5, 8)))
  const { accounts } = accountFile(keys, { url: 'http://127.0.0.1:1', backupUrl: 'http://127.0.0.1:2' })
  const [table] = section(readme, 'A WeChat Pay v3 sandbox').split('What the customer does')
  const told = rows(table ?? '').flatMap(([names = '']) => codesIn(names))
  expect(told.toSorted()).toEqual(
    [...new Set(accounts.flatMap((account) => Object.keys(account)))].toSorted(),
  )
})

describe('links lead to files that are there', () => {
  it.each(['README.md', 'CHANGELOG.md', ...globSync('docs/*.md', { cwd: root })])('%s', (page) => {
    const targets = linkedFiles(textOf(page)).map((target) => join(dirname(page), target))
    expect(targets.filter((target) => !existsSync(join(root, target)))).toEqual([])
  })
})
