import { createSecretKey } from 'node:crypto'
import type { Clock } from '../../src/clock.ts'
import { KINDS, type Kind } from '../../src/core/order.ts'
import { compilePlan, type Plan } from '../../src/core/plan.ts'
import type { Target } from '../../src/delivery/target.ts'
import { DEFAULT_LIMITS, type Limits } from '../../src/engine/budget.ts'
import { Engine } from '../../src/engine/engine.ts'
import type { PlaceOrder } from '../../src/engine/entrance.ts'
import { KeyShelf } from '../../src/engine/key-shelf.ts'
import { globalV3Gateway } from '../../src/gateway/wechatpay/global-v3.ts'
import type { LearntKey } from '../../src/gateway/wechatpay/platform-keys.ts'
import type { Transport } from '../../src/gateway/wechatpay/transport.ts'
import { seededRandom } from '../../src/random.ts'
import type { Store } from '../../src/store/store.ts'
import { orderOf, type Shop } from '../support/shop.ts'
import { cheapSigner, wireTo } from '../support/wire.ts'

export interface BareSettings {
  readonly store?: Store
  readonly clock?: Clock
  readonly targets?: readonly Target[]
  readonly latencyMs?: number
  readonly limits?: Partial<Limits>
  readonly concurrency?: number
  readonly unknownCallbacks?: 'keep' | 'count'
  readonly between?: (transport: Transport) => Transport
  readonly notify?: (message: string) => void
}

/** The engine as `Verdict` makes it, but with targets of the test's own; not started yet. */
export function bareEngine(shop: Shop, settings: BareSettings = {}): Engine {
  const { store = shop.store, clock = shop.clock, targets = [], latencyMs = 0, notify } = settings
  const wire = wireTo(shop.simulator, clock, latencyMs)
  const keys = new KeyShelf()
  const gateway = globalV3Gateway({
    account: shop.account,
    clock,
    transport: settings.between?.(wire) ?? wire,
    signer: cheapSigner,
    onKey: (key: LearntKey) => keys.add({ ...key, keptAtMs: clock.nowMs() }),
  })
  const account = {
    gateway,
    plans: Object.fromEntries(KINDS.map((kind) => [kind, compilePlan(kind)])) as Record<Kind, Plan>,
    limits: { ...DEFAULT_LIMITS, ...settings.limits },
    concurrency: settings.concurrency ?? 400,
    placing: { mode: 'common', isLocal: true, merchant_category_code: '5812' },
    notify_url: undefined,
    unknownCallbacks: settings.unknownCallbacks ?? 'keep',
    fingerprintKey: createSecretKey(Buffer.alloc(32)),
  } as const
  return new Engine({
    ...{ store, accounts: [account], clock, random: seededRandom(1), worker: 'w', keys, targets },
    ...(notify && { notify: ({ message }) => notify(message) }),
  })
}

export function placementOf(shop: Shop, ...order: Parameters<typeof orderOf>): PlaceOrder {
  return { ...orderOf(...order), account: shop.account.mchid, sub_mchid: null }
}
