import type { JournalLine } from './change.ts'

/** As the journal writes money: the smallest unit, and the currency. */
const AMOUNT = /(?<=^|: |, not )(\d+) ([A-Z]{3})(?=$|, )/g

/**
 * The note of a journal line, with its money as people write it: 18158 HKD is read as a hundred times too much. Only in what
 * Verdict wrote itself; a person's words and WeChat Pay's stay as they are.
 */
export function noteWithMoney(
  { event, said, note = '' }: { readonly [Name in 'event' | 'said' | 'note']?: string | undefined },
  money: (amount: number, currency: string) => string,
): string {
  const isOurs = event === REFUND || (event === RESOLVED && said === 'amount')
  if (!isOurs) return note
  return note.replace(AMOUNT, (_, amount: string, currency: string) => money(Number(amount), currency))
}

const REFUND: JournalLine['event'] = 'refund'
const RESOLVED: JournalLine['event'] = 'resolved'
