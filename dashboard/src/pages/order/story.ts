import { get } from '../../api/client.ts'
import type {
  Delivery,
  Evidence,
  JournalLine,
  Order,
  PlatformKey,
  Refund,
  Schedule,
} from '../../api/types.ts'

export interface EvidenceList {
  readonly data: readonly Evidence[]
  readonly keys: readonly PlatformKey[]
  readonly holds: boolean
  readonly because: string | null
}

/** An order with all that is known of it. */
export interface Story {
  readonly order: Order
  readonly journal: readonly JournalLine[]
  readonly evidence: EvidenceList
  readonly refunds: readonly Refund[]
  readonly deliveries: readonly Delivery[]
  readonly schedule: Schedule | null
}

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
