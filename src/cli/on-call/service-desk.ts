import { VerdictError } from '../../errors.ts'
import type {
  DeliverySeen,
  EvidenceSeen,
  JournalSeen,
  KeptReconciliationSeen,
  OrderSeen,
  RefundSeen,
} from '../../http/views.ts'
import type { Acts, Books, OrdersAsked } from './desk.ts'
import { limited } from './pages.ts'
import { deliveryId, ServiceClient } from './service.ts'
import { theOne } from './the-one.ts'

interface Page<Item> {
  readonly data: readonly Item[]
  readonly next: string | null
}

interface Data<Item> {
  readonly data: readonly Item[]
}

/** Seconds that a question by hand is waited for. */
const ANSWER_S = 10
/** A large bill takes its time. */
const BILL_MS_MAX = 1_800_000

export interface ServiceDesk extends Books, Acts {
  evidenceOf(order: OrderSeen): Promise<EvidenceSeen>
}

/** Books and acts of a running service. @throws OPTION_INVALID */
export function serviceDesk(url: string, env: NodeJS.ProcessEnv): ServiceDesk {
  const service = new ServiceClient(url, env)
  const pathOf = ({ id }: { readonly id: string }): string => `/v1/orders/${id}`
  const post = <Answer>(path: string, body?: object, headers?: Record<string, string>): Promise<Answer> =>
    service.ask(path, {
      method: 'POST',
      ...(body !== undefined && { body }),
      ...(headers !== undefined && { headers }),
    })

  const evidenceOf = (order: OrderSeen): Promise<EvidenceSeen> => service.ask(`${pathOf(order)}/evidence`)

  /** Goes through a list with its cursors. */
  function reading<Item>(path: string, query: Readonly<Record<string, string | undefined>>) {
    let cursor: string | null | undefined
    return async (count: number): Promise<readonly Item[]> => {
      if (cursor === null) return []
      const page: Page<Item> = await service.ask(path, { query: { ...query, cursor, limit: count } })
      cursor = page.next
      return page.data
    }
  }

  return {
    orders(asked, limit) {
      const next = reading<OrderSeen>('/v1/orders', queryOf(asked))
      return limited<OrderSeen>(limit, (_, count) => next(count))
    },
    deliveries(states, limit) {
      const lists = states.map((state) => reading<DeliverySeen>('/v1/deliveries', { state }))
      return limited<DeliverySeen>(limit, async (_, count) => {
        const page: DeliverySeen[] = []
        for (const next of lists) {
          if (page.length === count) break
          page.push(...(await next(count - page.length)))
        }
        return page
      })
    },
    bills(account, limit) {
      const next = reading<KeptReconciliationSeen>('/v1/reconciliations', { account })
      return limited<KeptReconciliationSeen>(limit, (_, count) => next(count))
    },
    byId: (id) =>
      service.ask<OrderSeen>(`/v1/orders/${id}`).catch((error: unknown) => {
        if (error instanceof VerdictError && error.code === 'ORDER_UNKNOWN') return null
        throw error
      }),
    async theOrder(question) {
      const { out_trade_no } = question
      const { data }: Page<OrderSeen> = await service.ask('/v1/orders', {
        query: { out_trade_no, limit: 200 },
      })
      return theOne(data, question)
    },
    async storyOf(order) {
      const of = <Item>(what: string): Promise<Data<Item>> => service.ask(`${pathOf(order)}/${what}`)
      const [now, journal, refunds, deliveries] = await Promise.all([
        service.ask<OrderSeen>(pathOf(order)),
        of<JournalSeen>('journal'),
        of<RefundSeen>('refunds'),
        of<DeliverySeen>('deliveries'),
      ])
      return { order: now, journal: journal.data, refunds: refunds.data, deliveries: deliveries.data }
    },
    evidenceOf,
    amountToAccept: async (order) => (await evidenceOf(order)).amountToAccept,
    async askNow(order) {
      await post(`${pathOf(order)}/query`)
      return service.ask(pathOf(order), { query: { wait: ANSWER_S } })
    },
    giveUp: (order) => post(`${pathOf(order)}/give-up`),
    refund: (order, { idempotencyKey, ...wish }) =>
      post(`${pathOf(order)}/refunds`, wish, { 'idempotency-key': idempotencyKey }),
    resolve: (order, answer) => post(`${pathOf(order)}/attention/resolve`, answer),
    resend: (id) => post(`/v1/deliveries/${deliveryId(id)}/resend`),
    reconcile: (body) => service.ask('/v1/reconciliations', { method: 'POST', body, waitMs: BILL_MS_MAX }),
    close: () => service.close(),
  }
}

function queryOf({ account, states, isOpen, needsAttention, isOverdue, isStopped }: OrdersAsked) {
  return {
    account,
    state: states?.join(','),
    open: isOpen && 'true',
    attention: needsAttention && 'true',
    overdue: isOverdue && 'true',
    stopped: isStopped && 'true',
  }
}
