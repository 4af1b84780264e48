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
  /** What `accept_evidence` puts in the place of the order's amount; null unless it is marked for that. */
  readonly amountToAccept: Order['amount'] | null
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
