import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { policiesFrom } from '../../../src/config.ts'
import { QUICK_PAY_POLICY, TWO_PERIOD_POLICY } from '../../../src/core/policy.ts'
import { type WebhookOptions, webhookSettings } from '../../../src/delivery/webhook-options.ts'
import { DEFAULT_LIMITS } from '../../../src/engine/budget.ts'
import type { Gateway } from '../../../src/gateway/gateway.ts'
import type { WechatPayAccount } from '../../../src/gateway/wechatpay/account.ts'
import { accountsFromFile } from '../../../src/gateway/wechatpay/account-file.ts'
import { openAccount } from '../../../src/gateway/wechatpay/open-account.ts'
import { sqliteStore } from '../../../src/store/sqlite/index.ts'
import type { Store } from '../../../src/store/store.ts'
import { Verdict, type VerdictAccount } from '../../../src/verdict.ts'
import type { Chance } from '../chance.ts'
import { attempted, judgedError, type Secret } from '../errors.ts'
import { jsonValue, number, text } from '../hostile.ts'
import { reshaped } from '../mutate.ts'
import { stringified } from '../paid.ts'
import { anyValue } from '../placements.ts'
import { must, type Target } from '../target.ts'
import {
  API_V3_KEY,
  COMMON,
  INSTITUTION,
  OTHER_CERTIFICATE,
  OTHER_KEY_PEM,
  PLATFORM_CERTIFICATES,
  PUBLIC_KEY_PEM,
  STILL,
} from '../wechat-pay.ts'

export interface ConfigurationParts {
  readonly open?: (account: WechatPayAccount) => unknown
}

/** What whoever sets Verdict up writes down: taken, or refused in one sentence that tells no secret. */
export function configurationTarget({ open = openAccount }: ConfigurationParts = {}): Target {
  return {
    name: 'configuration',
    open: async () => {
      const store = await sqliteStore({ file: ':memory:' })
      const folder = mkdtempSync(join(tmpdir(), 'verdict-fuzz-'))
      return {
        run: (chance) => {
          const kind = chance.below(200)
          if (kind === 0) return accountFile(chance, folder)
          if (kind < 10) return verdict(chance, store)
          if (kind < 90) return account(chance, open)
          return kind < 140 ? webhook(chance) : policies(chance)
        },
        close: async () => {
          rmSync(folder, { recursive: true })
          await store.close()
        },
      }
    },
  }
}

// ---------------------------------------------------------------- accounts

