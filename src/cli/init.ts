import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { systemClock } from '../clock.ts'
import { VerdictError } from '../errors.ts'
import { CONFIG_FILE, readServiceConfig } from '../service-config.ts'
import { startSimulator } from '../simulator/index.ts'
import { type AccountFlags, askAccount, checkedMode } from './init/account.ts'
import { type Answers, flagsAlone, terminal } from './init/answers.ts'
import type { Io } from './io.ts'

export interface InitOptions extends AccountFlags {
  readonly dir: string
  /** The account is that of a simulator, which is made. */
  readonly simulator?: boolean
  readonly store?: string
  readonly port?: number
  readonly publicUrl?: string
  /** Overwrites what is there. */
  readonly force?: boolean
}

const SCHEMA = './node_modules/verdict-pay/docs/verdict.config.schema.json'
const PORT = 8080
const STORE_VARIABLE = 'VERDICT_STORE'

/**
 * `verdict init`: writes a `verdict.config.json` that `verdict doctor` can examine and `verdict serve` can use. Asks on a
 * terminal for what no flag gives.
 *
 * @throws OPTION_INVALID if something is missing or there is a file already; nothing is written then
 */
export async function runInit(
  options: InitOptions,
  { say, signal }: Pick<Io, 'say' | 'signal'>,
): Promise<void> {
  const dir = resolve(options.dir)
  const file = join(dir, CONFIG_FILE)
  if (existsSync(file) && options.force !== true) {
    throw new VerdictError('OPTION_INVALID', `${file} is there already; expected none, or --force`)
  }
  const isTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true
  const answers = isTerminal ? terminal(process.stdin, process.stderr, signal) : flagsAlone()
  try {
    if (options.simulator === true) await initSimulated(options, dir, say)
    else await initOwn(options, { dir, answers, say })
  } finally {
    answers.close()
  }
}

async function initOwn(
  options: InitOptions,
  { dir, answers, say }: { dir: string; answers: Answers; say: Io['say'] },
): Promise<void> {
  const account = await askAccount(options, answers, dir)
  const publicUrl = await answers.maybe({
    flag: '--public-url',
    given: options.publicUrl,
    words: 'the address under which WeChat Pay reaches this machine, such as https://pay.example.com',
  })
  const store = await answers.about({
    flag: '--store',
    given: options.store,
    words: 'the database, a file or postgres://…',
    otherwise: 'verdict.db',
  })
  await writeConfig(dir, {
    ...keptStore(store, say),
    http: { port: options.port ?? PORT },
    ...(publicUrl !== null && { publicUrl }),
    accounts: [account],
  })
  say(`wrote ${join(dir, CONFIG_FILE)}, which holds no secret`)
  const { apiV3Key } = account as { apiV3Key: { env: string } }
  say(`set ${apiV3Key.env} to the APIv3 key, then: verdict doctor --config ${join(dir, CONFIG_FILE)}`)
}

/** A URL with a password stays in the environment. */
function keptStore(store: string, say: Io['say']): object {
  if (!/:\/\/[^/]*:[^/]*@/.test(store)) return { store }
  say(`the address of the store has a password: set ${STORE_VARIABLE} to it`)
  return { store: { env: STORE_VARIABLE } }
}

const SIMULATOR = 'wechatpay'

async function initSimulated(options: InitOptions, dir: string, say: Io['say']): Promise<void> {
  const { port = PORT, publicUrl = `http://127.0.0.1:${port}`, store = 'verdict.db' } = options
  const wanted = checkedMode(options.mode ?? 'common')
  mkdirSync(dir, { recursive: true })
  const folder = join(dir, SIMULATOR)
  // Once started, it keeps its keys and its ports in its folder.
  const simulator = await startSimulator({ dir: folder, clock: systemClock })
  const text = readFileSync(join(folder, 'account.json'), 'utf8')
  await simulator.close()
  const { accounts } = JSON.parse(text) as { accounts: ReadonlyArray<Record<string, string>> }
  const account = accounts.find(({ mode }) => mode === wanted) ?? {}
  const fields = Object.entries(account).map(([name, value]) => [
    name,
    name.endsWith('File') ? `${SIMULATOR}/${value}` : value,
  ])
  await writeConfig(dir, { store, http: { port }, publicUrl, accounts: [Object.fromEntries(fields)] })
  const file = join(dir, CONFIG_FILE)
  say(`wrote ${file}, whose account is that of a simulator in ${folder}`)
  say(`start it, and leave it running: verdict simulate --dir ${folder}`)
  say(`then: verdict doctor --config ${file}, and: verdict serve --config ${file}`)
}

/**
 * Whole or not at all, and for its owner's eyes only. It is read as it will be, with stand-ins for what is not set yet.
 *
 * @throws as `readServiceConfig`
 */
async function writeConfig(dir: string, config: object): Promise<void> {
  mkdirSync(dir, { recursive: true })
  const file = join(dir, CONFIG_FILE)
  const draft = join(dir, `.${CONFIG_FILE}.new`)
  rmSync(draft, { force: true })
  const text = `${JSON.stringify({ $schema: SCHEMA, ...config }, null, 2)}\n`
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' })
  try {
    await readServiceConfig(draft, standIns(text))
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}

/** Every variable that the text names: as long as an APIv3 key, or as a database. */
function standIns(text: string): Record<string, string> {
  const names = [...text.matchAll(/"env": "(\w+)"/g)].map(([, name = '']) => name)
  return Object.fromEntries(
    names.map((name) => [name, name === STORE_VARIABLE ? 'postgres://host/database' : '0'.repeat(32)]),
  )
}
