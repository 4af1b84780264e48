import assert from 'node:assert/strict'
import type { Aftercare } from '../../core/aftercare.ts'
import { ATTENTION, type AttentionCode } from '../../core/attention.ts'
import { CALLS, JOURNAL_EVENTS, type JournalLine } from '../../core/change.ts'
import {
  type Ending,
  FINAL_STATES,
  isAtTheTill,
  isDue,
  isFinal,
  KINDS,
  type Life,
  type OpenOrder,
  type Order,
  type OrderFacts,
  type OrderKey,
  type Progress,
  type Verdict,
} from '../../core/order.ts'
import type { Credential, Evidence, UnverifiedEvidence } from '../../core/outcome.ts'
import { TRADE_STATES, type TradeState } from '../../core/trade-state.ts'
import type { PlatformKey } from '../store.ts'
import {
  type Cell,
  type Cells,
  flag,
  integer,
  integerOrNull,
  oneOf,
  text,
  textOrNull,
  type Value,
} from './cells.ts'

/*
 * Where rows of orders become values and values become rows. A row comes as an array in the order of the columns named
 * here: half the cost of an object with forty names, and claims read hundreds of rows at a time.
 */
// ------------------------------------------------------------------ orders

export const KEY_COLUMNS = ['account', 'sub_mchid', 'out_trade_no', 'kind'] as const

export const PROGRESS_COLUMNS = [
  'state',
  'till',
  'due_at',
  'version',
  'queries',
  'silence',
  'seen',
  'placings',
  'latest_placing_at',
  'declined',
  'unknown_at',
  'given_up_at',
  'attention',
  'ending_phase',
  'ending_calls',
  'ending_confirmations',
  'revoke_in_flight_at',
  'revoke_unanswered_at',
  'revoke_accepted',
] as const

export const FACTS_COLUMNS = [
  'total',
  'currency',
  'origin',
  'may_end',
  'purchase',
  'created_at',
  'window_end_at',
] as const

export const EVIDENCE_COLUMNS = [
  'source',
  'request',
  'status',
  'serial',
  'timestamp',
  'nonce',
  'signature',
  'body',
  'received_at',
] as const

export const VERDICT_COLUMNS = ['at', 'learnt_by', 'transaction_id', 'success_time'] as const

export const OPEN_COLUMNS = [
  'orders.id',
  ...KEY_COLUMNS.map((name) => `orders.${name}`),
  ...PROGRESS_COLUMNS.map((name) => `orders.${name}`),
  ...FACTS_COLUMNS.map((name) => `facts.${name}`),
]

export const ALL_COLUMNS = [
  ...OPEN_COLUMNS,
  ...VERDICT_COLUMNS.map((name) => `verdicts.${name}`),
  ...EVIDENCE_COLUMNS.map((name) => `evidence.${name}`),
]

/** Common mode has no sub-merchant: '' in SQL, because NULLs would not collide in the unique index. */
export function subMchidCell(sub_mchid: string | null): string {
  return sub_mchid ?? ''
}

export function subMchidOf(cell: Cell): string | null {
  return cell === '' ? null : text(cell)
}

/** For PROGRESS_COLUMNS. */
export function progressCells(order: Order): Value[] {
  const ending = order.state === 'ending' ? order.ending : null
  return [
    order.state,
    isDue(order) && isAtTheTill(order) ? 1 : 0,
    order.dueAtMs,
    order.version,
    order.queries,
    order.silence,
    order.seen,
    order.placings,
    order.latestPlacingAtMs,
    order.declined ? 1 : 0,
    order.unknownAtMs,
    order.givenUpAtMs,
    order.attention,
    ending === null ? null : ending.phase,
    ending === null ? null : ending.calls,
    ending === null ? null : ending.confirmations,
    ending === null ? null : ending.revoke.inFlightAtMs,
    ending === null ? null : ending.revoke.unansweredAtMs,
    ending === null ? null : Number(ending.revoke.accepted),
  ]
}

export function keyCells(order: OrderKey & Pick<OrderFacts, 'kind'>): Value[] {
  return [order.account, subMchidCell(order.sub_mchid), order.out_trade_no, order.kind]
}