const COMMON_TEXTS = { ...COMMON, merchantPrivateKey: OTHER_KEY_PEM }
const FULL = {
  ...INSTITUTION,
  merchantPrivateKey: OTHER_KEY_PEM,
  merchantCertificate: OTHER_CERTIFICATE,
  certificates: [...PLATFORM_CERTIFICATES],
  backupUrl: 'https://second.example.com',
  connectTimeoutMs: 3_000,
  readTimeoutMs: 8_000,
  believesUnsignedUnknown: false,
}
/** The APIv3 key, the line of the private key that anybody would know again, a webhook's secret, a login. */
const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const SECRETS: readonly Secret[] = [
  { text: API_V3_KEY },
  { text: OTHER_KEY_PEM.split('\n')[5] ?? '' },
  { text: WEBHOOK_SECRET },
  // Where an address belongs, a login may stand in it; nowhere else is it looked for.
  { text: 'password', where: /(^|: )(baseUrl|backupUrl|notify_url|webhook url) is "?http/ },
]

function account(chance: Chance, open: (account: WechatPayAccount) => unknown): string {
  const given = objectFrom(reshaped(chance, chance.pick([COMMON_TEXTS, FULL]), accountValue), COMMON_TEXTS)
  chance.input = given
  const opened = attempted(() => open(given as WechatPayAccount), SECRETS)
  return `account ${opened.ok ? 'opened' : opened.code}`
}

/** Keys in the wrong place are the mistake that people make. */
function accountValue(chance: Chance): unknown {
  if (!chance.oneIn(5)) return anyValue(chance)
  return chance.pick([
    OTHER_KEY_PEM,
    PUBLIC_KEY_PEM,
    OTHER_CERTIFICATE,
    OTHER_KEY_PEM.replaceAll('\n', ''),
    'https://user:password@pay.example.com',
    'http://127.0.0.1:8080',
    'download',
    API_V3_KEY,
  ])
}

async function accountFile(chance: Chance, folder: string): Promise<string> {
  const file = join(folder, 'account.json')
  const whole = { accounts: [chance.pick([COMMON_TEXTS, FULL])] }
  const json = stringified(chance.oneIn(4) ? jsonValue(chance) : reshaped(chance, whole))
  writeFileSync(file, chance.oneIn(6) ? json.slice(0, chance.below(json.length + 1)) : json)
  chance.input = json
  try {
    return `file ${(await accountsFromFile(file)).length}`
  } catch (error) {
    return `file ${judgedError(error, [])}`
  }
}

// ---------------------------------------------------------------- Verdict's own options

async function verdict(chance: Chance, store: Store): Promise<string> {
  const value = (genuine: unknown): unknown => (chance.oneIn(3) ? anyValue(chance) : genuine)
  const limits = chance.oneIn(2)
    ? {
        ...DEFAULT_LIMITS,
        [chance.oneIn(2) ? 'query' : text(chance)]: chance.oneIn(2) ? number(chance) : anyValue(chance),
      }
    : value({ place: 10 })
  const options = {
    limits,
    concurrency: value(10),
    unknownCallbacks: value('count'),
    notify_url: value('https://pay.example.com/wechatpay'),
  }
  chance.input = options
  try {
    const opened = await Verdict.open({
      store,
      accounts: [{ ...COMMON, ...options } as VerdictAccount],
      clock: STILL,
      start: false,
      createGateway: () => GATEWAY,
    })
    await opened.close()
  } catch (error) {
    return `verdict ${judgedError(error, SECRETS)}`
  }
  const all = { ...DEFAULT_LIMITS, ...(limits as object) }
  must(
    Object.values(all).every((one) => typeof one === 'number'),
    'a limit that is no number was taken',
  )
  return 'verdict opened'
}

/** Nothing is asked. */
const GATEWAY = {
  identity: { mode: 'common', account: COMMON.mchid, believesUnsignedUnknown: false },
  callMsMax: 1_000,
  end: async () => {},
} as unknown as Gateway

// ---------------------------------------------------------------- webhooks and policies

const WEBHOOK = {
  name: 'shop',
  url: 'https://shop.example.com/verdict',
  secret: [WEBHOOK_SECRET],
  events: ['order.verdict'],
  allowPrivate: false,
  timeoutMs: 15_000,
}

function webhook(chance: Chance): string {
  const given = objectFrom(reshaped(chance, WEBHOOK, webhookValue), WEBHOOK)
  chance.input = given
  const checked = attempted(() => webhookSettings(given as unknown as WebhookOptions), SECRETS)
  return `webhook ${checked.ok ? 'taken' : checked.code}`
}

function webhookValue(chance: Chance): unknown {
  if (!chance.oneIn(4)) return anyValue(chance)
  return chance.pick([
    WEBHOOK_SECRET,
    'https://user:password@shop.example.com/',
    'http://10.0.0.1/x',
    'whsec_',
    'https://[::1]/x',
  ])
}

function policies(chance: Chance): string {
  const given = reshaped(chance, { native: TWO_PERIOD_POLICY, quick_pay: QUICK_PAY_POLICY }, anyValue)
  chance.input = given
  const parsed = attempted(() => policiesFrom(given, 'policies'), [])
  return `policies ${parsed.ok ? Object.keys(parsed.value).length : parsed.code}`
}

/** What is no object at all the compiler keeps away; so does the first line of any program. */
function objectFrom(value: unknown, otherwise: object): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : otherwise
}
