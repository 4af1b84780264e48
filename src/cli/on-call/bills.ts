import type { KeptReconciliationSeen } from '../../http/views.ts'
import { totalOf } from '../../reconcile/findings.ts'
import { moment, TIME_ZONE } from '../text.ts'
import type { Books } from './desk.ts'
import { type ListIo, tell } from './orders.ts'

export interface BillsFlags {
  readonly account?: string
  readonly limit: number
  readonly json: boolean
}

/** `verdict bills`: the latest day first. @throws OPTION_INVALID, and what the books throw */
export async function listBills(books: Books, { account, ...flags }: BillsFlags, io: ListIo): Promise<void> {
  const days = await books.bills(account, flags.limit)
  tell(days, flags, io, {
    head: ['day', 'account', 'lines', 'agree', `looked at, ${TIME_ZONE}`, 'what differs'],
    row: (day) => [
      day.date,
      whoseBill(day),
      ...countsOf(day),
      day.triedAt === null ? '' : moment(Date.parse(day.triedAt)),
      cameTo(day),
    ],
  })
}

export function whoseBill({
  account,
  sub_mchid,
}: Pick<KeptReconciliationSeen, 'account' | 'sub_mchid'>): string {
  return sub_mchid === null ? account : `${account}/${sub_mchid}`
}

/** How many of each kind, in one line. */
export function kindsOf(differing: Readonly<Partial<Record<string, number>>>): string {
  return Object.entries(differing)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ')
}

function countsOf({ found }: KeptReconciliationSeen): readonly [lines: string, agreed: string] {
  if (found === null) return ['', '']
  const { payment, refund, reversal } = found.lines
  return [String(payment + refund + reversal), String(found.agreed)]
}

function cameTo({ found, failure, triedAt }: KeptReconciliationSeen): string {
  const failed = failure === null ? [] : [`failed: ${failure}`]
  if (found === null) return failed[0] ?? (triedAt === null ? 'not looked at yet' : '')
  const differs = totalOf(found.differing) === 0 ? 'nothing' : kindsOf(found.differing)
  return [differs, ...failed].join('; ')
}
