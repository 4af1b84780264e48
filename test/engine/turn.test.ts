import { createSecretKey } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { KINDS, type Kind } from '../../src/core/order.ts'
import { compilePlan, type Plan } from '../../src/core/plan.ts'
import { DEFAULT_LIMITS } from '../../src/engine/budget.ts'
import { Engine } from '../../src/engine/engine.ts'
import type { PlaceOrder } from '../../src/engine/entrance.ts'
import { KeyShelf } from '../../src/engine/key-shelf.ts'
import { globalV3Gateway } from '../../src/gateway/wechatpay/global-v3.ts'
import type { LearntKey } from '../../src/gateway/wechatpay/platform-keys.ts'
import { seededRandom } from '../../src/random.ts'
import { orderOf, Shop } from '../support/shop.ts'
import { cheapSigner, wireTo } from '../support/wire.ts'

/** The engine without its loop: turn by turn. */
let shop: Shop
let engine: Engine
beforeEach(async () => {
  shop = await Shop.open()
  const { account, clock, simulator, store } = shop
  const transport = wireTo(simulator, clock)
  const keys = new KeyShelf()
  const onKey = (key: LearntKey): void => keys.add({ ...key, keptAtMs: clock.nowMs() })
  const gateway = globalV3Gateway({ account, clock, transport, signer: cheapSigner, onKey })
  const plans = Object.fromEntries(KINDS.map((kind) => [kind, compilePlan(kind)])) as Record<Kind, Plan>
  const placing = { mode: 'common', isLocal: true, merchant_category_code: '5812' } as const
  const fingerprintKey = createSecretKey(Buffer.alloc(32))
  const callbacks = { notify_url: undefined, unknownCallbacks: 'keep' } as const
  const rest = { limits: DEFAULT_LIMITS, concurrency: 10, placing, fingerprintKey, ...callbacks }
  const one = { gateway, plans, ...rest }
  engine = new Engine({ store, accounts: [one], clock, random: seededRandom(1), worker: 'w', keys })
})
afterEach(async () => {
  await during(100, engine.close())
  await shop.close()
})

function placementOf(kind: Kind): PlaceOrder {
  return { ...orderOf(kind), account: shop.account.mchid, sub_mchid: null }
}

async function during<Result>(ms: number, call: Promise<Result>): Promise<Result> {
  call.catch(() => {})
  await shop.clock.advance(ms)
  return call
}

it('a turn works on what is due and tells how many; what is not due waits, and no timer does', async () => {
  const order = placementOf('native')
  await during(100, engine.place(order))
  expect(await during(100, engine.runOnce())).toBe(0)
  expect(shop.clock.timers).toBe(0)
  await shop.pay(order.out_trade_no)
  await shop.clock.advance(15_000)
  expect(await during(100, engine.runOnce())).toBe(1)
  expect(await engine.settled(order)).toMatchObject({ state: 'SUCCESS' })
  expect(await during(100, engine.runOnce())).toBe(0)
})

it('a turn goes on with what follows at once: the last query, the close and its confirmation', async () => {
  const order = placementOf('native')
  await during(100, engine.place(order))
  await shop.clock.advance(901_000)
  expect(await during(1_000, engine.runOnce())).toBe(3)
  expect(await engine.settled(order)).toMatchObject({ state: 'CLOSED' })
})

it('after close there are no turns', async () => {
  await during(100, engine.close())
  await expect(engine.runOnce()).rejects.toEqual(expect.objectContaining({ code: 'CLOSED' }))
})
