import { accountName } from '../../gateway/wechatpay/account.ts'
import { differenceInWords } from '../on-call/reconcile.ts'
import { audit } from './audit.ts'
import { billsOf } from './bills.ts'
import { NO_HAVOC } from './chaos.ts'
import { serveCustomers } from './customers.ts'
import type { DemoFlags } from './options.ts'
import { screenOn } from './screen.ts'
import { type DemoEdges, openSession, type Session } from './session.ts'
import { showProgress, showTable } from './show.ts'
import { type Summary, summarize, teamReport } from './summary.ts'
import { resultTable } from './table.ts'
import { untilRefunded, untilSettled } from './until.ts'

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
    await untilSettled(session, edges)
    await session.chaos?.end()
    await untilRefunded(session, edges)
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

async function report(
  { store, clock, truth, run, speed, verdict, shop, chaos, workers }: Session,
  { json }: DemoFlags,
  { say, print, signal }: DemoEdges,
): Promise<number> {
  const { ordersHit, faults, money, busiestSecond } = await truth.statistics()
  const apiV3Keys = new Map(shop.accounts.map((account) => [accountName(account), account.apiV3Key]))
  const wrong = await audit(store, await truth.truth(), { apiV3Keys, tells: true })
  const { accounts, elsewhere: gateways, startedAtMs } = shop
  const { differences, ...bills } = await billsOf({ store, clock, accounts, gateways, startedAtMs, signal })
  const { kept, ...counts } = await summarize(store, wrong)
  const summary: Summary = {
    ...counts,
    callbacks: verdict.statistics.callbacks,
    money: { expected: kept, actual: money.kept },
    bills,
    ordersWithFault: ordersHit,
    faults,
    team:
      workers === null
        ? null
        : teamReport(busiestSecond, { workers, speed, havoc: chaos?.havoc ?? NO_HAVOC }),
    seed: run.seed,
    speed,
  }
  sayWrong([...wrong.map(({ order, why }) => `${order}: ${why}`), ...differences.map(differenceInWords)], say)
  const missing = (run.orders ?? 0) - summary.orders
  if (missing > 0) say(`wrong: ${missing} customers' orders never entered Verdict`)
  print(json ? JSON.stringify(summary) : resultTable(summary))
  const isMoneyRight = summary.money.expected === summary.money.actual
  if (!isMoneyRight) say(`wrong: ${kept} is kept, says Verdict; WeChat Pay has ${money.kept}`)
  const exceeded = summary.team?.budgetsExceeded ?? 0
  if (exceeded > 0) say(`wrong: ${exceeded} budgets were exceeded`)
  const isRight =
    summary.open === 0 && summary.wrong === 0 && missing <= 0 && isMoneyRight && bills.differing === 0
  return isRight && exceeded === 0 ? 0 : 1
}

function sayWrong(lines: readonly string[], say: DemoEdges['say']): void {
  for (const line of lines.slice(0, WRONG_SHOWN_MAX)) say(`wrong: ${line}`)
  if (lines.length > WRONG_SHOWN_MAX) say(`wrong: ${lines.length - WRONG_SHOWN_MAX} more`)
}
