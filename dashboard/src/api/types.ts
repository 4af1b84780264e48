import type { z } from 'zod'
import type { OverviewView } from '../../../src/http/routes/overview.ts'
import type {
  DeliveryView,
  EvidenceView,
  JournalView,
  OrderView,
  PlatformKeyView,
  RefundView,
  ScheduleView,
} from '../../../src/http/views.ts'

/*
 * What the API gives, as the service itself declares it: types only, so that nothing of the service enters the page, and a
 * change of the API that the page doesn't follow does not compile.
 */

export type Order = z.output<typeof OrderView>
export type OrderState = Order['state']
export type JournalLine = z.output<typeof JournalView>
export type Evidence = z.output<typeof EvidenceView>
export type Refund = z.output<typeof RefundView>
export type PlatformKey = z.output<typeof PlatformKeyView>
export type Schedule = z.output<typeof ScheduleView>
export type Delivery = z.output<typeof DeliveryView>
/** RFC 9457, with our stable code. */
export interface Problem {
  readonly type: string
  readonly code: string
  readonly status: number
  readonly detail: string
}

export interface Page<Item> {
  readonly data: readonly Item[]
  readonly next: string | null
}

export interface Session {
  readonly name: string
  readonly role: 'read' | 'operate' | 'admin'
  /** Null where nobody is asked for a key: in a demo. */
  readonly csrf: string | null
}

/** `GET /v1/overview`. */
export type Overview = z.output<typeof OverviewView>
