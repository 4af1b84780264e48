import { statSync } from 'node:fs'
import type { Clock } from '../../clock.ts'
import { webhookSettings } from '../../delivery/webhook-options.ts'
import { VerdictError } from '../../errors.ts'
import { accountName } from '../../gateway/wechatpay/account.ts'
import { isLocal, openAccount } from '../../gateway/wechatpay/open-account.ts'
import { checkPlans } from '../../service-config/check.ts'
import { type Environment, jsonIn, readUncheckedConfig, type ServiceConfig } from '../../service-config.ts'
import type { VerdictAccount } from '../../verdict.ts'
import { asJsonObject } from '../../wechatpay/json.ts'
import { examineCallbacks } from './callback.ts'
import { type Finding, fail, messageOf, ok, warn } from './finding.ts'
import { examineHosts } from './hosts.ts'
import { examineKeys } from './keys.ts'
import { examineQuery } from './query.ts'
import { examineStore } from './store.ts'

export interface Examination {
  readonly config: string
  readonly env: Environment
  readonly clock: Clock
}

/** Everything that should hold before money depends on it, one finding after the other. Changes nothing anywhere. */
export async function* examine({ config: path, env, clock }: Examination): AsyncGenerator<Finding> {
  const config = await readUncheckedConfig(path, env).catch((error: unknown) => {
    if (error instanceof VerdictError) return error
    throw error
  })
  if (config instanceof VerdictError) {
    yield fail('configuration', config.message, 'set it right; docs/configuration.md has every field')
    return
  }
  yield await examineConfig(path, config)
  yield* examineWebhooks(config)
  yield* await examineStore(config.store)
  for (const account of config.accounts) {
    for await (const finding of examineAccount(account, clock)) {
      yield { ...finding, account: accountName(account) }
    }
  }
}

async function examineConfig(path: string, { file, accounts, webhooks }: ServiceConfig): Promise<Finding> {
  const check = 'configuration'
  const names = accounts.map(accountName)
  if (new Set(names).size < names.length) {
    return fail(check, `${file} names an account twice`, 'name each mchid or sp_mchid once')
  }
  const found = `${file} has ${counted(accounts.length, 'account')} and ${counted(webhooks.length, 'webhook')}`
  const isOpen = process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0
  if (isOpen && holdsSecret(await jsonIn(path))) {
    return warn(check, `${found}; it holds a secret, and others may read it`, `chmod 600 ${file}`)
  }
  return ok(check, found)
}

function counted(count: number, noun: string): string {
  return `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`
}

/** Whether a secret stands in the file itself. */
function holdsSecret(json: unknown): boolean {
  const { store, accounts, webhooks = [] } = asJsonObject(json) ?? {}
  if (typeof store === 'string' && /:\/\/[^/]*:[^/]*@/.test(store)) return true
  const fields = [accounts, webhooks].flat().flatMap((entry) => {
    const { apiV3Key, merchantPrivateKey, secret } = asJsonObject(entry) ?? {}
    return [apiV3Key, merchantPrivateKey, secret].flat()
  })
  return fields.some((field) => typeof field === 'string')
}

function* examineWebhooks({ webhooks }: ServiceConfig): Generator<Finding> {
  const names = new Set<string>()
  for (const webhook of webhooks) {
    try {
      const { name, url } = webhookSettings(webhook)
      yield names.has(name)
        ? fail('webhook', `two are named ${name}`, 'give each a name of its own')
        : ok('webhook', `${name} is told at ${url.host}`)
      names.add(name)
    } catch (error) {
      yield fail('webhook', messageOf(error), 'set it right; docs/webhooks.md has every field')
    }
  }
}

async function* examineAccount(account: VerdictAccount, clock: Clock): AsyncGenerator<Finding> {
  yield* examineKeys(account, clock.nowMs())
  yield examinePolicies(account)
  if (!holds(() => isLocal(account))) return
  yield* await examineHosts(account, clock)
  if (holds(() => openAccount(account))) yield* await examineQuery(account, clock)
  else yield warn('signed query', 'not made', 'set right what failed above, and examine again')
  yield* await examineCallbacks(account, clock)
}

function holds(check: () => unknown): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}

function examinePolicies(account: VerdictAccount): Finding {
  try {
    checkPlans(account)
    return ok('policies', 'the guide allows them')
  } catch (error) {
    return fail('policies', messageOf(error), 'see verdict policy and docs/configuration.md')
  }
}
