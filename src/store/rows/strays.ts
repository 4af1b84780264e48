import { VerdictError } from '../../errors.ts'
import type { NewStray, Stray } from '../store.ts'
import { type Cells, integer, integerOrNull, oneOf, text, type Value } from './cells.ts'
import { EVIDENCE_COLUMNS, evidenceCells, evidenceOf, subMchidCell } from './orders.ts'

/* Callbacks that wait for their order, as rows. */

const NAMED_COLUMNS = ['account', 'sub_mchid', 'out_trade_no', 'event_id', 'about', 'statement'] as const

/** For `strayCells`. */
export const NEW_STRAY_COLUMNS = [...NAMED_COLUMNS, ...EVIDENCE_COLUMNS]
/** For `strayOf`. */
export const STRAY_COLUMNS = ['id', ...NAMED_COLUMNS, 'told_at', ...EVIDENCE_COLUMNS]

export function strayCells({ account, sub_mchid, out_trade_no, eventId, said, evidence }: NewStray): Value[] {
  const key = [account, subMchidCell(sub_mchid), out_trade_no]
  return [...key, eventId, said.about, JSON.stringify(said.statement), ...evidenceCells(evidence)]
}

export function strayOf([
  id,
  account,
  sub_mchid,
  out_trade_no,
  event_id,
  about,
  statement,
  told_at,
  ...evidence
]: Cells): Stray {
  return {
    id: integer(id),
    account: text(account),
    sub_mchid: sub_mchid === '' ? null : text(sub_mchid),
    out_trade_no: text(out_trade_no),
    eventId: text(event_id),
    // Written by `strayCells` alone, from a statement that was read.
    said: { about: aboutOf(about), statement: statementOf(text(statement)) } as Stray['said'],
    toldAtMs: integerOrNull(told_at),
    evidence: evidenceOf(evidence),
  }
}

const aboutOf = oneOf('about', ['payment', 'refund'] as const)

/** Anything but an object is somebody else's. */
function statementOf(json: string): object {
  const statement = parsed(json)
  if (typeof statement === 'object' && statement !== null && !Array.isArray(statement)) return statement
  throw new VerdictError(
    'STORE_INVALID',
    "a row's statement is no JSON object, expected what a callback said",
  )
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
