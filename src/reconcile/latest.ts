import type { Reconciliations } from '../store/reconciliations.ts'
import { beijingDayMs, DAY_MS } from '../wechatpay/beijing.ts'
import { totalOf } from './findings.ts'

/** The latest day of an account that was held against its bill by itself. */
export interface Reconciled {
  readonly account: string
  /** The end of that day. */
  readonly untilMs: number
  readonly differing: number
}

/** Failing days for longer than this, and nothing is told but that it has been long. */
const DAYS_LOOKED_AT = 60

/** Those of the accounts that have any. */
export async function reconciledOf(
  accounts: readonly string[],
  store: Pick<Reconciliations, 'reconciliations'>,
): Promise<readonly Reconciled[]> {
  const found = accounts.map(async (account): Promise<readonly Reconciled[]> => {
    const filter = { account, sub_mchid: null }
    const days = await store.reconciliations(filter, { after: null, limit: DAYS_LOOKED_AT })
    const latest = days.find(({ tries, found }) => tries !== null && found !== null)
    if (latest?.found == null) return []
    const untilMs = (beijingDayMs(latest.date) ?? 0) + DAY_MS
    return [{ account, untilMs, differing: totalOf(latest.found.differing) }]
  })
  return (await Promise.all(found)).flat()
}
