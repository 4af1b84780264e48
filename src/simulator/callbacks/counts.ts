import { CALLBACK_FAULTS, type CallbackFaultName } from '../faults.ts'
import type { EventType } from './notice.ts'

/** What answered the messages that left. `sent` is their sum. */
export interface Answers {
  readonly sent: number
  /** 200 or 204 in time. */
  readonly accepted: number
  /** Any other status in time. */
  readonly refused: number
  /** No answer in time, or no connection. */
  readonly unanswered: number
}

export const NO_ANSWERS: Answers = { sent: 0, accepted: 0, refused: 0, unanswered: 0 }

/**
 * `pending`: it is sent again until it is acknowledged. `lost`: never sent again. `given_up`: all attempts are used up.
 * `address_refused`: never sent, as notify_url leads to the internet.
 */
export type CallbackState = 'pending' | 'acknowledged' | 'lost' | 'given_up' | 'address_refused'

/** The callback of one event, as it is on file. */
export interface CallbackRecord extends Answers {
  readonly id: string
  /** The order's key, and the event's name. */
  readonly order: string
  readonly out_trade_no: string
  readonly event: string
  readonly event_type: EventType
  readonly url: string
  /** When it happened, on the wire's clock, as all moments here. */
  readonly happenedAtMs: number
  readonly state: CallbackState
  /** Begun ones, lost ones among them. */
  readonly attempts: number
  /** Null when nothing is to be sent any more. */
  readonly dueAtMs: number | null
  /** So many attempts more are lost on the way. */
  readonly losing: number
  /** The next attempt had its fault already: it was only late. */
  readonly clear: boolean
  /** Waits for another callback of its order to overtake it. */
  readonly held: boolean
  readonly lastStatus: number | null
}

/** What `GET /_sim/statistics` says of callbacks. */
export interface CallbackCounts extends Answers {
  /** Callbacks by state: one for each event that has an address. */
  readonly acknowledged: number
  readonly pending: number
  readonly lost: number
  readonly givenUp: number
  readonly addressRefused: number
  /** Messages that a receiver should have refused, and accepted. */
  readonly badAccepted: number
  readonly byFault: Readonly<Partial<Record<CallbackFaultName, FaultCounts>>>
}

export interface FaultCounts extends Answers {
  /** Attempts that met the fault. */
  readonly struck: number
}

export interface CallbackView extends Answers {
  readonly id: string
  readonly event_type: EventType
  readonly out_trade_no: string
  readonly key: string
  readonly event: string
  readonly url: string
  readonly state: CallbackState
  readonly attempts: number
  readonly happenedAtMs: number
  readonly dueAtMs: number | null
  /** What the latest message was answered with; null if it wasn't. */
  readonly lastStatus: number | null
}

/** What `GET /_sim/callbacks` answers. */
export interface CallbackList extends CallbackCounts {
  readonly callbacks: readonly CallbackView[]
}

export function viewOfCallback(record: CallbackRecord): CallbackView {
  const { order: key, losing: _, clear: __, held: ___, ...view } = record
  return { ...view, key }
}

/** One message more. */
export function counted(before: Answers, answer: Exclude<keyof Answers, 'sent'>): Answers {
  const { sent, accepted, refused, unanswered } = before
  return { sent: sent + 1, ...{ accepted, refused, unanswered }, [answer]: before[answer] + 1 }
}

export interface CountedFaults {
  /** How often each fault struck. */
  readonly struck: Readonly<Record<CallbackFaultName, number>>
  readonly byFault: (name: CallbackFaultName) => Answers
  readonly badAccepted: number
}

export function countsOf(all: readonly CallbackRecord[], faults: CountedFaults): CallbackCounts {
  const sum = (answer: keyof Answers): number => all.reduce((total, record) => total + record[answer], 0)
  const inState = (state: CallbackState): number => all.filter((record) => record.state === state).length
  const met = CALLBACK_FAULTS.filter((name) => faults.struck[name] > 0)
  return {
    sent: sum('sent'),
    accepted: sum('accepted'),
    refused: sum('refused'),
    unanswered: sum('unanswered'),
    acknowledged: inState('acknowledged'),
    pending: inState('pending'),
    lost: inState('lost'),
    givenUp: inState('given_up'),
    addressRefused: inState('address_refused'),
    badAccepted: faults.badAccepted,
    byFault: Object.fromEntries(
      met.map((name) => [name, { struck: faults.struck[name], ...faults.byFault(name) }]),
    ),
  }
}
