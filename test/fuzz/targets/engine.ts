import type { CallbackReceiver } from '../../../src/callback/http.ts'
import type { Clock } from '../../../src/clock.ts'
import type { Order } from '../../../src/core/order.ts'
import type { Gateway } from '../../../src/gateway/gateway.ts'
import { globalV3Gateway } from '../../../src/gateway/wechatpay/global-v3.ts'
import { seededRandom } from '../../../src/random.ts'
import { sqliteStore } from '../../../src/store/sqlite/index.ts'
import type { Store } from '../../../src/store/store.ts'
import { Verdict } from '../../../src/verdict.ts'
import type { Chance } from '../chance.ts'
import { letter } from '../letters.ts'
import { NUMBER, saysPaid, TOTAL } from '../paid.ts'
import { must, type Target } from '../target.ts'
import { COMMON, NO_SIGNER, NOW_MS, Seal } from '../wechat-pay.ts'

export interface EngineParts {
  readonly receive?: (real: CallbackReceiver, store: Store) => CallbackReceiver
}

/**
 * The callbacks of a whole Verdict on a database in memory: what WeChat Pay did not sign leaves every order, journal and
 * evidence as it was, and an order becomes paid only by a callback that says so about it.
 */
export function engineTarget({ receive = (real) => real }: EngineParts = {}): Target {
  return {
    name: 'engine',
    open: () => {
      const seal = new Seal()
      let shop: Shop | null = null
      return {
        run: async (chance) => {
          shop ??= await openShop(receive)
          const outcome = await run(chance, seal, shop)
          if (outcome.isOver) {
            // What a paid order does with further callbacks is another story: the next case finds an unpaid one.
            await shop.close()
            shop = null
          }
          return outcome.words
        },
        close: () => shop?.close(),
      }
    },
  }
}

interface Shop {
  readonly answer: CallbackReceiver
  order(): Promise<Order>
  close(): Promise<void>
}

async function openShop(receive: NonNullable<EngineParts['receive']>): Promise<Shop> {
  const store = await sqliteStore({ file: ':memory:' })
  const transport = async () => ({ kind: 'failure', reason: 'reset', sent: true, detail: 'closed' }) as const
  const verdict = await Verdict.open({
    store,
    accounts: [COMMON],
    clock: SOON,
    random: seededRandom(1),
    start: false,
    createGateway: (account, onKey): Gateway =>
      globalV3Gateway({
        account,
        clock: SOON,
        transport,
        signer: NO_SIGNER,
        nonces: () => 'n',
        onKey: (key) => onKey({ ...key, keptAtMs: NOW_MS }),
      }),
  })
  await verdict.track({ out_trade_no: NUMBER, kind: 'native', amount: { total: TOTAL, currency: 'HKD' } })
  return {
    answer: receive(verdict.callbacks, store),
    order: async () => {
      const found = await store.find({ account: COMMON.mchid, sub_mchid: null, out_trade_no: NUMBER })
      must(found !== null, 'the order is lost')
      return found
    },
    close: async () => {
      await verdict.close()
      await store.close()
    },
  }
}

async function run(
  chance: Chance,
  seal: Seal,
  { answer, order }: Shop,
): Promise<{ readonly words: string; readonly isOver: boolean }> {
  const { message, said } = letter(chance, seal)
  const { headers, body } = message
  chance.input = { headers, body: Buffer.from(body).toString('latin1'), said }
  const before = await order()
  const { status } = await answer(message)
  const after = await order()
  const isChanged = before.version !== after.version
  const isGenuine = seal.isGenuine(message)
  must(status !== 204 || isGenuine, 'received is answered to what WeChat Pay did not sign')
  // A hint, which only our APIv3 key opens, may make a query due: nothing else of the order.
  if (isChanged && !isGenuine)
    must(after.state === before.state, `${after.state} by what WeChat Pay did not sign`)
  if (after.state !== 'SUCCESS') {
    must(after.state === 'waiting', `the order is ${after.state}`)
    return { words: `${status} ${isChanged ? 'changed' : ''}`, isOver: after.version > VERSION_MAX }
  }
  must(isGenuine && said !== null && saysPaid(said, 'common'), 'paid by what does not say so')
  must(after.verdict.evidence.body === Buffer.from(body).toString(), 'the evidence is another')
  return { words: `${status} paid`, isOver: true }
}

/** A journal that grows without end would make the later cases of a block slower than the first. */
const VERSION_MAX = 200

/** Batches are written at once; what is meant for later never comes. */
const SOON: Clock = {
  nowMs: () => NOW_MS,
  after: (ms, task) => {
    if (ms > 1_000) return () => {}
    const timer = setImmediate(task)
    return () => clearImmediate(timer)
  },
}
