import { sleep, systemClock } from '../../clock.ts'
import { isFinal } from '../../core/order.ts'
import type { Store } from '../../store/store.ts'
import { audit, everyOrder, type Wrong } from './audit.ts'
import { serveCustomers } from './customers.ts'
import type { DemoFlags } from './options.ts'
import { screenOn } from './screen.ts'
import { type DemoEdges, openSession, type Session } from './session.ts'
import { showProgress, showTable } from './show.ts'
import { type Summary, summarize } from './summary.ts'
import { countOpen, resultTable } from './table.ts'

/** The audit looks at the truth this long after the last verdict, in simulated time. */
const AUDIT_AFTER_MS = 600_000
/** Far longer than any ending takes: an order that is open by then stays open, and the run says so. */
const SETTLING_MS_MAX = 2 * 3_600_000
const SETTLED_CHECK_MS = 100
const WRONG_SHOWN_MAX = 20

/**
 * The main job, seen whole: a shop places orders at a simulated WeChat Pay that loses replies, and Verdict finds out
 * what became of each. Returns the exit code: 0 if every order has its verdict and none is wrong.
 *
 * @throws as `openSession`, and the signal's reason
 */
export function demo(flags: DemoFlags, edges: DemoEdges): Promise<number> {
  return flags.once ? runOnce(flags, edges) : runLive(flags, edges)
}

async function runOnce(flags: DemoFlags, edges: DemoEdges): Promise<number> {
  const session = await openSession(flags, edges)
  const shown = new AbortController()
  const show = showProgress(session, edges.say, AbortSignal.any([edges.signal, shown.signal]))
  show.catch(() => {})
  try {
    await serveCustomers(session.shop, session.run.orders, edges.signal)
    await untilAudit(session, edges)
    shown.abort()
    return await report(session, flags, edges)
  } finally {
    shown.abort()
    await session.close()
  }
}

/** Stays up until the signal aborts. */
async function runLive(flags: DemoFlags, edges: DemoEdges): Promise<number> {
  const { terminal, signal } = edges
  const screen = terminal?.isTTY ? screenOn(terminal) : null
  const say = screen?.say ?? edges.say
  const session = await openSession(flags, { ...edges, say })
  try {
    const show = screen === null ? showProgress(session, say, signal) : showTable(session, screen, signal)
    // Whichever fails first ends the demo; both fail when the signal aborts.
    await Promise.all([serveCustomers(session.shop, session.run.orders, signal), show])
    return 0
  } finally {
    await session.close()
  }
}

/** Waits until every order has its verdict and ten simulated minutes more. */
async function untilAudit({ store, clock }: Session, { say, signal }: DemoEdges): Promise<void> {
  const giveUpAtMs = clock.nowMs() + SETTLING_MS_MAX
  for (;;) {
    const open = countOpen(await store.countByState())
    if (open === 0) break
    if (clock.nowMs() > giveUpAtMs) {
      say(`${open} orders are still open two simulated hours after the last customer came`)
      break
    }
    await sleep(systemClock, SETTLED_CHECK_MS, signal)
  }
  const waitMs = (await lastVerdictAtMs(store)) + AUDIT_AFTER_MS - clock.nowMs()
  if (waitMs <= 0) return
  say('the truth is compared ten simulated minutes after the last verdict')
  await sleep(clock, waitMs, signal)
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
  { say, print }: DemoEdges,
): Promise<number> {
  const { ordersHit, faults } = await truth.statistics()
  const wrong = await audit(store, await truth.truth())
  const summary: Summary = {
    ...(await summarize(store, wrong)),
    ordersWithFault: ordersHit,
    faults,
    seed: run.seed,
    speed,
  }
  sayWrong(wrong, say)
  const missing = (run.orders ?? 0) - summary.orders
  if (missing > 0) say(`wrong: ${missing} customers' orders never entered Verdict`)
  print(json ? JSON.stringify(summary) : resultTable(summary))
  return summary.open === 0 && summary.wrong === 0 && missing <= 0 ? 0 : 1
}

function sayWrong(wrong: readonly Wrong[], say: DemoEdges['say']): void {
  for (const { order, why } of wrong.slice(0, WRONG_SHOWN_MAX)) say(`wrong: ${order}: ${why}`)
  if (wrong.length > WRONG_SHOWN_MAX) say(`wrong: ${wrong.length - WRONG_SHOWN_MAX} more`)
}
