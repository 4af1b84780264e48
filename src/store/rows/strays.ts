import type { NewStray, Stray } from '../store.ts'
import { type Cells, integer, integerOrNull, oneOf, text, type Value } from './cells.ts'
import { objectIn } from './json.ts'
import { EVIDENCE_COLUMNS, evidenceCells, evidenceOf, subMchidCell, subMchidOf } from './orders.ts'

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
    sub_mchid: subMchidOf(sub_mchid),
    out_trade_no: text(out_trade_no),
    eventId: text(event_id),
    // Written by `strayCells` alone, from a statement that was read.
    said: { about: aboutOf(about), statement: objectIn(text(statement), 'statement') } as Stray['said'],
    toldAtMs: integerOrNull(told_at),
    evidence: evidenceOf(evidence),
  }
}

const aboutOf = oneOf('about', ['payment', 'refund'] as const)
