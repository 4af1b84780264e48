import { sleep, systemClock } from '../../clock.ts'
import { isFinal } from '../../core/order.ts'
import type { Store } from '../../store/store.ts'
import { audit, everyOrder, type Wrong } from './audit.ts'
import { serveCustomers } from './customers.ts'
import type { DemoFlags } from './options.ts'
import { type DemoEdges, openSession, type Session } from './session.ts'
import { type Summary, summarize } from './summary.ts'
import { progressLine, resultTable, standing } from './table.ts'

/** The audit looks at the truth this long after the last verdict, in simulated time. */
const AUDIT_AFTER_MS = 600_000
const PROGRESS_MS = 1_000
const SETTLED_CHECK_MS = 100
const WRONG_SHOWN_MAX = 20

/**
 * The main job, seen whole: a shop places orders at a simulated WeChat Pay that loses replies, and Verdict finds out
 * what became of each. Returns the exit code: 0 if every order has its verdict and none is wrong.
 */
export async function demo(flags: DemoFlags, edges: DemoEdges): Promise<number> {
  const session = await openSession(flags, edges)
  const closing = new AbortController()
  const ended = AbortSignal.any([edges.signal, closing.signal])
  const customers = serveCustomers(session.shop, session.run.orders, ended)
  customers.catch(() => {})
  const shown = flags.once ? showProgress(session, edges, ended) : showTable(session, edges, ended)
  shown.catch(() => {})
  try {
    if (!flags.once) return await untilAborted(edges.signal)
    await customers
    await untilAudit(session, edges)
    closing.abort()
    return await report(session, flags, edges)
  } finally {
    closing.abort()
    await session.close()
  }
}

function untilAborted(signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(0)
    signal.addEventListener('abort', () => resolve(0), { once: true })
  })
}

/** Waits until every order has its verdict and ten simulated minutes more. */
async function untilAudit({ store, clock }: Session, { say, signal }: DemoEdges): Promise<void> {
  while ((await countOpen(store)) > 0) await sleep(systemClock, SETTLED_CHECK_MS, signal)
  const waitMs = (await lastVerdictAtMs(store)) + AUDIT_AFTER_MS - clock.nowMs()
  if (waitMs <= 0) return
  say('every order has its verdict; the truth is compared ten simulated minutes after the last one')
  await sleep(clock, waitMs, signal)
}

async function countOpen(store: Store): Promise<number> {
  const { placing = 0, waiting = 0, ending = 0 } = await store.countByState()
  return placing + waiting + ending
}

async function lastVerdictAtMs(store: Store): Promise<number> {
  let lastMs = 0
  for await (const order of everyOrder(store))
    if (isFinal(order)) lastMs = Math.max(lastMs, order.verdict.atMs)
  return lastMs
}

async function report(
  { store, truth, run, speed }: Session,
  { json }: DemoFlags,
  edges: DemoEdges,
): Promise<number> {
  const wrong = await audit(store, await truth.orders())
  const { ordersHit, faults } = await truth.statistics()
  const summary: Summary = {
    ...(await summarize(store, wrong)),
    ordersWithFault: ordersHit,
    faults,
    seed: run.seed,
    speed,
  }
  sayWrong(wrong, edges)
  edges.print(json ? JSON.stringify(summary) : resultTable(summary))
  return summary.open === 0 && summary.wrong === 0 ? 0 : 1
}

function sayWrong(wrong: readonly Wrong[], { say }: DemoEdges): void {
  for (const { order, why } of wrong.slice(0, WRONG_SHOWN_MAX)) say(`wrong: ${order}: ${why}`)
  if (wrong.length > WRONG_SHOWN_MAX) say(`wrong: ${wrong.length - WRONG_SHOWN_MAX} more`)
}

async function showProgress(
  { store, verdict }: Session,
  { say }: DemoEdges,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await sleep(systemClock, PROGRESS_MS, signal)
    say(progressLine(await store.countByState(), verdict.statistics))
  }
}

/** A table that is drawn over itself on a terminal; elsewhere a line a second. */
async function showTable(session: Session, edges: DemoEdges, signal: AbortSignal): Promise<void> {
  if (!process.stderr.isTTY) return showProgress(session, edges, signal)
  const { store, verdict, truth, clock } = session
  let drawn = 0
  for (;;) {
    await sleep(systemClock, PROGRESS_MS, signal)
    const lines = standing(
      await store.countByState(),
      verdict.statistics,
      await truth.statistics(),
      clock.nowMs(),
    )
    process.stderr.write(`${drawn > 0 ? `\x1b[${drawn}A\x1b[0J` : ''}${lines.join('\n')}\n`)
    drawn = lines.length
  }
}
