import assert from 'node:assert/strict'
import type { Refund } from '../../core/aftercare.ts'
import { isFinal, nameOf } from '../../core/order.ts'
import { aftercareCells, refundCells } from '../rows/aftercare.ts'
import { integer, type Value } from '../rows/cells.ts'
import { evidenceCells, journalCells, progressCells, verdictCells } from '../rows/orders.ts'
import type { Commit } from '../store.ts'
import { columnwise } from './columnwise.ts'
import type { Connection, Session } from './connection.ts'
import { writeDeliveries } from './deliveries.ts'
import { CHANNEL } from './peers.ts'
import { roundsOf } from './rounds.ts'
import { COMMIT_PARTS, commitOf, NOTIFY, type Part } from './statements/commits.ts'

/**
 * Writes changes of orders, all or none of them.
 *
 * @param toldAs what the other processes are told of these orders
 * @returns those whose version fitted
 */
export function writeCommits(
  connection: Connection,
  commits: readonly Commit[],
  toldAs: (ids: readonly number[]) => string,
): Promise<ReadonlySet<Commit>> {
  const rounds = roundsOf(commits, ({ change }) => change.order.id)
  const isPlain =
    rounds.length <= 1 &&
    commits.every(({ deliveries = [], tell }) => deliveries.length === 0 && tell !== true)
  return isPlain
    ? apply(connection, commits)
    : connection.together((session) => applyAndTell(session, rounds, toldAs))
}

async function applyAndTell(
  session: Session,
  rounds: readonly (readonly Commit[])[],
  toldAs: (ids: readonly number[]) => string,
): Promise<ReadonlySet<Commit>> {
  const all = new Set<Commit>()
  for (const round of rounds) {
    const some = await apply(session, round)
    await writeDeliveries(
      session,
      round.filter((commit) => some.has(commit)),
    )
    for (const commit of some) all.add(commit)
  }
  const told = [...all].filter(({ tell }) => tell === true).map(({ change }) => change.order.id)
  if (told.length > 0) await session.rows(NOTIFY, CHANNEL, toldAs(told))
  return all
}

/** @param commits at most one for each order @returns those that were applied */
async function apply(session: Session, commits: readonly Commit[]): Promise<ReadonlySet<Commit>> {
  if (commits.length === 0) return new Set()
  const written = writtenBy(commits)
  const parts = PARTS.filter((part) => written[part].length > 0)
  const columns = parts.flatMap((part) => columnwise(written[part], COMMIT_PARTS[part].columns.length))
  const rows = await session.rows(commitOf(parts), ...columns)
  const ids = new Set(rows.map(([id]) => integer(id)))
  const applied = new Set(commits.filter(({ change }) => ids.has(change.order.id)))
  await refuseFallen(
    session,
    commits.filter((commit) => !applied.has(commit)),
  )
  return applied
}

const PARTS = Object.keys(COMMIT_PARTS) as Part[]

/** The rows that commits write, by part. */
function writtenBy(commits: readonly Commit[]): Readonly<Record<Part, Value[][]>> {
  const written: Record<Part, Value[][]> = {
    changes: [],
    facts: [],
    journal: [],
    evidence: [],
    verdicts: [],
    credentials: [],
    aftercare: [],
    refunds: [],
    strays: [],
  }
  for (const { change, keepClaim = false, claim = null, strayId } of commits) {
    const { from, order, journal, evidence, credential, aftercare, corrected } = change
    const { id, version } = order
    assert(version === from + 1)
    const { worker = null, untilMs = null } = claim ?? {}
    written.changes.push([id, from, worker, untilMs, Number(keepClaim), ...progressCells(order)])
    if (corrected !== undefined) written.facts.push([id, corrected.total, corrected.currency])
    for (const [line, one] of journal.entries())
      written.journal.push([id, version, line, ...journalCells(one)])
    const proofs = evidence.map((proof) => ({ proof, isOnlyNew: false }))
    if (isFinal(order)) {
      const { evidence: proof } = order.verdict
      // Later changes of the order bring it again: it is written once, with the verdict.
      if (proof !== null && !evidence.includes(proof)) proofs.push({ proof, isOnlyNew: true })
      const nth = proof === null ? null : proofs.findIndex((one) => one.proof === proof)
      written.verdicts.push([id, ...verdictCells(order.verdict), nth === null ? null : version, nth])
    }
    for (const [nth, { proof, isOnlyNew }] of proofs.entries())
      written.evidence.push([id, version, nth, ...evidenceCells(proof), Number(isOnlyNew)])
    if (credential !== undefined) written.credentials.push([id, credential.name, credential.value])
    if (aftercare !== undefined) {
      written.aftercare.push([id, ...aftercareCells(aftercare)])
      for (const refund of latestOfEach(aftercare.refunds))
        written.refunds.push([id, ...refundCells(refund), written.refunds.length])
    }
    if (strayId !== undefined) written.strays.push([id, strayId])
  }
  return written
}

/** A statement writes a row once: of a refund that a change names twice, the latter is what it is now. */
function latestOfEach(refunds: readonly Refund[]): Iterable<Refund> {
  return new Map(refunds.map((refund) => [refund.out_refund_no, refund])).values()
}

/** What was not applied though its order has not moved on would have made another of a final order. */
async function refuseFallen(session: Session, commits: readonly Commit[]): Promise<void> {
  if (commits.length === 0) return
  const ids = commits.map(({ change }) => change.order.id)
  const rows = await session.rows('SELECT id, version FROM verdict.orders WHERE id = ANY ($1::bigint[])', ids)
  const versions = new Map(rows.map(([id, version]) => [integer(id), integer(version)]))
  for (const { change } of commits) {
    assert(versions.get(change.order.id) !== change.from, `${nameOf(change.order)}: a verdict never falls`)
  }
}
