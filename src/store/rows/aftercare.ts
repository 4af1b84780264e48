import {
  type Aftercare,
  LATE_PHASES,
  type LateMoney,
  REFUND_STATES,
  type Refund,
  type RefundOrigin,
} from '../../core/aftercare.ts'
import { type Cells, integer, integerOrNull, oneOf, text, textOrNull, type Value } from './cells.ts'

/* What follows a verdict, as rows. */

export const AFTERCARE_COLUMNS = [
  'compare_at',
  'late_phase',
  'late_learnt_at',
  'late_transaction_id',
  'late_success_time',
  'late_due_at',
  'late_questions',
  'late_confirmed_at',
] as const

export const REFUND_COLUMNS = [
  'out_refund_no',
  'key',
  'origin',
  'amount',
  'reason',
  'created_at',
  'state',
  'due_at',
  'attempts',
  'sent_at',
  'unanswered_at',
  'pauses',
  'said',
  'refund_id',
  'success_time',
] as const

/** For AFTERCARE_COLUMNS. */
export function aftercareCells({ late, compareAtMs }: Aftercare): Value[] {
  return [
    compareAtMs,
    late?.phase ?? null,
    late?.learntAtMs ?? null,
    late?.transaction_id ?? null,
    late?.success_time ?? null,
    late?.dueAtMs ?? null,
    late?.questions ?? null,
    late?.confirmedAtMs ?? null,
  ]
}

export type AftercareRow = Omit<Aftercare, 'refunds'>

export function aftercareOf([compare_at, phase, ...late]: Cells): AftercareRow {
  return {
    compareAtMs: integerOrNull(compare_at),
    late: phase === null ? null : lateOf([phase ?? null, ...late]),
  }
}

function lateOf([
  phase,
  learnt_at,
  transaction_id,
  success_time,
  due_at,
  questions,
  confirmed_at,
]: Cells): LateMoney {
  return {
    phase: phaseOf(phase),
    learntAtMs: integer(learnt_at),
    transaction_id: textOrNull(transaction_id),
    success_time: textOrNull(success_time),
    dueAtMs: integerOrNull(due_at),
    questions: integer(questions),
    confirmedAtMs: integerOrNull(confirmed_at),
  }
}

/** For REFUND_COLUMNS. */
export function refundCells(refund: Refund): Value[] {
  const { out_refund_no, key, origin, amount, reason, createdAtMs, state, dueAtMs, attempts } = refund
  const { sentAtMs, unansweredAtMs, pauses, said, refund_id, success_time } = refund
  return [
    ...[out_refund_no, key, origin, amount, reason, createdAtMs, state, dueAtMs, attempts],
    ...[sentAtMs, unansweredAtMs, pauses, said, refund_id, success_time],
  ]
}

export function refundOf(cells: Cells): Refund {
  const [out_refund_no, key, origin, amount, reason, created_at, state, due_at, attempts] = cells
  const [sent_at, unanswered_at, pauses, said, refund_id, success_time] = cells.slice(9)
  return {
    out_refund_no: text(out_refund_no),
    key: textOrNull(key),
    origin: originOf(origin),
    amount: integer(amount),
    reason: textOrNull(reason),
    createdAtMs: integer(created_at),
    state: stateOf(state),
    dueAtMs: integerOrNull(due_at),
    attempts: integer(attempts),
    sentAtMs: integerOrNull(sent_at),
    unansweredAtMs: integerOrNull(unanswered_at),
    pauses: integer(pauses),
    said: textOrNull(said),
    refund_id: textOrNull(refund_id),
    success_time: textOrNull(success_time),
  }
}

const ORIGINS = ['asked', 'late_money', 'elsewhere'] as const satisfies readonly RefundOrigin[]

const phaseOf = oneOf('late_phase', LATE_PHASES)
const originOf = oneOf('origin', ORIGINS)
const stateOf = oneOf('state of a refund', REFUND_STATES)
