import { createPublicKey } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { secureNonces } from '../random.ts'
import { verifyMessage } from '../wechatpay/signing.ts'
import { ANSWER_MS, type CallbackSettings, openCourier } from './callbacks/courier.ts'
import { sendByHttp } from './callbacks/send.ts'
import { CONTROL_PATH, control } from './control/control.ts'
import { openCounters } from './counters.ts'
import type { Customers } from './customers.ts'
import { openLedger } from './durable.ts'
import {
  type FaultLevel,
  type FaultName,
  type Probabilities,
  probabilitiesFrom,
  probabilitiesOf,
} from './faults.ts'
import { accountFile } from './folder.ts'
import { type Credentials, type Keys, keysFrom } from './keys.ts'
import { openScripts } from './scripts.ts'
import { openWeather } from './weather.ts'
import { wireOf } from './wire/answer.ts'
import type { VerifyCaller } from './wire/authenticate.ts'
import type { BillSetting } from './wire/bill.ts'
import type { WireAnswer, WireRequest } from './wire/exchange.ts'
import { openReplyKeys, type ReplyKeySetting } from './wire/reply-key.ts'
import type { HeaderSetting } from './wire/request-headers.ts'
import { Rush } from './wire/rush.ts'
import { rsaSigner, type SignReply } from './wire/sign-reply.ts'
import { openWorld } from './world.ts'

export interface WorldSettings extends CallbackSettings {
  /** Stamps messages; orders age with it. */
  readonly clock: Clock
  /** Draws customers and faults. Default 1. */
  readonly seed?: number
  /** Default `none`. */
  readonly faults?: FaultLevel | Readonly<Partial<Record<FaultName, number>>>
  /** Default `as-asked`: the key that a request names. */
  readonly replyKey?: ReplyKeySetting
  /** Default `free`: what a request says beside its signature is left to the client. */
  readonly headers?: HeaderSetting
  /** Default `none`: nobody pays by himself, except Quick Pay, which succeeds at once. */
  readonly customers?: Customers
  /** Default `next-morning`: from 09:00 Beijing time on the next day on, as WeChat Pay's. `at-once`: any time, up to then. */
  readonly bills?: BillSetting
  /** How many of a hundred refunds end ABNORMAL, where customers are seeded: 0 to 100. Default 3. */
  readonly abnormalShare?: number
  /** A second, in ms of the clock, for whoever counts requests per second. Default 1,000; more where it is compressed. */
  readonly secondMs?: number
}

export interface SimulatorSettings extends WorldSettings {
  readonly credentials: Credentials
  /** The SQLite file of the truth. Default `:memory:`. */
  readonly file?: string
  /** Instead of RSA, for simulations of very many calls. Both belong together with the caller's own signing. */
  readonly cryptography?: { readonly sign: SignReply; readonly verifyCaller: VerifyCaller }
  /** 32 letters and digits, another each time. Default: the system's secure generator. */
  readonly nonces?: () => string
}

/** WeChat Pay without a socket: `handle` is the whole wire, the control API under `/_sim/` included. */
export interface SimulatorCore {
  readonly keys: Keys
  handle(request: WireRequest): Promise<WireAnswer>
  /** What `account.json` says, for these addresses. */
  account(urls: { url: string; backupUrl: string }): ReturnType<typeof accountFile>
  close(): void
}

/** @throws STORE_IN_USE, STORE_INVALID, KEY_INVALID, OPTION_INVALID */
export function createSimulator(settings: SimulatorSettings): SimulatorCore {
  const { clock, seed = 1, customers = 'none', abnormalShare, file = ':memory:' } = settings
  const keys = keysFrom(settings.credentials)
  const probabilities = probabilitiesOfSetting(settings.faults ?? 'none')
  const ledger = openLedger(file)
  const scripts = openScripts(ledger)
  const world = openWorld({ ledger, clock, seed, customers, abnormalShare, scripts })
  const weather = openWeather({ ledger, clock, scripts, seed, probabilities })
  const counters = openCounters(ledger)
  const rush = new Rush(settings.secondMs ?? 1_000)
  const nonce = settings.nonces ?? secureNonces()
  const { sign, verifyCaller } = settings.cryptography ?? rsa(keys)
  const signing = { keys, sign, nonce, nowMs: () => clock.nowMs() }
  const wire = wireOf({
    world,
    keys,
    replyKeys: openReplyKeys(ledger, keys, settings.replyKey ?? 'as-asked'),
    headers: settings.headers ?? 'free',
    seed,
    customers,
    bills: settings.bills ?? 'next-morning',
    nonce,
    ledger,
    clock,
    weather,
    counters,
    rush,
    signing,
    verifyCaller,
  })
  const courier = openCourier({
    ledger,
    clock,
    world,
    weather,
    scripts,
    signing,
    settings: {
      callbacks: settings.callbacks ?? 'on',
      callbackKey: settings.callbackKey ?? 'public-key',
      callbackTargets: settings.callbackTargets ?? 'private',
      callbackAnswerMs: settings.callbackAnswerMs ?? ANSWER_MS,
      send: settings.send ?? sendByHttp(),
    },
  })
  const beside = control({ world, weather, scripts, counters, rush, ledger, clock, courier })
  return {
    keys,
    handle: async (request) => (request.url.startsWith(CONTROL_PATH) ? beside(request) : wire(request)),
    account: (urls) => accountFile(keys, urls),
    close() {
      courier.close()
      ledger.close()
    },
  }
}

function rsa(keys: Keys): { sign: SignReply; verifyCaller: VerifyCaller } {
  const merchantKey = createPublicKey(keys.credentials.merchantCertificate)
  return {
    sign: rsaSigner(keys),
    verifyCaller: (message, signature) => verifyMessage(merchantKey, message, signature),
  }
}

function probabilitiesOfSetting(faults: NonNullable<WorldSettings['faults']>): Probabilities {
  return typeof faults === 'string' ? probabilitiesOf(faults) : probabilitiesFrom(faults)
}