/** For FACTS_COLUMNS. */
export function factsCells(order: Omit<OrderFacts, 'id'>): Value[] {
  const { total, currency, origin, mayEnd, purchase, createdAtMs, windowEndAtMs } = order
  return [total, currency, origin, Number(mayEnd), purchase, createdAtMs, windowEndAtMs]
}

/**
 * An order from a row of ALL_COLUMNS or, if it is open, of OPEN_COLUMNS.
 *
 * @param aftercareOf reads what follows the verdict, for an order that has one
 */
export function orderOf(cells: Cells, aftercareOf: AftercareOf): Order {
  const [id, account, sub_mchid, out_trade_no, kind] = cells
  const [total, currency, origin, may_end, purchase, created_at, window_end_at] = cells.slice(
    OPEN_COLUMNS.length - FACTS_COLUMNS.length,
  )
  const facts: OrderFacts = {
    id: integer(id),
    account: text(account),
    sub_mchid: subMchidOf(sub_mchid),
    out_trade_no: text(out_trade_no),
    kind: kindOf(kind),
    total: integer(total),
    currency: text(currency),
    origin: originOf(origin),
    mayEnd: flag(may_end),
    purchase: textOrNull(purchase),
    createdAtMs: integer(created_at),
    windowEndAtMs: integer(window_end_at),
  }
  const progress = cells.slice(1 + KEY_COLUMNS.length, OPEN_COLUMNS.length)
  const verdict = cells.slice(OPEN_COLUMNS.length)
  return { ...facts, ...progressOf(progress), ...lifeOf(facts.id, progress, verdict, aftercareOf) }
}

export type AftercareOf = (orderId: number) => Aftercare | null

/** An open order from a row of OPEN_COLUMNS; null if the order has its verdict, which that row doesn't hold. */
export function openOrderOf(cells: Cells): OpenOrder | null {
  const state = cells[STATE_CELL]
  if (state !== 'placing' && state !== 'waiting' && state !== 'ending') return null
  const order = orderOf(cells, () => null)
  assert(!isFinal(order))
  return order
}

const STATE_CELL = 1 + KEY_COLUMNS.length

function progressOf(cells: Cells): Progress {
  const [, , , version, queries, silence, seen, placings, latest_placing_at, declined, unknown_at] = cells
  const [given_up_at, attention] = cells.slice(11)
  return {
    version: integer(version),
    queries: integer(queries),
    silence: integer(silence),
    seen: seen === null ? null : tradeStateOf(seen),
    placings: integer(placings),
    latestPlacingAtMs: integer(latest_placing_at),
    declined: flag(declined),
    unknownAtMs: integerOrNull(unknown_at),
    givenUpAtMs: integerOrNull(given_up_at),
    attention: attention === null ? null : attentionOf(attention),
  }
}

function lifeOf(id: number, progress: Cells, verdict: Cells, aftercareOf: AftercareOf): Life {
  const [state, , due_at] = progress
  const known = stateOf(state)
  const after = () => ({ dueAtMs: integerOrNull(due_at), aftercare: aftercareOf(id) })
  switch (known) {
    case 'placing':
    case 'waiting':
      return { state: known, dueAtMs: integer(due_at) }
    case 'ending':
      return { state: known, dueAtMs: integer(due_at), ending: endingOf(progress.slice(13)) }
    case 'NOT_CREATED':
      return {
        state: known,
        verdict: { state: known, ...verdictFactsOf(verdict), evidence: proofOf(verdict) },
        ...after(),
      }
    case 'SUCCESS':
      return {
        state: known,
        verdict: { state: known, ...verdictFactsOf(verdict), evidence: provenBy(verdict) },
        ...after(),
      }
    case 'CLOSED':
      return {
        state: known,
        verdict: { state: known, ...verdictFactsOf(verdict), evidence: provenBy(verdict) },
        ...after(),
      }
    case 'REVOKED':
      return {
        state: known,
        verdict: { state: known, ...verdictFactsOf(verdict), evidence: provenBy(verdict) },
        ...after(),
      }
  }
}

