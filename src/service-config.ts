import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { dirname, resolve } from 'node:path'
import type { WebhookOptions } from './delivery/webhook-options.ts'
import { VerdictError } from './errors.ts'
import { accountName } from './gateway/wechatpay/account.ts'
import { withKeyFiles } from './gateway/wechatpay/account-file.ts'
import { checkedPublicUrl, checkServiceConfig } from './service-config/check.ts'
import { type Environment, withoutReferences } from './service-config/references.ts'
import { CONFIG, type Resolved, type Written } from './service-config/schema.ts'
import { invalid, told, wrongShape } from './service-config/sentences.ts'
import type { VerdictAccount } from './verdict.ts'

export type { Environment } from './service-config/references.ts'
export { configSchema } from './service-config/schema.ts'

/** What `verdict.config.json` says, with every default filled in and every file and variable read. */
export interface ServiceConfig {
  /** Absolute path. */
  readonly file: string
  /** Absolute path, or `postgres://…`. */
  readonly store: string
  readonly accounts: readonly VerdictAccount[]
  readonly http: {
    readonly host: string
    /** 0: any free one. */
    readonly port: number
    /** Null: callbacks come to the port of the API. */
    readonly callbackPort: number | null
    readonly callbackHost: string
    /** Addresses and networks whose word on the sender is believed. */
    readonly trustedProxies: readonly string[]
  }
  /** Where WeChat Pay reaches us, without a slash at its end. */
  readonly publicUrl: string | null
  readonly webhooks: readonly WebhookOptions[]
  /** A time in Beijing; null: days are held against their bills only when somebody asks. */
  readonly reconcileAt: string | null
}

export const CONFIG_FILE = 'verdict.config.json'

/**
 * Reads and checks the service's configuration, whole: what it returns, `Verdict.open` takes.
 *
 * @param env where `{"env": "NAME"}` looks
 * @throws OPTION_INVALID, KEY_INVALID, POLICY_INVALID with one sentence that names the file, the field, its value unless it
 * may be secret, and what is expected
 */
export async function readServiceConfig(path: string, env: Environment): Promise<ServiceConfig> {
  const config = await readUncheckedConfig(path, env)
  try {
    checkServiceConfig(config, path)
  } catch (error) {
    throw error instanceof VerdictError ? withoutSecrets(error, config) : error
  }
  return config
}

/**
 * The same of which only the shape was checked: keys, addresses and policies may be wrong. For `verdict doctor`, which
 * looks at them one by one.
 *
 * @throws OPTION_INVALID
 */
export async function readUncheckedConfig(path: string, env: Environment): Promise<ServiceConfig> {
  const file = resolve(path)
  const folder = dirname(file)
  const json = await jsonIn(path)
  const parsed = CONFIG.safeParse(json)
  if (!parsed.success) throw wrongShape(path, parsed.error, json)
  const config = await withoutReferences(parsed.data, { env, folder, where: path })
  const publicUrl = config.publicUrl === undefined ? null : checkedPublicUrl(config.publicUrl, path)
  const accounts = config.accounts.map(async (entry, i) => {
    const read = await withKeyFiles(entry, { folder, where: `${path}: accounts[${i}]` })
    return withNotifyUrl(read as unknown as VerdictAccount, publicUrl)
  })
  return {
    file,
    store: storeIn(config.store, folder, path),
    accounts: await Promise.all(accounts),
    http: httpIn(config.http, path),
    publicUrl,
    webhooks: config.webhooks ?? [],
    reconcileAt: config.reconcileAt === undefined ? RECONCILE_AT : config.reconcileAt,
  }
}

/** The JSON of a configuration file, of any shape. @throws OPTION_INVALID */
export async function jsonIn(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw invalid(`${path} can't be read; expected a file, such as verdict init writes`, { cause })
  })
  try {
    return JSON.parse(text)
  } catch (error) {
    // The parser's own message quotes the text, which may be a secret.
    const [place = ''] = /line \d+ column \d+/.exec(String(error)) ?? []
    throw invalid(`${path} is no JSON${place === '' ? '' : ` at ${place}`}; expected a JSON object`)
  }
}

function withNotifyUrl(account: VerdictAccount, publicUrl: string | null): VerdictAccount {
  if (account.notify_url !== undefined || publicUrl === null) return account
  return { ...account, notify_url: `${publicUrl}/callbacks/${accountName(account)}` }
}

function storeIn(store: string, folder: string, where: string): string {
  if (/^postgres(ql)?:\/\//.test(store)) return store
  const expected = 'a file, or postgres://user:password@host/database'
  // Another scheme may come with a password, too.
  if (/^[a-z]+:\/\//i.test(store)) throw invalid(`${where}: store is another address; expected ${expected}`)
  if (store === '' || store === ':memory:') {
    throw invalid(`${where}: store is ${told(store)}; expected ${expected}: orders must outlive the process`)
  }
  return resolve(folder, store)
}

/** WeChat Pay's own clients say 10:00. */
const RECONCILE_AT = '10:30'
const PORT = 8080
const HOST = '127.0.0.1'

function httpIn(given: Resolved<Written['http']> = {}, where: string): ServiceConfig['http'] {
  const { host = HOST, port = PORT, callbackPort = null, callbackHost = host, trustedProxies = [] } = given
  for (const [name, value] of Object.entries({ host, callbackHost })) {
    if (/^[0-9A-Za-z.:_%-]{1,253}$/.test(value)) continue
    throw invalid(`${where}: http.${name} is ${told(value)}; expected a host name or an address`)
  }
  if (callbackPort === null && given.callbackHost !== undefined) {
    throw invalid(`${where}: http.callbackHost is ${told(callbackHost)}; expected none without callbackPort`)
  }
  if (callbackPort !== null && callbackPort !== 0 && callbackPort === port && callbackHost === host) {
    throw invalid(`${where}: http.callbackPort is ${callbackPort}; expected another port than http.port`)
  }
  for (const [i, proxy] of trustedProxies.entries()) {
    if (isNetwork(proxy)) continue
    const name = `http.trustedProxies[${i}]`
    throw invalid(`${where}: ${name} is ${told(proxy)}; expected an address or a network, as 10.0.0.0/8`)
  }
  return { host, port, callbackPort, callbackHost, trustedProxies }
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const bitsMax = { 4: 32, 6: 128 }[isIP(address)] ?? -1
  return (
    more.length === 0 &&
    bitsMax > 0 &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax))
  )
}

/** Whatever a sentence quotes: a secret in it is a mistake of ours, and is not told all the same. */
function withoutSecrets(error: VerdictError, { store, accounts, webhooks }: ServiceConfig): VerdictError {
  const secrets = [
    store.includes('://') ? store : '',
    ...accounts.flatMap(({ apiV3Key, merchantPrivateKey }) => [apiV3Key, merchantPrivateKey]),
    ...webhooks.flatMap(({ secret }) => secret),
  ].filter((secret) => typeof secret === 'string' && secret !== '')
  const message = secrets.reduce<string>(
    (text, secret) => text.replaceAll(String(secret), '…'),
    error.message,
  )
  return message === error.message ? error : new VerdictError(error.code, message)
}
