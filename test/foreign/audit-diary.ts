import type { DiaryLine, Hearing } from './diary.ts'
import type { ReportedOrder } from './shop.ts'

/** Within this time a message that failed comes again, in a day's first failures. */
const AGAIN_MS = 60_000

/** Holds what the shop heard of one order against what Verdict says of it: all at least once, and the verdict first. */
export function diaryFaults(order: ReportedOrder, diary: readonly DiaryLine[], endMs: number): string[] {
  const heard = diary.filter((line): line is Hearing & DiaryLine => 'taken' in line)
  // A message that failed shortly before the end of the day comes again after it.
  const pending = heard.filter((line) => !line.taken && endMs - line.atMs < AGAIN_MS)
  const taken = heard.filter((line) => line.taken)
  const faults: string[] = []
  const isFinal = ['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'].includes(order.state)
  const verdicts = taken.flatMap((line) => (line.what === 'verdict' ? [line.state] : []))
  if (isFinal && !verdicts.includes(order.state)) faults.push('the shop never heard the verdict')
  if (verdicts.some((state) => state !== order.state)) faults.push(`the shop heard ${verdicts}`)
  for (const { out_refund_no, state } of order.refunds) {
    const told = [...taken, ...pending].some(
      (line) => line.what === 'refund' && line.out_refund_no === out_refund_no && line.state === state,
    )
    if (['SUCCESS', 'CLOSED', 'REFUSED'].includes(state) && !told) {
      faults.push(`the shop never heard that refund ${out_refund_no} is ${state}`)
    }
  }
  if (order.late !== null && order.late !== 'suspected' && !taken.some(({ what }) => what === 'late money')) {
    faults.push('the shop never heard of the late money')
  }
  const first = new Set(heard.map(({ id }) => id))
  const sequence = [...first].map((id) => taken.find((line) => line.id === id))
  const at = (line: DiaryLine | undefined): number => (line === undefined ? -1 : diary.indexOf(line))
  for (const [i, line] of sequence.entries()) {
    const before = sequence[i - 1]
    if (line !== undefined && before !== undefined && at(line) < at(before)) {
      faults.push(`the shop took ${line.what} before ${before.what}`)
    }
  }
  if (taken.length > 0 && taken[0]?.what !== 'verdict') faults.push(`the shop took ${taken[0]?.what} first`)
  return faults
}
