import { type Clock, sleep } from '../../clock.ts'
import { VerdictError } from '../../errors.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import { accountName, type WechatPayAccount } from '../../gateway/wechatpay/account.ts'
import { totalOf } from '../../reconcile/findings.ts'
import { reconcile } from '../../reconcile/reconcile.ts'
import type { Difference, Reconciliation } from '../../reconcile/report.ts'
import type { Store } from '../../store/store.ts'
import { beijingDate, DAY_MS } from '../../wechatpay/beijing.ts'

/** What the bills of a run's days say, of all its accounts together. */
export interface BillsReport {
  readonly payments: number
  readonly refunds: number
  readonly reversals: number
  /** Lines that say what the store says. */
  readonly agreed: number
  /** All of them; of each bill at most 1,000 are kept. */
  readonly differing: number
  readonly differences: readonly Difference[]
}

export interface BillsEdges {
  readonly store: Store
  readonly clock: Clock
  readonly accounts: readonly WechatPayAccount[]
  /** By account. */
  readonly gateways: ReadonlyMap<string, Gateway>
  readonly startedAtMs: number
  readonly signal: AbortSignal
}

/** WeChat Pay loses replies about bills, too. */
const ATTEMPTS_MAX = 20
const PAUSE_MS = 60_000

/**
 * Holds all days of a run against their bills, which the demo's simulator has at once. Nothing is asked because of them: the run
 * is over. @throws BILL_FAILS after many attempts, and the signal's reason
 */
export async function billsOf({ accounts, startedAtMs, ...edges }: BillsEdges): Promise<BillsReport> {
  const found: Reconciliation[] = []
  const days = daysBetween(startedAtMs, edges.clock.nowMs())
  for (const account of accounts) for (const date of days) found.push(await billOf(account, date, edges))
  const count = (of: (one: Reconciliation) => number): number => found.reduce((sum, one) => sum + of(one), 0)
  return {
    payments: count(({ lines }) => lines.payment),
    refunds: count(({ lines }) => lines.refund),
    reversals: count(({ lines }) => lines.reversal),
    agreed: count(({ agreed }) => agreed),
    differing: count(({ differing }) => totalOf(differing)),
    differences: found.flatMap(({ differences }) => differences),
  }
}

async function billOf(
  account: WechatPayAccount,
  date: string,
  { store, clock, gateways, signal }: Omit<BillsEdges, 'accounts' | 'startedAtMs'>,
): Promise<Reconciliation> {
  const name = accountName(account)
  const gateway = gateways.get(name) as Gateway
  const wish = { account: name, mode: account.mode, sub_mchid: null, date }
  for (let attempt = 1; ; attempt++) {
    try {
      return await reconcile(wish, { gateway, store, clock, signal, ask: async () => {}, billsAtOnce: true })
    } catch (error) {
      const isSilence = error instanceof VerdictError && error.code === 'BILL_FAILS'
      if (!isSilence || attempt === ATTEMPTS_MAX) throw error
      await sleep(clock, PAUSE_MS, signal)
    }
  }
}

function daysBetween(fromMs: number, toMs: number): readonly string[] {
  const days = new Set<string>()
  for (let ms = fromMs; ms < toMs; ms += DAY_MS) days.add(beijingDate(ms))
  return [...days.add(beijingDate(toMs))]
}
