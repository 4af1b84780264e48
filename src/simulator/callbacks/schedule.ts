import type { CallbackFault } from '../faults.ts'
import type { CallbackRecord } from './counts.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** WeChat Pay's pauses between two attempts: 24 h 4 min in all. Source: the Global notification page. */
export const RETRY_PAUSES_MS: readonly number[] = [
  15 * SECOND,
  15 * SECOND,
  30 * SECOND,
  3 * MINUTE,
  10 * MINUTE,
  20 * MINUTE,
  30 * MINUTE,
  30 * MINUTE,
  30 * MINUTE,
  60 * MINUTE,
  3 * HOUR,
  3 * HOUR,
  3 * HOUR,
  6 * HOUR,
  6 * HOUR,
]
export const ATTEMPTS_MAX = RETRY_PAUSES_MS.length + 1

const LOST_AT_FIRST_MAX = 5
const LATE_MS_MIN = MINUTE
const LATE_MS_MAX = 10 * MINUTE
/** So long a callback waits for another one of its order to overtake it. */
export const HELD_MS_MAX = 20 * MINUTE

/** What an attempt comes to, and the record as it is afterwards. */
export interface Strike {
  readonly do: 'send' | 'wait'
  readonly record: CallbackRecord
}

/** The next attempt of the schedule, with the fault that it meets. */
export function begun(
  record: CallbackRecord,
  fault: CallbackFault | null,
  nowMs: number,
  { callbackAnswerMs }: { callbackAnswerMs: number },
): Strike {
  const nth = record.attempts + 1
  if (nth > ATTEMPTS_MAX) return { do: 'wait', record: { ...record, state: 'given_up', dueAtMs: null } }
  // After the last attempt there is only its answer to wait for.
  const pauseMs = RETRY_PAUSES_MS[nth - 1] ?? callbackAnswerMs
  const next = { ...record, attempts: nth, dueAtMs: nowMs + pauseMs, clear: false, held: false }
  if (record.losing > 0) return { do: 'wait', record: { ...next, losing: record.losing - 1 } }
  const strike = struck(record, fault, nowMs)
  if (strike.do === 'send') return { do: 'send', record: next }
  return fault?.name === 'callbackLostAtFirst'
    ? { do: 'wait', record: { ...next, losing: strike.record.losing - 1 } }
    : strike
}

/** What a fault makes of a callback that would be sent now. */
export function struck(record: CallbackRecord, fault: CallbackFault | null, nowMs: number): Strike {
  const degree = fault?.degree ?? 0
  switch (fault?.name) {
    case 'callbackLost':
      return { do: 'wait', record: { ...record, state: 'lost', dueAtMs: null, held: false } }
    case 'callbackLostAtFirst': {
      const losing = 1 + Math.floor(degree * LOST_AT_FIRST_MAX)
      return { do: 'wait', record: { ...record, ...REOPENED, losing, dueAtMs: nowMs } }
    }
    case 'callbackLate': {
      const lateMs = Math.round(LATE_MS_MIN + degree * (LATE_MS_MAX - LATE_MS_MIN))
      return { do: 'wait', record: { ...record, ...REOPENED, clear: true, dueAtMs: nowMs + lateMs } }
    }
    case 'callbackOutOfOrder':
      return {
        do: 'wait',
        record: { ...record, ...REOPENED, clear: true, held: true, dueAtMs: nowMs + HELD_MS_MAX },
      }
    default:
      return { do: 'send', record }
  }
}

/** A callback that was acknowledged or lost comes again when somebody asks for it. */
const REOPENED = { state: 'pending' } as const
