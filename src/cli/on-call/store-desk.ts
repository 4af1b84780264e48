import { systemClock } from '../../clock.ts'
import { deliveryView, numberIn, orderView, reconciliationView, refundView } from '../../http/views.ts'
import { readServiceConfig } from '../../service-config.ts'
import { postgresStore } from '../../store/postgres/index.ts'
import { sqliteStore } from '../../store/sqlite/index.ts'
import { type OrderRef, Verdict } from '../../verdict.ts'
import type { Io } from '../io.ts'
import { isPostgresUrl } from '../store-name.ts'
import type { Acts, Books } from './desk.ts'
import { deliveryId } from './service.ts'
import { booksOf } from './store-books.ts'

/**
 * Straight on the store that a configuration names: what is asked for is written, and done by the processes that follow the
 * orders. A SQLite store that one of them owns is refused: ask the service then.
 *
 * @param by who, for the journal
 * @throws OPTION_INVALID, KEY_INVALID, POLICY_INVALID, STORE_INVALID, STORE_IN_USE
 */
export async function storeDesk(config: string, by: string, { say }: Pick<Io, 'say'>): Promise<Books & Acts> {
  const { store: name, accounts, webhooks } = await readServiceConfig(config, process.env)
  // Whoever waits for a store that is in use stands at a terminal: he is told at once.
  const store = isPostgresUrl(name)
    ? await postgresStore({ url: name, onRisk: say })
    : await sqliteStore({ file: name })
  const verdict = await Verdict.open({ store, accounts, webhooks, start: false }).catch(async (error) => {
    await store.close()
    throw error
  })
  const refOf = ({ account, sub_mchid, out_trade_no }: OrderRef): OrderRef => ({
    out_trade_no,
    ...(account !== undefined && { account }),
    ...(sub_mchid !== undefined && { sub_mchid }),
  })
  return {
    ...booksOf(store, systemClock),
    amountToAccept: async (order) => (await verdict.order(refOf(order))).amountToAccept,
    askNow: async (order) => orderView(await verdict.askNow(refOf(order), by)),
    giveUp: async (order) => orderView(await verdict.giveUp(refOf(order), by)),
    refund: async (order, { idempotencyKey, amount, reason }) =>
      refundView(
        await verdict.refund(refOf(order), {
          ...{ idempotencyKey, by },
          ...(amount !== undefined && { amount }),
          ...(reason !== undefined && { reason }),
        }),
      ),
    resolve: async (order, answer) => orderView(await verdict.resolve(refOf(order), { ...answer, by })),
    resend: async (id) => deliveryView(await verdict.resend(numberIn(deliveryId(id)))),
    reconcile: async (day) => reconciliationView(await verdict.reconcile(day)),
    async close() {
      await verdict.close()
      await store.close()
    },
  }
}
