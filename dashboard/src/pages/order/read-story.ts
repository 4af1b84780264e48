import { get } from '../../api/client.ts'
import type { Delivery, JournalLine, Order, Refund, Schedule } from '../../api/types.ts'
import type { EvidenceList, Story } from './story.ts'

interface List<Item> {
  readonly data: readonly Item[]
}

/** @throws ApiError (ORDER_UNKNOWN for an id that is none), Unreachable */
export async function readStory(id: string, signal: AbortSignal): Promise<Story> {
  const path = `/v1/orders/${encodeURIComponent(id)}`
  const [order, journal, evidence, refunds, deliveries, { schedule }] = await Promise.all([
    get<Order>(path, { signal }),
    get<List<JournalLine>>(`${path}/journal`, { signal }),
    get<EvidenceList>(`${path}/evidence`, { signal }),
    get<List<Refund>>(`${path}/refunds`, { signal }),
    get<List<Delivery>>(`${path}/deliveries`, { signal }),
    get<{ schedule: Schedule | null }>(`${path}/schedule`, { signal }),
  ])
  return {
    order,
    journal: journal.data,
    evidence,
    refunds: refunds.data,
    deliveries: deliveries.data,
    schedule,
  }
}
