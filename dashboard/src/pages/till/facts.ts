import type { z } from 'zod'
import type { TillView } from '../../../../src/cli/demo/till/view.ts'

/* What the page concludes from how everything stands. Pure: a test looks at it without a browser. */

export type Till = z.output<typeof TillView>
export type Sale = NonNullable<Till['sale']>
type Line = Till['journal'][number]
export type Standing = Pick<Till, 'sale' | 'journal' | 'truth'> & { readonly nowMs: number }

const FINAL = ['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED']

export function isFinal({ order }: Pick<Sale, 'order'>): boolean {
  return FINAL.includes(order.state)
}

/** Since the till rang it up. */
export function ageMs({ sale, nowMs }: Standing): number {
  return sale === null ? 0 : Math.max(0, nowMs - Date.parse(sale.order.createdAt))
}

/** The customer's money is with the shop. */
export function isPaid({ truth }: Pick<Standing, 'truth'>): boolean {
  return truth?.paid === true && truth.refunded < truth.charged
}

/** What a till says that waits for a reply or a callback, and concludes the rest from its clock. */
export type Guess = 'nothing' | 'pending' | 'paid' | 'failed' | 'unpaid' | 'cancelled'

/** So long it waits, as many do. */
export const PATIENCE_MS = 30_000

export function guessOf(standing: Standing): Guess {
  const { sale, journal } = standing
  if (sale === null) return 'nothing'
  if (journal.some(({ event }) => event === 'give-up')) return 'cancelled'
  const reply = journal.find(({ call, event }) => call === 'place' && event !== 'intent')
  if (sale.order.kind === 'quick_pay' && reply?.said === 'SUCCESS') return 'paid'
  if (reply?.event === 'refusal' || reply?.event === 'no-answer') return 'failed'
  if (journal.some(({ event, said }) => event === 'callback' && said === 'SUCCESS')) return 'paid'
  return ageMs(standing) < PATIENCE_MS ? 'pending' : 'unpaid'
}

const PAYABLE = ['NOTPAY', 'USERPAYING', 'ACCEPT']

/** Whether what somebody says is what WeChat Pay knows; null while nobody can be blamed. */
export function isRight(says: Guess | 'returned', { truth }: Pick<Standing, 'truth'>): boolean | null {
  if (truth === null || says === 'nothing' || says === 'pending') return null
  const paid = isPaid({ truth })
  if (says === 'paid') return paid
  // Whoever calls it off while the customer can still pay is wrong already.
  return !paid && !PAYABLE.includes(truth.trade_state ?? '')
}

/** The same question with the same answer, many times in a row, is one line. */
export interface Told extends Line {
  readonly times: number
  readonly lastAt: string
}

export function toldOnce(journal: readonly Line[]): readonly Told[] {
  const told: Told[] = []
  for (const line of journal) {
    const before = told.at(-1)
    const isSame =
      before !== undefined &&
      ['answer', 'no-answer'].includes(line.event) &&
      [before.event, before.call, before.said].join() === [line.event, line.call, line.said].join()
    if (isSame) told[told.length - 1] = { ...before, times: before.times + 1, lastAt: line.at, ...took(line) }
    else told.push({ ...line, times: 1, lastAt: line.at })
  }
  return told
}

function took({ tookMs }: Line): { readonly tookMs?: number } {
  return tookMs === undefined ? {} : { tookMs }
}