function endingOf([phase, calls, confirmations, in_flight_at, unanswered_at, accepted]: Cells): Ending {
  return {
    phase: phaseOf(phase),
    calls: integer(calls),
    confirmations: integer(confirmations),
    revoke: {
      inFlightAtMs: integerOrNull(in_flight_at),
      unansweredAtMs: integerOrNull(unanswered_at),
      accepted: flag(accepted),
    },
  }
}

// ------------------------------------------------------------------ verdicts and evidence

/** For the state, and VERDICT_COLUMNS. */
export function verdictCells({ state, atMs, learntBy, transaction_id, success_time }: Verdict): Value[] {
  return [state, atMs, learntBy, transaction_id, success_time]
}

/** For EVIDENCE_COLUMNS. */
export function evidenceCells(evidence: Evidence): Value[] {
  const { source, request, status, serial, timestamp, nonce, signature, body, receivedAtMs } = evidence
  return [source, request, status, serial, timestamp, nonce, signature, body, receivedAtMs]
}

export function evidenceOf(cells: Cells): Evidence {
  const [source, request, status, serial, timestamp, nonce, signature, body, received_at] = cells
  const evidence: UnverifiedEvidence = {
    source: sourceOf(source),
    request: text(request),
    status: integer(status),
    serial: text(serial),
    timestamp: text(timestamp),
    nonce: text(nonce),
    signature: text(signature),
    body: text(body),
    receivedAtMs: integer(received_at),
  }
  // Only verified statements are ever written to this table, and an UPDATE of it exists nowhere.
  return evidence as Evidence
}

function verdictFactsOf([at, learnt_by, transaction_id, success_time]: Cells) {
  return {
    atMs: integer(at),
    learntBy: learntByOf(learnt_by),
    transaction_id: textOrNull(transaction_id),
    success_time: textOrNull(success_time),
  }
}

function proofOf(verdict: Cells): Evidence | null {
  const cells = verdict.slice(VERDICT_COLUMNS.length)
  return cells[0] === null ? null : evidenceOf(cells)
}

function provenBy(verdict: Cells): Evidence {
  return evidenceOf(verdict.slice(VERDICT_COLUMNS.length))
}

// ------------------------------------------------------------------ journal, credentials, keys

export const JOURNAL_COLUMNS = ['at', 'event', 'call', 'said', 'note', 'took'] as const

/** For JOURNAL_COLUMNS. */
export function journalCells({ atMs, event, call, said, note, tookMs }: JournalLine): Value[] {
  return [atMs, event, call ?? null, said ?? null, note ?? null, tookMs ?? null]
}

export function journalLineOf([at, event, call, said, note, took]: Cells): JournalLine {
  return {
    atMs: integer(at),
    event: eventOf(event),
    ...(call !== null && { call: callOf(call) }),
    ...(said !== null && { said: text(said) }),
    ...(note !== null && { note: text(note) }),
    ...(took !== null && { tookMs: integer(took) }),
  }
}

export function credentialOf([name, value]: Cells): Credential | null {
  return name === null ? null : { name: credentialNameOf(name), value: text(value) }
}

export function platformKeyOf([account, serial, public_key, kept_at]: Cells): PlatformKey {
  return {
    account: text(account),
    serial: text(serial),
    publicKey: text(public_key),
    keptAtMs: integer(kept_at),
  }
}

// ------------------------------------------------------------------ words

export const STATES = ['placing', 'waiting', 'ending', ...FINAL_STATES] as const
export const stateOf = oneOf('state', STATES)
const kindOf = oneOf('kind', KINDS)
const originOf = oneOf('origin', ['placed', 'tracked'] as const)
const tradeStateOf = oneOf('seen', Object.keys(TRADE_STATES) as TradeState[])
const attentionOf = oneOf('attention', Object.keys(ATTENTION) as AttentionCode[])
const phaseOf = oneOf('ending_phase', ['ask', 'act', 'confirm'] as const)
const learntByOf = oneOf('learnt_by', ['place', 'query', 'callback'] as const)
const sourceOf = oneOf('source', ['reply', 'callback'] as const)
const eventOf = oneOf('event', JOURNAL_EVENTS)
const callOf = oneOf('call', CALLS)
const credentialNameOf = oneOf('name', ['code_url', 'prepay_id', 'mweb_url'] as const)
