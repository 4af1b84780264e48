import { sleep, systemClock } from '../../clock.ts'
import { isEnded, type Refund } from '../../core/aftercare.ts'
import { isFinal } from '../../core/order.ts'
import type { Store } from '../../store/store.ts'
import { refundsOf } from './books.ts'
import { everyOrder } from './every-order.ts'
import type { DemoEdges, Session } from './session.ts'
import { countOpen } from './table.ts'

/** The audit looks at the truth this long after the last verdict, in simulated time. */
const AUDIT_AFTER_MS = 600_000
/** Far longer than any ending takes: an order that is open by then stays open, and the run says so. */
const SETTLING_MS_MAX = 2 * 3_600_000
const SETTLED_CHECK_MS = 100

/** Waits until every order has its verdict and ten simulated minutes more. */
export async function untilSettled({ store, clock }: Session, { say, signal }: DemoEdges): Promise<void> {
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

/** A refund that finds the pool too small is tried again after up to 40 minutes, and then followed for a while. */
const REFUNDING_MS_MAX = 3 * 3_600_000
const REFUNDED_CHECK_MS = 1_000
/** So much time passes at WeChat Pay, and nowhere else, between two looks. */
const BANK_STEP_MS = 1_800_000

/**
 * Waits until every refund has ended and every message is delivered. A bank takes hours, which nobody wants to watch: they
 * pass at WeChat Pay half an hour at a time. What can't reach a customer's account a clerk gives him another way.
 */
export async function untilRefunded(
  { store, truth, clock }: Session,
  { say, signal }: DemoEdges,
): Promise<void> {
  const giveUpAtMs = clock.nowMs() + REFUNDING_MS_MAX
  let said = ''
  for (;;) {
    const { refunds, unfinished } = await stillOpen(store)
    const { pending = 0, queued = 0 } = await store.countDeliveries()
    if (unfinished === 0 && pending + queued === 0) return
    const line = `${refunds.length} refunds are open, ${pending + queued} messages on their way`
    if (clock.nowMs() > giveUpAtMs) return say(`${line}: they stay so`)
    if (line !== said) say(`${line}; half an hour passes at WeChat Pay`)
    said = line
    for (const refund of refunds) if (refund.said === 'ABNORMAL') await truth.mend(refund.out_refund_no)
    if (refunds.length > 0) await truth.grow(BANK_STEP_MS)
    await sleep(systemClock, REFUNDED_CHECK_MS, signal)
  }
}

interface StillOpen {
  readonly refunds: readonly Refund[]
  /** Orders about which something is to be done after their verdict: a refund, or late money that has none yet. */
  readonly unfinished: number
}

async function stillOpen(store: Store): Promise<StillOpen> {
  const refunds: Refund[] = []
  let unfinished = 0
  for await (const order of everyOrder(store)) {
    if (isFinal(order) && order.dueAtMs !== null) unfinished += 1
    refunds.push(...refundsOf(order).filter((refund) => refund.origin !== 'elsewhere' && !isEnded(refund)))
  }
  return { refunds, unfinished }
}
