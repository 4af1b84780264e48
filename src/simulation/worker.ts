import type { CallbackReceiver } from '../callback/http.ts'
import { receiver } from '../callback/receiver.ts'
import { handlerTarget } from '../delivery/handler.ts'
import { Engine, type EngineAccount } from '../engine/engine.ts'
import { KeyShelf } from '../engine/key-shelf.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { openGateway } from '../gateway/wechatpay/global-v3.ts'
import type { OpenAccount } from '../gateway/wechatpay/open-account.ts'
import type { LearntKey } from '../gateway/wechatpay/platform-keys.ts'
import type { Transport } from '../gateway/wechatpay/transport.ts'
import { namedRandom } from '../random.ts'
import type { Store } from '../store/store.ts'
import type { Cryptography } from './cryptography.ts'
import type { Inbox } from './inbox.ts'
import type { Life } from './life.ts'
import { nonceSource } from './nonces.ts'

/** How an account is set up, but for what a process makes of it. */
export interface AccountSetup extends Omit<EngineAccount, 'gateway'> {
  readonly account: OpenAccount
}

export interface WorkerOptions {
  readonly life: Life
  readonly store: Store
  readonly transport: Transport
  readonly accounts: readonly AccountSetup[]
  readonly cryptography: Cryptography
  readonly inbox: Inbox
  readonly seed: number
  readonly say: (line: string) => void
}

/** One process of Verdict: the real engine, gateways, receiver and deliveries, as `Verdict.open` puts them together. */
export interface Worker {
  readonly life: Life
  readonly engine: Engine
  readonly receive: CallbackReceiver
}

export function startWorker(options: WorkerOptions): Worker {
  const { life, store, inbox, seed, say } = options
  const { clock } = life
  const keys = new KeyShelf()
  const gateways = new Map<string, Gateway>()
  const accounts = options.accounts.map((setup) => {
    const gateway = gatewayOf(setup.account, options, keys)
    gateways.set(gateway.identity.account, gateway)
    return { ...setup, gateway }
  })
  const target = handlerTarget({ name: 'shop', handlers: inbox.handlersFor(life) }, { clock })
  const engine = new Engine({
    store,
    accounts,
    clock,
    random: namedRandom(seed, life.name),
    worker: life.name,
    keys,
    notify: ({ message }) => say(message),
    targets: [target],
  })
  void keys.moveTo(store).then(
    () => engine.start(),
    // As a process that can't open its database: somebody starts it again.
    () => life.die(),
  )
  return { life, engine, receive: receiver({ accounts: gateways, desk: engine, clock }) }
}

function gatewayOf(
  account: OpenAccount,
  { life, transport, cryptography, seed }: WorkerOptions,
  keys: KeyShelf,
): Gateway {
  const { clock } = life
  return openGateway(account, {
    clock,
    transport,
    signer: cryptography.merchant,
    verifySignature: cryptography.verify,
    nonces: nonceSource(seed, life.name),
    onKey: (key: LearntKey) => keys.add({ ...key, keptAtMs: clock.nowMs() }),
  })
}
